/* phases: what a run does before it trains, one phase after the other. Where --max-time runs out in
 * one of them, there is nothing to save yet: the program ends with a sentence. */
#ifndef PHASES_H
#define PHASES_H

#include "fail.h"

typedef struct {
  double limit;     /* --max-time; 0: none */
  double deadline;  /* clock_now(); INFINITY: none */
  const char *name; /* of the phase that runs; NULL: none */
  double began;
  const char *longest; /* of those that are over; NULL: none */
  double longest_time; /* seconds */
} Phases;

/* Ends the phase before and begins the next one, which names what is done: "reading the input". */
void phases_begin(Phases *phases, const char *name);
void phases_end(Phases *phases);

/* The time that something took which was no such phase. */
void phases_note(Phases *phases, const char *name, double seconds);

/* Says that the time ended before the first step, what took most of it, and what to do: the remedy
 * is "give" or "resume with" a longer --max-time; -1. */
int phases_fail(const Phases *phases, const char *remedy, Why *why);

#endif
