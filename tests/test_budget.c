/* The shares of --max-time, against numbers worked out by hand. */
#include "training/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h requires these first */
#include <cmocka.h>
#include <math.h>

static int close_to(double a, double b) { return fabs(a - b) < 1e-9; }

static void without_a_limit_training_never_ends(void **state) {
  (void)state;
  const Budget budget = {.began = 5, .step_time = 3, .steps = 3, .windows = 100, .validation = 1e6};
  assert_true(isinf(budget_end(&budget)) && isinf(budget_deadline(&budget)));
  assert_true(close_to(budget_part(&budget, 1e9), 0));
  assert_true(budget_has_validation(&budget, 1e9));
}

static void time_is_reserved_for_the_phases_after_training(void **state) {
  (void)state;
  Budget budget = {.limit = 100};
  assert_true(close_to(budget_end(&budget), 100));
  budget.step_time = 4;
  budget.steps = 2; /* a step of 2 s may just have begun */
  assert_true(close_to(budget_end(&budget), 98));
  budget.save = 10; /* and the model, which is a part of a checkpoint */
  assert_true(close_to(budget_end(&budget), 98 - 13));
  budget.windows = 20; /* 20 windows at half of a step, and 2 s of examination */
  assert_true(close_to(budget_end(&budget), 98 - 13 - 20 - 2));
  budget.validation = 10; /* was measured */
  assert_true(close_to(budget_end(&budget), 98 - 13 - 11 - 2));
}

static void the_examination_is_a_small_part_of_a_short_run(void **state) {
  (void)state;
  const Budget budget = {.limit = 10, .windows = 1};
  assert_true(close_to(budget_end(&budget), 9.6));
}

static void a_validation_that_takes_half_of_the_time_is_left_out(void **state) {
  (void)state;
  Budget budget = {.limit = 110, .began = 10, .step_time = 1, .steps = 1, .windows = 100};
  assert_true(budget_has_validation(&budget, 10)); /* 50 s of 100 */
  budget.windows = 101;
  assert_false(budget_has_validation(&budget, 10));
  assert_true(close_to(budget_end(&budget), 110 - 1 - 2)); /* and nothing is kept for it */
}

static void a_validation_must_end_before_the_run(void **state) {
  (void)state;
  const Budget budget = {.limit = 100, .windows = 1, .validation = 10, .steps = 1};
  assert_true(close_to(budget_deadline(&budget), 102));
  assert_true(budget_has_validation(&budget, 90.9));
  assert_false(budget_has_validation(&budget, 91.1));
}

static void a_validation_before_training_has_half_of_the_time(void **state) {
  (void)state;
  const Budget budget = {.limit = 100, .began = 20, .windows = 1};
  assert_true(close_to(budget_deadline(&budget), 60));
  assert_true(budget_has_validation(&budget, 20));
  const Budget late = {.limit = 100, .began = 110, .windows = 1};
  assert_false(budget_has_validation(&late, 110));
}

static void time_is_reserved_for_a_memory(void **state) {
  (void)state;
  Budget budget = {.limit = 100, .step_time = 2, .steps = 1, .windows = 1, .validation = 10};
  const double without = budget_end(&budget);
  budget.indexing = 3;
  budget.pools = 0.5;
  budget.calibration_windows = 2; /* 2 windows and 2 validations at 1 + 0.5 s each */
  assert_true(close_to(budget_end(&budget), without - 3 - 2 * 1.5 - 2 * 1.5));
  budget.calibration_windows = 5; /* 6 s at most */
  assert_true(close_to(budget_end(&budget), without - 3 - 6 - 2 * 1.5));
  assert_true(close_to(budget_calibration_end(&budget, 80), 100 - 2 - 3));
  assert_true(close_to(budget_calibration_end(&budget, 94), 100)); /* late: 6 s all the same */
  budget.limit = 0;
  assert_true(isinf(budget_calibration_end(&budget, 1e9)));
}

static void the_schedule_has_the_time_of_the_training(void **state) {
  (void)state;
  const Budget budget = {.limit = 100, .began = 40, .step_time = 2, .steps = 1}; /* till 98 */
  assert_true(close_to(budget_part(&budget, 40), 0));
  assert_true(close_to(budget_part(&budget, 69), 0.5));
  assert_true(close_to(budget_part(&budget, 98), 1));
  assert_true(close_to(budget_part(&budget, 1000), 1));
}

static void a_run_without_time_for_training_ends(void **state) {
  (void)state;
  const Budget budget = {.limit = 10, .began = 9, .save = 5};
  assert_true(close_to(budget_part(&budget, 9), 1));
  assert_true(budget_end(&budget) < 9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_limit_training_never_ends),
      cmocka_unit_test(time_is_reserved_for_the_phases_after_training),
      cmocka_unit_test(the_examination_is_a_small_part_of_a_short_run),
      cmocka_unit_test(a_validation_that_takes_half_of_the_time_is_left_out),
      cmocka_unit_test(a_validation_must_end_before_the_run),
      cmocka_unit_test(a_validation_before_training_has_half_of_the_time),
      cmocka_unit_test(time_is_reserved_for_a_memory),
      cmocka_unit_test(the_schedule_has_the_time_of_the_training),
      cmocka_unit_test(a_run_without_time_for_training_ends)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
