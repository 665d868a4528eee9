#include "parallel.h"

#include <omp.h>

int parallel_available(void) { return omp_get_num_procs(); }

void parallel_start(void) {
  omp_set_dynamic(0);
  omp_set_max_active_levels(1); /* a region inside one of our jobs gets one thread */
  omp_set_num_threads(1);       /* and so does one outside them; ours name their number */
}

void parallel_run(int threads, int jobs, void (*job)(void *context, int i), void *context) {
#pragma omp parallel num_threads(threads)
  {
    omp_set_num_threads(1); /* for this thread too: OMP_NUM_THREADS may name one for each level */
#pragma omp for schedule(dynamic, 1)
    for (int i = 0; i < jobs; i++) job(context, i);
  }
}
