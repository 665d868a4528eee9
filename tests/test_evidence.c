/* The promises of rnnpredict for models with a memory. */
#include "scoring/predict.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { GENOME = 60000, K = 3, D = 8, ROWS = 400, LENGTH_MAX = 4 * STEPS_STRETCH };

/* A row for each record, and the costs in bits of the bases of the last record. */
typedef struct {
  double nats[ROWS][2];
  uint64_t tokens[ROWS];
  int n, found, nets;
  float bits[LENGTH_MAX]; /* by position, from 0 */
} Rows;

static Rows rows, others;
static char genome[GENOME + 1];
static Model model;

static int take(void *context, const Prediction *prediction, Why *why) {
  Rows *to = context;
  (void)why;
  const Stretch *stretch = prediction->stretch;
  if (stretch->first) memset(to->bits, 0, sizeof to->bits);
  for (int i = stretch->warmup; i < stretch->n && prediction->J; i++)
    if (stretch->y[i] >= 0) to->bits[stretch->position[i] - 1] = prediction->J[i] * 1.442695f;
  if (!stretch->ended) return 0;
  to->tokens[to->n] = prediction->tokens;
  for (int i = 0; i < to->nets; i++) to->nats[to->n][i] = prediction->nats[i];
  to->n++;
  to->found += prediction->found;
  return 0;
}

static void random_bases(char *to, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = "ACGT"[rand() % 4];
}

/* Replaces each base by another with this probability, in percent. */
static void mutate(char *bases, size_t n, int percent) {
  for (size_t i = 0; i < n; i++)
    if (rand() % 100 < percent) bases[i] = "ACGT"[rand() % 4];
}

static void reverse_complement(char *bases, size_t n) {
  static const char from[] = "ACGT", to[] = "TGCA";
  for (size_t i = 0; i < n / 2; i++) {
    const char kept = bases[i];
    bases[i] = bases[n - 1 - i];
    bases[n - 1 - i] = kept;
  }
  for (size_t i = 0; i < n; i++) bases[i] = to[strchr(from, bases[i]) - from];
}

/* A model with a random network and a memory of these records, with these names. */
static Model new_model(const char *const *names, char *const *records, int n, Softmax softmax,
                       int s) {
  Model made = {.shape = shape_new(K, s, 2, D, ACTIVATION_SIGMOID, softmax)};
  char *path = scratch_path("memory.fa");
  FILE *out = fopen(path, "w");
  for (int i = 0; i < n; i++) fprintf(out, ">%s\n%s\n", names[i], records[i]);
  fclose(out);
  made.weights = weights_new(&made.shape);
  weights_init(made.weights, &made.shape, 1);
  Corpus *corpus = corpus_new();
  Records *kept = records_new();
  SeqCounts counts;
  Why why;
  assert_int_equal(corpus_read(corpus, path, &(Reading){.records = kept}, &counts, &why), 0);
  Span span = {.corpus = corpus};
  span_add(&span, 0, corpus->bases);
  records_sort(kept);
  made.memory = memory_new(kept, 11, 1, true);
  memory_copy(made.memory, &span);
  memory_index(made.memory, &(Watch){0});
  RecallSquares squares;
  recall_init(&made.recall, &squares);
  for (int c = 1; c < RECALL_CLASSES; c++) made.recall.w[c] = 1;
  span_free(&span);
  corpus_free(corpus);
  free(path);
  return made;
}

static void free_model(Model *made) {
  weights_free(made->weights);
  memory_free(made->memory);
}

static int make_genome(void **state) {
  (void)state;
  static const char *const names[] = {"genome"};
  char *records[] = {genome};
  srand(21);
  random_bases(genome, GENOME);
  model = new_model(names, records, 1, SOFTMAX_FOLLOWERS, 1);
  return 0;
}

static int free_genome(void **state) {
  (void)state;
  free_model(&model);
  return 0;
}

/* Scores records, with these names or named r0, r1 ..., and this use of the memories. */
static void score(Rows *to, const Model *models, int n_models, const char *const *names,
                  char *const *records, int n, PredictWish wish, int threads) {
  char *path = scratch_path("records.fa");
  FILE *out = fopen(path, "w");
  for (int i = 0; i < n; i++)
    if (names)
      fprintf(out, ">%s\n%s\n", names[i], records[i]);
    else
      fprintf(out, ">r%d\n%s\n", i, records[i]);
  fclose(out);
  memset(to, 0, sizeof *to);
  to->nets = n_models;
  wish.with_loss = true;
  wish.each_step = true;
  Predictor *predictor = predict_new(models, n_models, wish, threads, kernels_best());
  SeqNotes notes;
  Why why;
  assert_int_equal(predict_file(predictor, path, take, to, &notes, &why), 0);
  predict_free(predictor);
  free(path);
}

static double bits_of(const Rows *of, int row) {
  return of->nats[row][0] / (double)of->tokens[row] * 1.442695;
}

static double mean_bits(const Rows *of, int from, int to) {
  double sum = 0;
  for (int i = from; i < to; i++) sum += (double)of->bits[i];
  return sum / (to - from);
}

/* ---- independence --------------------------------------------------------------------------- */

/* A piece of the genome, on either strand, with errors; some are longer than a stretch. */
static char *new_read(int i) {
  const size_t n = i % 50 == 7 ? STEPS_STRETCH + 900 : (size_t)(rand() % 300);
  char *read = calloc(n + 1, 1);
  memcpy(read, genome + (size_t)rand() % (GENOME - n), n);
  mutate(read, n, i % 4 * 5);
  if (i % 2) reverse_complement(read, n);
  if (i % 7 == 0 && n > 20) read[n / 2] = 'N';
  return read;
}

static void results_do_not_depend_on_other_records(void **state) {
  (void)state;
  char *reads[ROWS / 2], *reversed[ROWS / 2];
  enum { N = ROWS / 2 };
  for (int i = 0; i < N; i++) reads[i] = reversed[N - 1 - i] = new_read(i);
  for (EvidenceUse use = EVIDENCE_MODEL; use <= EVIDENCE_RECORD; use++) {
    const PredictWish wish = {.memory = use};
    score(&rows, &model, 1, NULL, reads, N, wish, 1);
    score(&others, &model, 1, NULL, reversed, N, wish, 3);
    for (int i = 0; i < N; i++) assert_true(rows.nats[i][0] == others.nats[N - 1 - i][0]);
    for (int i = 7; i < N; i += 10) {
      score(&others, &model, 1, NULL, &reads[i], 1, wish, 2);
      assert_true(rows.nats[i][0] == others.nats[0][0]);
    }
  }
  for (int i = 0; i < N; i++) free(reads[i]);
}

static void keep_nothing(const void *context, void *kept, const float *yhat) {
  (void)context;
  (void)kept;
  (void)yhat;
}

/* Tests cuts between stretches, and between batches: with this many bytes per step, a batch has
 * room for one stretch. */
static void pointers_continue_across_the_pieces_of_a_record(void **state) {
  (void)state;
  enum { N = 3 * STEPS_STRETCH, SHARED = 600, COPY = 2 * STEPS_STRETCH - SHARED / 2 };
  char *record = calloc(N + 1, 1);
  random_bases(record, N);
  memcpy(record + COPY, genome + 777, SHARED);
  for (int reversed = 0; reversed < 2; reversed++) {
    if (reversed) reverse_complement(record + COPY, SHARED);
    for (int threads = 1; threads < 3; threads++) {
      PredictWish wish = {.memory = EVIDENCE_MODEL, .distil = keep_nothing};
      score(&others, &model, 1, NULL, &record, 1, wish, 1);
      wish.kept = 4096;
      score(&rows, &model, 1, NULL, &record, 1, wish, threads);
      assert_true(rows.nats[0][0] == others.nats[0][0]);
      assert_true(mean_bits(&rows, COPY - SHARED, COPY) > 1.9);
      assert_true(mean_bits(&rows, COPY + 20, COPY + SHARED) < 0.3);
      for (int i = COPY + 100; i < COPY + SHARED; i++) assert_true(rows.bits[i] < 1);
    }
  }
  /* the repeat is in the record itself, before its first cut */
  memcpy(record + COPY, record + 1000, SHARED);
  score(&rows, &model, 1, NULL, &record, 1, (PredictWish){.memory = EVIDENCE_MODEL}, 2);
  assert_true(mean_bits(&rows, COPY + 20, COPY + SHARED) > 1.9);
  score(&rows, &model, 1, NULL, &record, 1, (PredictWish){.memory = EVIDENCE_RECORD}, 2);
  assert_true(mean_bits(&rows, COPY + 20, COPY + SHARED) < 0.3);
  for (int i = COPY + 100; i < COPY + SHARED; i++) assert_true(rows.bits[i] < 1);
  free(record);
}

static void the_memory_of_a_record_excludes_other_records(void **state) {
  (void)state;
  enum { N = 2000 };
  char *record = calloc(N + 1, 1), *twice = calloc(2 * N + 1, 1);
  random_bases(record, N);
  sprintf(twice, "%s%s", record, record);
  char *records[] = {record, record, twice, record};
  score(&rows, &model, 1, NULL, records, 4, (PredictWish){.memory = EVIDENCE_RECORD}, 2);
  assert_true(rows.nats[0][0] == rows.nats[1][0]);
  assert_true(rows.nats[0][0] == rows.nats[3][0]);
  assert_true(bits_of(&rows, 0) > 1.99);
  assert_true(bits_of(&rows, 2) < 1.2);
  free(record);
  free(twice);
}

static void memories_are_independent(void **state) {
  (void)state;
  enum { N = 30000 };
  static const char *const names[] = {"other"};
  char *other = calloc(N + 1, 1), *read = calloc(N + 1, 1);
  random_bases(other, N);
  memcpy(read, genome, N);
  Model both[2] = {new_model(names, &other, 1, SOFTMAX_FOLLOWERS, 1), model};
  const PredictWish wish = {.memory = EVIDENCE_MODEL};
  char *records[] = {other, read};
  score(&rows, both, 2, NULL, records, 2, wish, 3);
  for (int i = 0; i < 2; i++) {
    score(&others, &both[i], 1, NULL, records, 2, wish, 1);
    for (int r = 0; r < 2; r++) assert_true(rows.nats[r][i] == others.nats[r][0]);
  }
  assert_true(rows.nats[0][0] < rows.nats[0][1] / 2);
  assert_true(rows.nats[1][1] < rows.nats[1][0] / 2);
  /* and a network without a memory gives the same results as alone */
  memory_free(both[0].memory);
  both[0].memory = NULL;
  score(&rows, both, 2, NULL, records, 2, wish, 2);
  score(&others, &both[0], 1, NULL, records, 2, (PredictWish){.memory = EVIDENCE_OFF}, 1);
  for (int r = 0; r < 2; r++) assert_true(rows.nats[r][0] == others.nats[r][0]);
  weights_free(both[0].weights);
  free(other);
  free(read);
}

/* ---- uses ------------------------------------------------------------------------------------ */

/* A sequence in the memory is predicted from its own copy, unless that is ignored. */
static void its_own_copy_is_ignored(void **state) {
  (void)state;
  static const char *const own[] = {"genome"}, *const other[] = {"else"};
  char *record = genome;
  for (int strands = 0; strands < 2; strands++) {
    PredictWish wish = {.memory = EVIDENCE_MODEL, .reading = {.both_strands = strands}};
    score(&rows, &model, 1, own, &record, 1, wish, 2);
    assert_int_equal(rows.found, 1 + strands);
    for (int i = 0; i <= strands; i++) assert_true(bits_of(&rows, i) < 0.2);
    wish.memory = EVIDENCE_OTHERS;
    score(&rows, &model, 1, own, &record, 1, wish, 2);
    for (int i = 0; i <= strands; i++) assert_true(bits_of(&rows, i) > 1.99);
    score(&rows, &model, 1, other, &record, 1, wish, 2);
    assert_int_equal(rows.found, 0);
    for (int i = 0; i <= strands; i++) assert_true(bits_of(&rows, i) < 0.2);
  }
}

/* A record with the same name but other bases uses the memory as any record does. */
static void a_record_of_the_same_name_is_another_record(void **state) {
  (void)state;
  static const char *const own[] = {"genome"};
  enum { N = 20000, HALF = N / 2 };
  char *record = calloc(N + 1, 1);
  memcpy(record, genome + 500, N);
  const PredictWish wish = {.memory = EVIDENCE_OTHERS};
  score(&rows, &model, 1, own, &record, 1, wish, 1);
  assert_int_equal(rows.found, 0);
  assert_true(bits_of(&rows, 0) < 0.2);
  /* a base is missing: from there on positions differ, and the copy is used */
  memcpy(record, genome, HALF);
  memcpy(record + HALF, genome + HALF + 200, HALF);
  score(&rows, &model, 1, own, &record, 1, wish, 1);
  assert_int_equal(rows.found, 1);
  assert_true(mean_bits(&rows, K, HALF) > 1.99);
  assert_true(mean_bits(&rows, HALF + 100, N) < 0.2);
  /* some substitutions do not make it another */
  memcpy(record, genome, N);
  mutate(record, N, 10);
  score(&rows, &model, 1, own, &record, 1, wish, 1);
  assert_true(bits_of(&rows, 0) > 1.95);
  free(record);
}

/* Both reads of a pair have the same name; each ignores its own copy. */
static void records_of_one_name_are_distinguished(void **state) {
  (void)state;
  static const char *const pair[] = {"read", "read"};
  char first[401] = "", second[401] = "", *reads[] = {first, second};
  random_bases(first, 400);
  random_bases(second, 400);
  Model made = new_model(pair, reads, 2, SOFTMAX_FOLLOWERS, 1);
  score(&rows, &made, 1, pair, reads, 2, (PredictWish){.memory = EVIDENCE_OTHERS}, 1);
  for (int i = 0; i < 2; i++) assert_true(bits_of(&rows, i) > 1.9);
  assert_int_equal(rows.found, 2);
  free_model(&made);
}

/* Many short reads with one name, two of them similar; on either strand. */
static void each_of_many_records_of_one_name_finds_its_own_copy(void **state) {
  (void)state;
  enum { N = ROWS / 2, LENGTH = 150 };
  static char bases[N][LENGTH + 1];
  const char *names[N];
  char *reads[N];
  for (int i = 0; i < N; i++) {
    names[i] = "read";
    reads[i] = bases[i];
    random_bases(bases[i], LENGTH);
  }
  memcpy(bases[1], bases[0], LENGTH);
  mutate(bases[1], LENGTH, 5);
  Model made = new_model(names, reads, N, SOFTMAX_FOLLOWERS, 1);
  for (int strands = 0; strands < 2; strands++) {
    PredictWish wish = {.memory = EVIDENCE_OTHERS, .reading = {.both_strands = strands}};
    score(&rows, &made, 1, names, reads, N, wish, 1);
    assert_int_equal(rows.found, rows.n);
    for (int i = 2 * (1 + strands); i < rows.n; i++) assert_true(bits_of(&rows, i) > 1.9);
    score(&others, &made, 1, names, reads, N, (PredictWish){.memory = EVIDENCE_MODEL}, 1);
    assert_int_equal(others.found, N);
  }
  free_model(&made);
}

/* With any stride and both softmaxes. */
static void networks_of_all_shapes_recall(void **state) {
  (void)state;
  static const char *const own[] = {"genome"};
  char *record = genome;
  for (int form = 0; form < 2 * K; form++) {
    const int s = form / 2 + 1;
    Model made = new_model(own, &record, 1, (Softmax)(form % 2), s);
    double bits[EVIDENCE_RECORD + 1];
    for (EvidenceUse use = EVIDENCE_OFF; use <= EVIDENCE_RECORD; use++) {
      score(&rows, &made, 1, own, &record, 1, (PredictWish){.memory = use}, 1);
      bits[use] = bits_of(&rows, 0);
    }
    assert_true(bits[EVIDENCE_MODEL] < bits[EVIDENCE_OFF] / 3);
    assert_true(bits[EVIDENCE_RECORD] < bits[EVIDENCE_OFF] / 3);
    assert_true(bits[EVIDENCE_OTHERS] > bits[EVIDENCE_OFF] * 0.98);
    free_model(&made);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(results_do_not_depend_on_other_records),
      cmocka_unit_test(pointers_continue_across_the_pieces_of_a_record),
      cmocka_unit_test(the_memory_of_a_record_excludes_other_records),
      cmocka_unit_test(memories_are_independent),
      cmocka_unit_test(its_own_copy_is_ignored),
      cmocka_unit_test(a_record_of_the_same_name_is_another_record),
      cmocka_unit_test(records_of_one_name_are_distinguished),
      cmocka_unit_test(each_of_many_records_of_one_name_finds_its_own_copy),
      cmocka_unit_test(networks_of_all_shapes_recall)};
  return cmocka_run_group_tests(tests, make_genome, free_genome);
}
