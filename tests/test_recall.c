/* The parameters of a recall, against values worked out by hand. */
#include "memory/recall.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static Recall recall;
static RecallSquares squares;

static void expect(float value, double right) {
  if (fabs((double)value - right) > 1e-4 * fabs(right))
    fail_msg("%.9g, which should be %.9g", (double)value, right);
}

static void the_state_of_a_pointer_follows_from_its_errors(void **state) {
  (void)state;
  assert_int_equal(recall_state(2000, 0), 15 * 128 + 1); /* 0 is no excess of errors in a phase */
  assert_int_equal(recall_state(0, 1), 1 * 16 + 1);      /* -1: the next base is of another phase */
  assert_int_equal(recall_state(2, 4), 2 * 128 + 1 * 16 + 2);     /* 2: of the same phase */
  assert_int_equal(recall_state(2, 0x924), 2 * 128 + 3 * 16 + 3); /* 4 of 4 in the phase: 8 */
  assert_int_equal(recall_state(0, 0x1b), 3 * 16 + 0);            /* 4 of 4 in the others: -4 */
  assert_int_equal(recall_state(64, (uint64_t)0x1f << 40), 13 * 128 + 1 * 4 + 2);
  assert_int_equal(recall_state(0, UINT64_MAX), 7 * 16 + 3 * 4 + 1);
}

static void all_states_and_classes_are_in_range(void **state) {
  (void)state;
  static bool seen_state[RECALL_STATES], seen_class[RECALL_CLASSES];
  int states = 0, classes = 0;
  srand(1);
  for (int i = 0; i < 300000; i++) {
    uint64_t errors = 0;
    const int rate = rand() % 1000, phase = rand() % 1000;
    for (int bit = 0; bit < 64; bit++)
      errors |= (uint64_t)(rand() % 1000 < (bit % 3 == 2 ? phase : rate)) << bit;
    const int length = errors == 0 ? rand() % 3000 : __builtin_ctzll(errors);
    const int u = recall_state((uint32_t)length, errors);
    assert_in_range(u, 0, RECALL_STATES - 1);
    if (!seen_state[u]) states++;
    seen_state[u] = true;
    const float odds = expf((float)(rand() % 1000) / 100 - 3);
    const float most = odds * (1 + (float)(rand() % 3)), others = odds * (float)(rand() % 2);
    const int c = recall_class(odds, 1 + rand() % 8, most + others, most, 4);
    assert_in_range(c, 1, RECALL_CLASSES - 1);
    if (!seen_class[c]) classes++;
    seen_class[c] = true;
  }
  assert_true(states > RECALL_STATES / 3);
  assert_true(classes > RECALL_CLASSES / 3);
}

/* Odds of 3 are class 3 of 9; 5 pointers are class 3 of 4; 1 of 3 + 1/3 is class 2 of 4. */
static void the_class_of_a_pool_follows_from_its_odds(void **state) {
  (void)state;
  assert_int_equal(recall_class(3, 5, 4, 3, 4), 1 + (3 * 4 + 3) * 4 + 2);
  assert_int_equal(recall_class(0.1f, 1, 0.1f, 0.1f, 4), 1);
  assert_int_equal(recall_class(1000, 8, 2000, 1000, 4), 1 + (8 * 4 + 3) * 4 + 3);
}

static void evidence_is_the_logarithm_of_the_odds_against_guessing(void **state) {
  (void)state;
  expect(recall_evidence(0, 4), 0);
  expect(recall_evidence(1, 4), log(4));
  expect(recall_evidence(2, 64), log(127));
}

static void odds_follow_from_the_counted_guesses(void **state) {
  (void)state;
  static RecallCounts counts;
  counts.right[7] = 300000;
  counts.wrong[7] = 100000;
  counts.right[9] = 1000000;
  counts.wrong[11] = 1000000;
  recall_set_odds(&recall, &counts);
  assert_true(fabs((double)recall.odds[7] - 3) < 1e-3);
  expect(recall.odds[9], 0.9995 / 0.0005);
  assert_true(recall.odds[11] > 0 && recall.odds[11] < 1e-5f);
}

/* A new state counts as four guesses: 0.3 of them right after an error. */
static void odds_are_moderate_before_the_first_count(void **state) {
  (void)state;
  recall_init(&recall, &squares);
  expect(recall.odds[0], 0.3 / 0.7);
  expect(recall.odds[15 * 128], 0.95 / 0.05);
  for (int u = 0; u < RECALL_STATES; u++) assert_true(recall.odds[u] > 0 && recall.odds[u] < 20);
}

static void without_pointers_the_network_alone_counts(void **state) {
  (void)state;
  recall_init(&recall, &squares);
  assert_true(recall.a[0] == 1);
  assert_true(recall.w[0] == 0);
}

static void evidence_is_unweighted_before_learning(void **state) {
  (void)state;
  recall_init(&recall, &squares);
  for (int c = 1; c < RECALL_CLASSES; c++) {
    assert_true(recall.a[c] == 1);
    assert_true(recall.w[c] == 1);
  }
}

/* Adagrad with G = 0.01 at first and a rate of 0.1: steps of 0.1 * 0.3 / sqrt(0.01 + 0.09) and
 * 0.1 * 0.1 / sqrt(0.01 + 0.01), then one of 0.1 * 0.3 / sqrt(0.01 + 0.09 + 0.09). */
static void a_step_descends_the_gradients_of_its_class(void **state) {
  (void)state;
  recall_init(&recall, &squares);
  const Recall before = recall;
  recall_learn(&recall, &squares, 5, 0.3f, -0.1f);
  expect(recall.a[5], (double)before.a[5] - 0.0948683298);
  expect(recall.w[5], (double)before.w[5] + 0.0707106781);
  recall_learn(&recall, &squares, 5, 0.3f, 0);
  expect(recall.a[5], (double)before.a[5] - 0.0948683298 - 0.0688247202);
  expect(recall.w[5], (double)before.w[5] + 0.0707106781);
  recall.a[5] = before.a[5];
  recall.w[5] = before.w[5];
  assert_memory_equal(&recall, &before, sizeof recall);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_state_of_a_pointer_follows_from_its_errors),
      cmocka_unit_test(all_states_and_classes_are_in_range),
      cmocka_unit_test(the_class_of_a_pool_follows_from_its_odds),
      cmocka_unit_test(evidence_is_the_logarithm_of_the_odds_against_guessing),
      cmocka_unit_test(odds_follow_from_the_counted_guesses),
      cmocka_unit_test(odds_are_moderate_before_the_first_count),
      cmocka_unit_test(without_pointers_the_network_alone_counts),
      cmocka_unit_test(evidence_is_unweighted_before_learning),
      cmocka_unit_test(a_step_descends_the_gradients_of_its_class),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
