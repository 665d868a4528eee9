/* advance: the progress of rnnpredict through its files, or its samples, on a terminal. */
#ifndef ADVANCE_H
#define ADVANCE_H

#include "cli/progress.h"
#include "io/parts.h"

#include <stdint.h>

typedef struct {
  Progress *progress; /* borrowed; the rest is 0 at first */
  double began;       /* seconds of clock_now */
  Parts parts;        /* of the files */
  uint64_t records;   /* finished */
  uint64_t bases;     /* in finished records */
} Advance;

/* Before the first of the files (n). */
void advance_begin(Advance *advance, char *const *files, int n);

/* Before a file is opened and after the one before it: says so if it is typed on the terminal. */
void advance_open(Advance *advance, const char *path);

/* After that, before another file is opened that is read by turns with it. */
void advance_open_mate(Advance *advance, const char *path);

/* Redraws the line if it is time. bases: in the unfinished record; part: the fraction of the
 * current file read, 0..1. */
void advance_show(Advance *advance, uint64_t bases, double part);

#endif
