/* rundata: a run directory in memory: run.json, the rows of its logs, its model. While the run is
 * in progress, the last line of a log is left out if it is unfinished. */
#ifndef RUNDATA_H
#define RUNDATA_H

#include "model/model.h"
#include "report/summary.h"
#include "run/rundir.h"

/* Columns of loss.tsv. */
enum {
  RUNDATA_STEP,
  RUNDATA_EPOCH,
  RUNDATA_TOKENS,
  RUNDATA_SECONDS,
  RUNDATA_RATE,
  RUNDATA_NORM,
  RUNDATA_TRAIN,
  RUNDATA_TRAIN_BITS,
  RUNDATA_VALID,
  RUNDATA_VALID_BITS,
  RUNDATA_COLUMNS
};

/* J(t), of rows of timestep_loss.tsv. */
typedef struct {
  double step, tokens; /* of a row */
  double *J;           /* (T) NAN: not measured */
} TimestepLoss;

typedef struct {
  Summary run;
  size_t rows;
  double *loss[RUNDATA_COLUMNS]; /* (rows) each, NAN for NA */
  size_t T;                      /* 0: there are no timesteps' losses yet */
  TimestepLoss first, last;      /* the last that have at least half as many tokens as the first */
  Model model;                   /* weights NULL: there is none yet */
} RunData;

/* After an error there is nothing to free. */
int rundata_read(RunData *data, const RunDir *dir, Why *why);
void rundata_free(RunData *data);

#endif
