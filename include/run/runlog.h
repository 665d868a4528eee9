/* runlog: the logs in a run directory, loss.tsv and timestep_loss.tsv. */
#ifndef RUNLOG_H
#define RUNLOG_H

#include "run/checkpoint.h"

/* The directory is borrowed. NULL: out of memory. */
Runlog *runlog_new(RunDir *dir, Why *why);
void runlog_free(Runlog *log);

/* Begins both logs with the names of their columns. */
int runlog_begin(Runlog *log, Why *why);

/* Cuts the logs back to the bytes that belong to a checkpoint; they continue from there. */
int runlog_continue(Runlog *log, const RunNumbers *numbers, Why *why);

/* Flushes both logs to the disk, and sets their bytes in the numbers. */
int runlog_sync(Runlog *log, RunNumbers *numbers, Why *why);

/* Appends a row to loss.tsv, with valid_loss NAN where it was not measured, and T rows to
 * timestep_loss.tsv unless there are no losses since the last ones. `seconds`: of the run. */
int runlog_rows(Runlog *log, const TrainOptions *options, const RunState *state, double seconds,
                double valid_loss, Why *why);

#endif
