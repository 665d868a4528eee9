#include "training/train.h"

#include "base/clock.h"
#include "base/signals.h"
#include "sequence/bits.h"
#include "training/plan.h"
#include "training/validation.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  DIVERGED_AFTER = 10,             /* windows in a row whose loss is no number, or so many times */
  DIVERGED_FACTOR = 10,            /* what guessing costs */
  VALIDATION_TOKENS = 8 * 1000000, /* between validations, where an epoch is longer */
  LARGE = 1000000,                 /* parameters: what is done with them takes seconds */
  LONG = 10 * 1000000,             /* bases: counting them takes seconds */
  VALIDATION_SHARE = 4             /* and no fewer than so many times the validation's own */
};

/* ---- where the run stands ------------------------------------------------------------------- */

/* The fraction of the epochs done after so many tokens; 0 if the number of epochs is not known. */
static double epochs_part(const Trainer *train, uint64_t tokens) {
  const TrainOptions *o = train->run->options;
  double all = (double)o->epochs * (double)train->run->train_tokens;
  return o->epochs > 0 ? (double)tokens / all : 0;
}

/* The fraction of the run done; 0 if its end is not known. */
static double run_part(const Trainer *train) {
  const double limit = train->budget.limit, part = epochs_part(train, train->state.numbers.tokens);
  return fmax(part, limit > 0 ? trainer_elapsed(train) / limit : 0);
}

/* The fraction of the training done after so many tokens, for the learning rate schedule. */
static double training_part(const Trainer *train, uint64_t tokens) {
  return fmax(epochs_part(train, tokens), budget_part(&train->budget, trainer_elapsed(train)));
}

/* K-mers a second, of this program. */
static double speed(const Trainer *train) {
  uint64_t tokens = train->state.numbers.tokens - train->earlier_tokens;
  return (double)tokens / (clock_now() - train->began);
}

static void show(Trainer *train) {
  const RunNumbers *numbers = &train->state.numbers;
  const int s = train->run->options->s;
  double best = numbers->best_valid_loss, recent = train->recent_bits;
  if (isnan(recent) && numbers->loss_tokens > 0)
    recent = bits_per_base(numbers->loss / (double)numbers->loss_tokens, s);
  Standing standing = {
      .part = fmin(run_part(train), 1),
      .seconds = trainer_elapsed(train),
      .epoch = numbers->epoch + 1,
      .epochs = (uint64_t)train->run->options->epochs,
      .rate = speed(train),
      .bits = recent,
      .best_bits = isfinite(best) ? bits_per_base(best, s) : NAN,
  };
  progress_step(train->run->progress, &standing);
}

/* ---- saving --------------------------------------------------------------------------------- */

/* Near the end of --max-time the last checkpoint replaces one that is due. */
static bool checkpoint_is_due(const Trainer *train) {
  const Budget *budget = &train->budget;
  return clock_now() >= train->next_checkpoint &&
         trainer_elapsed(train) + budget->save <= budget_end(budget);
}

static bool save_is_due(const Trainer *train) {
  return signals_pending() || checkpoint_is_due(train);
}

/* Saves the run where it is time or SIGUSR1 asks for it, or a step later where it cannot be. */
static int save(Trainer *train, Why *why) {
  if (!trainer_states_finite(train)) return 0;
  bool asked = signals_save();
  if (!asked && !checkpoint_is_due(train)) return 0;
  if (trainer_save(train, "running", why) != 0) return -1;
  if (asked)
    progress_say(train->run->progress, "SIGUSR1: saved at step %" PRIu64,
                 train->state.numbers.step);
  return 0;
}

/* A line for a log; recent_bits are those of the last row. */
static void show_validation(Trainer *train, double loss) {
  const RunNumbers *numbers = &train->state.numbers;
  const int s = train->run->options->s;
  char line[PROGRESS_LINE], trained[32] = "";
  if (isfinite(train->recent_bits))
    snprintf(trained, sizeof trained, "train %.4f, ", train->recent_bits);
  snprintf(line, sizeof line,
           "step %" PRIu64 ", epoch %.2f: %svalid %.4f, best %.4f bits per base; %.0fk k-mers/s",
           numbers->step, (double)numbers->tokens / (double)train->run->train_tokens, trained,
           bits_per_base(loss, s), bits_per_base(numbers->best_valid_loss, s), speed(train) / 1000);
  progress_validation(train->run->progress, line);
}

/* ---- validation ----------------------------------------------------------------------------- */

typedef enum { WRONG = -1, LEFT, MEASURED, NO_TIME } Validation;

/* Runs the averaged weights over the validation span and sets *loss to their mean J, unless a
 * signal does not let it finish (LEFT) or --max-time. The training lanes' states wait in
 * train->state.h, so that what is saved in between is the run as it was before. */
static Validation valid_loss(Trainer *train, double *loss, Why *why) {
  const double deadline = trainer_is_limited(train) ? budget_deadline(&train->budget) : INFINITY;
  Validation outcome = MEASURED;
  *loss = 0;
  bptt_save(train->bptt, train->state.h);
  train->validating = true;
  lanes_start(train->valid_lanes, 0);
  while (outcome == MEASURED && lanes_next(train->valid_lanes, train->window)) {
    const WindowLoss *window =
        bptt_run(train->bptt, NULL, train->state.optimizer->average, train->window);
    if (window) *loss += window->loss;
    show(train);
    if (!window || signals_end())
      outcome = LEFT;
    else if (trainer_elapsed(train) > deadline)
      outcome = NO_TIME;
    else if (save_is_due(train) && save(train, why) != 0)
      outcome = WRONG;
  }
  train->validating = false;
  bptt_restore(train->bptt, train->state.h);
  *loss /= (double)train->run->valid_tokens;
  return outcome;
}

/* Validates, where there are data and time for it. */
static Validation measure(Trainer *train, double *loss, Why *why) {
  const double start = clock_now();
  Validation outcome = NO_TIME;
  if (train->run->valid_tokens == 0) return NO_TIME;
  if (!trainer_is_limited(train) || budget_has_validation(&train->budget, trainer_elapsed(train)))
    outcome = valid_loss(train, loss, why);
  const double seconds = clock_now() - start;
  if (outcome == MEASURED) train->budget.validation = seconds;
  if (train->state.numbers.step == 0) phases_note(train->phases, "validating --init", seconds);
  if (outcome == NO_TIME && !train->without_validation) {
    train->without_validation = true;
    progress_say(train->run->progress, "no time left for a validation within --max-time %g s",
                 train->budget.limit);
  }
  return outcome;
}

static void note_loss(Trainer *train, double loss) {
  RunNumbers *numbers = &train->state.numbers;
  int improved = loss < numbers->best_valid_loss;
  numbers->stale = improved ? 0 : numbers->stale + 1;
  schedule_validated(&train->state.schedule, improved);
  if (!isfinite(loss)) numbers->bad_in_a_row = DIVERGED_AFTER;
  if (!improved) return;
  numbers->best_valid_loss = loss;
  numbers->best_step = numbers->step;
  memcpy(train->state.best->L, train->state.optimizer->average->L,
         train->state.weights->size * sizeof(float));
}

/* Where a signal comes between, everything stays as it was: validated_step will tell. */
static int validate(Trainer *train, Why *why) {
  RunNumbers *numbers = &train->state.numbers;
  uint64_t own = VALIDATION_SHARE * train->run->valid_tokens;
  double loss = NAN;
  const Validation outcome = measure(train, &loss, why);
  if (outcome == WRONG) return -1;
  if (outcome == LEFT) return 0;
  numbers->validated_step = numbers->step;
  numbers->next_validation = numbers->tokens + (own > VALIDATION_TOKENS ? own : VALIDATION_TOKENS);
  if (outcome == NO_TIME) return trainer_log(train, NAN, why);
  note_loss(train, loss);
  if (numbers->step == 0)
    progress_say(train->run->progress, "%s: %.4f bits per base before training",
                 train->run->options->init, bits_per_base(loss, train->run->options->s));
  if (trainer_log(train, loss, why) != 0) return -1;
  show_validation(train, loss);
  return 0;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void add_losses(Trainer *train, const WindowLoss *loss) {
  train->state.numbers.loss += loss->loss;
  train->state.numbers.loss_tokens += loss->tokens;
  for (int t = 0; t < train->run->options->T; t++) {
    train->state.timestep_loss[t] += loss->timestep_loss[t];
    train->state.timestep_tokens[t] += loss->timestep_tokens[t];
  }
}

/* Whether a window's loss is far above what guessing costs, ln n a k-mer, or no number. */
static int has_diverged(const Trainer *train, const WindowLoss *loss) {
  double guessing = log((double)train->run->shape.n);
  return !(loss->loss <= (double)DIVERGED_FACTOR * guessing * (double)loss->tokens);
}

/* One window: gradient, and a step along it unless it, or the loss, is not finite. false: a signal
 * came in between, and nothing was changed. */
static bool step(Trainer *train) {
  const TrainOptions *o = train->run->options;
  RunNumbers *numbers = &train->state.numbers;
  double start = clock_now();
  const WindowLoss *loss =
      bptt_run(train->bptt, train->gradient, train->state.weights, train->window);
  if (!loss) return false;
  numbers->rate = schedule_rate(&train->state.schedule, numbers->step + 1,
                                training_part(train, numbers->tokens + loss->tokens));
  numbers->gradient_norm =
      isfinite(loss->loss)
          ? optimizer_step(train->state.optimizer, train->state.weights, train->gradient,
                           numbers->rate, o->clip, o->threads, train->run->kernels)
          : NAN;
  numbers->step++;
  numbers->tokens += loss->tokens;
  int skipped = !isfinite(numbers->gradient_norm);
  if (!skipped) add_losses(train, loss);
  numbers->skipped += (uint64_t)skipped;
  numbers->bad_in_a_row = skipped || has_diverged(train, loss) ? numbers->bad_in_a_row + 1 : 0;
  const double seconds = clock_now() - start;
  train->result.longest_step = fmax(train->result.longest_step, seconds);
  train->budget.step_time += seconds;
  train->budget.steps++;
  return true;
}

/* One more step, or at its end the validation of an epoch. What is due is logged before a step, not
 * after one: a validation may be about to. A step of a large network can take a minute: a signal
 * undoes the one that has begun. */
static int go_on(Trainer *train, Why *why) {
  RunNumbers *numbers = &train->state.numbers;
  lanes_save(train->lanes, train->state.lanes);
  if (lanes_next(train->lanes, train->window)) {
    int due =
        numbers->loss_tokens > 0 && numbers->step % (uint64_t)train->run->options->log_every == 0;
    if (due && trainer_log(train, NAN, why) != 0) return -1;
    if (!step(train)) return lanes_restore(train->lanes, train->state.lanes, why);
    show(train);
    return 0;
  }
  if (numbers->validated_step != numbers->step && validate(train, why) != 0) return -1;
  if (numbers->validated_step == numbers->step) lanes_start(train->lanes, ++numbers->epoch);
  return 0;
}

/* Why the run ends here, or NULL. */
static const char *ends(const Trainer *train) {
  const TrainOptions *o = train->run->options;
  const RunNumbers *numbers = &train->state.numbers;
  if (numbers->bad_in_a_row >= DIVERGED_AFTER) return "diverged";
  if (save_is_due(train) && !trainer_weights_finite(train)) return "diverged";
  if (o->epochs > 0 && numbers->epoch >= (uint64_t)o->epochs) return "done";
  if (trainer_elapsed(train) >= budget_end(&train->budget)) return "out of time";
  if (schedule_over(&train->state.schedule)) return "stopped early";
  if (o->patience > 0 && numbers->stale >= (uint64_t)o->patience) return "stopped early";
  return NULL;
}

/* Until something ends the run; *status says what. What is due depends on the state alone, so that
 * a run that was saved anywhere goes on as if it had not been. */
static int loop(Trainer *train, const char **status, Why *why) {
  const RunNumbers *numbers = &train->state.numbers;
  for (;;) {
    if (numbers->tokens >= numbers->next_validation && validate(train, why) != 0) return -1;
    *status = ends(train);
    int useful = !*status || strcmp(*status, "diverged") != 0;
    int last = *status && useful && numbers->step > numbers->validated_step;
    if (*status && !last) return 0;
    if (signals_end()) {
      *status = trainer_states_finite(train) ? "interrupted" : "diverged";
      return 0;
    }
    if (save_is_due(train) && save(train, why) != 0) return -1;
    if ((last ? validate(train, why) : go_on(train, why)) != 0) return -1;
  }
}

/* ---- the run -------------------------------------------------------------------------------- */

static void say_start(Trainer *train) {
  char memory[32];
  const TrainOptions *o = train->run->options;
  Progress *progress = train->run->progress;
  plan_text(train->run->memory, memory);
  progress_say(progress, "%" PRIu64 " k-mers to learn from, %" PRIu64 " to validate on",
               train->run->train_tokens, train->run->valid_tokens);
  progress_say(progress, "%zu parameters, %s of memory, %d thread%s",
               shape_parameters(&train->run->shape), memory, o->threads, o->threads > 1 ? "s" : "");
  if (rundir_resumes(train->run->dir))
    progress_say(progress, "resuming from step %" PRIu64 ", %.2f epochs", train->state.numbers.step,
                 (double)train->state.numbers.tokens / (double)train->run->train_tokens);
  if (train->run->valid_tokens > 0)
    progress_say(progress, "best Markov model: order %d, %.4f bits per base",
                 train->run->markov.best,
                 train->run->markov.bits_per_base[train->run->markov.best]);
}

static void say_outcome(const Trainer *train, const char *status) {
  const TrainOptions *o = train->run->options;
  const Outcome outcome = {
      .bits = bits_per_base(train->state.numbers.best_valid_loss, o->s),
      .markov = &train->run->markov,
      .predicted = train->run->valid_tokens * (uint64_t)o->s,
      .bases = dataset_valid_bases(train->run->dataset),
      .train_tokens = train->run->train_tokens,
      .parameters = shape_parameters(&train->run->shape),
      .stopped_early = strcmp(status, "stopped early") == 0,
      .overfits = train->state.numbers.best_step < train->state.numbers.step / 2,
  };
  validation_say_end(train->run->progress, o, &outcome);
}

static void say_end(Trainer *train, const char *status) {
  char time[32];
  const RunNumbers *numbers = &train->state.numbers;
  clock_text(trainer_elapsed(train), time);
  char rate[32] = "";
  if (numbers->tokens > train->earlier_tokens)
    snprintf(rate, sizeof rate, ", %.0fk k-mers/s", speed(train) / 1000);
  progress_say(train->run->progress, "%s after %s, %" PRIu64 " step%s and %.2f epochs%s", status,
               time, numbers->step, numbers->step == 1 ? "" : "s",
               (double)numbers->tokens / (double)train->run->train_tokens, rate);
  progress_say(train->run->progress, "longest step %.3f s, longest checkpoint %.3f s",
               train->result.longest_step, train->result.longest_checkpoint);
  if (numbers->skipped > 0)
    progress_say(train->run->progress, "%" PRIu64 " steps left out: their gradient was not finite",
                 numbers->skipped);
  if (isfinite(numbers->best_valid_loss)) say_outcome(train, status);
  progress_say(train->run->progress, "model: %s", rundir_file(train->run->dir, RUN_MODEL));
}

/* Whether its weights are so many that saving and examining them takes seconds. */
static bool is_large(const RunConfig *run) { return shape_parameters(&run->shape) > LARGE; }

/* Begins a phase of the run and announces it if it takes long. */
static void begin_phase(const RunConfig *run, Phases *phases, const char *name, bool is_long) {
  phases_begin(phases, name);
  if (is_long) progress_say(run->progress, "%s", name);
}

/* The end of a run that has diverged: its weights are worth nothing, the best before them are. */
static int end_diverged(Trainer *train, Why *why) {
  int validated = isfinite(train->state.numbers.best_valid_loss);
  if (validated && trainer_write_model(train, why) != 0) return -1;
  if (runlog_sync(train->run->log, why) != 0 || trainer_write_runjson(train, "diverged", why) != 0)
    return -1;
  char reason[192] = "the network's numbers are not finite any more";
  if (train->state.numbers.bad_in_a_row >= DIVERGED_AFTER)
    snprintf(
        reason, sizeof reason,
        "for %d steps in a row the loss was no number or over %d times what guessing costs, or "
        "it was no number in a validation",
        DIVERGED_AFTER, DIVERGED_FACTOR);
  fail(why, "diverged: %s; choose a smaller --learning-rate than %g%s", reason,
       train->run->options->rate, validated ? " (the best model before that is kept)" : "");
  return TRAIN_DIVERGED;
}

/* The end that a signal asked for; the run can go on. */
static int end_interrupted(Trainer *train, Why *why) {
  int signal = signals_end();
  if (trainer_save(train, "interrupted", why) != 0) return -1;
  fail(why, "stopped by %s at step %" PRIu64 " and saved in %s; --resume continues from there",
       signals_name(signal), train->state.numbers.step,
       rundir_file(train->run->dir, RUN_CHECKPOINT));
  return TRAIN_SIGNALLED + signal;
}

/* Returns to the state in the checkpoint, and sets the status in run.json to running. */
static int resume(Trainer *train, Why *why) {
  begin_phase(train->run, train->phases, "reading the checkpoint", is_large(train->run));
  if (trainer_resume(train, why) != 0) return -1;
  signals_catch();
  return trainer_write_runjson(train, "running", why);
}

/* Begins the logs, and looks whether there is room for a checkpoint; or resumes. */
static int start(Trainer *train, Why *why) {
  int first = train->run->options->init && train->run->valid_tokens > 0;
  train->state.numbers.next_validation = first ? 0 : VALIDATION_TOKENS; /* it may stay the best */
  if (rundir_resumes(train->run->dir)) return resume(train, why);
  begin_phase(train->run, train->phases, "writing the first checkpoint", is_large(train->run));
  if (rundir_begin(train->run->dir, why) == 0 && runlog_begin(train->run->log, why) == 0 &&
      trainer_save(train, "running", why) == 0)
    return 0;
  rundir_undo(train->run->dir);
  return -1;
}

/* Ends a run at a signal during the examination, which the resumed run repeats. */
static int end_in_examination(Trainer *train, Why *why) {
  const int signal = signals_end();
  free(train->exam);
  train->exam = NULL;
  if (trainer_write_runjson(train, "interrupted", why) != 0) return -1;
  fail(why, "stopped by %s after the last step; the model is saved in %s; --resume examines it",
       signals_name(signal), rundir_file(train->run->dir, RUN_MODEL));
  return TRAIN_SIGNALLED + signal;
}

/* Ends a run that has trained: it is saved before the model is examined. */
static int finish(Trainer *train, const char *status, Why *why) {
  const bool examined = isfinite(train->state.numbers.best_valid_loss);
  if (strcmp(status, "out of time") == 0) train->least_seconds = train->budget.limit;
  if (is_large(train->run)) progress_say(train->run->progress, "writing the last checkpoint");
  if (trainer_save(train, examined ? "running" : status, why) != 0) return -1;
  if (examined) {
    if (is_large(train->run)) progress_say(train->run->progress, "examining the model");
    trainer_examine(train);
    if (signals_end()) return end_in_examination(train, why);
    if (trainer_write_runjson(train, status, why) != 0) return -1;
  }
  if (rundir_check(train->run->dir, why) != 0) return -1;
  say_end(train, status);
  return 0;
}

/* Ends a run that had no time for a step: there is no model. */
static int end_without_step(Trainer *train, Why *why) {
  if (trainer_write_runjson(train, "out of time", why) != 0) return -1;
  return phases_fail(train->phases, "resume with", why);
}

static int run_training(Trainer *train, Why *why) {
  const char *status;
  if (start(train, why) != 0) return -1;
  phases_end(train->phases);
  signals_catch();
  train->began = clock_now();
  train->budget.began = train->began - train->run->began;
  train->next_checkpoint = clock_now() + train->run->options->checkpoint_every;
  say_start(train);
  const int rc = loop(train, &status, why);
  progress_held(train->run->progress);
  if (rc != 0) return -1;
  if (!trainer_weights_finite(train) || !trainer_states_finite(train)) status = "diverged";
  if (strcmp(status, "diverged") == 0) return end_diverged(train, why);
  if (strcmp(status, "interrupted") == 0) return end_interrupted(train, why);
  return train->state.numbers.step > 0 ? finish(train, status, why) : end_without_step(train, why);
}

int train_run(RunConfig *run, Phases *phases, Why *why) {
  const Dataset *dataset = run->dataset;
  if (dataset->valid.n > 0) { /* before the network is made: it needs memory of its own */
    begin_phase(run, phases, "counting Markov models", span_bases(&dataset->train) > LONG);
    run->markov = markov_score(dataset->train, dataset->valid, run->options->k, run->options->s,
                               (Strands)run->options->strands);
  }
  begin_phase(run, phases, "preparing the network", is_large(run));
  Trainer *train = trainer_new(run);
  train->phases = phases;
  int rc = run_training(train, why);
  signals_start(true); /* nothing is left to save */
  trainer_free(train);
  return rc;
}
