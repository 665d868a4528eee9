#include "training/train.h"

#include "base/signals.h"
#include "run/runlog.h"
#include "training/files.h"
#include "training/messages.h"
#include "training/repeats.h"
#include "training/validation.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  DIVERGED_FACTOR = 10, /* times the loss of guessing, above which a loss is too large */
  LARGE = 1000000,      /* parameters; writing or examining this many takes seconds */
  LONG = 10 * 1000000   /* bases; counting this many takes seconds */
};

/* ---- the loop ------------------------------------------------------------------------------- */

static void add_losses(Trainer *train, const WindowLoss *loss) {
  train->state.numbers.loss += loss->loss;
  train->state.numbers.loss_tokens += loss->tokens;
  for (int t = 0; t < train->run->options->T; t++) {
    train->state.timestep_loss[t] += loss->timestep_loss[t];
    train->state.timestep_tokens[t] += loss->timestep_tokens[t];
  }
}

/* Whether the loss of a window is NaN, or far above that of guessing, ln n per k-mer. */
static bool has_diverged(const Trainer *train, const WindowLoss *loss) {
  const double guessing = log((double)train->run->shape.n);
  return !(loss->loss <= (double)DIVERGED_FACTOR * guessing * (double)loss->tokens);
}

/* The fraction of the training done after this many tokens, for the learning rate schedule. */
static double training_part(const Trainer *train, uint64_t tokens) {
  return fmax(trainer_epochs_part(train, tokens), budget_part(&train->budget, train->agreed.now));
}

/* Takes a step with the gradient of a window, unless it or the loss is not finite. At the end of an
 * epoch few lanes have tokens left. The step is then smaller in proportion: all tokens count alike,
 * and these few cannot undo the learning of all lanes. */
static void learn(Trainer *train, const WindowLoss *loss) {
  const TrainOptions *o = train->run->options;
  RunNumbers *numbers = &train->state.numbers;
  numbers->rate = schedule_rate(&train->state.schedule, numbers->step + 1,
                                training_part(train, numbers->tokens + loss->tokens));
  const double rate = numbers->rate * lanes_filled(train->lanes, loss->tokens);
  numbers->gradient_norm =
      isfinite(loss->loss)
          ? optimizer_step(train->state.optimizer, train->state.weights, train->gradient, rate,
                           o->clip, o->threads, train->run->kernels)
          : NAN;
  numbers->step++;
  numbers->tokens += loss->tokens;
  const bool skipped = !isfinite(numbers->gradient_norm);
  if (!skipped) add_losses(train, loss);
  if (skipped) numbers->skipped++;
  numbers->bad_in_a_row = skipped || has_diverged(train, loss) ? numbers->bad_in_a_row + 1 : 0;
}

/* Learns from a window. Returns false, with nothing changed, if a signal came meanwhile. */
static bool step(Trainer *train) {
  const double start = train->agreed.now;
  const WindowLoss *loss =
      bptt_run(train->bptt, train->gradient, train->state.weights, train->window, train->lanes);
  if (loss) learn(train, loss);
  trainer_agree(train);
  if (!loss) return false;
  const double seconds = train->agreed.now - start;
  train->result.longest_step = fmax(train->result.longest_step, seconds);
  train->budget.step_time += seconds;
  train->budget.steps++;
  return true;
}

/* Takes one more step, or validates at the end of an epoch. A row that is due is logged before a
 * step, not after it, because a validation there would log it too. A step of a large network can
 * take a minute, so a signal undoes a step that has begun. */
static int advance(Trainer *train, Why *why) {
  RunNumbers *numbers = &train->state.numbers;
  lanes_save(train->lanes, train->state.lanes);
  if (lanes_next(train->lanes, train->window)) {
    const bool due =
        numbers->loss_tokens > 0 && numbers->step % (uint64_t)train->run->options->log_every == 0;
    if (due && files_log(train, NAN, why) != 0) return -1;
    if (!step(train)) return lanes_restore(train->lanes, train->state.lanes, why);
    messages_progress(train);
    return 0;
  }
  if (numbers->validated_step != numbers->step && validation_run(train, why) != 0) return -1;
  if (numbers->validated_step == numbers->step) lanes_start(train->lanes, ++numbers->epoch);
  return 0;
}

/* The reason why the run ends here; otherwise RUN_STATUS_RUNNING. */
static RunStatus find_status(const Trainer *train) {
  const TrainOptions *o = train->run->options;
  const RunNumbers *numbers = &train->state.numbers;
  if (numbers->bad_in_a_row >= TRAINER_DIVERGED_AFTER) return RUN_STATUS_DIVERGED;
  if (files_are_due(train) && !trainer_weights_finite(train)) return RUN_STATUS_DIVERGED;
  if (o->epochs >= 0 && numbers->epoch >= (uint64_t)o->epochs) return RUN_STATUS_DONE;
  if (train->agreed.now >= budget_end(&train->budget)) return RUN_STATUS_OUT_OF_TIME;
  if (schedule_over(&train->state.schedule)) return RUN_STATUS_STOPPED_EARLY;
  if (o->patience > 0 && numbers->stale >= (uint64_t)o->patience) return RUN_STATUS_STOPPED_EARLY;
  return RUN_STATUS_RUNNING;
}

/* Trains until the run ends and sets *status to the reason. All that is due depends only on the
 * state, so a resumed run continues as if it had not been interrupted. */
static int loop(Trainer *train, RunStatus *status, Why *why) {
  const RunNumbers *numbers = &train->state.numbers;
  for (;;) {
    if (numbers->tokens >= numbers->next_validation && validation_run(train, why) != 0) return -1;
    *status = find_status(train);
    const bool ends = *status != RUN_STATUS_RUNNING;
    const bool last =
        ends && *status != RUN_STATUS_DIVERGED && numbers->step > numbers->validated_step;
    if (ends && !last) return 0;
    if (train->agreed.signal) {
      *status = trainer_states_finite(train) ? RUN_STATUS_INTERRUPTED : RUN_STATUS_DIVERGED;
      return 0;
    }
    if (files_save_due(train, why) != 0 || files_report_due(train, why) != 0) return -1;
    if ((last ? validation_run(train, why) : advance(train, why)) != 0) return -1;
  }
}

/* ---- the beginning -------------------------------------------------------------------------- */

/* Whether writing and examining the weights takes seconds. */
static bool is_large(const RunConfig *run) { return shape_parameters(&run->shape) > LARGE; }

/* Writes the first checkpoint of a new run, which reveals a full disk at once. A resumed run has
 * one; its status becomes running. */
static int save_first(Trainer *train, bool resumes, Why *why) {
  if (!resumes) return files_save(train, RUN_STATUS_RUNNING, why);
  signals_catch();
  return ranks_outcome(ranks_first() ? files_runjson(train, RUN_STATUS_RUNNING, why) : 0, why);
}

/* Begins the run, or returns to the state in the checkpoint. */
static int start(Trainer *train, Why *why) {
  const RunConfig *run = train->run;
  const bool first = run->options->init && run->valid_tokens > 0;
  bool resumes = ranks_first() && rundir_resumes(run->dir);
  ranks_broadcast(&resumes, sizeof resumes);
  train->state.numbers.next_validation = first ? 0 : VALIDATION_TOKENS; /* may stay the best */
  phases_begin(train->phases, resumes ? "reading the checkpoint" : "writing the first checkpoint",
               is_large(run));
  int rc = ranks_outcome(ranks_first() ? files_begin(train, why) : 0, why);
  if (rc == 0) {
    trainer_share(train);
    rc = save_first(train, resumes, why);
  }
  if (rc != 0 && !resumes && ranks_first()) rundir_undo(run->dir);
  return rc;
}

/* ---- the end, on rank 0 --------------------------------------------------------------------- */

/* Whether the model is examined on the validation. */
static bool is_examined(const Trainer *train) {
  return isfinite(train->state.numbers.best_valid_loss);
}

/* Whether more work follows the last step. */
static bool goes_on(const Trainer *train) {
  return is_examined(train) || train->run->options->memory;
}

/* Ends a run that has diverged. Its weights are useless; the best earlier weights are kept. */
static int end_diverged(Trainer *train, Why *why) {
  const bool validated = is_examined(train);
  if (validated && files_model(train, why) != 0) return -1;
  if (runlog_sync(train->run->log, &train->state.numbers, why) != 0 ||
      files_runjson(train, RUN_STATUS_DIVERGED, why) != 0)
    return -1;
  char reason[192] = "numbers of the network are no longer finite";
  if (train->state.numbers.bad_in_a_row >= TRAINER_DIVERGED_AFTER)
    snprintf(reason, sizeof reason,
             "for %d steps in a row the loss was not a number or over %d times that of guessing, "
             "or it was not a number in a validation",
             TRAINER_DIVERGED_AFTER, DIVERGED_FACTOR);
  fail(why, "diverged: %s; choose a --learning-rate below %g%s", reason, train->run->options->rate,
       validated ? " (the best model before that is kept)" : "");
  return TRAIN_DIVERGED;
}

/* Ends a run at a signal; it is saved and can be resumed. */
static int end_interrupted(const Trainer *train, Why *why) {
  const int signal = train->agreed.signal;
  fail(why, "stopped by %s at step %" PRIu64 " and saved in %s; --resume continues from there",
       signals_name(signal), train->state.numbers.step,
       rundir_file(train->run->dir, RUN_CHECKPOINT));
  return TRAIN_SIGNALLED + signal;
}

/* Ends a run at a signal after its last step: the resumed run adds the memory and examines the
 * model again. */
static int end_after_training(Trainer *train, Why *why) {
  const int signal = signals_end();
  free(train->result.exam);
  train->result.exam = NULL;
  if (files_runjson(train, RUN_STATUS_INTERRUPTED, why) != 0) return -1;
  const bool lacks = train->run->options->memory && !train->memory;
  fail(why, "stopped by %s after the last step; the model is saved in %s; --resume %s",
       signals_name(signal), rundir_file(train->run->dir, RUN_MODEL),
       lacks ? "adds its memory" : "examines it");
  return TRAIN_SIGNALLED + signal;
}

/* Adds the memory to a run saved after its last step, and examines the model. */
static int complete(Trainer *train, Why *why) {
  const RunConfig *run = train->run;
  const bool examined = is_examined(train);
  if (run->options->memory) {
    repeats_learn(train);
    if (train->memory && examined) repeats_measure(train); /* measure its bits */
    if (train->memory && files_model(train, why) != 0) return -1;
  }
  if (!examined || signals_end()) return 0;
  if (is_large(run)) progress_say(run->progress, "examining the model");
  validation_examine(train);
  return 0;
}

/* Ends a run that has finished training and is saved. */
static int finish(Trainer *train, RunStatus status, Why *why) {
  if (goes_on(train)) {
    if (complete(train, why) != 0) return -1;
    if (signals_end()) return end_after_training(train, why);
    if (files_runjson(train, status, why) != 0) return -1;
  }
  if (rundir_check(train->run->dir, why) != 0) return -1;
  messages_end(train);
  return 0;
}

/* Ends a run that had no time for a step and has no model. */
static int end_without_step(Trainer *train, Why *why) {
  if (files_runjson(train, RUN_STATUS_OUT_OF_TIME, why) != 0) return -1;
  return phases_fail(train->phases, "resume with", why);
}

/* Ends a run that save_last has saved. */
static int end(Trainer *train, RunStatus status, Why *why) {
  if (status == RUN_STATUS_DIVERGED) return end_diverged(train, why);
  if (status == RUN_STATUS_INTERRUPTED) return end_interrupted(train, why);
  return trainer_has_model(train) ? finish(train, status, why) : end_without_step(train, why);
}

/* ---- the run, on all ranks ------------------------------------------------------------------ */

/* Writes the last checkpoint, unless the run has diverged or made no step. */
static int save_last(Trainer *train, RunStatus status, Why *why) {
  if (status == RUN_STATUS_INTERRUPTED) return files_save(train, status, why);
  if (status == RUN_STATUS_DIVERGED || !trainer_has_model(train)) return 0;
  if (status == RUN_STATUS_OUT_OF_TIME) train->least_seconds = train->budget.limit;
  if (is_large(train->run)) progress_say(train->run->progress, "writing the last checkpoint");
  return files_save(train, goes_on(train) ? RUN_STATUS_RUNNING : status, why);
}

static int run_training(Trainer *train, Why *why) {
  RunStatus status;
  trainer_agree(train); /* on the time, before the first checkpoint */
  if (start(train, why) != 0) return -1;
  phases_end(train->phases);
  trainer_agree(train);
  train->budget.began = train->agreed.now - train->earlier_seconds;
  train->next_checkpoint = train->agreed.now + train->run->options->checkpoint_every;
  if (ranks_first()) messages_start(train);
  const int rc = loop(train, &status, why);
  progress_held(train->run->progress);
  if (rc != 0) return -1;
  if (!trainer_weights_finite(train) || !trainer_states_finite(train)) status = RUN_STATUS_DIVERGED;
  if (save_last(train, status, why) != 0) return -1;
  return ranks_outcome(ranks_first() ? end(train, status, why) : 0, why);
}

static void count_markov(RunConfig *run, Phases *phases) {
  const Dataset *dataset = run->dataset;
  const uint64_t bases = span_bases(&dataset->train);
  phases_begin(phases, "counting Markov models", bases > LONG);
  if (bases > MARKOV_SAMPLE)
    progress_say(run->progress,
                 "Markov models: a sample of %d of %" PRIu64 " bases, spread evenly, is counted",
                 MARKOV_SAMPLE, bases);
  const MarkovWish wish = {.k = run->options->k,
                           .s = run->options->s,
                           .strands = (Strands)run->options->strands,
                           .most = MARKOV_SAMPLE,
                           .watch = phases_watch(phases)};
  run->markov = markov_score(dataset->train, dataset->valid, wish);
}

int train_run(RunConfig *run, Phases *phases, Why *why) {
  /* Before the network is made, because both need memory. */
  if (ranks_first() && run->dataset->valid.n > 0) count_markov(run, phases);
  phases_begin(phases, "preparing the network", is_large(run));
  Trainer *train = trainer_new(run);
  train->phases = phases;
  if (run->options->memory) repeats_estimate(&train->budget, run);
  const int rc = run_training(train, why);
  signals_start(true); /* nothing more to save */
  trainer_free(train);
  return rc;
}
