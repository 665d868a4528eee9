/* What start_program has made right when a program begins. */
#include "parallel.h"
#include "start.h"

#include <float.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
/* cmocka wants those before it */
#include <cmocka.h>

#if defined __x86_64__ || defined __aarch64__
enum { THREADS = 4 };

typedef struct {
  pthread_barrier_t barrier; /* each thread has a job */
  float made[THREADS], taken[THREADS];
} Tiny;

/* volatile: the compiler would compute with denormal numbers. */
static void compute_denormals(void *context, int i) {
  Tiny *tiny = context;
  volatile float least = FLT_MIN, denormal = 0x1p-149f;
  pthread_barrier_wait(&tiny->barrier);
  tiny->made[i] = least * 0.5f;
  tiny->taken[i] = denormal * 0x1p100f;
}

static void what_is_too_small_is_zero_in_every_thread(void **state) {
  const float zero[THREADS] = {0};
  Tiny tiny = {.made = {1, 1, 1, 1}, .taken = {1, 1, 1, 1}};
  (void)state;
  assert_int_equal(parallel_start(THREADS), THREADS);
  pthread_barrier_init(&tiny.barrier, NULL, THREADS);
  parallel_run(THREADS, THREADS, compute_denormals, &tiny);
  pthread_barrier_destroy(&tiny.barrier);
  assert_memory_equal(tiny.made, zero, sizeof zero); /* bits: 0 == x does not see a denormal x */
  assert_memory_equal(tiny.taken, zero, sizeof zero);
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
#if defined __x86_64__ || defined __aarch64__
    cmocka_unit_test(what_is_too_small_is_zero_in_every_thread),
#endif
  };
  start_program();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
