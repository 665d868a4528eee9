#include "train.h"

#include "plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  DIVERGED_AFTER = 10,             /* windows in a row whose loss is no number, or so many times */
  DIVERGED_FACTOR = 10,            /* what guessing costs */
  VALIDATION_TOKENS = 8 * 1000000, /* between validations, where an epoch is longer */
  VALIDATION_SHARE = 4             /* and no fewer than so many times the validation's own */
};

/* ---- where the run stands ------------------------------------------------------------------- */

/* The part of the run that is done with so many tokens; 0 where nobody knows its end. */
static double run_part(const Trainer *train, uint64_t tokens) {
  const TrainOptions *o = train->options;
  double all = (double)o->epochs * (double)lanes_tokens(train->lanes);
  double part = o->epochs > 0 ? (double)tokens / all : 0;
  double time = o->max_time > 0 ? trainer_elapsed(train) / o->max_time : 0;
  return time > part ? time : part;
}

static void show(Trainer *train) {
  const RunNumbers *numbers = &train->numbers;
  const int s = train->options->s;
  double best = numbers->best_valid_loss, recent = train->recent_bits;
  if (isnan(recent) && numbers->loss_tokens > 0)
    recent = runlog_bits(numbers->loss / (double)numbers->loss_tokens, s);
  Standing standing = {
      .part = fmin(run_part(train, numbers->tokens), 1),
      .seconds = trainer_elapsed(train),
      .epoch = numbers->epoch + 1,
      .epochs = (uint64_t)train->options->epochs,
      .rate = (double)numbers->tokens / (clock_now() - train->began),
      .bits = recent,
      .best_bits = isfinite(best) ? runlog_bits(best, s) : NAN,
  };
  progress_step(train->run->progress, &standing);
}

/* ---- validation ----------------------------------------------------------------------------- */

/* Mean J of the averaged weights over the validation span; the training lanes' states are put back
 * afterwards. */
static double valid_loss(Trainer *train) {
  double loss = 0;
  bptt_save(train->bptt, train->h);
  lanes_start(train->valid_lanes, 0);
  while (lanes_next(train->valid_lanes, train->window)) {
    loss += bptt_run(train->bptt, NULL, train->optimizer->average, train->window)->loss;
    show(train);
  }
  bptt_restore(train->bptt, train->h);
  return loss / (double)lanes_tokens(train->valid_lanes);
}

static int validate(Trainer *train, Why *why) {
  RunNumbers *numbers = &train->numbers;
  uint64_t own = VALIDATION_SHARE * lanes_tokens(train->valid_lanes);
  numbers->validated_step = numbers->step;
  numbers->next_validation = numbers->tokens + (own > VALIDATION_TOKENS ? own : VALIDATION_TOKENS);
  if (lanes_tokens(train->valid_lanes) == 0) return trainer_log(train, NAN, why);
  double loss = valid_loss(train);
  int improved = loss < numbers->best_valid_loss;
  numbers->stale = improved ? 0 : numbers->stale + 1;
  schedule_validated(&train->schedule, improved);
  if (improved) {
    numbers->best_valid_loss = loss, numbers->best_step = numbers->step;
    memcpy(train->best->L, train->optimizer->average->L, train->weights->size * sizeof(float));
  }
  return trainer_log(train, loss, why);
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void add_losses(Trainer *train, const WindowLoss *loss) {
  train->numbers.loss += loss->loss, train->numbers.loss_tokens += loss->tokens;
  for (int t = 0; t < train->options->T; t++) {
    train->timestep_loss[t] += loss->timestep_loss[t];
    train->timestep_tokens[t] += loss->timestep_tokens[t];
  }
}

/* Whether a window's loss is far above what guessing costs, ln n a k-mer, or no number. */
static int has_diverged(const Trainer *train, const WindowLoss *loss) {
  double guessing = log((double)train->run->shape.n);
  return !(loss->loss <= DIVERGED_FACTOR * guessing * (double)loss->tokens);
}

/* One window: gradient, and a step along it unless it, or the loss, is not finite. */
static void step(Trainer *train) {
  const TrainOptions *o = train->options;
  RunNumbers *numbers = &train->numbers;
  const WindowLoss *loss = bptt_run(train->bptt, train->gradient, train->weights, train->window);
  train->rate = schedule_rate(&train->schedule, numbers->step + 1,
                              run_part(train, numbers->tokens + loss->tokens));
  train->gradient_norm = isfinite(loss->loss)
                             ? optimizer_step(train->optimizer, train->weights, train->gradient,
                                              train->rate, o->clip, o->threads, train->run->kernels)
                             : NAN;
  numbers->step++, numbers->tokens += loss->tokens;
  int skipped = !isfinite(train->gradient_norm);
  if (!skipped) add_losses(train, loss);
  numbers->skipped += (uint64_t)skipped;
  numbers->bad_in_a_row = skipped || has_diverged(train, loss) ? numbers->bad_in_a_row + 1 : 0;
}

/* Why the run ends before its epochs are over, or NULL. */
static const char *ends_early(const Trainer *train) {
  const TrainOptions *o = train->options;
  if (train->numbers.bad_in_a_row >= DIVERGED_AFTER) return "diverged";
  if (o->max_time > 0 && trainer_elapsed(train) >= o->max_time) return "out of time";
  if (schedule_over(&train->schedule)) return "stopped early";
  if (o->patience > 0 && train->numbers.stale >= (uint64_t)o->patience) return "stopped early";
  return NULL;
}

/* Logs what is due, unless the epoch's validation is about to: so before a step, not after one. */
static int before_step(Trainer *train, Why *why) {
  const RunNumbers *numbers = &train->numbers;
  int due = numbers->loss_tokens > 0 && numbers->step % (uint64_t)train->options->log_every == 0;
  return due ? trainer_log(train, NAN, why) : 0;
}

static int after_step(Trainer *train, Why *why) {
  show(train);
  if (train->numbers.tokens >= train->numbers.next_validation && validate(train, why) != 0)
    return -1;
  return clock_now() >= train->next_checkpoint ? trainer_save(train, "running", why) : 0;
}

/* What the model that the run starts from knows already: it may stay the best. */
static int validate_first(Trainer *train, Why *why) {
  if (lanes_tokens(train->valid_lanes) == 0) return 0;
  if (validate(train, why) != 0) return -1;
  progress_say(train->run->progress, "%s: %.4f bits per base before training", train->options->init,
               runlog_bits(train->numbers.best_valid_loss, train->options->s));
  return 0;
}

/* Until the epochs are over or something ends them; *status says what. */
static int loop(Trainer *train, const char **status, Why *why) {
  RunNumbers *numbers = &train->numbers;
  const uint64_t epochs = (uint64_t)train->options->epochs;
  for (*status = NULL; !*status && (epochs == 0 || numbers->epoch < epochs);) {
    if (lanes_next(train->lanes, train->window)) {
      if (before_step(train, why) != 0) return -1;
      step(train);
      if (after_step(train, why) != 0) return -1;
    } else {
      if (validate(train, why) != 0) return -1;
      lanes_start(train->lanes, ++numbers->epoch);
    }
    *status = ends_early(train);
  }
  if (!*status) *status = "done";
  int useful = numbers->step > numbers->validated_step && strcmp(*status, "diverged") != 0;
  return useful ? validate(train, why) : 0;
}

/* ---- the run -------------------------------------------------------------------------------- */

static void say_start(Trainer *train) {
  char memory[32];
  const TrainOptions *o = train->options;
  Progress *progress = train->run->progress;
  Plan plan = plan_make(o, &train->run->shape, train->run->dataset);
  plan_text(plan.total, memory);
  progress_say(progress, "%" PRIu64 " k-mers to learn from, %" PRIu64 " to validate on",
               lanes_tokens(train->lanes), lanes_tokens(train->valid_lanes));
  progress_say(progress, "%zu parameters, %s of memory, %d thread%s",
               shape_parameters(&train->run->shape), memory, o->threads, o->threads > 1 ? "s" : "");
  if (lanes_tokens(train->valid_lanes) > 0)
    progress_say(progress, "best Markov model: order %d, %.4f bits per base", train->markov.best,
                 train->markov.bits_per_base[train->markov.best]);
}

static void say_end(Trainer *train, const char *status) {
  char time[32];
  const RunNumbers *numbers = &train->numbers;
  clock_text(trainer_elapsed(train), time);
  progress_say(train->run->progress,
               "%s after %s, %" PRIu64 " step%s and %.2f epochs, %.0fk k-mers/s", status, time,
               numbers->step, numbers->step == 1 ? "" : "s",
               (double)numbers->tokens / (double)lanes_tokens(train->lanes),
               (double)numbers->tokens / (clock_now() - train->began) / 1000);
  if (numbers->skipped > 0)
    progress_say(train->run->progress, "%" PRIu64 " steps left out: their gradient was not finite",
                 numbers->skipped);
  if (isfinite(numbers->best_valid_loss)) {
    double bits = runlog_bits(numbers->best_valid_loss, train->options->s);
    double markov = train->markov.bits_per_base[train->markov.best];
    progress_say(train->run->progress,
                 "validation: %.4f bits per base; best Markov model (order %d): %.4f", bits,
                 train->markov.best, markov);
  }
  progress_say(train->run->progress, "model: %s", runlog_model_path(train->log));
}

/* The end of a run that has diverged: its weights are worth nothing, the best before them are. */
static int end_diverged(Trainer *train, Why *why) {
  int validated = isfinite(train->numbers.best_valid_loss);
  if (validated && trainer_write_model(train, why) != 0) return -1;
  if (trainer_write_report(train, "diverged", why) != 0 || runlog_finish(train->log, why) != 0)
    return -1;
  fail(why,
       "diverged: for %d steps in a row the loss was no number, or over %d times what guessing "
       "costs; choose a smaller --learning-rate than %g%s",
       DIVERGED_AFTER, DIVERGED_FACTOR, train->options->rate,
       validated ? " (the best model before that is kept)" : "");
  return TRAIN_DIVERGED;
}

static int run_training(Trainer *train, Why *why) {
  const char *status;
  train->log = runlog_open(train->options->output, why);
  if (!train->log || trainer_write_report(train, "running", why) != 0) return -1;
  train->began = clock_now();
  train->next_checkpoint = clock_now() + train->options->checkpoint_every;
  train->numbers.next_validation = VALIDATION_TOKENS;
  say_start(train);
  if (train->options->init && validate_first(train, why) != 0) return -1;
  if (loop(train, &status, why) != 0) return -1;
  if (strcmp(status, "diverged") == 0) return end_diverged(train, why);
  if (trainer_save(train, status, why) != 0 || runlog_finish(train->log, why) != 0) return -1;
  say_end(train, status);
  return 0;
}

int train_run(const TrainRun *run, Why *why) {
  const Dataset *dataset = run->dataset;
  Markov markov = {{0}, 0}; /* before the network is made: it needs memory of its own */
  if (dataset->valid.end > dataset->valid.begin)
    markov = markov_score(dataset->train, dataset->valid, run->options->k, run->options->s);
  Trainer *train = trainer_new(run);
  train->markov = markov;
  int rc = run_training(train, why);
  trainer_free(train);
  return rc;
}
