/* Calibration leaves out the copy being read, and counts the guesses of the rest. */
#include "memory/calibrate.h"

#include "base/clock.h"
#include "base/parallel.h"

#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { BASES = 30000, UNIT = 500, GAP = 6000 };

static char text[BASES + 1];

static void write_random(void) {
  Rng rng = rng_new(7, 0);
  for (int i = 0; i < BASES; i++) text[i] = "ACGT"[rng_next(&rng) % 4];
}

/* Writes copies: every other unit is a copy of the first one, with one base in ten drawn again. */
static void write_copies(void) {
  write_random();
  Rng rng = rng_new(8, 0);
  for (int i = 2 * UNIT; i < BASES; i++)
    if (i / UNIT % 2 == 0 && rng_next(&rng) % 10 > 0) text[i] = text[i % UNIT];
}

typedef struct {
  Corpus *corpus;
  Shape shape;
  Calibration calibration;
} Setting;

/* Makes a network with random weights and stride s, and a memory of the text without GAP bases in
 * the middle, which end a segment. */
static Setting *setting_new(int s) {
  const uint64_t gap_begin = (BASES - GAP) / 2, gap_end = gap_begin + GAP, bases = BASES - 1;
  text[BASES / 2] = 'N';
  Setting *setting = calloc(1, sizeof *setting);
  Calibration *c = &setting->calibration;
  setting->corpus = scratch_corpus(text);
  setting->shape = shape_new(3, s, 4, 4, ACTIVATION_SIGMOID, SOFTMAX_FOLLOWERS);
  Weights *weights = weights_new(&setting->shape);
  weights_init(weights, &setting->shape, 1);
  Records *records = records_new();
  records_segment(records, 0, gap_begin);
  records_segment(records, gap_end, bases - gap_end);
  records_end(records, "r", 1, BASES, false);
  *c = (Calibration){.shape = &setting->shape,
                     .weights = weights,
                     .span = {.corpus = setting->corpus},
                     .strands = STRANDS_BOTH,
                     .threads = 1,
                     .kernels = kernels_best()};
  span_add(&c->span, 0, gap_begin);
  span_add(&c->span, gap_end, bases);
  Memory *memory = memory_new(records, 11, 1, true);
  memory_copy(memory, &c->span);
  assert_int_equal(memory_index(memory, &(Watch){0}), 0);
  c->memory = memory;
  return setting;
}

static void setting_free(Setting *setting) {
  Calibration *c = &setting->calibration;
  weights_free((Weights *)(uintptr_t)c->weights);
  memory_free((Memory *)(uintptr_t)c->memory);
  span_free(&c->span);
  corpus_free(setting->corpus);
  free(setting);
}

/* Places of random sequence are similar over a long stretch only to themselves. */
static void a_base_is_predicted_without_its_own_copy(void **state) {
  (void)state;
  static const uint32_t lengths[] = {32, 64, 256, 1024};
  write_random();
  Setting *setting = setting_new(1);
  Recall recall, before;
  RecallSquares squares;
  recall_init(&before, &squares);
  assert_int_equal(calibrate(&recall, &setting->calibration, INFINITY), 0);
  for (size_t i = 0; i < 4; i++) {
    const int u = recall_state(lengths[i], 0);
    assert_true(recall.odds[u] == before.odds[u]);
  }
  assert_true(recall.a[0] == 1 && recall.w[0] == 0);
  setting_free(setting);
}

/* Two copies agree if neither base was drawn again, or by chance: at (1 - 0.075)^2 + 0.075^2 / 3 of
 * the bases. */
static void copies_are_trusted_in_proportion_to_their_success(void **state) {
  (void)state;
  write_copies();
  Setting *setting = setting_new(1);
  Recall recall;
  assert_int_equal(calibrate(&recall, &setting->calibration, INFINITY), 0);
  const double agree = 0.925 * 0.925 + 0.075 * 0.075 / 3, odds = agree / (1 - agree);
  uint64_t errors = 0; /* one base in seven */
  for (int i = 8; i < 64; i += 7) errors |= (uint64_t)1 << i;
  const float found = recall.odds[recall_state(8, errors)];
  assert_true(found > 0.7 * odds && found < 1.4 * odds);
  setting_free(setting);
}

static void learning_does_not_depend_on_threads(void **state) {
  (void)state;
  write_copies();
  for (int s = 1; s <= 2; s++) {
    Setting *setting = setting_new(s);
    Recall one, three;
    assert_int_equal(calibrate(&one, &setting->calibration, INFINITY), 0);
    setting->calibration.threads = 3;
    assert_int_equal(calibrate(&three, &setting->calibration, INFINITY), 0);
    assert_memory_equal(&one, &three, sizeof one);
    setting_free(setting);
  }
}

static void nothing_is_learnt_after_the_deadline(void **state) {
  (void)state;
  write_copies();
  Setting *setting = setting_new(1);
  Recall recall, before;
  RecallSquares squares;
  recall_init(&before, &squares);
  assert_int_equal(calibrate(&recall, &setting->calibration, clock_now() - 1), 0);
  assert_memory_equal(&recall, &before, sizeof recall);
  setting_free(setting);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_base_is_predicted_without_its_own_copy),
      cmocka_unit_test(copies_are_trusted_in_proportion_to_their_success),
      cmocka_unit_test(learning_does_not_depend_on_threads),
      cmocka_unit_test(nothing_is_learnt_after_the_deadline),
  };
  parallel_start(3);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
