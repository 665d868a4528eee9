/* runlog: the logs in a run directory, loss.tsv and timestep_loss.tsv. */
#ifndef RUNLOG_H
#define RUNLOG_H

#include "run/checkpoint.h"

/* The directory is borrowed. NULL: out of memory. */
Runlog *runlog_new(RunDir *dir, Why *why);
void runlog_free(Runlog *log);

/* Creates both logs and writes their header lines. */
int runlog_begin(Runlog *log, Why *why);

/* Truncates the logs to their sizes in a checkpoint; they continue from there. */
int runlog_continue(Runlog *log, const RunNumbers *numbers, Why *why);

/* Flushes both logs to the disk, and stores their sizes in the numbers. */
int runlog_sync(Runlog *log, RunNumbers *numbers, Why *why);

/* Appends a row to loss.tsv, and T rows to timestep_loss.tsv unless there are no losses since the
 * last rows. valid_loss: NAN if not measured; seconds: duration of the run. */
int runlog_rows(Runlog *log, const TrainOptions *options, const RunState *state, double seconds,
                double valid_loss, Why *why);

#endif
