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

#endif
