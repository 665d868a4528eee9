/* parallel: threads. Work is cut into jobs whose number and shape never depend on the number of
 * threads; threads merely choose who runs a job. What jobs produce is combined in job order by
 * the caller, so that the result is the same for any number of threads. */
#ifndef PARALLEL_H
#define PARALLEL_H

#include "fail.h"

/* Once, early: makes this thread, and all that parallel_run will start, look single-threaded to a
 * BLAS that is built on OpenMP and would start threads of its own. Gives back how many threads to
 * use by default: OMP_NUM_THREADS, or as many as this process may run on. */
int parallel_start(void);

/* Starts `threads` threads; an error where the stack of one is too small for the jobs. */
int parallel_check(int threads, Why *why);

/* Runs job(context, i) for every i in 0..jobs-1 on up to `threads` threads; back when all are
 * done. */
void parallel_run(int threads, int jobs, void (*job)(void *context, int i), void *context);

#endif
