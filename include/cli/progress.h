/* progress: messages and the progress line of a program, on standard error. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "base/watch.h"

#include <stdbool.h>

enum { PROGRESS_LINE = 256 };

typedef struct {
  bool quiet;       /* print nothing */
  bool lines;       /* print a line for a validation, if there is no terminal */
  bool steps;       /* redraw a progress line on the terminal */
  int drawn;        /* columns of the line on the screen; 0: there is none */
  int width;        /* columns of the screen when the line was drawn */
  double next;      /* when to redraw it; this and the times below are in seconds of clock_now */
  double began;     /* start of the program */
  int validations;  /* lines of validations printed so far */
  double last_line; /* when the last of these was printed */
  char held[PROGRESS_LINE]; /* a line that came too soon to be printed; "": none */
} Progress;

/* The progress of a program that begins now. quiet: print nothing. steps: report progress, by a
 * redrawn line if standard error is a terminal, or else by lines of validations. */
Progress progress_new(bool quiet, bool steps);

/* Prints a line that stays. */
void progress_say(Progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Clears the progress line, before other output. */
void progress_end(Progress *progress);

/* The text that clears the line, for a message of a signal handler; "" if there is never a line. */
const char *progress_clear(const Progress *progress);

/* Redraws the line if it is due, or if the size of the terminal has changed: the part of the work
 * done (0..1) and the time left, or the seconds so far if part is 0; then the formatted text, in
 * fields separated by tabs. If the line is too long, the last fields are left out. */
void progress_step(Progress *progress, double part, double seconds, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Shows a long computation in the progress line: its part done, or its seconds, and the bases
 * read. */
typedef struct {
  Progress *progress;
  double began; /* seconds of clock_now */
} ProgressWatched;

Watch progress_watch(ProgressWatched *watched);

/* Prints a line about a validation if there is no terminal. After the first 100, lines are at least
 * some seconds apart, more in a long run; a line that comes too soon is held until a later one
 * replaces it or progress_held prints it. */
void progress_validation(Progress *progress, const char *line);
void progress_held(Progress *progress);

#endif
