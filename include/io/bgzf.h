/* bgzf: gzip in blocks, for random access by bgzip, tabix and htslib: members of at most 64 kB that
 * hold their own length, and an empty one at the end (SAM specification, section 4.1). To other
 * programs it is ordinary gzip. */
#ifndef BGZF_H
#define BGZF_H

#include <stdbool.h>
#include <stdio.h>

/* A stream that compresses into `out`, which it does not close. fclose ends it, with the end block
 * if *whole is true by then, and reports errors of both. NULL and errno on error. */
FILE *bgzf_stream(FILE *out, const bool *whole);

/* The end of a file: the end block; a truncated block; a complete block, but no end block; or
 * neither, so that the file may not be BGZF. */
typedef enum { BGZF_WHOLE, BGZF_CUT, BGZF_NO_END_BLOCK, BGZF_UNKNOWN } BgzfEnd;

/* Reads the end of a regular file; with BGZF_NO_END_BLOCK, *last is the last byte of its text. */
BgzfEnd bgzf_end(int fd, int *last);

#endif
