/* The losses of alleles equal those of records into which the alleles are edited. */
#include "scoring/alleles.h"
#include "scoring/predict.h"
#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { D = 24, K = 3, WINDOW = 37, ALLELES = 200, LONG = 3 * ALLELES_TILE, ROOM = LONG + 100 };

static Model new_model(int s, Softmax softmax, Activation activation) {
  Model model = {.shape = shape_new(K, s, 5, D, activation, softmax)};
  model.weights = weights_new(&model.shape);
  weights_init(model.weights, &model.shape, 1);
  return model;
}

static int take(void *context, const Prediction *prediction, Why *why) {
  double **next = context;
  (void)why;
  if (prediction->stretch->ended) *(*next)++ = *prediction->nats;
  return 0;
}

/* Sets nats (n) to the losses of records by mode score. */
static void score(double *nats, const Model *model, char *const *records, int n) {
  char *path = scratch_path("records.fa");
  FILE *out = fopen(path, "w");
  for (int i = 0; i < n; i++) fprintf(out, ">r%d\n%s\n", i, records[i]);
  fclose(out);
  SeqNotes notes;
  Why why;
  Predictor *predictor = predict_new(model, 1, (PredictWish){.with_loss = true}, 2, kernels_best());
  assert_int_equal(predict_file(predictor, path, take, &nats, &notes, &why), 0);
  predict_free(predictor);
  free(path);
}

static Genome read_genome(const char *text) {
  char *path = scratch_path("genome.fa");
  FILE *out = fopen(path, "w");
  fputs(text, out);
  fclose(out);
  Genome genome = genome_new();
  SeqNotes notes;
  Why why;
  assert_int_equal(genome_read(&genome, path, &notes, &why), 0);
  genome_end(&genome);
  free(path);
  return genome;
}

static char *random_bases(int n) {
  char *bases = calloc((size_t)n + 1, 1);
  for (int i = 0; i < n; i++) bases[i] = "ACGT"[rand() % 4];
  return bases;
}

static char *reverse_complement(const char *bases) {
  const size_t n = strlen(bases);
  char *other = calloc(n + 1, 1);
  for (size_t i = 0; i < n; i++) other[i] = "TGCA"[strchr("ACGT", bases[n - 1 - i]) - "ACGT"];
  return other;
}

/* Makes two records whose losses differ by the loss of the allele: up to the end of its window, and
 * up to its first token. The first K + s i bases have i tokens. */
static void edit(char *records[2], const Model *model, const char *segment, const Allele *allele) {
  const size_t s = (size_t)model->shape.s, length = strlen(segment);
  char *edited = calloc(length + allele->n + 1, 1);
  memcpy(edited, segment, allele->at);
  for (uint32_t i = 0; i < allele->n; i++) edited[allele->at + i] = "ACGT"[allele->bases[i]];
  strcpy(edited + allele->at + allele->n, segment + allele->at + allele->replaced);
  records[0] = allele->reversed ? reverse_complement(edited) : strdup(edited);
  const size_t whole = strlen(edited);
  const size_t at = allele->reversed ? length - allele->at - allele->replaced : (size_t)allele->at;
  size_t end = K, before = K;
  while (end < at + allele->n + WINDOW && end + s <= whole) end += s;
  while (before + s <= at) before += s;
  assert_int_equal(allele->tokens > 0, at >= K && end >= at + allele->n);
  if (allele->tokens > 0) assert_int_equal(allele->tokens, (end - before) / s);
  records[0][end < whole ? end : whole] = 0;
  records[1] = strdup(records[0]);
  if (before < strlen(records[1])) records[1][before] = 0;
  free(edited);
}

/* Makes alleles of many places and lengths, some at the ends of the segment. */
static void make_alleles(Allele *alleles, uint8_t *bases, const RecordSegment *segment) {
  for (int i = 0; i < ALLELES; i++) {
    const uint64_t most = segment->length;
    uint64_t at = (uint64_t)rand() % most, replaced = 1 + (uint64_t)rand() % 6;
    if (i % 10 == 0) at = (uint64_t)rand() % 8;
    if (i % 10 == 1) at = most - 1 - (uint64_t)rand() % 8;
    if (i % 10 == 2) replaced = 150;
    if (replaced > most - at) replaced = most - at;
    alleles[i] = (Allele){.segment = segment,
                          .at = at,
                          .replaced = replaced,
                          .bases = bases + rand() % 50,
                          .n = i % 10 == 3 ? 100 : 1 + (uint32_t)rand() % 4,
                          .reversed = i % 2 == 1};
  }
}

static void check_alleles(const Model *model, int length, double tolerance) {
  char *first = random_bases(40), *segment = random_bases(length), *text;
  uint8_t bases[200];
  Allele alleles[ALLELES];
  char *records[2 * ALLELES];
  double nats[2 * ALLELES];
  int computed = 0;
  assert_true(asprintf(&text, ">a\n%s\n>b extra\nNN%snn%s\n", first, first, segment) > 0);
  Genome genome = read_genome(text);
  for (int i = 0; i < 200; i++) bases[i] = (uint8_t)(rand() % 4);
  make_alleles(alleles, bases, &genome.records->segment[2]);
  Alleles *engine = alleles_new(model, WINDOW, 3, kernels_best());
  alleles_run(engine, genome.corpus, alleles, ALLELES);
  for (int i = 0; i < ALLELES; i++) edit(&records[2 * i], model, segment, &alleles[i]);
  score(nats, model, records, 2 * ALLELES);
  for (int i = 0; i < ALLELES; i++) {
    const double loss = alleles[i].tokens > 0 ? nats[2 * i] - nats[2 * i + 1] : 0;
    assert_true(fabs(alleles[i].nats - loss) < tolerance);
    computed += alleles[i].tokens > 0;
    free(records[2 * i]);
    free(records[2 * i + 1]);
  }
  assert_true(computed > ALLELES / 2);
  alleles_free(engine);
  genome_free(&genome);
  free(first);
  free(segment);
  free(text);
}

/* In the first tile the chain begins with the record. */
static void losses_are_those_of_edited_records(void **state) {
  (void)state;
  srand(1);
  for (int s = 1; s <= K; s++) {
    Model model = new_model(s, SOFTMAX_FOLLOWERS, ACTIVATION_SIGMOID);
    check_alleles(&model, ALLELES_TILE, 1e-9);
    weights_free(model.weights);
  }
  Model model = new_model(1, SOFTMAX_FULL, ACTIVATION_TANH);
  check_alleles(&model, ALLELES_TILE, 1e-9);
  weights_free(model.weights);
}

static void losses_with_a_warm_up_are_those_of_edited_records(void **state) {
  (void)state;
  srand(2);
  Model model = new_model(1, SOFTMAX_FOLLOWERS, ACTIVATION_SIGMOID);
  check_alleles(&model, LONG, 1e-5);
  weights_free(model.weights);
}

/* The same bits, alone or in company, with one thread or three. */
static void losses_do_not_depend_on_other_alleles(void **state) {
  (void)state;
  srand(3);
  char *segment = random_bases(LONG), *text;
  uint8_t bases[200];
  Allele all[ALLELES], alone[ALLELES];
  Model model = new_model(1, SOFTMAX_FOLLOWERS, ACTIVATION_SIGMOID);
  assert_true(asprintf(&text, ">a\n%s\n", segment) > 0);
  Genome genome = read_genome(text);
  for (int i = 0; i < 200; i++) bases[i] = (uint8_t)(rand() % 4);
  make_alleles(all, bases, genome.records->segment);
  memcpy(alone, all, sizeof all);
  Alleles *three = alleles_new(&model, WINDOW, 3, kernels_best());
  Alleles *one = alleles_new(&model, WINDOW, 1, kernels_best());
  alleles_run(three, genome.corpus, all, ALLELES);
  for (int i = ALLELES - 1; i >= 0; i--) {
    alleles_run(one, genome.corpus, &alone[i], 1);
    assert_int_equal(alone[i].tokens, all[i].tokens);
    assert_memory_equal(&alone[i].nats, &all[i].nats, sizeof all[i].nats);
  }
  alleles_free(one);
  alleles_free(three);
  genome_free(&genome);
  weights_free(model.weights);
  free(segment);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(losses_are_those_of_edited_records),
      cmocka_unit_test(losses_with_a_warm_up_are_those_of_edited_records),
      cmocka_unit_test(losses_do_not_depend_on_other_alleles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
