/* phases: the phases of a run before training. If --max-time ends during one of them, there is
 * nothing to save yet: the program exits with a message. */
#ifndef PHASES_H
#define PHASES_H

#include "run/config.h"

typedef struct {
  Progress *progress; /* borrowed */
  double limit;       /* --max-time; 0: none */
  double deadline;    /* clock_now(); INFINITY: none */
  const char *name;   /* of the current phase; NULL: none */
  double began;
  ProgressWatched watched;
  const char *longest; /* of the phases that have ended; NULL: none */
  double longest_time; /* seconds */
} Phases;

/* The phases of a run. Only rank 0 checks their time, and only before the first step of the run: a
 * resumed run already has a model, even without time left. */
Phases phases_new(const RunConfig *run);

/* Ends the previous phase and begins the next one, for example "reading the input". Prints a
 * message if it is_long. */
void phases_begin(Phases *phases, const char *name, bool is_long);
void phases_end(Phases *phases);

/* Shows the progress of the phase. */
Watch phases_watch(Phases *phases);

/* Adds the time of other work than a phase. */
void phases_note(Phases *phases, const char *name, double seconds);

/* Fills why: the time ended before the first step, the phase that took most of it, and the remedy,
 * which is to "give" or "resume with" a longer --max-time. Returns -1. */
int phases_fail(const Phases *phases, const char *remedy, Why *why);

#endif
