/* Little time passes between two calls of parallel_run, often less than the system takes to wake a
 * thread (30 us on a virtual machine). So a thread that waits polls for a while before it sleeps,
 * unless there are more threads than processors. */
#include "base/parallel.h"

#include "base/clock.h"
#include "base/quota.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { PLACE = 1 << 16 };            /* in the crew */
static const double PATIENCE = 1e-4; /* seconds of polling */

typedef struct {
  pthread_cond_t wake;
  atomic_int sleepers;
} Bed;

/* The threads besides the calling one, and the call of parallel_run that they work for. */
static struct {
  pthread_mutex_t lock; /* of the beds */
  Bed begin, end;
  int threads;
  bool complete;       /* no further thread can be had */
  int processors;      /* 0: not known yet */
  atomic_bool crowded; /* the last call had more threads than there are processors */
  atomic_int crew;     /* threads that have joined the call and not left it, and PLACE times the
                          number of those that may still join */
  void (*job)(void *context, int i);
  void *context;
  int jobs;
  atomic_int next;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .begin = {.wake = PTHREAD_COND_INITIALIZER},
          .end = {.wake = PTHREAD_COND_INITIALIZER}};

static bool has_place(void) { return pool.crew >= PLACE; }
static bool is_empty(void) { return pool.crew == 0; }

static bool poll_for(bool (*condition)(void)) {
  const double start = clock_now();
  while (!condition())
    if (pool.crowded || clock_now() - start > PATIENCE) return false;
  return true;
}

static void wait_for(bool (*condition)(void), Bed *bed) {
  if (poll_for(condition)) return;
  pthread_mutex_lock(&pool.lock);
  bed->sleepers++;
  while (!condition()) pthread_cond_wait(&bed->wake, &pool.lock);
  bed->sleepers--;
  pthread_mutex_unlock(&pool.lock);
}

/* Wakes up to n sleepers, after their condition has become true. A thread counts as a sleeper
 * before it looks at its condition for the last time, so none is missed. */
static void wake(Bed *bed, int n) {
  if (bed->sleepers == 0) return;
  pthread_mutex_lock(&pool.lock);
  for (int i = 0; i < n && i < bed->sleepers; i++) pthread_cond_signal(&bed->wake);
  pthread_mutex_unlock(&pool.lock);
}

static void run_jobs(void) {
  for (int i; (i = atomic_fetch_add(&pool.next, 1)) < pool.jobs;) pool.job(pool.context, i);
}

static bool join(void) {
  int crew = pool.crew;
  while (crew >= PLACE)
    if (atomic_compare_exchange_weak(&pool.crew, &crew, crew - PLACE + 1)) return true;
  return false;
}

static void *work(void *unused) {
  for (;;) {
    wait_for(has_place, &pool.begin);
    if (!join()) continue;
    run_jobs();
    if (atomic_fetch_sub(&pool.crew, 1) == 1) wake(&pool.end, 1);
  }
  return unused;
}

static bool add_thread(void) {
  pthread_attr_t attributes;
  pthread_t thread;
  if (pthread_attr_init(&attributes) != 0) return false;
  const bool added = pthread_attr_setstacksize(&attributes, PARALLEL_STACK) == 0 &&
                     pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                     pthread_create(&thread, &attributes, work, NULL) == 0;
  pthread_attr_destroy(&attributes);
  return added;
}

/* A forked child has none of the threads, one of which may hold the lock, to look for a job. */
static void forget_threads(void) {
  pool.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  pool.begin = (Bed){.wake = PTHREAD_COND_INITIALIZER}; /* nobody waits for it */
  pool.threads = 0;
  pool.complete = false;
}

int parallel_start(int threads) {
  sigset_t all, before;
  if (threads <= pool.threads + 1) return threads;
  if (pool.complete) return pool.threads + 1;
  if (pool.processors == 0) {
    const Quota quota = quota_of_groups("");
    pool.processors = quota_processors(&quota);
    pthread_atfork(NULL, NULL, forget_threads);
  }
  sigfillset(&all);
  sigdelset(&all, SIGPIPE); /* it is for the thread that writes */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (pool.threads + 1 < threads && !pool.complete) {
    pool.complete = !add_thread();
    pool.threads += !pool.complete;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return pool.threads + 1;
}

/* Threads that wake up after all jobs are taken are not waited for. */
static void run_together(int threads) {
  pool.crowded = threads > pool.processors;
  pool.crew = (threads - 1) * PLACE;
  wake(&pool.begin, threads - 1);
  run_jobs();
  atomic_fetch_and(&pool.crew, PLACE - 1);
  wait_for(is_empty, &pool.end);
}

void parallel_run(int threads, int jobs, void (*job)(void *context, int i), void *context) {
  const int together = parallel_start(threads < jobs ? threads : jobs);
  if (together <= 1) {
    for (int i = 0; i < jobs; i++) job(context, i);
    return;
  }
  pool.job = job;
  pool.context = context;
  pool.jobs = jobs;
  atomic_store(&pool.next, 0);
  run_together(together);
}
