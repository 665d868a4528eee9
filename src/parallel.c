#include "parallel.h"

#include <omp.h>

int parallel_start(void) {
  int threads = omp_get_max_threads();
  omp_set_dynamic(0);
  omp_set_max_active_levels(1); /* a region inside one of our jobs gets one thread */
  omp_set_num_threads(1);       /* and so does one outside them; ours name their number */
  return threads;
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
