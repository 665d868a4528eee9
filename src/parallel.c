#include "parallel.h"

#include "matrix.h"

#include <omp.h>
#include <stdlib.h>
#include <unistd.h>

int parallel_available(void) { return omp_get_num_procs(); }

/* Whether the variable had to be set. */
static int set_missing(const char *name, const char *value) {
  return value && !getenv(name) && setenv(name, value, 1) == 0;
}

void parallel_start(char **argv) {
  int changed = set_missing("OMP_WAIT_POLICY", "passive");
  changed |= set_missing("OPENBLAS_CORETYPE", matrix_better_core());
  if (changed) execv("/proc/self/exe", argv); /* where it fails, slow is better than not at all */
  omp_set_dynamic(0);
  omp_set_max_active_levels(1); /* a region inside one of our jobs gets one thread */
  omp_set_num_threads(1);       /* and so does one outside them; ours name their number */
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
