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

enum { VACANCY = 1 << 16 };              /* see pool.workers */
static const double POLLING_TIME = 1e-4; /* seconds */

/* Threads that wait for a condition. */
typedef struct {
  pthread_cond_t wake;
  atomic_int sleepers;
} Waiters;

/* The threads besides the calling one, and the call of parallel_run that they work for. */
static struct {
  pthread_mutex_t lock; /* of the waiters */
  Waiters begin, end;   /* for a vacancy, and for the last worker to leave */
  int threads;
  bool complete;              /* the system starts no further thread */
  int processors;             /* 0: not known yet */
  atomic_bool oversubscribed; /* the last call has more threads than there are processors */
  atomic_int workers;         /* threads that have joined the call and not left it, plus VACANCY
                                 times the number of those that may still join */
  void (*job)(void *context, int i);
  void *context;
  int jobs;
  atomic_int next;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .begin = {.wake = PTHREAD_COND_INITIALIZER},
          .end = {.wake = PTHREAD_COND_INITIALIZER}};

static bool has_vacancy(void) { return pool.workers >= VACANCY; }
static bool all_have_left(void) { return pool.workers == 0; }

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

static void run_jobs(void) {
  for (int i; (i = atomic_fetch_add(&pool.next, 1)) < pool.jobs;) pool.job(pool.context, i);
}

static bool join(void) {
  int workers = pool.workers;
  while (workers >= VACANCY)
    if (atomic_compare_exchange_weak(&pool.workers, &workers, workers - VACANCY + 1)) return true;
  return false;
}

static void *work(void *unused) {
  for (;;) {
    wait_for(has_vacancy, &pool.begin);
    if (!join()) continue;
    run_jobs();
    if (atomic_fetch_sub(&pool.workers, 1) == 1) wake(&pool.end, 1);
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
  pool.begin = (Waiters){.wake = PTHREAD_COND_INITIALIZER}; /* nobody waits for it */
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

/* Does not wait for threads that wake up after all jobs are taken: they find no vacancy. */
static void run_together(int threads) {
  pool.oversubscribed = threads > pool.processors;
  pool.workers = (threads - 1) * VACANCY;
  wake(&pool.begin, threads - 1);
  run_jobs();
  atomic_fetch_and(&pool.workers, VACANCY - 1);
  wait_for(all_have_left, &pool.end);
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
