#include "parallel.h"

#include <omp.h>
#include <pthread.h>
#include <stdint.h>

enum { STACK = 512 << 10 }; /* bytes: what multiply_ta takes (kernels.h), and as much as is usual */

int parallel_start(void) {
  int threads = omp_get_max_threads();
  omp_set_dynamic(0);
  omp_set_max_active_levels(1); /* a region inside one of our jobs gets one thread */
  omp_set_num_threads(1);       /* and so does one outside them; ours name their number */
  return threads;
}

/* The size of this thread's stack; SIZE_MAX where it cannot be told. */
static size_t stack_size(void) {
  pthread_attr_t attributes;
  size_t size = SIZE_MAX;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return size;
  pthread_attr_getstacksize(&attributes, &size);
  pthread_attr_destroy(&attributes);
  return size;
}

int parallel_check(int threads, Why *why) {
  size_t least = SIZE_MAX;
#pragma omp parallel num_threads(threads) reduction(min : least)
  least = stack_size();
  if (least >= STACK) return 0;
  return fail(why,
              "a thread has a stack of %zu kB and needs %d kB; raise OMP_STACKSIZE, or ulimit -s "
              "where that is not set",
              least >> 10, STACK >> 10);
}

void parallel_run(int threads, int jobs, void (*job)(void *context, int i), void *context) {
  if (jobs == 1) { /* the other threads would only wait, and burn their processors */
    job(context, 0);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    omp_set_num_threads(1); /* for this thread too: OMP_NUM_THREADS may name one for each level */
#pragma omp for schedule(dynamic, 1)
    for (int i = 0; i < jobs; i++) job(context, i);
  }
}
