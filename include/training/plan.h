/* plan: the memory that a run will need, computed before it starts. */
#ifndef PLAN_H
#define PLAN_H

#include "training/trainer.h"

typedef struct {
  uint64_t corpus, weights, windows, markov; /* bytes */
  uint64_t present;                          /* of the program and the corpus, at present */
  uint64_t total;                            /* at the peak */
  uint64_t available; /* bytes that this process may use, including present */
  const char *limit;  /* the beginning of a message: "the machine has" */
} Plan;

/* Called once the threads are started and the input is read, before other allocations. */
Plan plan_make(const RunConfig *run);

/* Returns -1, with the figures in why, if the run does not fit into the memory. */
int plan_check(const Plan *plan, const Shape *shape, Why *why);

/* Writes "1.2 GB". */
void plan_text(uint64_t bytes, char text[32]);

/* Writes "2 threads", or "2 threads on each of 4 ranks". */
void plan_threads(int threads, char text[48]);

#endif
