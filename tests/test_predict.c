/* What rnnpredict promises: a record's numbers do not depend on its company. */
#include "predict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants those before it */
#include <cmocka.h>

enum { D = 24, RECORDS = 300 };

typedef struct {
  uint64_t tokens;
  double nats;
  int last;
  float h[D];
} Row;

typedef struct {
  Row *rows;
  int n;
} Rows;

static int take(void *context, const Prediction *prediction, Why *why) {
  Rows *rows = context;
  (void)why;
  Row *row = &rows->rows[rows->n++];
  memset(row, 0, sizeof *row);
  row->tokens = prediction->tokens, row->nats = prediction->nats, row->last = prediction->last;
  if (prediction->last >= 0) memcpy(row->h, prediction->h, sizeof row->h);
  return 0;
}

/* Scores a file with these records. */
static Rows score(const Model *model, char *const *records, int n, int threads) {
  char path[] = "/tmp/test_predict_XXXXXX";
  Why why;
  FILE *out = fdopen(mkstemp(path), "w");
  Rows rows = {calloc((size_t)n, sizeof(Row)), 0};
  for (int i = 0; i < n; i++) fprintf(out, ">r%d\n%s\n", i, records[i]);
  fclose(out);
  Predictor *predictor = predict_new(model, 1, threads, kernels_best());
  assert_int_equal(predict_file(predictor, path, take, &rows, &why), 0);
  assert_int_equal(rows.n, n);
  predict_free(predictor);
  unlink(path);
  return rows;
}

static char *random_record(int length) {
  char *record = calloc((size_t)length + 1, 1);
  for (int i = 0; i < length; i++) record[i] = rand() % 200 == 0 ? 'N' : "ACGT"[rand() % 4];
  return record;
}

static void numbers_do_not_depend_on_company(void **state) {
  (void)state;
  char *records[RECORDS], *reversed[RECORDS];
  srand(4);
  for (int i = 0; i < RECORDS; i++) { /* some are longer than a piece, some too short */
    records[i] = random_record(i % 50 == 7 ? 9000 + i : rand() % 120);
    reversed[RECORDS - 1 - i] = records[i];
  }
  for (int softmax = FOLLOWERS; softmax <= FULL; softmax++) {
    Model model = {.shape = shape_new(3, 1, 5, D, SIGMOID, (Softmax)softmax)};
    model.weights = weights_new(&model.shape);
    weights_init(model.weights, &model.shape, 1);
    Rows all = score(&model, records, RECORDS, 1), other = score(&model, reversed, RECORDS, 3);
    for (int i = 0; i < RECORDS; i++) {
      assert_memory_equal(&all.rows[i], &other.rows[RECORDS - 1 - i], sizeof(Row));
      if (i % 10 != 7) continue;
      Rows alone = score(&model, &records[i], 1, 1);
      assert_memory_equal(&all.rows[i], alone.rows, sizeof(Row));
      free(alone.rows);
    }
    free(all.rows), free(other.rows);
    weights_free(model.weights);
  }
  for (int i = 0; i < RECORDS; i++) free(records[i]);
}

static void tokens_are_pairs_without_a_break_between(void **state) {
  (void)state;
  char *records[] = {"ACGT", "ACG", "AC", "", "ACGTNACGTA", "NNN", "ACGNACGTACGT"};
  const uint64_t tokens[] = {1, 0, 0, 0, 1 + 2, 0, 0 + 5};
  const int last[] = {0x1b, 0x06, -1, -1, 0x2c, -1, 0x1b}; /* CGT ACG . . GTA . CGT, base 4 */
  Model model = {.shape = shape_new(3, 1, 2, D, TANH, FOLLOWERS)};
  model.weights = weights_new(&model.shape);
  Rows rows = score(&model, records, 7, 1);
  for (int i = 0; i < 7; i++) {
    assert_int_equal(rows.rows[i].tokens, tokens[i]);
    assert_int_equal(rows.rows[i].last, last[i]);
  }
  free(rows.rows);
  weights_free(model.weights);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_do_not_depend_on_company),
                                     cmocka_unit_test(tokens_are_pairs_without_a_break_between)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
