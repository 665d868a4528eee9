/* runlog: the run directory, which one process at a time writes to, and the logs in it: loss.tsv
 * and timestep_loss.tsv. */
#ifndef RUNLOG_H
#define RUNLOG_H

#include "fail.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Runlog Runlog;

typedef enum {
  RUNLOG_NEW,       /* a run begins; none must be there */
  RUNLOG_OVERWRITE, /* a run begins, in the place of any that is there */
  RUNLOG_RESUME,    /* a run goes on */
  RUNLOG_AUTO       /* a run goes on, or begins where none has come to a checkpoint */
} RunlogMode;

/* Before the input is read: whether a run can be written to the directory. Makes and changes
 * nothing; where there is a run, nobody else can claim it from now on. */
Runlog *runlog_claim(const char *directory, RunlogMode mode, Why *why);
void runlog_close(Runlog *log); /* NULL is allowed */

/* Whether there is a checkpoint to go on from. */
bool runlog_goes_on(const Runlog *log);

/* Whether the file system has locks: without them nobody is kept away. */
bool runlog_locked(const Runlog *log);

/* Makes the directory, or clears what an earlier run left in it, and begins the logs. */
int runlog_begin(Runlog *log, Why *why);

/* Cuts the logs back to the bytes that belong to a checkpoint; they go on from there. */
int runlog_continue(Runlog *log, uint64_t loss, uint64_t timesteps, Why *why);

/* Bytes of both logs so far; sync flushes them to the disk. */
void runlog_sizes(const Runlog *log, uint64_t *loss, uint64_t *timesteps);
int runlog_sync(Runlog *log, Why *why);

/* The first lines of loss.tsv and timestep_loss.tsv. */
extern const char runlog_loss_header[], runlog_timestep_header[];

/* directory/name, or the directory alone where name is ""; no slash doubled; to be freed. */
char *runlog_join(const char *directory, const char *name);

/* DIR/name; valid as long as the log. */
const char *runlog_model_path(const Runlog *log);
const char *runlog_checkpoint_path(const Runlog *log);
const char *runlog_runjson_path(const Runlog *log);

/* A row of loss.tsv; epochs count from 1, losses in nats a k-mer, NAN for NA. */
typedef struct {
  uint64_t step, epoch, tokens;
  double seconds, rate, gradient_norm, train_loss, valid_loss;
} LossRow;

int runlog_row(Runlog *log, const LossRow *row, int s, Why *why);

/* T rows of timestep_loss.tsv: sums of J and their numbers for each t. */
int runlog_timesteps(Runlog *log, uint64_t step, const double *loss, const uint64_t *tokens, int T,
                     Why *why);

/* J in nats a k-mer as bits per base. */
double runlog_bits(double loss, int s);

#endif
