#include "training/repeats.h"

#include "base/clock.h"
#include "base/signals.h"
#include "memory/calibrate.h"
#include "scoring/predict.h"
#include "sequence/bits.h"
#include "training/plan.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

/* Estimated seconds of one core to index a base, and to read a base with a pool. */
static const double INDEX_SECONDS = 5e-8, POOL_SECONDS = 6e-7;

int repeats_plan(RunConfig *run, Why *why) {
  const uint64_t wanted = run->options->memory_limit, limit = wanted > 0 ? wanted : UINT64_MAX;
  const uint64_t bases = span_bases(&run->dataset->train);
  const uint64_t tables = records_memory(run->dataset->records);
  const int m = memory_choose_m(bases);
  const int every = memory_choose_every(bases, m, limit > tables ? limit - tables : 0);
  const uint64_t bytes = tables + memory_bytes(bases, m, every > 0 ? every : INT_MAX);
  char least[32];
  run->repeats = (RepeatsSize){bases, bytes, m, every};
  if (every > 0) return 0;
  plan_text(bytes, least);
  return fail(why,
              "--memory-limit %" PRIu64 ": the bases and names alone take %s; give a larger limit",
              limit, least);
}

void repeats_say(const RunConfig *run) {
  const RepeatsSize *size = &run->repeats;
  const int strands = run->options->strands == STRANDS_BOTH ? 2 : 1;
  char bytes[32], which[48] = "every position";
  plan_text(size->bytes, bytes);
  if (size->every > 1) snprintf(which, sizeof which, "one position in %d", size->every);
  progress_say(run->progress,
               "memory of repeats: %" PRIu64 " bases, %s; %s is indexed; work per base: at most %d "
               "index entries and %d pointers",
               size->bases, bytes, which, strands * POOL_VISITS, POOL_POINTERS);
}

void repeats_estimate(Budget *budget, const RunConfig *run) {
  const TrainOptions *o = run->options;
  const double window = (double)o->B * (double)o->T;
  const double tokens = fmin(CALIBRATE_TOKENS, (double)run->train_tokens);
  budget->indexing = INDEX_SECONDS * (double)run->repeats.bases;
  budget->pools = POOL_SECONDS * window * o->s / o->threads;
  budget->calibration_windows = (uint64_t)ceil(tokens / window);
}

/* ---- learning ------------------------------------------------------------------------------- */

/* Makes a memory of the training span; NULL: a signal came. */
static Memory *make_memory(const RunConfig *run) {
  const TrainOptions *o = run->options;
  ProgressWatched watched = {run->progress, clock_now()};
  const Watch watch = progress_watch(&watched);
  const Span *span = &run->dataset->train;
  Memory *memory = memory_new(span_records(span, run->dataset->records), run->repeats.m,
                              run->repeats.every, o->strands == STRANDS_BOTH);
  memory_copy(memory, span);
  records_sort(memory->records);
  if (memory_index(memory, &watch) == 0) return memory;
  memory_free(memory);
  return NULL;
}

void repeats_learn(Trainer *train) {
  const RunConfig *run = train->run;
  const TrainOptions *o = run->options;
  const double began = clock_now();
  progress_say(run->progress, "indexing the memory of repeats");
  Memory *memory = make_memory(run);
  if (!memory) return;
  progress_say(run->progress, "calibrating the memory of repeats");
  ProgressWatched watched = {run->progress, clock_now()};
  const Calibration calibration = {.shape = &run->shape,
                                   .weights = trainer_best(train),
                                   .memory = memory,
                                   .span = run->dataset->train,
                                   .strands = (Strands)o->strands,
                                   .seed = o->seed,
                                   .threads = o->threads,
                                   .kernels = run->kernels,
                                   .watch = progress_watch(&watched)};
  const double elapsed = trainer_elapsed(train);
  const double left = budget_calibration_end(&train->budget, elapsed) - elapsed;
  const double deadline = trainer_is_limited(train) ? clock_now() + left : INFINITY;
  if (calibrate(&train->recall, &calibration, deadline) == 0)
    train->memory = memory;
  else
    memory_free(memory);
  train->result.repeats.seconds = clock_now() - began;
}

/* ---- measuring ------------------------------------------------------------------------------ */

static int take_nats(void *context, const Prediction *prediction, Why *why) {
  (void)why;
  *(double *)context = *prediction->nats;
  return signals_end() ? -1 : 0;
}

/* Measures the bits per base of the validation span; NAN: a signal came. */
static double measure(const Model *model, EvidenceUse use, const RunConfig *run) {
  const double bases = (double)(run->valid_tokens * (uint64_t)run->options->s);
  double nats = NAN;
  Why why;
  Predictor *predictor = predict_new(model, 1, (PredictWish){.with_loss = true, .memory = use},
                                     run->options->threads, run->kernels);
  const int rc = predict_span(predictor, &run->dataset->valid, take_nats, &nats, &why);
  predict_free(predictor);
  return rc == 0 ? bits_per_base(nats, bases) : NAN;
}

void repeats_measure(Trainer *train) {
  const Model model = {.shape = train->run->shape,
                       .weights = trainer_best(train),
                       .memory = train->memory,
                       .recall = train->recall};
  train->result.repeats.frozen = measure(&model, EVIDENCE_MODEL, train->run);
  train->result.repeats.adapting = measure(&model, EVIDENCE_RECORD, train->run);
}
