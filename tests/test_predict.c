/* The promise of rnnpredict: the results for a record do not depend on other records. */
#include "reference.h"
#include "scoring/predict.h"
#include "scratch.h"
#include "sequence/kmer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
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
  int n, circular; /* circular: number of circular records */
  int D;
  double sum; /* of all J of all steps */
} Rows;

static int take(void *context, const Prediction *prediction, Why *why) {
  Rows *rows = context;
  (void)why;
  const Stretch *stretch = prediction->stretch;
  for (int i = 0; i < stretch->n; i++)
    if (stretch->y[i] >= 0) rows->sum += (double)prediction->J[i];
  if (!stretch->ended) return 0;
  Row *row = &rows->rows[rows->n++];
  memset(row, 0, sizeof *row);
  row->tokens = prediction->tokens;
  row->nats = *prediction->nats;
  row->last = stretch->last;
  if (prediction->steps > 0) memcpy(row->h, prediction->h, (size_t)rows->D * sizeof *row->h);
  rows->circular += stretch->circular;
  return 0;
}

/* Writes a file with these records; returns its path, to be freed. */
static char *write_records(char *const *records, int n) {
  char *path = scratch_path("records.fa");
  FILE *out = fopen(path, "w");
  for (int i = 0; i < n; i++) fprintf(out, ">r%d\n%s\n", i, records[i]);
  fclose(out);
  return path;
}

/* Scores a file with these records, on a CPU level. */
static Rows score_on(const Kernels *kernels, const Model *model, char *const *records, int n,
                     bool circular, int threads) {
  char *path = write_records(records, n);
  Why why;
  SeqNotes notes;
  Rows rows = {calloc((size_t)n, sizeof(Row)), 0, 0, model->shape.D, 0};
  Predictor *predictor =
      predict_new(model, 1,
                  (PredictWish){.with_loss = true,
                                .each_step = true,
                                .reading = {.over_ends = true, .all_circles = circular}},
                  threads, kernels);
  assert_int_equal(predict_file(predictor, path, take, &rows, &notes, &why), 0);
  assert_int_equal(rows.n, n);
  predict_free(predictor);
  free(path);
  return rows;
}

static Rows score(const Model *model, char *const *records, int n, bool circular, int threads) {
  return score_on(kernels_best(), model, records, n, circular, threads);
}

static char *random_record(int length) {
  char *record = calloc((size_t)length + 1, 1);
  for (int i = 0; i < length; i++) record[i] = rand() % 200 == 0 ? 'N' : "ACGT"[rand() % 4];
  return record;
}

static void results_do_not_depend_on_other_records(void **state) {
  (void)state;
  char *records[RECORDS], *reversed[RECORDS];
  srand(4);
  for (int i = 0; i < RECORDS; i++) { /* some are longer than a stretch, some too short */
    records[i] = random_record(i % 50 == 7 ? STEPS_STRETCH + 500 + i : rand() % 120);
    reversed[RECORDS - 1 - i] = records[i];
  }
  for (int form = 0; form < 6 && kernels_level(form / 2); form++) {
    const Kernels *kernels = kernels_level(form / 2);
    const int softmax = form % 2;
    Model model = {.shape = shape_new(3, 1, 5, D, ACTIVATION_SIGMOID, (Softmax)softmax)};
    model.weights = weights_new(&model.shape);
    weights_init(model.weights, &model.shape, 1);
    Rows all = score_on(kernels, &model, records, RECORDS, false, 1),
         other = score_on(kernels, &model, reversed, RECORDS, false, 3);
    for (int i = 0; i < RECORDS; i++) {
      assert_memory_equal(&all.rows[i], &other.rows[RECORDS - 1 - i], sizeof(Row));
      if (i % 10 != 7) continue;
      Rows alone = score_on(kernels, &model, &records[i], 1, false, 1);
      assert_memory_equal(&all.rows[i], alone.rows, sizeof(Row));
      free(alone.rows);
    }
    free(all.rows);
    free(other.rows);
    weights_free(model.weights);
  }
  for (int i = 0; i < RECORDS; i++) free(records[i]);
}

static void tokens_are_pairs_of_k_mers_without_a_break(void **state) {
  (void)state;
  char *records[] = {"ACGT", "ACG", "AC", "", "ACGTNACGTA", "NNN", "ACGNACGTACGT"};
  const uint64_t tokens[] = {1, 0, 0, 0, 1 + 2, 0, 0 + 5};
  const int last[] = {0x1b, 0x06, -1, -1, 0x2c, -1, 0x1b}; /* CGT ACG . . GTA . CGT, base 4 */
  Model model = {.shape = shape_new(3, 1, 2, D, ACTIVATION_TANH, SOFTMAX_FOLLOWERS)};
  model.weights = weights_new(&model.shape);
  Rows rows = score(&model, records, 7, false, 1);
  for (int i = 0; i < 7; i++) {
    assert_int_equal(rows.rows[i].tokens, tokens[i]);
    assert_int_equal(rows.rows[i].last, last[i]);
  }
  free(rows.rows);
  weights_free(model.weights);
}

/* A circle gives the results of its record followed by its first k bases, or those before a
 * break. */
static void a_circle_is_read_across_its_end(void **state) {
  (void)state;
  enum { K = 3 };
  static const char *const ends[] = {"", "N"}, *const begins[] = {"", "ACNG", "N"};
  for (int s = 1; s <= K; s++) {
    Model model = {.shape = shape_new(K, s, 5, D, ACTIVATION_SIGMOID, SOFTMAX_FOLLOWERS)};
    model.weights = weights_new(&model.shape);
    weights_init(model.weights, &model.shape, 1);
    /* the end of the record moves around the end of a stretch */
    for (int n = 1; n < STEPS_STRETCH + 2; n++) {
      if (n == 13) n = STEPS_STRETCH - 1;
      for (int form = 0; form < 6; form++) {
        char *middle = random_record(n), *circle = calloc((size_t)n + 16, 1), *line;
        for (int i = 0; i < n; i++) middle[i] = middle[i] == 'N' ? 'A' : middle[i];
        sprintf(circle, "%s%s%s", begins[form % 3], middle, ends[form / 3]);
        line = calloc((size_t)n + 32, 1);
        const int turns[] = {n < K ? n : K, 2, 0};
        const int turn = form / 3 > 0 ? 0 : turns[form % 3];
        sprintf(line, "%s%.*s", circle, turn, circle);
        Rows a = score(&model, &circle, 1, true, 1), b = score(&model, &line, 1, false, 1);
        assert_memory_equal(a.rows, b.rows, sizeof(Row));
        assert_int_equal(a.circular, 1);
        assert_int_equal(b.circular, 0);
        if (form == 0 && n >= K) assert_int_equal(a.rows->tokens, n / s);
        free(a.rows);
        free(b.rows);
        free(middle);
        free(circle);
        free(line);
      }
    }
    weights_free(model.weights);
  }
}

/* A network that forgets gives, over two seams, the results of the equations for the whole
 * record. */
static void pieces_give_the_results_of_the_whole_record(void **state) {
  (void)state;
  enum { N = 2 * STEPS_STRETCH + 3000, K = 2 };
  srand(5);
  char *record = random_record(N);
  for (int i = 0; i < N; i++) record[i] = record[i] == 'N' ? 'A' : record[i];
  for (Activation phi = ACTIVATION_SIGMOID; phi <= ACTIVATION_TANH; phi++) {
    Model model = {.shape = shape_new(K, 1, 5, D, phi, SOFTMAX_FOLLOWERS)};
    Weights *w = model.weights = weights_new(&model.shape);
    weights_init(w, &model.shape, 1);
    for (int i = 0; i < D * D; i++) w->H[i] *= 0.9f;
    Reference *reference = reference_new(K, 1, 5, D, (int)phi, 0);
    reference_set(reference, w->L, w->U, w->b2);
    int *x = calloc(N, sizeof *x), *y = calloc(N, sizeof *y);
    bool *restart = calloc(N, 1);
    for (int i = 0; i < N - 1; i++)
      x[i] = kmer_base((unsigned char)record[i]) * 4 + kmer_base((unsigned char)record[i + 1]);
    for (int i = 0; i < N - 1; i++) y[i] = i < N - 2 ? x[i + 1] : -1;
    restart[0] = 1;
    double h0[D] = {0}, hT[D];
    ReferenceWindow window = {N - 1, 1, x, y, restart, h0};
    const double right = reference_run(reference, &window, hT, NULL);
    Rows rows = score(&model, &record, 1, false, 2);
    assert_int_equal(rows.rows->tokens, N - 2);
    assert_true(fabs(rows.rows->nats / right - 1) < 1e-7);
    assert_true(fabs(rows.sum / right - 1) < 1e-7);
    for (int i = 0; i < D; i++) assert_true(fabs((double)rows.rows->h[i] - hT[i]) < 1e-5);
    free(rows.rows);
    free(x);
    free(y);
    free(restart);
    weights_free(w);
    reference_free(reference);
  }
  free(record);
}

/* A unit that an A switches on forever: a warm-up does not show this, only the previous stretch. */
static void states_cross_every_cut_of_a_record(void **state) {
  (void)state;
  enum { N = 3 * STEPS_STRETCH };
  Model model = {.shape = shape_new(1, 1, 1, 1, ACTIVATION_SIGMOID, SOFTMAX_FULL)};
  Weights *w = model.weights = weights_new(&model.shape);
  w->L[0] = 1;
  *w->I = 30;
  *w->H = 20;
  *w->b1 = -10;
  w->U[1] = 2;
  char *record = calloc(N + 1, 1);
  memset(record, 'C', N);
  Rows off = score(&model, &record, 1, false, 2);
  record[0] = 'A';
  Rows on = score(&model, &record, 1, false, 2);
  assert_true(fabs(off.rows->nats / (N - 1) - log(4)) < 1e-3);
  assert_true(fabs(on.rows->nats / (N - 1) - log(1 + 3 * exp(-2))) < 1e-3);
  assert_true(fabsf(on.rows->h[0] - 1) < 1e-3f && off.rows->h[0] < 1e-3f);
  /* a last stretch that has no steps of its own */
  memset(record + STEPS_STRETCH - 1, 'N', 3);
  record[STEPS_STRETCH + 2] = 0;
  Rows cut = score(&model, &record, 1, false, 1);
  assert_true(fabsf(cut.rows->h[0] - 1) < 1e-3f);
  free(cut.rows);
  free(off.rows);
  free(on.rows);
  free(record);
  weights_free(w);
}

static void keep_state(const void *context, void *kept, const float *h) {
  (void)context;
  memcpy(kept, h, sizeof *h);
}

typedef struct {
  int n;
  float least, most;
} Extremes;

static int take_states(void *context, const Prediction *prediction, Why *why) {
  Extremes *extremes = context;
  const float *h = prediction->kept;
  const int n = prediction->stretch->n - prediction->stretch->warmup;
  (void)why;
  for (int i = 0; i < n; i++) {
    extremes->least = fminf(extremes->least, h[i]);
    extremes->most = fmaxf(extremes->most, h[i]);
  }
  extremes->n += n;
  assert_true(n == 0 || h[n - 1] == *prediction->h);
  return 0;
}

/* The unit of the test before: its state after each step, also of stretches computed again. */
static void the_state_of_each_step_crosses_every_cut(void **state) {
  (void)state;
  enum { N = 3 * STEPS_STRETCH };
  Model model = {.shape = shape_new(1, 1, 1, 1, ACTIVATION_SIGMOID, SOFTMAX_FULL)};
  Weights *w = model.weights = weights_new(&model.shape);
  w->L[0] = 1;
  *w->I = 30;
  *w->H = 20;
  *w->b1 = -10;
  char *record = calloc(N + 1, 1);
  memset(record, 'C', N);
  const PredictWish wish = {
      .each_step = true, .kept = sizeof(float), .of_state = true, .distil = keep_state};
  for (int on = 0; on < 2; on++) {
    Extremes extremes = {0, 1, 0};
    SeqNotes notes;
    Why why;
    if (on) record[0] = 'A';
    char *path = write_records(&record, 1);
    Predictor *predictor = predict_new(&model, 1, wish, 2, kernels_best());
    assert_int_equal(predict_file(predictor, path, take_states, &extremes, &notes, &why), 0);
    assert_int_equal(extremes.n, N);
    assert_true(on ? extremes.least > 0.999f : extremes.most < 0.001f);
    predict_free(predictor);
    free(path);
  }
  free(record);
  weights_free(w);
}

static int take_nothing(void *context, const Prediction *prediction, Why *why) {
  (void)context;
  (void)prediction;
  (void)why;
  return 0;
}

/* A span gives the results of a record of its segments with an N between them. */
static void a_span_is_read_as_one_record(void **state) {
  (void)state;
  enum { FIRST = STEPS_STRETCH + 700, SECOND = 5, THIRD = 900, FROM = 40, TO = THIRD - 11 };
  char *records[3], *line = calloc(FIRST + SECOND + THIRD + 3, 1);
  const int lengths[3] = {FIRST, SECOND, THIRD};
  for (int i = 0; i < 3; i++) {
    records[i] = random_record(lengths[i]);
    for (int j = 0; j < lengths[i]; j++) records[i][j] = records[i][j] == 'N' ? 'C' : records[i][j];
  }
  char *path = write_records(records, 3);
  sprintf(line, "%sN%sN%.*s", records[0] + FROM, records[1], TO, records[2]);
  Corpus *corpus = corpus_new();
  SeqCounts counts;
  SeqNotes notes;
  Why why;
  assert_int_equal(corpus_read(corpus, path, &(Reading){0}, &counts, &why), 0);
  Span span = {.corpus = corpus};
  span_add(&span, FROM, FIRST + SECOND);
  span_add(&span, FIRST + SECOND, FIRST + SECOND + TO);
  Model model = {.shape = shape_new(3, 1, 5, D, ACTIVATION_SIGMOID, SOFTMAX_FOLLOWERS)};
  model.weights = weights_new(&model.shape);
  weights_init(model.weights, &model.shape, 1);
  Rows whole = score(&model, &line, 1, false, 2), rows = {calloc(1, sizeof(Row)), 0, 0, D, 0};
  Predictor *predictor = predict_new(&model, 1, (PredictWish){.with_loss = true, .each_step = true},
                                     2, kernels_best());
  assert_int_equal(predict_file(predictor, path, take_nothing, NULL, &notes, &why), 0);
  for (int times = 0; times < 2; times++) {
    rows.n = 0;
    assert_int_equal(predict_span(predictor, &span, take, &rows, &why), 0);
    assert_int_equal(rows.n, 1);
    assert_memory_equal(rows.rows, whole.rows, sizeof(Row));
  }
  predict_free(predictor);
  weights_free(model.weights);
  span_free(&span);
  corpus_free(corpus);
  free(whole.rows);
  free(rows.rows);
  for (int i = 0; i < 3; i++) free(records[i]);
  free(line);
  free(path);
}

static int take_nats(void *context, const Prediction *prediction, Why *why) {
  (void)why;
  memcpy(context, prediction->nats, 2 * sizeof(double));
  return 0;
}

/* Two networks, of which only the second remembers: each has the same nats as alone. */
static void networks_are_independent(void **state) {
  (void)state;
  enum { N = 2 * STEPS_STRETCH };
  Model models[2] = {{.shape = shape_new(1, 1, 3, 20, ACTIVATION_TANH, SOFTMAX_FOLLOWERS)},
                     {.shape = shape_new(1, 1, 1, 1, ACTIVATION_SIGMOID, SOFTMAX_FULL)}};
  Weights *w;
  char *record = calloc(N + 1, 1);
  double nats[2];
  Why why;
  SeqNotes notes;
  for (int i = 0; i < 2; i++) models[i].weights = weights_new(&models[i].shape);
  weights_init(models[0].weights, &models[0].shape, 1);
  w = models[1].weights;
  w->L[0] = 1;
  *w->I = 30;
  *w->H = 20;
  *w->b1 = -10;
  w->U[1] = 2;
  memset(record, 'C', N);
  record[0] = 'A';
  char *path = write_records(&record, 1);
  for (int threads = 1; threads <= 3; threads++) {
    Predictor *predictor =
        predict_new(models, 2, (PredictWish){.with_loss = true}, threads, kernels_best());
    assert_int_equal(predict_file(predictor, path, take_nats, nats, &notes, &why), 0);
    predict_free(predictor);
    for (int i = 0; i < 2; i++) {
      Rows alone = score(&models[i], &record, 1, false, 1);
      assert_true(alone.rows->nats == nats[i]);
      free(alone.rows);
    }
  }
  free(path);
  free(record);
  weights_free(models[0].weights);
  weights_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_circle_is_read_across_its_end),
                                     cmocka_unit_test(results_do_not_depend_on_other_records),
                                     cmocka_unit_test(tokens_are_pairs_of_k_mers_without_a_break),
                                     cmocka_unit_test(pieces_give_the_results_of_the_whole_record),
                                     cmocka_unit_test(a_span_is_read_as_one_record),
                                     cmocka_unit_test(states_cross_every_cut_of_a_record),
                                     cmocka_unit_test(the_state_of_each_step_crosses_every_cut),
                                     cmocka_unit_test(networks_are_independent)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
