/* repeats: the memory of repeats that a run adds to its model after training. */
#ifndef REPEATS_H
#define REPEATS_H

#include "training/trainer.h"

/* Sets the size of the memory within --memory-limit; -1 if it cannot be that small. */
int repeats_plan(RunConfig *run, Why *why);

/* Prints this size, and the bound of the work per base. */
void repeats_say(const RunConfig *run);

/* Estimates the time to make the memory. */
void repeats_estimate(Budget *budget, const RunConfig *run);

/* Makes the memory of the training span, and calibrates it with the best weights. After a signal
 * the run has no memory. --max-time shortens the calibration. */
void repeats_learn(Trainer *train);

/* Measures the bits per base of the validation span with the memory, as rnnpredict does, unless a
 * signal comes. */
void repeats_measure(Trainer *train);

#endif
