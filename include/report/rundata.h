/* rundata: a run directory in memory: run.json and the rows of its logs. While the run is in
 * progress, the last line of a log is left out if it is unfinished. */
#ifndef RUNDATA_H
#define RUNDATA_H

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

/* J(t) over rows of timestep_loss.tsv. */
typedef struct {
  double to;            /* the last step of these rows; 0: there are none */
  double *sum, *tokens; /* (T) of J, in nats; the predictions, 0 where there are none */
} TimestepLoss;

typedef struct {
  Summary run;
  size_t rows;
  double *loss[RUNDATA_COLUMNS]; /* (rows) each, NAN for NA */
  size_t T;                      /* 0: there are no timesteps' losses yet */
  double first_step;             /* of timestep_loss.tsv */
  TimestepLoss first, last; /* over the first and the last tenth of the steps; first has the first
                               rows at least, last none of them */
} RunData;

/* After an error there is nothing to free. */
int rundata_read(RunData *data, const RunDir *dir, Why *why);
void rundata_free(RunData *data);

#endif
