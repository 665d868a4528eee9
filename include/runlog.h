/* runlog: the run directory, and in it what programs read: loss.tsv, timestep_loss.tsv, run.json.
 */
#ifndef RUNLOG_H
#define RUNLOG_H

#include "dataset.h"
#include "markov.h"
#include "rnn.h"
#include "train_options.h"

typedef struct Runlog Runlog;

/* Before the input is read: whether a run can be written to the directory later. Makes nothing. */
int runlog_check(const char *directory, bool force, Why *why);

/* Makes the directory, or clears what an earlier run left in it, and begins the logs. */
Runlog *runlog_open(const char *directory, Why *why);
void runlog_close(Runlog *log); /* NULL is allowed */

/* Closes the logs when all was written; only then is it known that they are whole. */
int runlog_finish(Runlog *log, Why *why);

/* DIR/name; valid as long as the log. */
const char *runlog_model_path(const Runlog *log);
const char *runlog_checkpoint_path(const Runlog *log);

/* A row of loss.tsv; epochs count from 1, losses in nats a k-mer, NAN for NA. */
typedef struct {
  uint64_t step, epoch, tokens;
  double seconds, rate, gradient_norm, train_loss, valid_loss;
} LossRow;

int runlog_row(Runlog *log, const LossRow *row, int s, Why *why);

/* T rows of timestep_loss.tsv: sums of J and their numbers for each t. */
int runlog_timesteps(Runlog *log, uint64_t step, const double *loss, const uint64_t *tokens, int T,
                     Why *why);

/* Bytes of both logs so far. */
void runlog_sizes(const Runlog *log, uint64_t *loss, uint64_t *timesteps);

/* What run.json says; strings and arrays are borrowed. */
typedef struct {
  const char *status; /* "running", "done", "stopped early", "out of time", "diverged" */
  char *const *command;
  int n_command;
  const TrainOptions *options;
  const Shape *shape;
  const Dataset *dataset;
  const Markov *markov;        /* NULL: no validation */
  const char *library, *level; /* OpenBLAS, CPU level of the loops */
  uint64_t train_tokens, valid_tokens;
  uint64_t steps, tokens, skipped_steps;
  double best_valid_loss, seconds;
  uint64_t best_step;
} RunReport;

int runlog_report(const Runlog *log, const RunReport *report, Why *why);

/* J in nats a k-mer as bits per base. */
double runlog_bits(double loss, int s);

#endif
