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

/* The loss per timestep, J(t), summed over rows of timestep_loss.tsv. */
typedef struct {
  double to;            /* the last step of these rows; 0: no rows */
  double *sum, *tokens; /* (T) sum of J in nats; number of predictions, may be 0 */
} TimestepLoss;

typedef struct {
  Summary run;
  size_t rows;
  double *loss[RUNDATA_COLUMNS]; /* (rows) each; NAN: NA */
  size_t T;                      /* 0: no losses of timesteps yet */
  double first_step;             /* of timestep_loss.tsv */
  TimestepLoss first, last; /* over the first and the last tenth of the steps; first has at least
                               the first rows, which last never has */
} RunData;

/* Reads a run directory; to be freed with rundata_free. After an error there is nothing to free. */
int rundata_read(RunData *data, const RunDir *dir, Why *why);
void rundata_free(RunData *data);

#endif
