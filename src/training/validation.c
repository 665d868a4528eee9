#include "training/validation.h"

#include "base/signals.h"
#include "sequence/bits.h"
#include "training/files.h"
#include "training/messages.h"

#include <math.h>
#include <string.h>

enum { SHARE = 4 }; /* a validation follows at least SHARE times its own tokens of training */

/* ---- the loss ------------------------------------------------------------------------------- */

typedef enum { WRONG = -1, LEFT, MEASURED, NO_TIME } Validation;

/* Runs the averaged weights over the validation span and sets *loss to their mean J, unless a
 * signal (LEFT) or --max-time (NO_TIME) ends it early. Meanwhile the states of the training lanes
 * are in train->state.h, so a checkpoint holds the run as it was before the validation. */
static Validation valid_loss(Trainer *train, double *loss, Why *why) {
  const double deadline = trainer_is_limited(train) ? budget_deadline(&train->budget) : INFINITY;
  Validation outcome = MEASURED;
  const Weights *weights = train->state.optimizer->average; /* packed for the first window */
  *loss = 0;
  bptt_save(train->bptt, train->state.h);
  train->validating = true;
  lanes_start(train->valid_lanes, 0);
  for (; outcome == MEASURED && lanes_next(train->valid_lanes, train->window); weights = NULL) {
    const WindowLoss *window =
        bptt_run(train->bptt, NULL, weights, train->window, train->valid_lanes);
    if (window) *loss += window->loss;
    messages_progress(train);
    trainer_agree(train);
    if (train->agreed.signal)
      outcome = LEFT;
    else if (train->agreed.now > deadline)
      outcome = NO_TIME;
    else if (files_save_due(train, why) != 0)
      outcome = WRONG;
  }
  train->validating = false;
  bptt_restore(train->bptt, train->state.h);
  *loss /= (double)train->run->valid_tokens;
  return outcome;
}

/* Validates if there are data and time for it. */
static Validation measure(Trainer *train, double *loss, Why *why) {
  const double start = train->agreed.now;
  Validation outcome = NO_TIME;
  if (train->run->valid_tokens == 0) return NO_TIME;
  if (!trainer_is_limited(train) || budget_has_validation(&train->budget, train->agreed.now))
    outcome = valid_loss(train, loss, why);
  const double seconds = train->agreed.now - start;
  if (outcome == MEASURED) train->budget.validation = seconds;
  if (train->state.numbers.step == 0) phases_note(train->phases, "validating --init", seconds);
  if (outcome == NO_TIME && !train->without_validation) {
    train->without_validation = true;
    progress_say(train->run->progress, "no time is left for a validation within --max-time %g s",
                 train->budget.limit);
  }
  return outcome;
}

static void note_loss(Trainer *train, double loss) {
  RunNumbers *numbers = &train->state.numbers;
  const bool improved = loss < numbers->best_valid_loss;
  numbers->stale = improved ? 0 : numbers->stale + 1;
  schedule_validated(&train->state.schedule, improved);
  if (!isfinite(loss)) numbers->bad_in_a_row = TRAINER_DIVERGED_AFTER;
  if (!improved) return;
  numbers->best_valid_loss = loss;
  numbers->best_step = numbers->step;
  memcpy(train->state.best->L, train->state.optimizer->average->L,
         train->state.weights->size * sizeof(float));
}

int validation_run(Trainer *train, Why *why) {
  RunNumbers *numbers = &train->state.numbers;
  const uint64_t own = SHARE * train->run->valid_tokens;
  double loss = NAN;
  const Validation outcome = measure(train, &loss, why);
  if (outcome == WRONG) return -1;
  if (outcome == LEFT) return 0;
  numbers->validated_step = numbers->step;
  numbers->next_validation = numbers->tokens + (own > VALIDATION_TOKENS ? own : VALIDATION_TOKENS);
  if (outcome == NO_TIME) return files_log(train, NAN, why);
  note_loss(train, loss);
  if (numbers->step == 0)
    progress_say(train->run->progress, "%s: %.4f bits per base before training",
                 train->run->options->init, bits_per_base(loss, train->run->options->s));
  if (files_log(train, loss, why) != 0) return -1;
  messages_validation(train, loss);
  return 0;
}

/* ---- the examination ------------------------------------------------------------------------ */

static bool must_stop(void *context, double part) {
  const Trainer *train = context;
  const double began = train->examination_began;
  if (signals_end()) return true;
  if (!trainer_is_limited(train)) return false;
  return trainer_elapsed(train) - began >= part * (train->budget.limit - began);
}

void validation_examine(Trainer *train) {
  const RunConfig *run = train->run;
  const ExamStop stop = {must_stop, train};
  train->examination_began = trainer_elapsed(train);
  train->result.exam = exam_new(run->dataset->valid, &run->shape, train->state.best,
                                run->options->T, run->options->threads, run->kernels, &stop);
}
