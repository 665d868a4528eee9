/* runlog: the logs in a run directory, loss.tsv and timestep_loss.tsv. */
#ifndef RUNLOG_H
#define RUNLOG_H

#include "run/rundir.h"

#include <stdint.h>

typedef struct Runlog Runlog;

/* The directory is borrowed. NULL: memory is short. */
Runlog *runlog_new(RunDir *dir, Why *why);
void runlog_free(Runlog *log);

/* Begins both logs, which hold their first lines then. */
int runlog_begin(Runlog *log, Why *why);

/* Cuts the logs back to the bytes that belong to a checkpoint; they continue from there. */
int runlog_continue(Runlog *log, uint64_t loss, uint64_t timesteps, Why *why);

/* Bytes of both logs so far; sync flushes them to the disk. */
void runlog_sizes(const Runlog *log, uint64_t *loss, uint64_t *timesteps);
int runlog_sync(Runlog *log, Why *why);

/* A row of loss.tsv; epochs count from 1, losses in nats a k-mer, NAN for NA. */
typedef struct {
  uint64_t step, epoch, tokens;
  double seconds, rate, gradient_norm, train_loss, valid_loss;
} LossRow;

int runlog_row(Runlog *log, const LossRow *row, int s, Why *why);

/* T rows of timestep_loss.tsv: sums of J and their numbers for each t. */
int runlog_timesteps(Runlog *log, uint64_t step, const double *loss, const uint64_t *tokens, int T,
                     Why *why);

#endif
