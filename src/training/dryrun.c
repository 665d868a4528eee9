#include "training/dryrun.h"

#include "base/clock.h"
#include "io/output.h"
#include "io/table.h"
#include "training/repeats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const double rehearsal_seconds = 0.25;

int dryrun_table(const Dataset *dataset, Why *why) {
  const char *columns[1 + COUNTS_COLUMNS] = {"file"};
  Count list[COUNTS_COLUMNS];
  counts_list(&dataset->counts[0], list); /* for the names */
  for (int j = 0; j < COUNTS_COLUMNS; j++) columns[1 + j] = list[j].name;
  Output *output = output_open(NULL, why);
  Table *table = table_new(output, TABLE_TSV, columns, 1 + COUNTS_COLUMNS);
  for (int i = 0; i < dataset->n; i++) {
    counts_list(&dataset->counts[i], list);
    table_text(table, dataset->files[i]);
    for (int j = 0; j < COUNTS_COLUMNS; j++) table_whole(table, list[j].value);
    table_end(table);
  }
  table_flush(table, why);
  table_free(table);
  return output_close(output, why);
}

/* Measures tokens per second on a scratch network. */
static double rehearse(Trainer *train) {
  double start = 0, now = 0;
  uint64_t tokens = 0;
  for (int window = 0; window < 2 || now - start < rehearsal_seconds; window++) {
    if (!lanes_next(train->lanes, train->window)) {
      lanes_start(train->lanes, 0);
      continue;
    }
    bptt_run(train->bptt, train->gradient, train->state.weights, train->window, train->lanes);
    optimizer_step(train->state.optimizer, train->state.weights, train->gradient, 0, 1,
                   train->run->options->threads, train->run->kernels);
    trainer_agree(train);
    now = train->agreed.now;
    if (window == 0)
      start = now; /* the first window warms up */
    else
      tokens += train->window->tokens;
  }
  return (double)tokens / (now - start);
}

/* Estimates the time of the run from its tokens per second. */
static void say_time(const Trainer *train, double rate) {
  char time[32], threads[48], epochs[64] = "an epoch, until validation stops improving,";
  const TrainOptions *o = train->run->options;
  double epoch = (double)train->run->train_tokens / rate, n = fmax(0, o->epochs);
  if (o->max_time > 0 && (n == 0 || n * epoch > o->max_time)) n = o->max_time / epoch;
  if (n > 0) snprintf(epochs, sizeof epochs, "for %.3g epoch%s", n, n == 1 ? "" : "s");
  plan_threads(o->threads, threads);
  clock_text((n > 0 ? n : 1) * epoch, time);
  progress_say(train->run->progress, "time: about %s %s at %.0f k-mers/s with %s", time, epochs,
               rate, threads);
}

void dryrun_say(const RunConfig *run, const Plan *plan) {
  char total[32], corpus[32], weights[32], windows[32], markov[32];
  Trainer *train = trainer_new(run);
  plan_text(plan->total, total);
  plan_text(plan->corpus, corpus);
  plan_text(plan->weights, weights);
  plan_text(plan->windows, windows);
  plan_text(plan->markov, markov);
  progress_say(run->progress,
               "training k-mers: %" PRIu64 " in %" PRIu64 " pieces; %" PRIu64 " for validation",
               run->train_tokens, lanes_pieces(train->lanes), run->valid_tokens);
  progress_say(run->progress, "parameters: %zu, softmax over %d of %d k-mers",
               shape_parameters(&run->shape), run->shape.n, run->shape.V);
  progress_say(
      run->progress,
      "memory: %s (sequence %s, then Markov counts %s, or weights and moments %s and windows %s)",
      total, corpus, markov, weights, windows);
  if (run->options->memory) repeats_say(run);
  if (run->options->epochs != 0) say_time(train, rehearse(train));
  trainer_free(train);
}
