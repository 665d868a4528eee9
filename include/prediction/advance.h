/* advance: the progress line of rnnpredict, for files or samples. */
#ifndef ADVANCE_H
#define ADVANCE_H

#include "cli/progress.h"
#include "io/parts.h"

#include <stdint.h>

typedef struct {
  Progress *progress; /* borrowed; all other members are 0 at first */
  double began;       /* seconds of clock_now */
  Parts parts;        /* of the files */
  uint64_t records;   /* finished */
  uint64_t bases;     /* in finished records */
} Advance;

/* Called before the first of the files (n). */
void advance_begin(Advance *advance, char *const *files, int n);

/* Called before a file is opened, after the previous one has ended. Prints a message if the input
 * is typed on the terminal. */
void advance_open(Advance *advance, const char *path);

/* Called after advance_open, before its mate is opened: a file whose records are read by turns with
 * it. */
void advance_open_mate(Advance *advance, const char *path);

/* Redraws the line if it is time. bases: in the unfinished record; part: the fraction of the
 * current file read, 0..1. */
void advance_show(Advance *advance, uint64_t bases, double part);

#endif
