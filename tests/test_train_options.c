#include "run/train_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static TrainOptions fit(int B, int T, int epochs, uint64_t train_tokens) {
  TrainOptions o = {0};
  options_default(&train_program, &o);
  o.B = B;
  o.T = T;
  o.epochs = epochs;
  train_options_fit(&o, train_tokens);
  return o;
}

static void lanes_double_with_the_tokens_that_a_run_reads(void **state) {
  (void)state;
  const uint64_t human = 2790000000;
  assert_int_equal(train_options_lanes(1, 1), 32);
  assert_int_equal(train_options_lanes(25599999, 10), 32);
  assert_int_equal(train_options_lanes(25600000, 10), 64);
  assert_int_equal(train_options_lanes(51199999, 10), 64);
  assert_int_equal(train_options_lanes(51200000, 10), 128);
  assert_int_equal(train_options_lanes(human, 1), 512);
  assert_int_equal(train_options_lanes(UINT64_MAX, 1000000), 1024);
}

/* With a small genome and many epochs, many lanes would be idle. */
static void epochs_count_up_to_20(void **state) {
  (void)state;
  const uint64_t lambda = 43648, fly = 19031940;
  assert_int_equal(train_options_lanes(lambda, 1000000), 32);
  assert_int_equal(train_options_lanes(fly, 10), 32);
  assert_int_equal(train_options_lanes(fly, 20), 64);
  assert_int_equal(train_options_lanes(fly, 1000000), 64);
}

/* With --max-time alone or --schedule plateau, the run may end after a small part of an epoch. */
static void lanes_are_32_if_the_epochs_are_unknown(void **state) {
  (void)state;
  assert_int_equal(train_options_lanes(2790000000, -1), 32);
  assert_int_equal(train_options_lanes(2790000000, 0), 32);
}

static void the_learning_rate_depends_on_the_lanes_above_32(void **state) {
  (void)state;
  assert_true(fit(8, 48, 10, 1000).rate == 0.003);
  assert_true(fit(32, 48, 10, 1000).rate == 0.003);
  assert_true(fit(128, 48, 10, 1000).rate == 0.006);
  assert_true(fit(512, 48, 10, 1000).rate == 0.012);
  assert_true(fit(0, 48, 10, 1000).rate == 0.003);
  TrainOptions given = {.B = 128, .T = 48, .epochs = 10, .rate = 0.5};
  train_options_fit(&given, 1000);
  assert_true(given.rate == 0.5);
}

static void given_lanes_stay_and_automatic_lanes_fit_a_window(void **state) {
  (void)state;
  assert_int_equal(fit(7, 48, 10, 2790000000).B, 7);
  assert_int_equal(fit(0, 48, 10, 2790000000).B, 1024);
  assert_int_equal(fit(0, 65536, 10, 2790000000).B, 256);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lanes_double_with_the_tokens_that_a_run_reads),
      cmocka_unit_test(epochs_count_up_to_20),
      cmocka_unit_test(lanes_are_32_if_the_epochs_are_unknown),
      cmocka_unit_test(the_learning_rate_depends_on_the_lanes_above_32),
      cmocka_unit_test(given_lanes_stay_and_automatic_lanes_fit_a_window),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
