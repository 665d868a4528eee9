#include "training/trainer.h"

#include "base/alloc.h"
#include "base/signals.h"
#include "base/version.h"
#include "net/matrix.h"
#include "run/resume.h"
#include "sequence/bits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARMUP_TOKENS = 256 }; /* read before a cut when validating */

/* ---- making and freeing --------------------------------------------------------------------- */

/* The weights and all that has their shape, zeroed. */
static void new_weights(Trainer *train) {
  const TrainRun *run = train->run;
  const TrainOptions *o = train->options;
  train->weights = weights_new(&run->shape);
  train->best = weights_new(&run->shape);
  train->gradient = gradient_new(&run->shape, o->T * o->B);
  train->optimizer = optimizer_new((OptimizerKind)o->optimizer, &run->shape, true);
}

/* The lanes and all that has the size of a window, or of the lanes. */
static void new_windows(Trainer *train) {
  const TrainRun *run = train->run;
  const TrainOptions *o = train->options;
  const Dataset *dataset = run->dataset;
  train->lanes = lanes_new(dataset->train, o->k, o->s, o->B, o->T, (Strands)o->strands, 0, o->seed);
  train->valid_lanes =
      lanes_new(dataset->valid, o->k, o->s, o->B, o->T, STRANDS_FORWARD, WARMUP_TOKENS, o->seed);
  train->lanes_state = alloc_numbers(lanes_state_size(train->lanes), sizeof(uint64_t));
  train->window = window_new(o->T, o->B);
  train->bptt = bptt_new(&run->shape, o->T, o->B, 1, o->threads, run->kernels);
  train->h = alloc_floats((size_t)o->B * (size_t)o->D);
  train->timestep_loss = alloc_numbers((size_t)o->T, sizeof(double));
  train->timestep_tokens = alloc_numbers((size_t)o->T, sizeof(uint64_t));
}

TrainerMemory trainer_memory(const TrainRun *run) {
  TrainerMemory memory;
  Trainer *train = alloc_new(1, sizeof *train);
  train->run = run;
  train->options = run->options;
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
  const TrainRun *run = train->run;
  if (run->init->weights) {
    weights_free(train->weights);
    train->weights = run->init->weights;
    run->init->weights = NULL;
  } else {
    weights_init(train->weights, &run->shape, train->options->seed);
  }
  optimizer_average(train->optimizer, train->weights);
}

/* When the run began: as its checkpoint says, or when this program did. */
static void set_started(Trainer *train) {
  const TrainRun *run = train->run;
  const char *before = run->past ? metadata_get(run->past, "started") : NULL;
  if (before)
    snprintf(train->started, sizeof train->started, "%s", before);
  else
    runjson_time(time(NULL) - (time_t)(clock_now() - run->started), train->started);
}

/* Space for the command lines of the checkpoint to resume from, or for this one. */
static void set_commands(Trainer *train) {
  const TrainRun *run = train->run;
  const char *text = run->past ? metadata_get(run->past, "commands") : NULL;
  const unsigned long long n = text ? strtoull(text, NULL, 10) : 0;
  train->commands = commands_new(n <= COMMANDS_MAX ? (size_t)n : 0);
  if (!run->past) commands_add(&train->commands, run->command, run->n_command);
}

Trainer *trainer_new(const TrainRun *run) {
  const TrainOptions *o = run->options;
  Trainer *train = alloc_new(1, sizeof *train);
  train->run = run;
  train->options = o;
  train->log = run->log;
  new_weights(train);
  new_windows(train);
  set_weights(train);
  train->schedule =
      (Schedule){.kind = (ScheduleKind)o->schedule, .rate = o->rate, .warmup = o->warmup};
  train->numbers = (RunNumbers){.best_valid_loss = INFINITY};
  train->inputs = alloc_new((size_t)run->dataset->n * DATASET_COLUMNS, sizeof(uint64_t));
  dataset_identify(run->dataset, train->inputs);
  train->recent_bits = NAN;
  train->budget = (Budget){.limit = o->max_time, .windows = lanes_windows(train->valid_lanes)};
  set_started(train);
  set_commands(train);
  return train;
}

void trainer_free(Trainer *train) {
  lanes_free(train->lanes);
  lanes_free(train->valid_lanes);
  window_free(train->window);
  bptt_free(train->bptt);
  weights_free(train->weights);
  gradient_free(train->gradient);
  weights_free(train->best);
  optimizer_free(train->optimizer);
  free(train->timestep_loss);
  free(train->timestep_tokens);
  free(train->h);
  free(train->inputs);
  commands_free(&train->commands);
  free(train->lanes_state);
  free(train->exam);
  free(train);
}

double trainer_elapsed(const Trainer *train) {
  return train->earlier_seconds + clock_now() - train->run->started;
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
      options_value(option, train->options, value, sizeof value);
      if (*value) metadata_set(about, option->name, "%s", value);
    }
  }
  if (train->run->init_crc32) metadata_set(about, "init_data_crc32", "%s", train->run->init_crc32);
  metadata_set(about, "train_tokens", "%" PRIu64, lanes_tokens(train->lanes));
  metadata_set(about, "valid_tokens", "%" PRIu64, lanes_tokens(train->valid_lanes));
  if (lanes_tokens(train->valid_lanes) > 0) {
    metadata_set(about, "markov_order", "%d", train->markov.best);
    metadata_set(about, "markov_bits_per_base", "%.6f",
                 train->markov.bits_per_base[train->markov.best]);
  }
  return about;
}

int trainer_write_model(Trainer *train, Why *why) {
  const RunNumbers *numbers = &train->numbers;
  int validated = isfinite(numbers->best_valid_loss);
  Metadata *about = make_about(train);
  metadata_set(about, "step", "%" PRIu64, validated ? numbers->best_step : numbers->step);
  if (validated) {
    metadata_set(about, "valid_loss", "%.9g", numbers->best_valid_loss);
    metadata_set(about, "valid_bits_per_base", "%.6f",
                 bits_per_base(numbers->best_valid_loss, train->options->s));
  }
  int rc = model_write(rundir_create(train->run->dir, RUN_MODEL, why), &train->run->shape,
                       validated ? train->best : train->optimizer->average, about, why);
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
  const TrainRun *run = train->run;
  Examination examination = {train, trainer_elapsed(train)};
  const ExamStop stop = {must_stop, &examination};
  train->exam = exam_new(run->dataset->valid, &run->shape, train->best, train->options->T,
                         train->options->threads, run->kernels, &stop);
  train->examination = train->exam->shortened ? "shortened" : "whole";
}

int trainer_write_runjson(Trainer *train, const char *status, Why *why) {
  const RunNumbers *numbers = &train->numbers;
  RunJson json = {
      .status = status,
      .started = train->started,
      .commands = &train->commands,
      .options = train->options,
      .shape = &train->run->shape,
      .dataset = train->run->dataset,
      .markov = lanes_tokens(train->valid_lanes) > 0 ? &train->markov : NULL,
      .exam = train->exam,
      .examination = train->examination,
      .library = matrix_library(),
      .level = train->run->kernels->level,
      .train_tokens = lanes_tokens(train->lanes),
      .valid_tokens = lanes_tokens(train->valid_lanes),
      .steps = numbers->step,
      .tokens = numbers->tokens,
      .skipped_steps = numbers->skipped,
      .best_valid_loss = numbers->best_valid_loss,
      .best_step = numbers->best_step,
      .longest_step = train->longest_step,
      .longest_checkpoint = train->longest_save,
      .seconds = trainer_elapsed(train),
  };
  return runjson_write(rundir_create(train->run->dir, RUN_JSON, why), &json, why);
}

/* The state in the trainer's own arrays. */
static RunState get_state(Trainer *train) {
  return (RunState){.weights = train->weights,
                    .best = train->best,
                    .optimizer = train->optimizer,
                    .numbers = &train->numbers,
                    .h = train->h,
                    .B = train->options->B,
                    .lanes = train->lanes_state,
                    .n_lanes = lanes_state_size(train->lanes),
                    .timestep_loss = train->timestep_loss,
                    .timestep_tokens = train->timestep_tokens,
                    .T = train->options->T,
                    .commands = train->commands.data,
                    .n_commands = train->commands.n,
                    .inputs = train->inputs,
                    .n_inputs = (size_t)train->run->dataset->n};
}

static bool are_finite(const float *a, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(a[i])) return false;
  return true;
}

bool trainer_weights_finite(const Trainer *train) {
  const Optimizer *optimizer = train->optimizer;
  const Weights *all[] = {train->weights, optimizer->average, optimizer->m, optimizer->v};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] && !are_finite(all[i]->L, all[i]->size)) return false;
  return true;
}

/* Puts the training lanes' states into h, where they are already while validating. */
static void keep_states(Trainer *train) {
  if (!train->validating) bptt_save(train->bptt, train->h);
}

bool trainer_states_finite(Trainer *train) {
  keep_states(train);
  return are_finite(train->h, (size_t)train->options->B * (size_t)train->options->D);
}

static int write_checkpoint(Trainer *train, Why *why) {
  RunState state = get_state(train);
  RunNumbers *numbers = &train->numbers;
  if (runlog_sync(train->log, why) != 0) return -1;
  runlog_sizes(train->log, &numbers->loss_log_bytes, &numbers->timestep_log_bytes);
  numbers->optimizer_steps = train->optimizer->steps;
  numbers->rate_halvings = train->schedule.halvings;
  numbers->rate_stale = train->schedule.stale;
  numbers->seconds = fmax(trainer_elapsed(train), train->least_seconds);
  keep_states(train);
  lanes_save(train->lanes, train->lanes_state);
  Metadata *about = make_about(train);
  resume_describe(about, train->options);
  metadata_set(about, "started", "%s", train->started);
  int rc = checkpoint_write(rundir_create(train->run->dir, RUN_CHECKPOINT, why), &train->run->shape,
                            &state, about, why);
  metadata_free(about);
  return rc;
}

int trainer_resume(Trainer *train, Why *why) {
  const RunNumbers *numbers = &train->numbers;
  RunDir *dir = train->run->dir;
  const char *path = rundir_file(dir, RUN_CHECKPOINT);
  RunState state = get_state(train);
  Why place = {""};
  if (rundir_check(dir, why) != 0) return -1;
  const int fd = rundir_open(dir, RUN_CHECKPOINT);
  if (checkpoint_read(fd, path, &train->run->shape, &state, why) != 0) return -1;
  commands_add(&train->commands, train->run->command, train->run->n_command);
  if (numbers->optimizer_steps > numbers->step || train->lanes_state[0] != numbers->epoch)
    return fail(why, "%s: its numbers contradict each other; it is no whole checkpoint", path);
  if (lanes_restore(train->lanes, train->lanes_state, &place) != 0)
    return fail(why, "%s: %s; it is no checkpoint of this run", path, place.text);
  bptt_restore(train->bptt, train->h);
  train->schedule.halvings = numbers->rate_halvings;
  train->schedule.stale = numbers->rate_stale;
  train->earlier_seconds = numbers->seconds;
  train->earlier_tokens = numbers->tokens;
  return runlog_continue(train->log, numbers->loss_log_bytes, numbers->timestep_log_bytes, why);
}

int trainer_save(Trainer *train, const char *status, Why *why) {
  double start = clock_now();
  train->next_checkpoint = start + train->options->checkpoint_every;
  int rc = write_checkpoint(train, why);
  if (rc == 0) { /* now there is something to save, and to resume from */
    signals_catch();
    signals_no_alarm();
  }
  if (rc == 0 && train->numbers.step > 0) rc = trainer_write_model(train, why);
  if (rc == 0) rc = trainer_write_runjson(train, status, why);
  if (rc != 0) rundir_check(train->run->dir, why); /* a cause that explains all others */
  train->longest_save = fmax(train->longest_save, clock_now() - start);
  train->budget.save = train->longest_save;
  return rc;
}

int trainer_log(Trainer *train, double valid_loss, Why *why) {
  RunNumbers *numbers = &train->numbers;
  double mean = numbers->loss_tokens > 0 ? numbers->loss / (double)numbers->loss_tokens : NAN;
  LossRow row = {.step = numbers->step,
                 .epoch = numbers->epoch + 1,
                 .tokens = numbers->tokens,
                 .seconds = trainer_elapsed(train),
                 .rate = numbers->rate,
                 .gradient_norm = numbers->gradient_norm,
                 .train_loss = mean,
                 .valid_loss = valid_loss};
  int T = numbers->loss_tokens > 0 ? train->options->T : 0;
  if (runlog_row(train->log, &row, train->options->s, why) != 0 ||
      runlog_timesteps(train->log, numbers->step, train->timestep_loss, train->timestep_tokens, T,
                       why) != 0)
    return -1;
  if (numbers->loss_tokens > 0) train->recent_bits = bits_per_base(mean, train->options->s);
  numbers->loss = 0;
  numbers->loss_tokens = 0;
  memset(train->timestep_loss, 0, (size_t)train->options->T * sizeof(double));
  memset(train->timestep_tokens, 0, (size_t)train->options->T * sizeof(uint64_t));
  return 0;
}
