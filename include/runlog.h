/* runlog: the run directory, and the logs in it: loss.tsv, timestep_loss.tsv. */
#ifndef RUNLOG_H
#define RUNLOG_H

#include "fail.h"

#include <stdbool.h>
#include <stdint.h>

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
const char *runlog_report_path(const Runlog *log);

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

/* J in nats a k-mer as bits per base. */
double runlog_bits(double loss, int s);

#endif
