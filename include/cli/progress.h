/* progress: messages and the progress line of a program, on standard error. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "base/watch.h"

#include <stdbool.h>

enum { PROGRESS_LINE = 256 };

typedef struct {
  bool quiet;               /* nothing at all */
  bool lines;               /* a line for a validation, where there is no terminal */
  bool steps;               /* a line that is redrawn, on a terminal */
  int drawn;                /* columns of the line on the screen; 0: there is none */
  int width;                /* of the screen it was drawn on */
  double next;              /* when to redraw it, seconds of clock_now, as in the two that follow */
  double began;             /* the program */
  int validations;          /* lines of validations printed so far */
  double last_line;         /* when the last one was printed */
  char held[PROGRESS_LINE]; /* a line that came too soon to be printed; "": none */
} Progress;

Progress progress_new(bool quiet, bool steps);

/* A line that stays. */
void progress_say(Progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Clears the progress line, so that others can print. */
void progress_end(Progress *progress);

/* The text that clears it, for a message of a signal handler; "" if there is never a line. */
const char *progress_clear(const Progress *progress);

/* Redraws the line if it is due, or if the size of the terminal has changed: the part of the work
 * that is done (0..1) and the time left, or the seconds so far where part is 0; then what format
 * prints, in parts that tabs separate. Parts that do not fit are left out from the end. */
void progress_step(Progress *progress, double part, double seconds, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A long computation, which the line shows while it is watched: its part done, or its seconds, and
 * the bases read. */
typedef struct {
  Progress *progress;
  double began; /* seconds of clock_now */
} ProgressWatched;

Watch progress_watch(ProgressWatched *watched);

/* Prints a line about a validation if there is no terminal. After the first 100, lines are some
 * seconds apart, in a long run more; a line that comes too soon is held until a later one replaces
 * it or progress_held prints it. */
void progress_validation(Progress *progress, const char *line);
void progress_held(Progress *progress);

#endif
