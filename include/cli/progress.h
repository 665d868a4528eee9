/* progress: messages and the progress line of a program, on standard error. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_LINE = 256 };

typedef struct {
  bool quiet;               /* nothing at all */
  bool lines;               /* a line for a validation, where there is no terminal */
  bool steps;               /* a line that is redrawn while training, on a terminal */
  int drawn;                /* columns of the line on the screen; 0: there is none */
  int width;                /* of the screen it was drawn on */
  double next;              /* when to redraw it, seconds of clock_now, as in the two that follow */
  double began;             /* the program */
  int validations;          /* lines of validations printed so far */
  double last_line;         /* the last line of a validation was printed */
  char held[PROGRESS_LINE]; /* a line that came too soon to be printed; "": none */
} Progress;

/* How far training is. */
typedef struct {
  double part; /* of the run, 0..1; 0 where its end is not known */
  double seconds;
  uint64_t epoch, epochs; /* epochs 0: not known */
  double rate;            /* k-mers/s */
  double bits, best_bits; /* per base; NAN where not known yet */
} Standing;

/* The progress of a program through its input or its samples. */
typedef struct {
  double part; /* 0..1; 0 where the end is not known */
  double seconds;
  uint64_t records, bases;
} Passage;

Progress progress_new(bool quiet, bool steps);

/* A line that stays. */
void progress_say(Progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Clears the progress line, so that others can print. */
void progress_end(Progress *progress);

/* Redraws the line if it is due, or if the size of the terminal has changed. Parts that do not fit
 * are left out from the end. */
void progress_step(Progress *progress, const Standing *standing);

/* The same for a passage. */
void progress_pass(Progress *progress, const Passage *passage);

/* Prints a line about a validation if there is no terminal. After the first 100, lines are some
 * seconds apart, in a long run more; a line that comes too soon is held until a later one replaces
 * it or progress_held prints it. */
void progress_validation(Progress *progress, const char *line);
void progress_held(Progress *progress);

#endif
