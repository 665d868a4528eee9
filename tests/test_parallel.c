/* Every job runs once, with any number of threads. */
#include "base/parallel.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { JOBS = 100, ROUNDS = 2000, THREADS = 5 };

static int left = THREADS; /* threads that the system can still start */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument) {
  if (left == 0) return EPERM;
  left--;
  return __real_pthread_create(thread, attributes, run, argument);
}

static void count_job(void *context, int i) {
  atomic_int *counts = context;
  atomic_fetch_add(&counts[i], 1);
}

static void check_rounds(int threads) {
  atomic_int counts[JOBS] = {0};
  int expected[JOBS] = {0};
  for (int round = 0; round < ROUNDS; round++) {
    const int jobs = round % (JOBS + 1);
    parallel_run(threads, jobs, count_job, counts);
    for (int i = 0; i < JOBS; i++) {
      expected[i] += i < jobs;
      assert_int_equal(counts[i], expected[i]);
    }
  }
}

/* Called before any thread has started. */
static void one_job_starts_no_thread(void **state) {
  (void)state;
  assert_int_equal(parallel_start(1), 1);
  check_rounds(1);
  parallel_run(THREADS, 1, count_job, (atomic_int[1]){0});
  assert_int_equal(left, THREADS);
}

static void every_job_runs_once(void **state) {
  (void)state;
  for (int threads = 2; threads <= 4; threads++) {
    assert_int_equal(parallel_start(threads), threads);
    check_rounds(threads);
  }
  assert_int_equal(left, THREADS - 3);
}

/* Each job waits for the others; with fewer threads it would wait forever. */
static void meet_job(void *context, int i) {
  (void)i;
  pthread_barrier_wait(context);
}

static void threads_run_at_the_same_time(void **state) {
  pthread_barrier_t barrier;
  (void)state;
  pthread_barrier_init(&barrier, NULL, 4);
  for (int round = 0; round < 100; round++) parallel_run(4, 4, meet_job, &barrier);
  pthread_barrier_destroy(&barrier);
}

typedef struct {
  pthread_barrier_t barrier; /* both threads have a job */
  pthread_t first;
  atomic_int done;
} Late;

/* The other thread ends last. */
static void late_job(void *context, int i) {
  Late *late = context;
  (void)i;
  pthread_barrier_wait(&late->barrier);
  if (!pthread_equal(pthread_self(), late->first)) usleep(20000);
  atomic_fetch_add(&late->done, 1);
}

static void all_jobs_end_before_the_call_returns(void **state) {
  Late late = {.first = pthread_self()};
  (void)state;
  pthread_barrier_init(&late.barrier, NULL, 2);
  parallel_run(2, 2, late_job, &late);
  assert_int_equal(late.done, 2);
  pthread_barrier_destroy(&late.barrier);
}

static void threads_have_the_stack_of_a_job(void *context, int i) {
  volatile char used[600 << 10];
  (void)context;
  for (size_t at = 0; at < sizeof used; at += 4096) used[at] = (char)i;
}

static void stacks_do_not_depend_on_the_shell(void **state) {
  (void)state;
  parallel_run(4, JOBS, threads_have_the_stack_of_a_job, NULL);
}

#if defined __has_feature
#if __has_feature(thread_sanitizer)
#define NO_FORK 1 /* it ends such a child */
#endif
#endif

static void a_child_process_starts_its_own_threads(void **state) {
  (void)state;
#ifdef NO_FORK
  skip();
#endif
  const pid_t child = fork();
  if (child == 0) {
    left = 1;
    alarm(60);
    const bool right = parallel_start(4) == 2;
    check_rounds(4);
    _exit(right ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

/* Threads that wake too late for a job still take the lock. */
static void a_child_process_needs_no_lock_of_its_parent(void **state) {
  (void)state;
#ifdef NO_FORK
  skip();
#endif
  for (int round = 0; round < ROUNDS; round++) {
    atomic_int counts[4] = {0};
    int status;
    parallel_run(4, 4, count_job, counts);
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      left = 1;
      parallel_run(2, 4, count_job, counts);
      _exit(left == 0 && counts[3] == 2 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
  }
}

static void too_few_threads_do_all_jobs(void **state) {
  (void)state;
  assert_int_equal(parallel_start(64), THREADS + 1);
  check_rounds(64);
  left = 10;
  assert_int_equal(parallel_start(64), THREADS + 1); /* it is not tried again */
  assert_int_equal(left, 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_job_starts_no_thread),
      cmocka_unit_test(every_job_runs_once),
      cmocka_unit_test(threads_run_at_the_same_time),
      cmocka_unit_test(all_jobs_end_before_the_call_returns),
      cmocka_unit_test(stacks_do_not_depend_on_the_shell),
      cmocka_unit_test(a_child_process_starts_its_own_threads),
      cmocka_unit_test(a_child_process_needs_no_lock_of_its_parent),
      cmocka_unit_test(too_few_threads_do_all_jobs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
