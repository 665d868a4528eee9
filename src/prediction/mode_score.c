#include "prediction/modes.h"
#include "sequence/bits.h"

#include <math.h>

/* The loss of a record on one strand. Without tokens, its means are NaN. */
typedef struct {
  uint64_t tokens;
  double nats;
} Cost;

typedef struct {
  Table *table;
  int s;
  bool both_strands;
  Cost forward; /* kept until the reverse complement of the record is scored */
} Score;

static double mean_bits(const Score *score, Cost cost) {
  return bits_per_base(cost.nats, (double)cost.tokens * score->s);
}

static void put_cost(const Score *score, Cost cost) {
  table_fixed_or_none(score->table, cost.tokens > 0 ? cost.nats : NAN, 6);
  table_fixed_or_none(score->table, mean_bits(score, cost), 6);
}

static void put_record(const Score *score, const Stretch *stretch, Cost cost) {
  const uint64_t bases = cost.tokens * (uint64_t)score->s;
  table_text(score->table, stretch->name);
  table_whole(score->table, cost.tokens);
  table_whole(score->table, bases);
  table_whole(score->table, stretch->length - bases);
  put_cost(score, cost);
  table_fixed_or_none(score->table, exp(cost.nats / (double)cost.tokens), 6);
}

/* Writes the bits per base of the whole record, whose bases are read `times` times. */
static void put_whole_bits(const Score *score, uint64_t bases, Cost cost, int times) {
  const double all = (double)bases * times, predicted = (double)cost.tokens * score->s;
  table_fixed_or_none(score->table, bits_over_all(mean_bits(score, cost), predicted, all), 6);
}

/* Writes the mean over all predictions of both strands; some circles have more on one strand. */
static void put_both(const Score *score, uint64_t bases, Cost forward, Cost reverse) {
  const Cost both = {forward.tokens + reverse.tokens, forward.nats + reverse.nats};
  put_cost(score, reverse);
  table_fixed_or_none(score->table, both.tokens > 0 ? both.nats / 2 : NAN, 6);
  table_fixed_or_none(score->table, mean_bits(score, both), 6);
  put_whole_bits(score, bases, forward, 1);
  put_whole_bits(score, bases, reverse, 1);
  put_whole_bits(score, bases, both, 2);
}

static int take_score(void *context, const Prediction *prediction, Why *why) {
  Score *score = context;
  const Stretch *stretch = prediction->stretch;
  const Cost cost = {prediction->tokens, *prediction->nats};
  if (task_finite(stretch->name, cost.nats, why) != 0) return -1;
  if (!stretch->ended) return 0;
  if (score->both_strands && !stretch->reversed) {
    score->forward = cost;
    return 0;
  }
  put_record(score, stretch, score->both_strands ? score->forward : cost);
  if (score->both_strands)
    put_both(score, stretch->bases, score->forward, cost);
  else
    put_whole_bits(score, stretch->bases, cost, 1);
  table_end(score->table);
  return 0;
}

int mode_score(const Task *task, Why *why) {
  static const char *const forward[] = {
      "record", "tokens",        "bases",      "skipped",
      "nats",   "bits_per_base", "perplexity", "whole_bits_per_base"};
  static const char *const strands[] = {"record",
                                        "tokens",
                                        "bases",
                                        "skipped",
                                        "nats",
                                        "bits_per_base",
                                        "perplexity",
                                        "reverse_nats",
                                        "reverse_bits_per_base",
                                        "mean_nats",
                                        "mean_bits_per_base",
                                        "whole_bits_per_base",
                                        "reverse_whole_bits_per_base",
                                        "mean_whole_bits_per_base"};
  const bool both = task->options->strands == STRANDS_BOTH;
  Table *table = both ? task_table(task, strands, 14) : task_table(task, forward, 8);
  Score score = {table, task->models->shape.s, both, {0}};
  const PredictWish wish = {
      .with_loss = true,
      .memory = task_memory(task),
      .reading = {.over_ends = true, .all_circles = task->options->circular, .both_strands = both}};
  const int rc = task_predict(task, wish, take_score, &score, score.table, why);
  table_free(score.table);
  return rc;
}
