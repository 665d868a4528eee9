#include "lanes.h"
#include "modes.h"

#include <math.h>

typedef struct {
  Table *table;
  int s;
  bool both_strands;
  double forward_nats; /* of the record whose reverse complement comes next */
} Score;

static double bits_per_base(double nats, double bases) { return nats / (bases * M_LN2); }

/* nats is of the record as it stands, the prediction of its last reading. */
static void put_score(const Score *score, const Prediction *prediction, double nats) {
  Table *table = score->table;
  const uint64_t tokens = prediction->tokens, bases = tokens * (uint64_t)score->s;
  table_text(table, prediction->piece->name);
  table_whole(table, tokens), table_whole(table, bases);
  table_whole(table, prediction->piece->length - bases);
  if (tokens == 0) {
    table_none(table, score->both_strands ? 7 : 3);
  } else {
    table_fixed(table, nats, 6);
    table_fixed(table, bits_per_base(nats, (double)bases), 6);
    table_fixed(table, exp(nats / (double)tokens), 6);
  }
  if (tokens > 0 && score->both_strands) {
    const double readings[] = {*prediction->nats, (nats + *prediction->nats) / 2};
    for (int i = 0; i < 2; i++) {
      table_fixed(table, readings[i], 6);
      table_fixed(table, bits_per_base(readings[i], (double)bases), 6);
    }
  }
  table_end(table);
}

static int take_score(void *context, const Prediction *prediction, Why *why) {
  Score *score = context;
  if (task_finite(prediction, *prediction->nats, why) != 0) return -1;
  if (!prediction->piece->ended) return 0;
  if (score->both_strands && !prediction->piece->reversed) {
    score->forward_nats = *prediction->nats;
    return 0;
  }
  put_score(score, prediction, score->both_strands ? score->forward_nats : *prediction->nats);
  return 0;
}

int mode_score(const Task *task, Why *why) {
  static const char *const columns[] = {"record",
                                        "tokens",
                                        "bases",
                                        "skipped",
                                        "nats",
                                        "bits_per_base",
                                        "perplexity",
                                        "reverse_nats",
                                        "reverse_bits_per_base",
                                        "mean_nats",
                                        "mean_bits_per_base"};
  const bool both = task->options->strands == BOTH;
  Score score = {task_table(task, columns, both ? 11 : 7), task->models->shape.s, both, 0};
  const PredictWish wish = {.with_loss = true,
                            .over_ends = true,
                            .all_circles = task->options->circular,
                            .both_strands = both};
  const int rc = task_predict(task, wish, take_score, &score, score.table, why);
  table_free(score.table);
  return rc;
}
