/* advance: how far rnnpredict has come through its files, or its samples, on a terminal. */
#ifndef ADVANCE_H
#define ADVANCE_H

#include "progress.h"

#include <stdint.h>

typedef struct {
  Progress *progress; /* borrowed; the rest is 0 at first */
  double began;       /* seconds of clock_now */
  double total;       /* bytes of all files as stored; 0: not known */
  double done, now;   /* of the files that were read, of this one */
  uint64_t records;   /* that have ended */
  uint64_t bases;     /* of these */
} Advance;

/* Before the first of the files (n; none: standard input). */
void advance_begin(Advance *advance, char *const *files, int n);

/* Before a file is opened: says so where the user has to type it. */
void advance_open(Advance *advance, const char *path);

/* After a file. */
void advance_close(Advance *advance);

/* Whether it is time for advance_show. */
bool advance_due(const Advance *advance);

/* bases: of the record that has not ended. part: of this file that was read, 0..1. */
void advance_show(Advance *advance, uint64_t bases, double part);

#endif
