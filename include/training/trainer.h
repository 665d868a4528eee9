/* trainer: a run in memory, with its changing state. */
#ifndef TRAINER_H
#define TRAINER_H

#include "base/ranks.h"
#include "net/bptt.h"
#include "run/runjson.h"
#include "sequence/lanes.h"
#include "training/budget.h"
#include "training/phases.h"

enum { TRAINER_DIVERGED_AFTER = 10 }; /* consecutive windows whose loss is NaN or too large */

/* Owns all but run and phases. To be freed with trainer_free. */
typedef struct {
  const RunConfig *run;
  RunState state;
  RunResult result;
  Lanes *lanes, *valid_lanes;
  Window *window;
  Bptt *bptt;
  Gradient *gradient;     /* of the last window */
  bool validating;        /* state.h holds the states of the training lanes */
  double recent_bits;     /* of the last log row, for the progress line */
  Agreement agreed;       /* the basis of all decisions; now: trainer_elapsed() of rank 0 */
  double next_checkpoint; /* trainer_elapsed() */
  double next_report;     /* trainer_elapsed(); 0: not written yet by this program */
  double earlier_seconds; /* of the parts of the run before this program */
  uint64_t earlier_tokens;
  double examination_began; /* trainer_elapsed() */
  double least_seconds;     /* duration of the run in its checkpoint: a run out of time stays so */
  Budget budget;            /* of --max-time */
  Phases *phases;           /* the phases before training */
  Memory *memory;           /* of repeats; NULL until it is complete */
  Recall recall;            /* of the memory */
  bool without_validation;  /* the message that time is too short for one was printed */
} Trainer;

/* Makes a run at its start. The caller sets the phases and the clocks. */
Trainer *trainer_new(const RunConfig *run);
void trainer_free(Trainer *train);

/* The memory of trainer_new in bytes: for the weights, their gradient, average and moments; and for
 * windows. */
void trainer_memory(const RunConfig *run, uint64_t *weights, uint64_t *windows);

/* Whether there is a model: a run makes at least one step, unless it trains nothing (--epochs 0).
 */
bool trainer_has_model(const Trainer *train);

/* The weights of the model: the averaged weights that were best on validation, or the latest ones
 * without a validation. */
Weights *trainer_best(const Trainer *train);

double trainer_elapsed(const Trainer *train); /* seconds of the run, in all its parts */

/* Agrees with the other ranks on the signals and the time; called after all work that takes time. A
 * request to save stays pending until it is done. */
void trainer_agree(Trainer *train);

/* Gives the state of rank 0 to all ranks when a run begins or resumes. */
void trainer_share(Trainer *train);

/* The fraction of the epochs done after so many tokens; 0 if the number of epochs is not known. */
double trainer_epochs_part(const Trainer *train, uint64_t tokens);

/* Whether --max-time ends a validation or an examination now. A resumed run without time left makes
 * no step, but still validates and examines its model. */
bool trainer_is_limited(const Trainer *train);

/* Whether the numbers of a checkpoint are finite; otherwise it must not replace the last one.
 * Weights that are not finite remain so; the states h may be finite again once lanes have begun new
 * pieces. */
bool trainer_weights_finite(const Trainer *train);
bool trainer_states_finite(Trainer *train);

/* Stores the states of the training lanes in state.h, unless they are already there during a
 * validation. */
void trainer_keep_states(Trainer *train);

#endif
