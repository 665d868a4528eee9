#include "training/messages.h"

#include "base/clock.h"
#include "base/ranks.h"
#include "net/block.h"
#include "sequence/bits.h"
#include "training/plan.h"
#include "training/repeats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { FEW_TOKENS = 10 /* per parameter */ };

static double epochs(const Trainer *train) {
  return (double)train->state.numbers.tokens / (double)train->run->train_tokens;
}

/* K-mers per second in this program. */
static double speed(const Trainer *train) {
  const uint64_t tokens = train->state.numbers.tokens - train->earlier_tokens;
  return (double)tokens / (clock_now() - train->run->began - train->budget.began);
}

/* The fraction of the run done; 0 if its end is unknown. */
static double run_part(const Trainer *train) {
  const double limit = train->budget.limit;
  const double part = trainer_epochs_part(train, train->state.numbers.tokens);
  return fmin(fmax(part, limit > 0 ? trainer_elapsed(train) / limit : 0), 1);
}

/* If there are more threads than the lanes keep busy: suggests the number of lanes that keeps all,
 * or as many as possible, busy. */
static void suggest_lanes(const RunConfig *run, int threads, char text[64]) {
  const TrainOptions *o = run->options;
  const int enough = threads * block_lanes(&run->shape), most = train_options_most_lanes(o->T);
  *text = 0;
  if (block_count(&run->shape, o->B) >= threads) return;
  if (enough <= most)
    snprintf(text, 64, "; --lanes %d would be enough for all %d", enough, threads);
  else if (most > o->B)
    snprintf(text, 64, "; --lanes %d would be enough for %d", most, block_count(&run->shape, most));
}

void messages_lanes(const RunConfig *run, bool automatic) {
  const TrainOptions *o = run->options;
  const int fed = block_count(&run->shape, o->B);
  char more[64];
  suggest_lanes(run, o->threads * ranks_count(), more);
  progress_say(run->progress, "lanes: %d%s, enough for %d thread%s%s", o->B,
               automatic ? " (auto)" : "", fed, fed > 1 ? "s" : "", more);
}

void messages_start(const Trainer *train) {
  char memory[32], threads[48];
  const RunConfig *run = train->run;
  plan_text(run->memory, memory);
  plan_threads(run->options->threads, threads);
  progress_say(run->progress, "%" PRIu64 " training k-mers, %" PRIu64 " for validation",
               run->train_tokens, run->valid_tokens);
  progress_say(run->progress, "%zu parameters, %s of memory, %s", shape_parameters(&run->shape),
               memory, threads);
  if (run->options->memory) repeats_say(run);
  if (rundir_resumes(run->dir))
    progress_say(run->progress, "resuming from step %" PRIu64 ", %.2f epochs",
                 train->state.numbers.step, epochs(train));
  if (run->valid_tokens > 0)
    progress_say(run->progress, "best Markov model: order %d, %.4f bits per base", run->markov.best,
                 markov_bits(&run->markov));
}

void messages_progress(const Trainer *train) {
  const RunNumbers *numbers = &train->state.numbers;
  const TrainOptions *o = train->run->options;
  const double best = numbers->best_valid_loss;
  char limit[32] = "", bits[32] = "", valid[32] = "";
  double recent = train->recent_bits;
  if (isnan(recent)) recent = bits_per_base(checkpoint_mean_loss(numbers), o->s);
  if (o->epochs > 0) snprintf(limit, sizeof limit, "/%d", o->epochs);
  if (isfinite(recent)) snprintf(bits, sizeof bits, "\t  %.3f bits/base", recent);
  if (isfinite(best)) snprintf(valid, sizeof valid, "\t (valid %.3f)", bits_per_base(best, o->s));
  progress_step(train->run->progress, run_part(train), trainer_elapsed(train),
                "  epoch %" PRIu64 "%s%s%s\t  %.0fk k-mers/s", numbers->epoch + 1, limit, bits,
                valid, speed(train) / 1000);
}

void messages_validation(const Trainer *train, double loss) {
  const RunNumbers *numbers = &train->state.numbers;
  const int s = train->run->options->s;
  char line[PROGRESS_LINE], trained[32] = "";
  if (isfinite(train->recent_bits))
    snprintf(trained, sizeof trained, "train %.4f, ", train->recent_bits);
  snprintf(line, sizeof line,
           "step %" PRIu64 ", epoch %.2f: %svalid %.4f, best %.4f bits per base; %.0fk k-mers/s",
           numbers->step, epochs(train), trained, bits_per_base(loss, s),
           bits_per_base(numbers->best_valid_loss, s), speed(train) / 1000);
  progress_validation(train->run->progress, line);
}

/* ---- the result ----------------------------------------------------------------------------- */

/* Suggests how to run longer, for "try ..."; "" if that would not help. */
static void suggest_longer(const Trainer *train, char text[64]) {
  const TrainOptions *o = train->run->options;
  const RunNumbers *numbers = &train->state.numbers;
  *text = 0;
  if (train->result.status == RUN_STATUS_STOPPED_EARLY)
    snprintf(text, 64, "%s", o->patience > 0 ? "a larger --patience, " : "");
  else if (numbers->best_step < numbers->step / 2) /* overfitting */
    return;
  else if (o->epochs > 0 && train->result.status != RUN_STATUS_OUT_OF_TIME)
    snprintf(text, 64, "more epochs (-e %d), ", 3 * o->epochs);
  else
    snprintf(text, 64, "more time (--max-time), ");
}

/* Suggests remedies for a network worse than the Markov model, the most promising first. */
static void suggest_remedies(const Trainer *train) {
  const RunConfig *run = train->run;
  const double each = (double)run->train_tokens / (double)shape_parameters(&run->shape);
  char longer[64];
  suggest_longer(train, longer);
  if (each < (double)FEW_TOKENS)
    progress_say(run->progress,
                 "warning: the network is worse than the best Markov model and has only %.2g "
                 "training k-mers per parameter: try %smore sequence, or a smaller -D or -k",
                 each, longer);
  else
    progress_say(run->progress,
                 "warning: the network is worse than the best Markov model: try %sa larger -D "
                 "than %d, or --strands %s",
                 longer, run->options->D,
                 run->options->strands == STRANDS_BOTH ? "forward" : "both");
}

static void say_repeats(const Trainer *train) {
  progress_say(train->run->progress,
               "validation with the memory: %.4f bits per base; adapting (with the validation "
               "sequence read so far): %.4f",
               train->result.repeats.frozen, train->result.repeats.adapting);
}

static void say_validation(const Trainer *train) {
  const RunConfig *run = train->run;
  const double bits = bits_per_base(train->state.numbers.best_valid_loss, run->options->s);
  const double markov = markov_bits(&run->markov);
  const double predicted = (double)(run->valid_tokens * (uint64_t)run->options->s);
  const uint64_t bases = dataset_valid_bases(run->dataset);
  const double whole = bits_over_all(bits, predicted, (double)bases);
  progress_say(run->progress, "validation: %.4f bits per base; best Markov model (order %d): %.4f",
               bits, run->markov.best, markov);
  if (bits_differ(bits, whole)) /* with short reads, many bases are not predicted */
    progress_say(run->progress,
                 "validation over all %" PRIu64
                 " bases, at 2 bits for each unpredicted one: %.4f; best Markov model: %.4f",
                 bases, whole, bits_over_all(markov, predicted, (double)bases));
  const double frozen = train->result.repeats.frozen;
  if (isfinite(frozen)) say_repeats(train);
  const bool loses = (isfinite(frozen) ? frozen : bits) > markov;
  if (loses && run->options->epochs != 0) suggest_remedies(train);
}

/* Whether the run was resumed after its last epoch. */
static bool is_over(const Trainer *train) {
  return rundir_resumes(train->run->dir) && train->result.status == RUN_STATUS_DONE &&
         train->state.numbers.tokens == train->earlier_tokens && train->run->options->epochs > 0;
}

void messages_end(const Trainer *train) {
  char time[32], rate[32] = "";
  const RunNumbers *numbers = &train->state.numbers;
  Progress *progress = train->run->progress;
  clock_text(trainer_elapsed(train), time);
  if (numbers->tokens > train->earlier_tokens)
    snprintf(rate, sizeof rate, ", %.0fk k-mers/s", speed(train) / 1000);
  progress_say(progress, "%s after %s, %" PRIu64 " step%s and %.2f epochs%s",
               runjson_status(train->result.status), time, numbers->step,
               numbers->step == 1 ? "" : "s", epochs(train), rate);
  if (is_over(train))
    progress_say(progress, "the training was finished; -e N with N above %d continues it",
                 train->run->options->epochs);
  progress_say(progress, "longest step %.3f s, longest checkpoint %.3f s",
               train->result.longest_step, train->result.longest_checkpoint);
  if (numbers->skipped > 0)
    progress_say(progress, "%" PRIu64 " steps skipped: their gradient was not finite",
                 numbers->skipped);
  if (isfinite(numbers->best_valid_loss)) say_validation(train);
  progress_say(progress, "model: %s", rundir_file(train->run->dir, RUN_MODEL));
}
