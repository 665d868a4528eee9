/* A single process, in a build without MPI: nothing is sent. */
#include "base/ranks.h"

#include "base/launch.h"

#include <stdlib.h>

static bool prints = true; /* errors of the start */

/* Tasks of srun may be separate runs, and are allowed. */
int ranks_start(Why *why) {
  const Launch launch = launch_read();
  if (launch.by != LAUNCH_MPIRUN && launch.by != LAUNCH_PMI) return 0;
  prints = launch.mine == 0;
  return fail(why,
              "%d processes were started together, but this rnntrain was built without MPI; start "
              "it alone, or build it with cmake -DMPI=ON",
              launch.count);
}

int ranks_count(void) { return 1; }
int ranks_mine(void) { return 0; }
int ranks_near(void) { return 1; }
bool ranks_first(void) { return prints; }
double ranks_part(void) { return 1; }
const char *ranks_library(void) { return NULL; }

void ranks_share(int n, int *first, int *last) {
  *first = 0;
  *last = n;
}

void ranks_agree(Agreement *agreement) { (void)agreement; }

int ranks_outcome(int rc, Why *why) {
  (void)why;
  return rc;
}

void ranks_add(float *a, size_t n) {
  (void)a;
  (void)n;
}

void ranks_add_doubles(double *a, size_t n) {
  (void)a;
  (void)n;
}

int ranks_levels(void) { return 0; }

void ranks_swap(int level, const void *sum, size_t size, void *other, size_t other_size) {
  (void)level;
  (void)sum;
  (void)size;
  (void)other;
  (void)other_size;
}

void ranks_broadcast(void *data, size_t size) {
  (void)data;
  (void)size;
}

void ranks_gather(void *whole, size_t at, size_t size) {
  (void)whole;
  (void)at;
  (void)size;
}

void *ranks_publish(void *data, size_t size) {
  (void)size;
  return data;
}

void ranks_withdraw(void *published) { free(published); }

void ranks_end(void) {}
