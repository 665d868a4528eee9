#include "training/trainer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/signals.h"
#include "base/version.h"
#include "run/resume.h"
#include "sequence/bits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARMUP_TOKENS = 256 }; /* read before a cut when validating */

/* ---- making and freeing --------------------------------------------------------------------- */

/* The weights and all that has their shape, zeroed. */
static void new_weights(Trainer *train) {
  const RunConfig *run = train->run;
  const TrainOptions *o = run->options;
  train->state.weights = weights_new(&run->shape);
  train->state.best = weights_new(&run->shape);
  train->gradient = gradient_new(&run->shape, o->T * o->B);
  train->state.optimizer = optimizer_new((OptimizerKind)o->optimizer, &run->shape, true);
}

/* The lanes and all that has the size of a window, or of the lanes. */
static void new_windows(Trainer *train) {
  const RunConfig *run = train->run;
  const TrainOptions *o = train->run->options;
  const Dataset *dataset = run->dataset;
  train->lanes = lanes_new(dataset->train, o->k, o->s, o->B, o->T, (Strands)o->strands, 0, o->seed);
  train->valid_lanes =
      lanes_new(dataset->valid, o->k, o->s, o->B, o->T, STRANDS_FORWARD, WARMUP_TOKENS, o->seed);
  train->state.n_lanes = lanes_state_size(train->lanes);
  train->state.lanes = alloc_numbers(train->state.n_lanes, sizeof(uint64_t));
  train->window = window_new(o->T, o->B);
  train->bptt = bptt_new(&run->shape, o->T, o->B, 1, o->threads, run->kernels);
  train->state.h = alloc_floats((size_t)o->B * (size_t)o->D);
  train->state.timestep_loss = alloc_numbers((size_t)o->T, sizeof(double));
  train->state.timestep_tokens = alloc_numbers((size_t)o->T, sizeof(uint64_t));
}

TrainerMemory trainer_memory(const RunConfig *run) {
  TrainerMemory memory;
  Trainer *train = alloc_new(1, sizeof *train);
  train->run = run;
  alloc_count_begin();
  new_weights(train);
  memory.weights = alloc_count_end();
  alloc_count_begin();
  new_windows(train);
  memory.windows = alloc_count_end();
  trainer_free(train);
  return memory;
}

/* Those of the model to start from, or random ones. */
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

/* Space for the command lines of the checkpoint to resume from, or for this one. */
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
  set_weights(train);
  set_commands(train);
  train->state.schedule =
      (Schedule){.kind = (ScheduleKind)o->schedule, .rate = o->rate, .warmup = o->warmup};
  train->state.numbers.best_valid_loss = INFINITY;
  train->recent_bits = NAN;
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
  free(train->exam);
  free(train);
}

double trainer_elapsed(const Trainer *train) {
  return train->earlier_seconds + clock_now() - train->run->began;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* What model.safetensors says of where it comes from; nothing in it depends on the clock. */
static Metadata *make_about(const Trainer *train) {
  Metadata *about = metadata_new();
  char value[64];
  metadata_set(about, "version", "%s", VERSION);
  for (const Option *option = train_program.options; option->name; option++) {
    static const char *const kept[] = {"strands",   "epochs",        "lanes",    "timesteps",
                                       "optimizer", "learning-rate", "schedule", "warmup",
                                       "clip",      "seed"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
      if (strcmp(option->name, kept[i]) != 0) continue;
      option_value(option, train->run->options, value, sizeof value);
      if (*value) metadata_set(about, option->name, "%s", value);
    }
  }
  if (train->run->init_crc32) metadata_set(about, "init_data_crc32", "%s", train->run->init_crc32);
  metadata_set(about, "train_tokens", "%" PRIu64, train->run->train_tokens);
  metadata_set(about, "valid_tokens", "%" PRIu64, train->run->valid_tokens);
  if (train->run->valid_tokens > 0) {
    metadata_set(about, "markov_order", "%d", train->run->markov.best);
    metadata_set(about, "markov_bits_per_base", "%.6f",
                 train->run->markov.bits_per_base[train->run->markov.best]);
  }
  return about;
}

int trainer_write_model(Trainer *train, Why *why) {
  const RunNumbers *numbers = &train->state.numbers;
  int validated = isfinite(numbers->best_valid_loss);
  Metadata *about = make_about(train);
  metadata_set(about, "step", "%" PRIu64, validated ? numbers->best_step : numbers->step);
  if (validated) {
    metadata_set(about, "valid_loss", "%.9g", numbers->best_valid_loss);
    metadata_set(about, "valid_bits_per_base", "%.6f",
                 bits_per_base(numbers->best_valid_loss, train->run->options->s));
  }
  int rc = model_write(rundir_create(train->run->dir, RUN_MODEL, why), &train->run->shape,
                       validated ? train->state.best : train->state.optimizer->average, about, why);
  metadata_free(about);
  return rc;
}

bool trainer_is_limited(const Trainer *train) {
  const bool resumed = train->earlier_tokens > 0;
  return train->budget.limit > 0 && !(resumed && train->budget.steps == 0);
}

/* An examination, and when it began. */
typedef struct {
  const Trainer *train;
  double began; /* seconds of the run */
} Examination;

static bool must_stop(void *context, double part) {
  const Examination *examination = context;
  const Trainer *train = examination->train;
  if (signals_end()) return true;
  if (!trainer_is_limited(train)) return false;
  const double all = train->budget.limit - examination->began;
  return trainer_elapsed(train) - examination->began >= part * all;
}

void trainer_examine(Trainer *train) {
  const RunConfig *run = train->run;
  Examination examination = {train, trainer_elapsed(train)};
  const ExamStop stop = {must_stop, &examination};
  train->exam = exam_new(run->dataset->valid, &run->shape, train->state.best,
                         train->run->options->T, train->run->options->threads, run->kernels, &stop);
}

int trainer_write_runjson(Trainer *train, const char *status, Why *why) {
  const RunConfig *run = train->run;
  train->result.status = status;
  train->result.exam = train->exam;
  train->result.seconds = trainer_elapsed(train);
  return runjson_write(rundir_create(run->dir, RUN_JSON, why), run, &train->state, &train->result,
                       why);
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

/* Puts the training lanes' states into h, where they are already while validating. */
static void keep_states(Trainer *train) {
  if (!train->validating) bptt_save(train->bptt, train->state.h);
}

bool trainer_states_finite(Trainer *train) {
  keep_states(train);
  return are_finite(train->state.h,
                    (size_t)train->run->options->B * (size_t)train->run->options->D);
}

static int write_checkpoint(Trainer *train, Why *why) {
  RunNumbers *numbers = &train->state.numbers;
  if (runlog_sync(train->run->log, why) != 0) return -1;
  runlog_sizes(train->run->log, &numbers->loss_log_bytes, &numbers->timestep_log_bytes);
  numbers->seconds = fmax(trainer_elapsed(train), train->least_seconds);
  keep_states(train);
  lanes_save(train->lanes, train->state.lanes);
  Metadata *about = make_about(train);
  resume_describe(about, train->run->options);
  metadata_set(about, "started", "%s", train->run->started);
  int rc = checkpoint_write(rundir_create(train->run->dir, RUN_CHECKPOINT, why), train->run,
                            &train->state, about, why);
  metadata_free(about);
  return rc;
}

int trainer_resume(Trainer *train, Why *why) {
  const RunNumbers *numbers = &train->state.numbers;
  const RunDir *dir = train->run->dir;
  const char *path = rundir_file(dir, RUN_CHECKPOINT);
  Why place = {""};
  if (rundir_check(dir, why) != 0) return -1;
  const int fd = rundir_open(dir, RUN_CHECKPOINT);
  if (checkpoint_read(fd, path, train->run, &train->state, why) != 0) return -1;
  commands_add(&train->state.commands, train->run->command, train->run->n_command);
  if (train->state.optimizer->steps > numbers->step || train->state.lanes[0] != numbers->epoch)
    return fail(why, "%s: its numbers contradict each other; it is no whole checkpoint", path);
  if (lanes_restore(train->lanes, train->state.lanes, &place) != 0)
    return fail(why, "%s: %s; it is no checkpoint of this run", path, place.text);
  bptt_restore(train->bptt, train->state.h);
  train->earlier_seconds = numbers->seconds;
  train->earlier_tokens = numbers->tokens;
  return runlog_continue(train->run->log, numbers->loss_log_bytes, numbers->timestep_log_bytes,
                         why);
}

int trainer_save(Trainer *train, const char *status, Why *why) {
  double start = clock_now();
  train->next_checkpoint = start + train->run->options->checkpoint_every;
  int rc = write_checkpoint(train, why);
  if (rc == 0) { /* now there is something to save, and to resume from */
    signals_catch();
    signals_no_alarm();
  }
  if (rc == 0 && train->state.numbers.step > 0) rc = trainer_write_model(train, why);
  if (rc == 0) rc = trainer_write_runjson(train, status, why);
  if (rc != 0) rundir_check(train->run->dir, why); /* a cause that explains all others */
  train->budget.save = fmax(train->budget.save, clock_now() - start);
  train->result.longest_checkpoint = train->budget.save;
  return rc;
}

int trainer_log(Trainer *train, double valid_loss, Why *why) {
  RunNumbers *numbers = &train->state.numbers;
  double mean = numbers->loss_tokens > 0 ? numbers->loss / (double)numbers->loss_tokens : NAN;
  LossRow row = {.step = numbers->step,
                 .epoch = numbers->epoch + 1,
                 .tokens = numbers->tokens,
                 .seconds = trainer_elapsed(train),
                 .rate = numbers->rate,
                 .gradient_norm = numbers->gradient_norm,
                 .train_loss = mean,
                 .valid_loss = valid_loss};
  int T = numbers->loss_tokens > 0 ? train->run->options->T : 0;
  if (runlog_row(train->run->log, &row, train->run->options->s, why) != 0 ||
      runlog_timesteps(train->run->log, numbers->step, train->state.timestep_loss,
                       train->state.timestep_tokens, T, why) != 0)
    return -1;
  if (numbers->loss_tokens > 0) train->recent_bits = bits_per_base(mean, train->run->options->s);
  numbers->loss = 0;
  numbers->loss_tokens = 0;
  memset(train->state.timestep_loss, 0, (size_t)train->run->options->T * sizeof(double));
  memset(train->state.timestep_tokens, 0, (size_t)train->run->options->T * sizeof(uint64_t));
  return 0;
}
