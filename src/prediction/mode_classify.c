#include "prediction/modes.h"
#include "sequence/bits.h"

#include <math.h>
#include <stdio.h>

typedef struct {
  const Task *task;
  Table *table;
  int readings; /* of a record: 2 with both strands */
  /* Of the record, the means of its readings: */
  double loglik[OPTION_TEXTS_MAX + 1]; /* (n_models + 1) the last of the null model */
  double bases;
  uint64_t forward; /* bases of its forward strand */
} Classify;

/* ---- readings ------------------------------------------------------------------------------- */

static void clear_record(Classify *classify) {
  for (int i = 0; i <= classify->task->n_models; i++) classify->loglik[i] = 0;
  classify->bases = 0;
  classify->forward = 0;
}

/* Adds a reading that has ended. */
static int add_reading(Classify *classify, const Prediction *prediction, Why *why) {
  const int n = classify->task->n_models;
  const uint64_t bases = prediction->tokens * (uint64_t)classify->task->models->shape.s;
  for (int i = 0; i < n; i++) {
    if (task_finite(prediction->stretch->name, prediction->nats[i], why) != 0) return -1;
    classify->loglik[i] -= prediction->nats[i] / classify->readings;
  }
  classify->loglik[n] -=
      (double)bases * classify->task->options->null_bits * M_LN2 / classify->readings;
  classify->bases += (double)bases / classify->readings;
  if (!prediction->stretch->reversed) classify->forward += bases;
  return 0;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static double ln_joint(const Classify *classify, int candidate) {
  return classify->loglik[candidate] + classify->task->candidates->ln_prior[candidate];
}

/* The likeliest candidate other than not_this; the first of equals. */
static int find_best(const Classify *classify, int not_this) {
  int best = -1;
  for (int i = 0; i <= classify->task->n_models; i++)
    if (i != not_this && (best < 0 || ln_joint(classify, i) > ln_joint(classify, best))) best = i;
  return best;
}

static void put_best(const Classify *classify) {
  const Candidates *candidates = classify->task->candidates;
  const int best = find_best(classify, -1), second = find_best(classify, best);
  double sum = 0;
  for (int i = 0; i <= candidates->n; i++)
    sum += exp(ln_joint(classify, i) - ln_joint(classify, best));
  const bool sure = 1 / sum >= classify->task->options->min_posterior;
  table_text(classify->table, candidates->name[sure ? best : candidates->n]);
  table_fixed(classify->table, (classify->loglik[best] - classify->loglik[second]) * M_LOG2E, 4);
  table_probability(classify->table, 1 / sum);
}

static void put_row(const Classify *classify, const char *name) {
  const int n = classify->task->n_models;
  table_text(classify->table, name);
  table_whole(classify->table, classify->forward);
  if (classify->bases == 0) {
    table_none(classify->table, 3 + 2 * n);
  } else {
    put_best(classify);
    for (int i = 0; i < n; i++) table_fixed(classify->table, classify->loglik[i], 6);
    for (int i = 0; i < n; i++)
      table_fixed(classify->table, bits_per_base(-classify->loglik[i], classify->bases), 6);
  }
  table_end(classify->table);
}

static int take_classify(void *context, const Prediction *prediction, Why *why) {
  Classify *classify = context;
  const Stretch *stretch = prediction->stretch;
  if (!stretch->ended) return 0;
  if (!stretch->reversed) clear_record(classify);
  if (add_reading(classify, prediction, why) != 0) return -1;
  if (stretch->reversed || classify->readings == 1) put_row(classify, stretch->name);
  return 0;
}

/* ---- the mode ------------------------------------------------------------------------------- */

static int check_alike(const Task *task, Why *why) {
  const Shape *first = &task->models->shape;
  for (int i = 1; i < task->n_models; i++) {
    const Shape *other = &task->models[i].shape;
    if (other->softmax != first->softmax)
      return fail(why,
                  "--model: '%s' and '%s' have different softmaxes; the full one spends "
                  "probability on what cannot follow, so its likelihoods cannot be compared",
                  task->candidates->name[0], task->candidates->name[i]);
    if (other->k != first->k || other->s != first->s)
      return fail(why,
                  "--model: '%s' has k=%d and stride %d, '%s' %d and %d; only likelihoods of the "
                  "same bases can be compared",
                  task->candidates->name[0], first->k, first->s, task->candidates->name[i],
                  other->k, other->s);
  }
  return 0;
}

static Table *new_table(const Task *task) {
  enum { FIXED = 5 };
  const int n = task->n_models;
  const char *columns[FIXED + 2 * OPTION_TEXTS_MAX] = {"record", "bases", "best", "llr_bits",
                                                       "posterior"};
  char made[2 * OPTION_TEXTS_MAX][sizeof "bits_per_base_" + CANDIDATES_NAME];
  for (int i = 0; i < 2 * n; i++) {
    snprintf(made[i], sizeof made[i], "%s_%s", i < n ? "loglik" : "bits_per_base",
             task->candidates->name[i % n]);
    columns[FIXED + i] = made[i];
  }
  return task_table(task, columns, FIXED + 2 * n);
}

int mode_classify(const Task *task, Why *why) {
  if (check_alike(task, why) != 0) return -1;
  const bool both_strands = task->options->strands == STRANDS_BOTH;
  Classify classify = {.task = task, .table = new_table(task), .readings = both_strands ? 2 : 1};
  const PredictWish wish = {.with_loss = true,
                            .memory = task_memory(task),
                            .reading = {.over_ends = true,
                                        .all_circles = task->options->circular,
                                        .both_strands = both_strands}};
  const int rc = task_predict(task, wish, take_classify, &classify, classify.table, why);
  table_free(classify.table);
  return rc;
}
