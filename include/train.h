/* train: the loop over windows, with its logs, validations and checkpoints. */
#ifndef TRAIN_H
#define TRAIN_H

#include "progress.h"
#include "runlog.h"

enum { TRAIN_DIVERGED = 3 }; /* an exit code */

/* What a run is made of; all borrowed. */
typedef struct {
  const TrainOptions *options; /* with threads and rate filled in */
  Shape shape;
  const Dataset *dataset;
  const Kernels *kernels;
  Progress *progress;
  char *const *command; /* (n_command) as typed */
  int n_command;
  double started; /* clock_now() when the program began: what --max-time counts from */
} TrainRun;

/* Trains and writes the run directory: 0 done, TRAIN_DIVERGED, or -1; why says why. */
int train_run(const TrainRun *run, Why *why);

/* What a dry run says on standard error: tokens, parameters, memory, and the time that a few
 * windows on a scratch network foretell. */
int train_plan(const TrainRun *run, Why *why);

#endif
