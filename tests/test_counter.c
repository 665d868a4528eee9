/* Counts beyond 32 bits. */
#include "sequence/counter.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants those before it */
#include <cmocka.h>

static const uint64_t LIMIT = UINT64_C(1) << 32;

static void a_count_goes_on_beyond_32_bits(void **state) {
  (void)state;
  Counter counter = counter_new(4);
  counter_add(&counter, 1, LIMIT - 1);
  counter_add(&counter, 2, 7);
  assert_int_equal(counter_get(&counter, 1), LIMIT - 1);
  assert_null(counter.high);
  counter_add(&counter, 1, 1);
  assert_int_equal(counter_get(&counter, 1), LIMIT);
  counter_add(&counter, 1, LIMIT - 1);
  counter_add(&counter, 1, 5);
  assert_int_equal(counter_get(&counter, 1), 2 * LIMIT + 4);
  counter_add(&counter, 1, 3 * LIMIT);
  assert_int_equal(counter_get(&counter, 1), 5 * LIMIT + 4);
  assert_int_equal(counter_get(&counter, 0), 0);
  assert_int_equal(counter_get(&counter, 2), 7);
  counter_free(&counter);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_count_goes_on_beyond_32_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
