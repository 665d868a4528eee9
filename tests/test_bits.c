/* Bits per base, against values worked out by hand. */
#include "sequence/bits.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static void ln_2_is_a_bit(void **state) {
  (void)state;
  assert_float_equal(bits_per_base(M_LN2, 1), 1, 1e-15);
  assert_float_equal(bits_per_base(6 * M_LN2, 4), 1.5, 1e-15);
}

static void a_base_that_is_not_predicted_costs_2_bits(void **state) {
  (void)state;
  assert_float_equal(bits_over_all(1.5, 10, 10), 1.5, 1e-15);
  assert_float_equal(bits_over_all(1.5, 6, 10), (6 * 1.5 + 4 * 2) / 10, 1e-15);
  assert_float_equal(bits_over_all(NAN, 0, 10), 2, 0);
}

static void no_bases_have_no_bits_per_base(void **state) {
  (void)state;
  assert_true(isnan(bits_over_all(NAN, 0, 0)));
  assert_true(isinf(bits_over_all(INFINITY, 5, 10)));
}

static void figures_are_compared_to_four_decimals(void **state) {
  (void)state;
  assert_false(bits_differ(1.85440, 1.85441));
  assert_true(bits_differ(1.85444, 1.85446));
  assert_false(bits_differ(NAN, 1.8544));
  assert_false(bits_differ(INFINITY, 1.8544));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(ln_2_is_a_bit),
                                     cmocka_unit_test(a_base_that_is_not_predicted_costs_2_bits),
                                     cmocka_unit_test(no_bases_have_no_bits_per_base),
                                     cmocka_unit_test(figures_are_compared_to_four_decimals)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
