/* checkpoint: the state of a run in a file, from which it resumes.
 *
 * checkpoint.safetensors holds, besides the weights of a model, the optimizer's moments
 * optimizer.m.L ... and averages optimizer.average.L ..., the best on validation so far best.L ...
 * (zero before the first), the lanes' states and places state.h and state.lanes, the losses since
 * the last log rows state.timestep_loss and state.timestep_tokens, the identity of the inputs,
 * state.inputs, the command lines, state.commands, and as metadata the numbers of RunNumbers. */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include "net/optimizer.h"
#include "net/schedule.h"
#include "run/commands.h"
#include "run/config.h"

#include <math.h>

/* Where a run stands, in numbers. */
typedef struct {
  uint64_t step, epoch, tokens; /* updates tried, epochs ended, labels learnt from */
  uint64_t skipped;             /* steps whose gradient was not finite */
  uint64_t bad_in_a_row;
  double rate, gradient_norm; /* of the last step */
  double seconds;             /* of training, of all parts of the run */
  /* validation: */
  double best_valid_loss; /* nats a k-mer, INFINITY before the first */
  uint64_t best_step;
  uint64_t stale;           /* validations since the best */
  uint64_t next_validation; /* tokens */
  uint64_t validated_step;  /* the step after which validation was last measured */
  /* since the last row of loss.tsv: */
  double loss;
  uint64_t loss_tokens;
  uint64_t loss_log_bytes, timestep_log_bytes; /* how far the logs belong to this state */
} RunNumbers;

/* All that changes in a run. The arrays have the sizes that follow from its configuration. */
typedef struct {
  RunNumbers numbers;
  Weights *weights, *best;
  Optimizer *optimizer;
  Schedule schedule;
  float *h;        /* (B,D) */
  uint64_t *lanes; /* (n_lanes) as lanes_save has them */
  size_t n_lanes;
  double *timestep_loss; /* (T) since the last rows of timestep_loss.tsv */
  uint64_t *timestep_tokens;
  Commands commands;
} RunState;

/* J since the last row of loss.tsv, in nats a k-mer; NAN: there is none. */
static inline double checkpoint_mean_loss(const RunNumbers *numbers) {
  return numbers->loss_tokens > 0 ? numbers->loss / (double)numbers->loss_tokens : NAN;
}

/* Writes the state to a file that was just opened and frees the file; NULL is an error that `why`
 * says already. `about` is the metadata besides the shape; it may be NULL. */
int checkpoint_write(AtomicFile *file, const RunConfig *run, RunState *state, const Metadata *about,
                     Why *why);

/* Both of these read the file descriptor of a checkpoint, which they close; -1: it could not be
 * opened, and errno is set. Messages call it path.
 *
 * The metadata of a file, to be freed by the caller; NULL where it is no checkpoint, or does not
 * hold weights of the shape that it says. *inputs becomes its table of inputs, to be freed too,
 * even after an error, and *n_inputs their number: NULL and 0 for a checkpoint of an older version,
 * which has none. */
Metadata *checkpoint_about(int fd, const char *path, uint64_t **inputs, size_t *n_inputs, Why *why);

/* Fills the state of a run; after an error it is not to be used. */
int checkpoint_read(int fd, const char *path, const RunConfig *run, RunState *state, Why *why);

/* Gives the state of rank 0, but for the command lines, to all ranks, which call it together. */
void checkpoint_share(const RunConfig *run, RunState *state);

#endif
