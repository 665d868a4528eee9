#include "training/files.h"

#include "base/signals.h"
#include "base/version.h"
#include "run/resume.h"
#include "run/runlog.h"
#include "sequence/bits.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Describes the training of the model, for its metadata; independent of the clock. */
static Metadata *make_about(const Trainer *train) {
  static const char kept[] =
      "lowercase|strands|epochs|lanes|timesteps|optimizer|learning-rate|schedule|warmup|clip|seed";
  const RunConfig *run = train->run;
  Metadata *about = metadata_new();
  char value[64];
  metadata_set(about, "version", "%s", VERSION);
  for (const Option *option = train_program.options; option->name; option++) {
    if (option_find(kept, option->name) < 0 || !train_options_list(run->options, option)) continue;
    option_value(option, run->options, value, sizeof value);
    if (*value) metadata_set(about, option->name, "%s", value);
  }
  if (run->init_crc32) metadata_set(about, "init_data_crc32", "%s", run->init_crc32);
  metadata_set(about, "train_tokens", "%" PRIu64, run->train_tokens);
  metadata_set(about, "valid_tokens", "%" PRIu64, run->valid_tokens);
  if (run->valid_tokens > 0) {
    metadata_set(about, "markov_order", "%d", run->markov.best);
    metadata_set(about, "markov_bits_per_base", "%.6f", markov_bits(&run->markov));
  }
  return about;
}

int files_model(Trainer *train, Why *why) {
  const RunNumbers *numbers = &train->state.numbers;
  const bool validated = isfinite(numbers->best_valid_loss);
  Metadata *about = make_about(train);
  metadata_set(about, "step", "%" PRIu64, validated ? numbers->best_step : numbers->step);
  if (validated) {
    metadata_set(about, "valid_loss", "%.9g", numbers->best_valid_loss);
    metadata_set(about, "valid_bits_per_base", "%.6f",
                 bits_per_base(numbers->best_valid_loss, train->run->options->s));
  }
  if (train->memory && isfinite(train->result.repeats.frozen))
    metadata_set(about, "memory_frozen_bits_per_base", "%.6f", train->result.repeats.frozen);
  metadata_append(about, train->run->origin);
  const Model model = {.shape = train->run->shape,
                       .weights = trainer_best(train),
                       .about = about,
                       .memory = train->memory,
                       .recall = train->recall};
  const int rc = model_write(rundir_create(train->run->dir, RUN_MODEL, why), &model, why);
  metadata_free(about);
  return rc;
}

int files_runjson(Trainer *train, RunStatus status, Why *why) {
  const RunConfig *run = train->run;
  train->result.status = status;
  train->result.seconds = trainer_elapsed(train);
  return runjson_write(rundir_create(run->dir, RUN_JSON, why), run, &train->state, &train->result,
                       why);
}

static int write_checkpoint(Trainer *train, Why *why) {
  RunNumbers *numbers = &train->state.numbers;
  if (runlog_sync(train->run->log, numbers, why) != 0) return -1;
  numbers->seconds = fmax(trainer_elapsed(train), train->least_seconds);
  lanes_save(train->lanes, train->state.lanes);
  Metadata *about = make_about(train);
  resume_describe(about, train->run->options);
  metadata_set(about, "started", "%s", train->run->started);
  metadata_append(about, train->run->origin);
  int rc = checkpoint_write(rundir_create(train->run->dir, RUN_CHECKPOINT, why), train->run,
                            &train->state, about, why);
  metadata_free(about);
  return rc;
}

/* Plans the next report of a run in progress: after as much time as the run has taken, between
 * LEAST and MOST seconds, but at least SHARE times the seconds for this report. */
static void plan_report(Trainer *train, double seconds) {
  const double LEAST = 1, MOST = 20, SHARE = 100, now = train->agreed.now;
  const double usual = fmin(fmax(now, LEAST), MOST);
  train->next_report = now + fmax(usual, SHARE * seconds);
}

/* Restores the state of the checkpoint, and truncates the logs accordingly. */
static int resume(Trainer *train, Why *why) {
  const RunNumbers *numbers = &train->state.numbers;
  const RunDir *dir = train->run->dir;
  const char *path = rundir_file(dir, RUN_CHECKPOINT);
  Why place = {""};
  if (rundir_check(dir, why) != 0) return -1;
  const int fd = rundir_open(dir, RUN_CHECKPOINT);
  if (checkpoint_read(fd, path, train->run, &train->state, why) != 0) return -1;
  commands_add(&train->state.commands, train->run->command, train->run->n_command);
  if (train->state.optimizer->steps > numbers->step || train->state.lanes[0] != numbers->epoch)
    return fail(why, "%s: its numbers contradict each other; it is not an intact checkpoint", path);
  if (lanes_restore(train->lanes, train->state.lanes, &place) != 0)
    return fail(why, "%s: %s; it is not a checkpoint of this run", path, place.text);
  return runlog_continue(train->run->log, numbers, why);
}

int files_begin(Trainer *train, Why *why) {
  if (rundir_resumes(train->run->dir)) return resume(train, why);
  if (rundir_begin(train->run->dir, why) != 0) return -1;
  return runlog_begin(train->run->log, why);
}

/* Writes run.json and, with --report, the page made from it. */
static int write_report(Trainer *train, RunStatus status, Why *why) {
  const RunConfig *run = train->run;
  if (files_runjson(train, status, why) != 0) return -1;
  return run->report ? run->report(run, why) : 0;
}

/* Writes the files that can be made again from the checkpoint. */
static int write_others(Trainer *train, RunStatus status, Why *why) {
  if (trainer_has_model(train) && files_model(train, why) != 0) return -1;
  return write_report(train, status, why);
}

int files_save(Trainer *train, RunStatus status, Why *why) {
  const double start = train->agreed.now;
  train->next_checkpoint = start + train->run->options->checkpoint_every;
  trainer_keep_states(train);
  int rc = ranks_outcome(ranks_first() ? write_checkpoint(train, why) : 0, why);
  if (rc == 0) { /* from now on the run can be saved and resumed */
    signals_catch();
    signals_no_alarm();
    rc = ranks_outcome(ranks_first() ? write_others(train, status, why) : 0, why);
  }
  if (rc != 0 && ranks_first()) rundir_check(train->run->dir, why); /* explains all others */
  trainer_agree(train);
  plan_report(train, 0);
  train->budget.save = fmax(train->budget.save, train->agreed.now - start);
  train->result.longest_checkpoint = train->budget.save;
  return rc;
}

int files_log(Trainer *train, double valid_loss, Why *why) {
  const RunConfig *run = train->run;
  const size_t T = (size_t)run->options->T;
  RunState *state = &train->state;
  const double loss = checkpoint_mean_loss(&state->numbers);
  int rc = 0;
  if (ranks_first())
    rc = runlog_rows(run->log, run->options, state, trainer_elapsed(train), valid_loss, why);
  if (ranks_outcome(rc, why) != 0) return -1;
  if (!isnan(loss)) train->recent_bits = bits_per_base(loss, run->options->s);
  state->numbers.loss = 0;
  state->numbers.loss_tokens = 0;
  memset(state->timestep_loss, 0, T * sizeof *state->timestep_loss);
  memset(state->timestep_tokens, 0, T * sizeof *state->timestep_tokens);
  return 0;
}

/* Whether files can be written before --max-time ends. Near the end, the last checkpoint writes all
 * of them. */
static bool has_time_to_write(const Trainer *train) {
  return train->agreed.now + train->budget.save <= budget_end(&train->budget);
}

static bool checkpoint_is_due(const Trainer *train) {
  return train->agreed.now >= train->next_checkpoint && has_time_to_write(train);
}

bool files_are_due(const Trainer *train) {
  return train->agreed.save || train->agreed.signal || checkpoint_is_due(train);
}

int files_save_due(Trainer *train, Why *why) {
  if (!files_are_due(train) || !trainer_states_finite(train)) return 0;
  const bool asked = train->agreed.save;
  if (!asked && !checkpoint_is_due(train)) return 0;
  train->agreed.save = false;
  if (files_save(train, RUN_STATUS_RUNNING, why) != 0) return -1;
  if (asked)
    progress_say(train->run->progress, "SIGUSR1: saved at step %" PRIu64,
                 train->state.numbers.step);
  return 0;
}

int files_report_due(Trainer *train, Why *why) {
  const RunConfig *run = train->run;
  const double start = train->agreed.now;
  int rc = 0;
  if (!run->report || start < train->next_report || !has_time_to_write(train)) return 0;
  if (ranks_first()) rc = rundir_check(run->dir, why);
  if (ranks_first() && rc == 0) rc = write_report(train, RUN_STATUS_RUNNING, why);
  rc = ranks_outcome(rc, why);
  trainer_agree(train);
  plan_report(train, train->agreed.now - start);
  return rc;
}
