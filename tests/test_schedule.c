#include "schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those before it */
#include <cmocka.h>

static void near(double got, double wanted) { assert_true(fabs(got - wanted) < 1e-12); }

static void warmup_rises_from_nothing_to_the_rate(void **state) {
  (void)state;
  for (int kind = COSINE; kind <= PLATEAU; kind++) {
    Schedule schedule = {.kind = (ScheduleKind)kind, .rate = 4, .warmup = 0.2, .factor = 1};
    near(schedule_rate(&schedule, 0), 0);
    near(schedule_rate(&schedule, 0.05), 1);
    near(schedule_rate(&schedule, 0.2), 4);
  }
}

static void cosine_falls_to_a_fiftieth(void **state) {
  (void)state;
  Schedule schedule = {.kind = COSINE, .rate = 1, .warmup = 0.5, .factor = 1};
  near(schedule_rate(&schedule, 0.75), 0.51); /* half way from 1 to 0.02 */
  near(schedule_rate(&schedule, 1), 0.02);
  near(schedule_rate(&schedule, 1.5), 0.02);
  schedule.warmup = 0;
  near(schedule_rate(&schedule, 0), 1);
}

static void constant_stays(void **state) {
  (void)state;
  Schedule schedule = {.kind = CONSTANT, .rate = 3, .factor = 1};
  schedule_validated(&schedule, 0), schedule_validated(&schedule, 0);
  near(schedule_rate(&schedule, 0), 3);
  near(schedule_rate(&schedule, 1), 3);
}

static void plateau_halves_after_two_failures_in_a_row(void **state) {
  (void)state;
  const int improved[] = {1, 0, 1, 0, 0, 0, 0};
  const double factor[] = {1, 1, 1, 1, 0.5, 0.5, 0.25};
  Schedule schedule = {.kind = PLATEAU, .rate = 1, .factor = 1};
  for (int i = 0; i < 7; i++) {
    schedule_validated(&schedule, improved[i]);
    near(schedule_rate(&schedule, 0.5), factor[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(warmup_rises_from_nothing_to_the_rate),
      cmocka_unit_test(cosine_falls_to_a_fiftieth),
      cmocka_unit_test(constant_stays),
      cmocka_unit_test(plateau_halves_after_two_failures_in_a_row),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
