#include "net/schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static void near(double got, double wanted) { assert_true(fabs(got - wanted) < 1e-12); }

static void warmup_rises_from_nothing_to_the_rate(void **state) {
  (void)state;
  for (int kind = SCHEDULE_LINEAR; kind <= SCHEDULE_PLATEAU; kind++) {
    Schedule schedule = {.kind = (ScheduleKind)kind, .rate = 4, .warmup = 8};
    near(schedule_rate(&schedule, 1, 0), 0.5);
    near(schedule_rate(&schedule, 2, 0), 1);
    near(schedule_rate(&schedule, 8, 0), 4);
    near(schedule_rate(&schedule, 9, 0), 4);
    schedule.warmup = 0;
    near(schedule_rate(&schedule, 1, 0), 4);
  }
}

static void linear_is_constant_for_half_of_the_run_then_falls(void **state) {
  (void)state;
  Schedule schedule = {.kind = SCHEDULE_LINEAR, .rate = 1, .warmup = 10};
  near(schedule_rate(&schedule, 10, 0), 1);
  near(schedule_rate(&schedule, 10, 0.5), 1);
  near(schedule_rate(&schedule, 10, 0.75), 0.51); /* half way from 1 to 0.02 */
  near(schedule_rate(&schedule, 5, 0.75), 0.255);
  near(schedule_rate(&schedule, 99, 1), 0.02);
  near(schedule_rate(&schedule, 99, 1.5), 0.02);
}

static void cosine_falls_to_a_fiftieth(void **state) {
  (void)state;
  Schedule schedule = {.kind = SCHEDULE_COSINE, .rate = 1, .warmup = 10};
  near(schedule_rate(&schedule, 10, 0), 1);
  near(schedule_rate(&schedule, 10, 0.5), 0.51); /* half way from 1 to 0.02 */
  near(schedule_rate(&schedule, 5, 0.5), 0.255);
  near(schedule_rate(&schedule, 99, 1), 0.02);
  near(schedule_rate(&schedule, 99, 1.5), 0.02);
}

static void constant_does_not_change(void **state) {
  (void)state;
  Schedule schedule = {.kind = SCHEDULE_CONSTANT, .rate = 3};
  for (int i = 0; i < 99; i++) schedule_validated(&schedule, false);
  near(schedule_rate(&schedule, 1, 0), 3);
  near(schedule_rate(&schedule, 1, 1), 3);
  assert_false(schedule_over(&schedule));
}

static void plateau_halves_after_two_failures_in_a_row(void **state) {
  (void)state;
  const bool improved[] = {true, false, true, false, false, false, false};
  const double rate[] = {1, 1, 1, 1, 0.5, 0.5, 0.25};
  Schedule schedule = {.kind = SCHEDULE_PLATEAU, .rate = 1};
  for (int i = 0; i < 7; i++) {
    schedule_validated(&schedule, improved[i]);
    near(schedule_rate(&schedule, 1, 0.5), rate[i]);
  }
}

static void plateau_ends_the_run_at_the_seventh_halving(void **state) {
  (void)state;
  Schedule schedule = {.kind = SCHEDULE_PLATEAU, .rate = 64};
  for (int i = 0; i < 13; i++) schedule_validated(&schedule, false);
  near(schedule_rate(&schedule, 1, 0), 1);
  assert_false(schedule_over(&schedule));
  schedule_validated(&schedule, false);
  assert_true(schedule_over(&schedule));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(warmup_rises_from_nothing_to_the_rate),
      cmocka_unit_test(linear_is_constant_for_half_of_the_run_then_falls),
      cmocka_unit_test(cosine_falls_to_a_fiftieth),
      cmocka_unit_test(constant_does_not_change),
      cmocka_unit_test(plateau_halves_after_two_failures_in_a_row),
      cmocka_unit_test(plateau_ends_the_run_at_the_seventh_halving),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
