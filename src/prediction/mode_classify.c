#include "base/alloc.h"
#include "io/input.h"
#include "prediction/modes.h"
#include "sequence/bits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const Task *task;
  Table *table;
  int readings; /* per record: 2 with both strands */
  char *first;  /* the name of the first read of a pair */
  size_t room;
  bool half; /* only the first read of a pair has been added */
  /* Means of the readings of the record, or of the reads of a pair: */
  double loglik[OPTION_TEXTS_MAX + 1]; /* (n_models + 1) the last of the null model */
  double bases;
  uint64_t forward; /* bases of the forward strand */
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

/* The most likely candidate other than not_this; the first among equals. */
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

/* The length of the name without this suffix. */
static size_t length_without(const char *name, const char *end) {
  const size_t n = strlen(name);
  return n >= 2 && strcmp(name + n - 2, end) == 0 ? n - 2 : n;
}

/* Shortens the name of a pair's first read to that of the pair; -1: the second read belongs to
 * another pair. */
static int name_pair(char *first, const char *second) {
  const size_t n = length_without(first, "/1");
  if (length_without(second, "/2") != n || strncmp(first, second, n) != 0) return -1;
  first[n] = '\0';
  return 0;
}

/* Ends a read; the second read of a pair writes the row of the pair. */
static int end_read(Classify *classify, const char *name, Why *why) {
  const size_t n = strlen(name) + 1;
  classify->half = !classify->half;
  if (classify->half) {
    classify->first = alloc_grow(classify->first, &classify->room, n, 1);
    memcpy(classify->first, name, n);
    return 0;
  }
  if (name_pair(classify->first, name) != 0)
    return fail(why,
                "%s: '%.100s' and '%.100s' are not the reads of a pair; their names must agree, "
                "except for /1 and /2",
                input_title(classify->task->files[0]), classify->first, name);
  put_row(classify, classify->first);
  return 0;
}

/* Checks, at the end of the input, that no read lacks its mate. */
static int check_pairs(const Classify *classify, Why *why) {
  if (!classify->half) return 0;
  return fail(why,
              "%s: the last record '%.100s' has no mate; leave it out, or run without --paired",
              input_title(classify->task->files[0]), classify->first);
}

static int take_classify(void *context, const Prediction *prediction, Why *why) {
  Classify *classify = context;
  const Stretch *stretch = prediction->stretch;
  if (!stretch->ended) return 0;
  if (!stretch->reversed && !classify->half) clear_record(classify);
  if (add_reading(classify, prediction, why) != 0) return -1;
  if (!stretch->reversed && classify->readings == 2) return 0;
  if (classify->task->options->paired) return end_read(classify, stretch->name, why);
  put_row(classify, stretch->name);
  return 0;
}

/* ---- the mode ------------------------------------------------------------------------------- */

static int check_alike(const Task *task, Why *why) {
  const Shape *first = &task->models->shape;
  for (int i = 1; i < task->n_models; i++) {
    const Shape *other = &task->models[i].shape;
    if (other->softmax != first->softmax)
      return fail(why,
                  "--model: '%s' and '%s' have different softmaxes; the full softmax gives "
                  "probability to k-mers that cannot follow, so likelihoods cannot be compared; "
                  "give models of one softmax",
                  task->candidates->name[0], task->candidates->name[i]);
    if (other->k != first->k || other->s != first->s)
      return fail(why,
                  "--model: '%s' has k=%d and stride %d, '%s' %d and %d; only likelihoods of the "
                  "same bases can be compared; give models of one k and stride",
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
  int rc = task_predict(task, wish, take_classify, &classify, classify.table, why);
  if (rc == 0) rc = check_pairs(&classify, why);
  table_free(classify.table);
  free(classify.first);
  return rc;
}
