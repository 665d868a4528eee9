/* bgzf: gzip in blocks, for random access by bgzip, tabix and htslib. Each gzip member has at most
 * 64 kB and holds its own length, and an empty member ends the file (SAM specification, section
 * 4.1). Other programs read it as ordinary gzip. */
#ifndef BGZF_H
#define BGZF_H

#include <stdbool.h>
#include <stdio.h>

/* A stream that compresses into `out`, which it does not close. fclose ends it, with the end block
 * if *whole is true by then, and reports errors of both streams. NULL and errno on error. */
FILE *bgzf_stream(FILE *out, const bool *whole);

/* The end of a file: the end block; a truncated block; a complete block that is not the end block;
 * or neither, in which case the file may not be BGZF. */
typedef enum { BGZF_WHOLE, BGZF_CUT, BGZF_NO_END_BLOCK, BGZF_UNKNOWN } BgzfEnd;

/* Reads the end of a regular file; with BGZF_NO_END_BLOCK, *last is the last byte of its text. */
BgzfEnd bgzf_end(int fd, int *last);

#endif
