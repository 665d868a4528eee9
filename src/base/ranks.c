/* One process alone: nothing to send, nobody to wait for. */
#include "base/ranks.h"

int ranks_start(Why *why) {
  (void)why;
  return 0;
}

int ranks_count(void) { return 1; }
int ranks_mine(void) { return 0; }
bool ranks_first(void) { return true; }

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

void ranks_broadcast(void *data, size_t size) {
  (void)data;
  (void)size;
}

void ranks_gather(void *whole, size_t at, size_t size) {
  (void)whole;
  (void)at;
  (void)size;
}

void ranks_end(void) {}
