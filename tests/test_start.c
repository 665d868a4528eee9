/* What start_program has made right when a program begins. */
#include "start.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka wants those before it */
#include <cmocka.h>

static void blas_has_no_threads_of_its_own(void **state) {
  (void)state;
  assert_string_equal(getenv("OPENBLAS_NUM_THREADS"), "1");
}

#if defined __x86_64__ || defined __aarch64__
/* volatile: the compiler would compute with denormal numbers. */
static void what_is_too_small_is_zero_in_every_thread(void **state) {
  enum { threads = 4 };
  volatile float least = FLT_MIN, denormal = 0x1p-149f;
  const float zero[threads] = {0};
  float made[threads], taken[threads];
  (void)state;
  for (int i = 0; i < threads; i++) made[i] = taken[i] = 1;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int i = 0; i < threads; i++) made[i] = least * 0.5f, taken[i] = denormal * 0x1p100f;
  assert_memory_equal(made, zero, sizeof zero); /* bits: 0 == x does not see a denormal x now */
  assert_memory_equal(taken, zero, sizeof zero);
}
#endif

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blas_has_no_threads_of_its_own),
#if defined __x86_64__ || defined __aarch64__
    cmocka_unit_test(what_is_too_small_is_zero_in_every_thread),
#endif
  };
  (void)argc;
  start_program(argv);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
