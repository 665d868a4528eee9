/* bgzf: gzip in blocks that bgzip, tabix and htslib can find their way in: members of at most 64
 * kB, each of which says how long it is, and an empty one at the end (SAM specification, section
 * 4.1). Whoever knows gzip alone reads it as any other. */
#ifndef BGZF_H
#define BGZF_H

#include <stdbool.h>
#include <stdio.h>

/* A stream that compresses what is written to it into `out`, which it does not close. fclose ends
 * it, with the mark of a file's end if *whole says then that it is one; its errors, and those of
 * out, are its own. NULL and errno where it cannot be had. */
FILE *bgzf_stream(FILE *out, const bool *whole);

/* The end of a file: the end block; a truncated block; a complete block, but no end block; or
 * neither, so that the file may not be BGZF. */
typedef enum { BGZF_WHOLE, BGZF_CUT, BGZF_NO_END_BLOCK, BGZF_UNKNOWN } BgzfEnd;

/* Reads the end of a regular file without moving its offset; last: for BGZF_NO_END_BLOCK the last
 * byte of the text. */
BgzfEnd bgzf_end(int fd, int *last);

#endif
