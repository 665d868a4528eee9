/* train: the loop over windows, with its logs, validations and checkpoints. */
#ifndef TRAIN_H
#define TRAIN_H

#include "trainer.h"

enum { TRAIN_DIVERGED = 3 }; /* an exit code */

/* Trains and writes the run directory: 0 done, TRAIN_DIVERGED, or -1; why says why. */
int train_run(const TrainRun *run, Why *why);

#endif
