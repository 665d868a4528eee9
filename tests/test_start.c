/* The state of the process after start_program. */
#include "base/parallel.h"
#include "base/start.h"

#include <float.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { THREADS = 4 };

/* The address space of this process in bytes. */
static size_t address_space(void) {
  size_t pages = 0;
  FILE *in = fopen("/proc/self/statm", "r");
  assert_non_null(in);
  assert_int_equal(fscanf(in, "%zu", &pages), 1);
  fclose(in);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

typedef struct {
  pthread_barrier_t barrier; /* each thread has a job */
  void *block[THREADS];
} Blocks;

static void allocate(void *context, int i) {
  Blocks *blocks = context;
  pthread_barrier_wait(&blocks->barrier);
  blocks->block[i] = malloc(100);
}

static void under_a_limit_threads_reserve_no_address_space(void **state) {
  Blocks blocks = {.block = {NULL}};
  struct rlimit limit;
  (void)state;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) skip(); /* qemu-user */
  assert_int_equal(parallel_start(THREADS), THREADS);
  pthread_barrier_init(&blocks.barrier, NULL, THREADS);
  const size_t before = address_space();
  parallel_run(THREADS, THREADS, allocate, &blocks);
  assert_true(address_space() < before + (32 << 20));
  pthread_barrier_destroy(&blocks.barrier);
  for (int i = 0; i < THREADS; i++) free(blocks.block[i]);
}

#if defined __x86_64__ || defined __aarch64__
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

static void denormal_numbers_are_zero_in_every_thread(void **state) {
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
  const struct rlimit far_away = {(rlim_t)1 << 50, RLIM_INFINITY};
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(under_a_limit_threads_reserve_no_address_space),
#if defined __x86_64__ || defined __aarch64__
    cmocka_unit_test(denormal_numbers_are_zero_in_every_thread),
#endif
  };
  if (setrlimit(RLIMIT_AS, &far_away) != 0) return 1;
  start_program();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
