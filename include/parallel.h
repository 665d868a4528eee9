/* parallel: threads. Work is cut into jobs whose number and shape never depend on the number of
 * threads; threads merely choose who runs a job. What jobs produce is combined in job order by
 * the caller, so that the result is the same for any number of threads. */
#ifndef PARALLEL_H
#define PARALLEL_H

/* How many threads this process may run on. */
int parallel_available(void);

/* The first call of main(), before anything is read or written. Two libraries take their settings
 * from the environment while the program is being loaded, so this sets what is not set there and
 * starts the program anew: OMP_WAIT_POLICY=passive, for threads that spin while they wait make the
 * program several times slower on a machine that others use too; and OPENBLAS_CORETYPE where
 * matrix.h knows better. Then it makes this thread, and all that parallel_run will start, look
 * single-threaded to a BLAS that is built on OpenMP and would start threads of its own. */
void parallel_start(char **argv);

/* Runs job(context, i) for every i in 0..jobs-1 on up to `threads` threads; back when all are
 * done. */
void parallel_run(int threads, int jobs, void (*job)(void *context, int i), void *context);

#endif
