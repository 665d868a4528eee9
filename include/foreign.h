/* foreign: files that users take for FASTA or FASTQ, recognised by their first bytes. */
#ifndef FOREIGN_H
#define FOREIGN_H

#include "fail.h"

#include <stdbool.h>
#include <stddef.h>

enum { FOREIGN_ROOM = 512 /* first bytes that tell */ };

/* Says in why what this file is and what to do with it, and returns -1; 0 if it is not known.
 * format: what its n first bytes of text were unpacked from, NULL: nothing. */
int foreign_fail(const char *file, const char *first, size_t n, const char *format, Why *why);

/* What a letter that is no nucleotide code may be, and what to do: the end of a sentence, or "". */
const char *foreign_letter(char letter, bool line_start);

/* Whether what looks like a header of FASTQ is one of SAM: "HD", a tab, "VN:1.6". */
bool foreign_is_sam(const char *header);

#endif
