#include "base/parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* The threads besides the calling one, and the call of parallel_run that they work for. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t begin, end;
  int threads;
  bool complete; /* no further thread can be had */
  int wanted;    /* threads that may still join the call */
  int busy;      /* threads that have joined it */
  void (*job)(void *context, int i);
  void *context;
  int jobs;
  atomic_int next;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .begin = PTHREAD_COND_INITIALIZER,
          .end = PTHREAD_COND_INITIALIZER};

static void run_jobs(void) {
  for (int i; (i = atomic_fetch_add(&pool.next, 1)) < pool.jobs;) pool.job(pool.context, i);
}

static void *work(void *unused) {
  pthread_mutex_lock(&pool.lock);
  for (;;) {
    while (pool.wanted == 0) pthread_cond_wait(&pool.begin, &pool.lock);
    pool.wanted--;
    pool.busy++;
    pthread_mutex_unlock(&pool.lock);
    run_jobs();
    pthread_mutex_lock(&pool.lock);
    if (--pool.busy == 0) pthread_cond_signal(&pool.end);
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
  pool.begin = (pthread_cond_t)PTHREAD_COND_INITIALIZER; /* nobody waits for it */
  pool.threads = 0;
  pool.complete = false;
}

int parallel_start(int threads) {
  sigset_t all, before;
  if (threads <= pool.threads + 1) return threads;
  if (pool.complete) return pool.threads + 1;
  if (pool.threads == 0) pthread_atfork(NULL, NULL, forget_threads);
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
  pthread_mutex_lock(&pool.lock);
  pool.wanted = threads - 1;
  for (int i = 1; i < threads; i++) pthread_cond_signal(&pool.begin);
  pthread_mutex_unlock(&pool.lock);
  run_jobs();
  pthread_mutex_lock(&pool.lock);
  pool.wanted = 0;
  while (pool.busy > 0) pthread_cond_wait(&pool.end, &pool.lock);
  pthread_mutex_unlock(&pool.lock);
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
