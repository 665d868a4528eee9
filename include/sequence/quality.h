/* quality: the second half of a FASTQ record, its '+' line and the quality of its letters. */
#ifndef QUALITY_H
#define QUALITY_H

#include "sequence/text.h"

enum { QUALITY_MAX = '~' - '!' };

typedef struct {
  int low;          /* letters of lower quality (Phred, '!' is 0) are marked; 0: none */
  char least, most; /* the range of the quality characters compared with it */
  HeaderLine plus;  /* the '+' line */
} Quality;

Quality quality_new(void);
void quality_free(Quality *quality);

/* Reads the '+' line, at which text stands, and the qualities of the record's letters (length).
 * Marks letters of low quality; letters may be NULL if low is 0. Returns 0, or -1 on error. */
int quality_read(Quality *quality, Text *text, char *letters, uint64_t length, Why *why);

/* Whether the compared characters can only be Phred+64. */
bool quality_is_phred64(const Quality *quality);

#endif
