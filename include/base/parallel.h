/* parallel: threads. Work is cut into jobs whose number and shape never depend on the number of
 * threads. The caller combines the results in job order, so they are the same for any number of
 * threads. */
#ifndef PARALLEL_H
#define PARALLEL_H

#include <stdint.h>

/* Stack of each thread in bytes; the main thread needs as much. */
enum { PARALLEL_STACK = 1 << 20 };

/* Starts threads, which wait for jobs until the program ends. Returns the number of threads that
 * parallel_run can use, including the calling one: at most `threads`, or fewer if the system starts
 * no more (ulimit -u, a limit of the control group, a seccomp filter). Their stacks do not depend
 * on ulimit -s, and they block all signals but SIGPIPE. A forked child has none of these threads
 * and may start its own. */
int parallel_start(int threads);

/* Divides n things among jobs: returns the first thing of job i. The job ends before the first
 * thing of job i + 1. */
static inline int parallel_share(int n, int i, int jobs) { return (int)((int64_t)n * i / jobs); }

/* Runs job(context, i) for every i in 0..jobs-1 on `threads` threads and on those that an earlier
 * call started; starts threads if there are too few. Returns when all jobs are done. Only one call
 * may run at a time, and none from within a job. */
void parallel_run(int threads, int jobs, void (*job)(void *context, int i), void *context);

#endif
