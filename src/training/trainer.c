#include "training/trainer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/signals.h"

#include <math.h>
#include <stdlib.h>

enum { WARMUP_TOKENS = 256 }; /* tokens read before a cut in validation */

/* ---- making and freeing --------------------------------------------------------------------- */

/* The number of steps to average over: a thousand, or with more than 32 lanes the number that reads
 * as many tokens as a thousand steps of 32 lanes. */
static int averaged_steps(int B) { return B > 32 ? (32 * 1000 + B - 1) / B : 1000; }

/* Makes the weights and everything else of their shape, zeroed. */
static void new_weights(Trainer *train) {
  const RunConfig *run = train->run;
  const TrainOptions *o = run->options;
  train->state.weights = weights_new(&run->shape);
  train->state.best = weights_new(&run->shape);
  train->gradient = gradient_new(&run->shape, o->T * o->B);
  train->state.optimizer =
      optimizer_new((OptimizerKind)o->optimizer, &run->shape, averaged_steps(o->B));
}

/* Makes the lanes and everything else of the size of a window or of the lanes. */
static void new_windows(Trainer *train) {
  const RunConfig *run = train->run;
  const TrainOptions *o = train->run->options;
  const Dataset *dataset = run->dataset;
  LanesWish wish = {o->k, o->s, o->B, o->T, (Strands)o->strands, 0, o->seed};
  train->lanes = lanes_new(dataset->train, wish);
  wish.strands = STRANDS_FORWARD;
  wish.warmup = WARMUP_TOKENS;
  train->valid_lanes = lanes_new(dataset->valid, wish);
  train->state.n_lanes = lanes_state_size(train->lanes);
  train->state.lanes = alloc_numbers(train->state.n_lanes, sizeof(uint64_t));
  train->window = window_new(o->T, o->B);
  train->bptt = bptt_new(&run->shape, o->T, o->B, o->threads, run->kernels);
  train->state.h = alloc_floats((size_t)o->B * (size_t)o->D);
  train->state.timestep_loss = alloc_numbers((size_t)o->T, sizeof(double));
  train->state.timestep_tokens = alloc_numbers((size_t)o->T, sizeof(uint64_t));
}

void trainer_memory(const RunConfig *run, uint64_t *weights, uint64_t *windows) {
  Trainer *train = alloc_new(1, sizeof *train);
  train->run = run;
  alloc_count_begin();
  new_weights(train);
  *weights = alloc_count_end();
  alloc_count_begin();
  new_windows(train);
  *windows = alloc_count_end();
  trainer_free(train);
}

/* Sets the weights to those of the model to start from, or to random ones. */
static void set_weights(Trainer *train) {
  const RunConfig *run = train->run;
  if (run->init->weights) {
    weights_free(train->state.weights);
    train->state.weights = run->init->weights;
    run->init->weights = NULL;
  } else {
    weights_init(train->state.weights, &run->shape, train->run->options->seed);
  }
  optimizer_average(train->state.optimizer, train->state.weights);
}

/* Allocates the command lines of the checkpoint to resume from, or sets that of this run. */
static void set_commands(Trainer *train) {
  const RunConfig *run = train->run;
  const char *text = run->past ? metadata_get(run->past, "commands") : NULL;
  const unsigned long long n = text ? strtoull(text, NULL, 10) : 0;
  train->state.commands = commands_new(n <= COMMANDS_MAX ? (size_t)n : 0);
  if (!run->past) commands_add(&train->state.commands, run->command, run->n_command);
}

Trainer *trainer_new(const RunConfig *run) {
  const TrainOptions *o = run->options;
  Trainer *train = alloc_new(1, sizeof *train);
  train->run = run;
  new_weights(train);
  new_windows(train);
  lanes_save(train->lanes, train->state.lanes);
  set_weights(train);
  set_commands(train);
  train->state.schedule =
      (Schedule){.kind = (ScheduleKind)o->schedule, .rate = o->rate, .warmup = o->warmup};
  train->state.numbers.best_valid_loss = INFINITY;
  train->recent_bits = NAN;
  train->result.repeats = (RepeatsResult){NAN, NAN, NAN};
  train->budget = (Budget){.limit = o->max_time, .windows = lanes_windows(train->valid_lanes)};
  return train;
}

void trainer_free(Trainer *train) {
  lanes_free(train->lanes);
  lanes_free(train->valid_lanes);
  window_free(train->window);
  bptt_free(train->bptt);
  weights_free(train->state.weights);
  gradient_free(train->gradient);
  weights_free(train->state.best);
  optimizer_free(train->state.optimizer);
  free(train->state.timestep_loss);
  free(train->state.timestep_tokens);
  free(train->state.h);
  commands_free(&train->state.commands);
  free(train->state.lanes);
  free(train->result.exam);
  memory_free(train->memory);
  free(train);
}

bool trainer_has_model(const Trainer *train) {
  return train->state.numbers.step > 0 || train->run->options->epochs == 0;
}

Weights *trainer_best(const Trainer *train) {
  const bool validated = isfinite(train->state.numbers.best_valid_loss);
  return validated ? train->state.best : train->state.optimizer->average;
}

double trainer_elapsed(const Trainer *train) {
  return train->earlier_seconds + clock_now() - train->run->began;
}

void trainer_agree(Trainer *train) {
  train->agreed.signal = signals_end();
  train->agreed.save |= signals_save();
  train->agreed.now = trainer_elapsed(train);
  ranks_agree(&train->agreed);
}

void trainer_share(Trainer *train) {
  Why none;
  checkpoint_share(train->run, &train->state);
  lanes_restore(train->lanes, train->state.lanes, &none);
  bptt_restore(train->bptt, train->state.h);
  train->earlier_seconds = train->state.numbers.seconds;
  train->earlier_tokens = train->state.numbers.tokens;
  ranks_broadcast(&train->budget, sizeof train->budget);
}

double trainer_epochs_part(const Trainer *train, uint64_t tokens) {
  const int epochs = train->run->options->epochs;
  return epochs > 0 ? (double)tokens / ((double)epochs * (double)train->run->train_tokens) : 0;
}

bool trainer_is_limited(const Trainer *train) {
  const bool resumed = train->earlier_tokens > 0;
  return train->budget.limit > 0 && !(resumed && train->budget.steps == 0);
}

static bool are_finite(const float *a, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(a[i])) return false;
  return true;
}

bool trainer_weights_finite(const Trainer *train) {
  const Optimizer *optimizer = train->state.optimizer;
  const Weights *all[] = {train->state.weights, optimizer->average, optimizer->m, optimizer->v};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] && !are_finite(all[i]->L, all[i]->size)) return false;
  return true;
}

void trainer_keep_states(Trainer *train) {
  if (!train->validating) bptt_save(train->bptt, train->state.h);
}

bool trainer_states_finite(Trainer *train) {
  trainer_keep_states(train);
  return are_finite(train->state.h,
                    (size_t)train->run->options->B * (size_t)train->run->options->D);
}
