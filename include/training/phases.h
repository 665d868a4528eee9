/* phases: the phases of a run before training. If --max-time ends during one of them, there is
 * nothing to save yet: the program exits with a message. */
#ifndef PHASES_H
#define PHASES_H

#include "run/config.h"

typedef struct {
  Progress *progress; /* borrowed */
  double limit;       /* --max-time; 0: none */
  double deadline;    /* clock_now(); INFINITY: none */
  const char *name;   /* of the phase that runs; NULL: none */
  double began;
  ProgressWatched watched;
  const char *longest; /* of those that are over; NULL: none */
  double longest_time; /* seconds */
} Phases;

/* The phases of a run; their time ends only on rank 0, and only if the run has made no step yet,
 * because a resumed one has a model, even without time left. */
Phases phases_new(const RunConfig *run);

/* Ends the previous phase and begins the next one, "reading the input" for example; a message
 * announces one that takes long. */
void phases_begin(Phases *phases, const char *name, bool is_long);
void phases_end(Phases *phases);

/* Shows how far the phase is. */
Watch phases_watch(Phases *phases);

/* Notes the time of something that was not a phase. */
void phases_note(Phases *phases, const char *name, double seconds);

/* Fills why: the time ended before the first step, the phase that took most of it, and the remedy:
 * "give" or "resume with" a longer --max-time. Returns -1. */
int phases_fail(const Phases *phases, const char *remedy, Why *why);

#endif
