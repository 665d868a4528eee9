/* parallel: threads. Work is cut into jobs whose number and shape never depend on the number of
 * threads; threads merely choose who runs a job. What jobs produce is combined in job order by
 * the caller, so that the result is the same for any number of threads. */
#ifndef PARALLEL_H
#define PARALLEL_H

#include <stdint.h>

/* Bytes of stack that each thread has, and that the first one needs. */
enum { PARALLEL_STACK = 1 << 20 };

/* Starts threads, which wait for jobs until the program ends. Returns the number of threads that
 * parallel_run can use, including the calling one: at most `threads`, or fewer if the system starts
 * no more (ulimit -u, a limit of the control group, a seccomp filter). Their stacks do not depend
 * on ulimit -s, and they block all signals but SIGPIPE. A forked child has none of
 * them, and may start its own. */
int parallel_start(int threads);

/* Jobs share n things: those of the i-th of so many jobs begin here, and end where those of the
 * next one begin. */
static inline int parallel_share(int n, int i, int jobs) { return (int)((int64_t)n * i / jobs); }

/* Runs job(context, i) for every i in 0..jobs-1 on `threads` threads, which it starts where there
 * are too few, and on those that an earlier call started; returns when all are done. One call at a
 * time; not from within a job. */
void parallel_run(int threads, int jobs, void (*job)(void *context, int i), void *context);

#endif
