#include "prediction/modes.h"

#include <math.h>
#include <stdio.h>

typedef struct {
  const Task *task;
  Table *table;
  bool both_strands;
  double loglik[OPTION_TEXTS_MAX]; /* (n_models) of a record */
  uint64_t tokens;                 /* of its forward strand */
} Classify;

/* ---- rows ----------------------------------------------------------------------------------- */

static double ln_joint(const Classify *classify, int model) {
  return classify->loglik[model] + classify->task->candidates->ln_prior[model];
}

/* The likeliest model other than not_this; the first of equals. */
static int find_best(const Classify *classify, int not_this) {
  int best = -1;
  for (int i = 0; i < classify->task->n_models; i++)
    if (i != not_this && (best < 0 || ln_joint(classify, i) > ln_joint(classify, best))) best = i;
  return best;
}

static void put_best(const Classify *classify) {
  const int best = find_best(classify, -1), second = find_best(classify, best);
  double sum = 0;
  for (int i = 0; i < classify->task->n_models; i++)
    sum += exp(ln_joint(classify, i) - ln_joint(classify, best));
  table_text(classify->table, classify->task->candidates->name[best]);
  table_fixed(classify->table, (classify->loglik[best] - classify->loglik[second]) * M_LOG2E, 4);
  table_probability(classify->table, 1 / sum);
}

static int take_classify(void *context, const Prediction *prediction, Why *why) {
  Classify *classify = context;
  const Stretch *stretch = prediction->stretch;
  const int n = classify->task->n_models;
  if (!stretch->ended) return 0;
  for (int i = 0; i < n; i++) {
    if (task_finite(stretch->name, prediction->nats[i], why) != 0) return -1;
    classify->loglik[i] = (stretch->reversed ? classify->loglik[i] : 0) - prediction->nats[i];
  }
  if (!stretch->reversed) classify->tokens = prediction->tokens;
  if (classify->both_strands && !stretch->reversed) return 0;
  table_text(classify->table, stretch->name);
  table_whole(classify->table, classify->tokens * (uint64_t)classify->task->models->shape.s);
  if (classify->tokens == 0 && prediction->tokens == 0) {
    table_none(classify->table, 3 + n);
  } else {
    for (int i = 0; i < n && classify->both_strands; i++) classify->loglik[i] /= 2;
    put_best(classify);
    for (int i = 0; i < n; i++) table_fixed(classify->table, classify->loglik[i], 6);
  }
  table_end(classify->table);
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
  const char *columns[FIXED + OPTION_TEXTS_MAX] = {"record", "bases", "best", "llr_bits",
                                                   "posterior"};
  char made[OPTION_TEXTS_MAX][sizeof "loglik_" + CANDIDATES_NAME];
  for (int i = 0; i < n; i++) {
    snprintf(made[i], sizeof made[i], "loglik_%s", task->candidates->name[i]);
    columns[FIXED + i] = made[i];
  }
  return task_table(task, columns, FIXED + n);
}

int mode_classify(const Task *task, Why *why) {
  if (check_alike(task, why) != 0) return -1;
  Classify classify = {task, new_table(task), task->options->strands == STRANDS_BOTH, {0}, 0};
  const PredictWish wish = {.with_loss = true,
                            .memory = task_memory(task),
                            .reading = {.over_ends = true,
                                        .all_circles = task->options->circular,
                                        .both_strands = classify.both_strands}};
  const int rc = task_predict(task, wish, take_classify, &classify, classify.table, why);
  table_free(classify.table);
  return rc;
}
