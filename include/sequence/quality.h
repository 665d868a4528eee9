/* quality: the second half of a FASTQ record, its '+' line and the quality of its letters. */
#ifndef QUALITY_H
#define QUALITY_H

#include "sequence/text.h"

enum { QUALITY_MAX = '~' - '!' };

typedef struct {
  int low;          /* letters of lower quality (Phred, '!' is 0) are marked; 0: none are */
  char least, most; /* the quality characters compared with it */
  HeaderLine plus;  /* the '+' line */
} Quality;

Quality quality_new(void);
void quality_free(Quality *quality);

/* Reads the '+' line, where text stands, and as much quality as there are letters (length). Marks
 * letters, which may be NULL where none are marked. 0, or -1. */
int quality_read(Quality *quality, Text *text, char *letters, uint64_t length, Why *why);

/* Whether the characters that were compared can only be Phred+64. */
bool quality_is_phred64(const Quality *quality);

#endif
