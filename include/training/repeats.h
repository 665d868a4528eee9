/* repeats: the memory of repeats that a run adds to its model once it has trained. */
#ifndef REPEATS_H
#define REPEATS_H

#include "training/trainer.h"

/* Sets the size of the memory within --memory-limit; an error if it cannot be so small. */
int repeats_plan(RunConfig *run, Why *why);

/* Prints this size, and the bound of the work for a base. */
void repeats_say(const RunConfig *run);

/* Estimates the time that the memory takes. */
void repeats_estimate(Budget *budget, const RunConfig *run);

/* Makes the memory, of the training span, and calibrates it with the best weights. A signal leaves
 * the run without one. --max-time shortens the calibration. */
void repeats_learn(Trainer *train);

/* Measures the bits per base of the validation span with the memory, as rnnpredict does, unless a
 * signal comes. */
void repeats_measure(Trainer *train);

#endif
