/* train: the loop over windows, with its logs, validations and checkpoints. */
#ifndef TRAIN_H
#define TRAIN_H

#include "training/trainer.h"

enum { TRAIN_DIVERGED = 3, TRAIN_SIGNALLED = 128 }; /* exit codes; the signal is added */

/* Trains from the beginning or from the checkpoint, and writes the run directory. Sets run->markov.
 * Returns 0; otherwise it fills why and returns TRAIN_DIVERGED, TRAIN_SIGNALLED + signal, or -1. */
int train_run(RunConfig *run, Phases *phases, Why *why);

#endif
