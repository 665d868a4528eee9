/* The time between two calls of parallel_run is often shorter than the wake-up of a thread (30 us
 * on a virtual machine). So a waiting thread polls for a while before it sleeps, unless there are
 * more threads than processors. */
#include "base/parallel.h"

#include "base/clock.h"
#include "base/quota.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

static const double POLLING_TIME = 1e-4; /* seconds */
static const uint64_t TAKEN = (uint64_t)1 << 32, DONE = 1;

/* Threads that wait for a condition. */
typedef struct {
  pthread_cond_t wake;
  atomic_int sleepers;
} Waiters;

/* The threads besides the calling one, and the call of parallel_run that they work for. A thread
 * takes its first job with one atomic operation, and ends each job and takes the next, or finds
 * none, with another; everything it reads is in the cache line of `left`. */
static struct {
  pthread_mutex_t lock; /* of the waiters */
  Waiters begin, end;   /* for a job, and for the end of the last job */
  int threads;
  bool complete;  /* the system starts no further thread */
  int processors; /* 0: not known yet */
  /* the call: */
  _Alignas(64) atomic_uint_fast64_t left; /* DONE times the jobs that are not done, plus TAKEN times
                                             those that are not taken, less the failed attempts */
  void (*job)(void *context, int i);
  void *context;
  int jobs;
  atomic_bool oversubscribed; /* it has more threads than there are processors */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .begin = {.wake = PTHREAD_COND_INITIALIZER},
          .end = {.wake = PTHREAD_COND_INITIALIZER}};

static int not_taken(uint64_t left) { return (int)(left >> 32); }
static int not_done(uint64_t left) { return (int)(left & (TAKEN - 1)); }

static bool has_job(void) { return not_taken(pool.left) > 0; }
static bool all_are_done(void) { return not_done(pool.left) == 0; }

static bool poll_for(bool (*condition)(void)) {
  const double start = clock_now();
  while (!condition())
    if (pool.oversubscribed || clock_now() - start > POLLING_TIME) return false;
  return true;
}

static void wait_for(bool (*condition)(void), Waiters *waiters) {
  if (poll_for(condition)) return;
  pthread_mutex_lock(&pool.lock);
  waiters->sleepers++;
  while (!condition()) pthread_cond_wait(&waiters->wake, &pool.lock);
  waiters->sleepers--;
  pthread_mutex_unlock(&pool.lock);
}

/* Wakes up to n sleepers, after their condition has become true. A thread counts as a sleeper
 * before it checks its condition for the last time, so none is missed. */
static void wake(Waiters *waiters, int n) {
  if (waiters->sleepers == 0) return;
  pthread_mutex_lock(&pool.lock);
  for (int i = 0; i < n && i < waiters->sleepers; i++) pthread_cond_signal(&waiters->wake);
  pthread_mutex_unlock(&pool.lock);
}

/* Runs jobs until all are taken. */
static void run_jobs(void) {
  uint64_t left = atomic_fetch_sub(&pool.left, TAKEN);
  while (not_taken(left) > 0) {
    pool.job(pool.context, pool.jobs - not_taken(left));
    left = atomic_fetch_sub(&pool.left, TAKEN + DONE);
    if (not_done(left) == 1) wake(&pool.end, 1);
  }
}

static void *work(void *unused) {
  for (;;) {
    wait_for(has_job, &pool.begin);
    run_jobs();
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

/* A forked child has none of the threads, and one of them may hold the lock at the fork. */
static void forget_threads(void) {
  pool.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  pool.begin = (Waiters){.wake = PTHREAD_COND_INITIALIZER}; /* no thread waits for it */
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

void parallel_run(int threads, int jobs, void (*job)(void *context, int i), void *context) {
  const int together = parallel_start(threads < jobs ? threads : jobs);
  if (together <= 1) {
    for (int i = 0; i < jobs; i++) job(context, i);
    return;
  }
  pool.job = job;
  pool.context = context;
  pool.jobs = jobs;
  pool.oversubscribed = together > pool.processors;
  pool.left = (TAKEN + DONE) * (uint64_t)jobs;
  wake(&pool.begin, together - 1);
  run_jobs();
  wait_for(all_are_done, &pool.end);
}
