/* checkpoint: the state of a run in a file, from which it resumes.
 *
 * checkpoint.safetensors holds, besides the weights of a model:
 *
 *   optimizer.m.L, .v.L, .average.L ...               moments and averages of the optimizer
 *   best.L ...                                        best weights on validation; zero before
 *   state.h, state.lanes                              states and places of the lanes
 *   state.timestep_loss, state.timestep_tokens        losses since the last rows of the logs
 *   state.inputs                                      identity of the input files
 *   state.commands                                    command lines
 *
 * The members of RunNumbers are metadata. */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include "net/optimizer.h"
#include "net/schedule.h"
#include "run/commands.h"
#include "run/config.h"

#include <math.h>

/* The progress of a run, in numbers. */
typedef struct {
  uint64_t step, epoch, tokens; /* updates tried, epochs ended, training labels read */
  uint64_t skipped;             /* steps whose gradient was not finite */
  uint64_t bad_in_a_row;
  double rate, gradient_norm; /* of the last step */
  double seconds;             /* training time in all parts of the run */
  /* validation: */
  double best_valid_loss; /* nats per k-mer; INFINITY before the first */
  uint64_t best_step;
  uint64_t stale;           /* validations since the best */
  uint64_t next_validation; /* tokens */
  uint64_t validated_step;  /* the step after which validation was last measured */
  /* since the last row of loss.tsv: */
  double loss;
  uint64_t loss_tokens;
  uint64_t loss_log_bytes, timestep_log_bytes; /* sizes of the logs at this state */
} RunNumbers;

/* The changing state of a run. Its configuration determines the sizes of the arrays. */
typedef struct {
  RunNumbers numbers;
  Weights *weights, *best;
  Optimizer *optimizer;
  Schedule schedule;
  float *h;        /* (B,D) */
  uint64_t *lanes; /* (n_lanes) see lanes_save */
  size_t n_lanes;
  double *timestep_loss; /* (T) since the last rows of timestep_loss.tsv */
  uint64_t *timestep_tokens;
  Commands commands;
} RunState;

/* The mean J since the last row of loss.tsv, in nats per k-mer; NAN: no tokens since. */
static inline double checkpoint_mean_loss(const RunNumbers *numbers) {
  return numbers->loss_tokens > 0 ? numbers->loss / (double)numbers->loss_tokens : NAN;
}

/* Writes the state to a file that was just opened and frees the file. If opening failed, file is
 * NULL, why has the reason, and the result is -1. about is the metadata besides the shape; it may
 * be NULL. */
int checkpoint_write(AtomicFile *file, const RunConfig *run, RunState *state, const Metadata *about,
                     Why *why);

/* The next two functions read a checkpoint from a file descriptor, which they close; -1: opening
 * failed, and errno is set. path is its name in messages.
 *
 * Returns the metadata of a file, to be freed by the caller; NULL if it is not a checkpoint, or if
 * its weights do not have the shape in its metadata. Sets *inputs to its table of inputs, to be
 * freed too, even after an error, and *n_inputs to their number. Checkpoints of older versions have
 * no table: NULL and 0. */
Metadata *checkpoint_about(int fd, const char *path, uint64_t **inputs, size_t *n_inputs, Why *why);

/* Fills the state of a run; after an error the state must not be used. */
int checkpoint_read(int fd, const char *path, const RunConfig *run, RunState *state, Why *why);

/* Gives the state of rank 0, except for the command lines, to all ranks. Collective. */
void checkpoint_share(const RunConfig *run, RunState *state);

#endif
