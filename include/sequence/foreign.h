/* foreign: files of other formats, recognised by their first bytes. */
#ifndef FOREIGN_H
#define FOREIGN_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>

enum { FOREIGN_ROOM = 512 /* first bytes to pass */ };

/* If the format is recognised, fills why with its name and a remedy and returns -1; else 0. first:
 * the first n bytes of decompressed text; format: their compression, NULL: none. */
int foreign_fail(const char *file, const char *first, size_t n, const char *format, Why *why);

/* A hint for a letter that is not a nucleotide code: the end of a message, or "". */
const char *foreign_letter(char letter, bool line_start);

/* Whether a header that looks like FASTQ belongs to SAM: "HD", a tab, "VN:1.6". */
bool foreign_is_sam(const char *header);

#endif
