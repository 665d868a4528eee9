/* bench_phases: the parts of a step of training, from which bench/growth models many threads, and
 * bench/ranks many machines.
 *
 *     [mpirun -n RANKS] bench_phases K d D LANES T followers|full THREADS SECONDS
 *
 * A step reads a window, computes its gradient and updates the weights. A phase is a call of
 * parallel_run, which the linker redirects to this file. With several ranks, all lines are about
 * rank 0. Fields are separated by tabs, and times are in microseconds:
 *
 *     step N TIME                time of a step on N threads, N = 1, 2, 4 .. THREADS
 *     sent BYTES MESSAGES        sent in that step
 *     phase CODE SERIAL TIME ..  a phase of a step on one thread: the address of its function in
 *                                this program, for addr2line; the time since the last phase, and
 *                                that of each job; without time in MPI
 *     end SERIAL                 the time since the last phase of that step
 *     spans N TIME ..            times of the phases of a step on N threads, in the same order
 *     barrier N TIME             time of N equal jobs on N threads, less the time of one job
 *     transfer TIME              transfer time of a cache line from one core to another */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "base/ranks.h"
#include "base/start.h"
#include "net/matrix.h"
#include "traffic.h"
#include "trial.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 20, LEAST = 7 /* rounds for the median of long steps */ };
enum { PHASES = 64, JOBS = 1 << 18 };

Traffic traffic;

static double since(double start) { return 1e6 * (clock_now() - start); }

static void spin(double microseconds) {
  const double start = clock_now();
  while (since(start) < microseconds) continue;
}

/* ---- phases --------------------------------------------------------------------------------- */

typedef void Job(void *context, int i);

static struct {
  int threads;  /* 0: the calling thread alone computes, and records the times of jobs */
  double since; /* the end of the last job, on a clock that stops in MPI */
  int phases, jobs;
  Job *job[PHASES];
  int end[PHASES]; /* of the phase's jobs */
  double serial[PHASES + 1], span[PHASES];
  double time[JOBS];
} trace;

void __real_parallel_run(int threads, int jobs, Job *job, void *context);
void __wrap_parallel_run(int threads, int jobs, Job *job, void *context);

/* Microseconds since the last call. */
static double lap(void) {
  const double now = clock_now() - traffic.seconds;
  const double time = 1e6 * (now - trace.since);
  trace.since = now;
  return time;
}

void __wrap_parallel_run(int threads, int jobs, Job *job, void *context) {
  (void)threads;
  if (trace.threads > 0) {
    lap();
    __real_parallel_run(trace.threads, jobs, job, context);
    if (trace.phases < PHASES) trace.span[trace.phases++] = lap();
    return;
  }
  assert(trace.phases < PHASES && jobs <= JOBS - trace.jobs);
  trace.serial[trace.phases] = lap();
  for (int i = 0; i < jobs; i++) {
    job(context, i);
    trace.time[trace.jobs++] = lap();
  }
  trace.job[trace.phases] = job;
  trace.end[trace.phases++] = trace.jobs;
}

extern const char __executable_start[]; /* defined by the linker */

static void print_phases(void) {
  if (!ranks_first()) return;
  for (int phase = 0, i = 0; phase < trace.phases; phase++) {
    const uintptr_t code = (uintptr_t)trace.job[phase] - (uintptr_t)__executable_start;
    printf("phase\t%#" PRIxPTR "\t%.2f", code, trace.serial[phase]);
    for (; i < trace.end[phase]; i++) printf("\t%.2f", trace.time[i]);
    printf("\n");
  }
  printf("end\t%.2f\n", trace.serial[trace.phases]);
}

static void trace_step(Trial *trial) {
  trace.threads = 0;
  trace.phases = 0;
  trace.jobs = 0;
  lap();
  trial_read(trial);
  trial_move(trial);
  trace.serial[trace.phases] = lap();
  print_phases();
}

/* Returns the same on all ranks. */
static double now(void) {
  Agreement agreement = {.now = clock_now()};
  ranks_agree(&agreement);
  return agreement.now;
}

/* The earliest or the latest time of all ranks, which share one machine and its clock. */
static double choose(double time, double (*which)(double, double)) {
  double *times = alloc_new((size_t)ranks_count(), sizeof *times);
  times[ranks_mine()] = time;
  ranks_gather(times, (size_t)ranks_mine() * sizeof *times, sizeof *times);
  for (int rank = 0; rank < ranks_count(); rank++) time = which(time, times[rank]);
  free(times);
  return time;
}

/* Ranks that share a core may compute one after the other, so a step takes the time from the first
 * start to the last end. */
static void measure_step(Trial *trial, int threads) {
  const Traffic before = traffic;
  const double start = clock_now();
  trace.threads = threads;
  trace.phases = 0;
  trial_read(trial);
  trial_move(trial);
  const Traffic after = traffic;
  const double time = choose(clock_now(), fmax) - choose(start, fmin);
  if (!ranks_first()) return;
  printf("step\t%d\t%.2f\n", threads, 1e6 * time);
  printf("sent\t%.0f\t%.0f\n", after.bytes - before.bytes, after.messages - before.messages);
  printf("spans\t%d", threads);
  for (int i = 0; i < trace.phases; i++) printf("\t%.2f", trace.span[i]);
  printf("\n");
}

static void measure_steps(Trial *trial, int threads, double seconds) {
  const double start = now();
  do measure_step(trial, threads);
  while (now() - start < seconds);
}

static void trace_steps(Trial *trial, double seconds) {
  const double start = now();
  do trace_step(trial);
  while (now() - start < seconds);
}

/* ---- barriers ------------------------------------------------------------------------------- */

enum { SERIAL = 5, EQUAL = 20 /* microseconds */, TRANSFERS = 1 << 10 };

static void equal_job(void *context, int i) {
  (void)context;
  (void)i;
  spin(EQUAL);
}

/* Two jobs increment a counter in turn. */
static void turn_job(void *context, int i) {
  atomic_int *shared = context;
  for (int j = i; j < TRANSFERS; j += 2) {
    while (*shared != j) continue;
    *shared = j + 1;
  }
}

static void measure_barrier(int threads) {
  spin(SERIAL);
  const double start = clock_now();
  __real_parallel_run(threads, threads, equal_job, NULL);
  printf("barrier\t%d\t%.2f\n", threads, since(start) - EQUAL);
}

static void measure_transfer(void) {
  atomic_int shared = 0;
  const double start = clock_now();
  __real_parallel_run(2, 2, turn_job, &shared);
  printf("transfer\t%.4f\n", since(start) / TRANSFERS);
}

static void measure_barriers(int threads) {
  for (int n = 2; n <= threads; n *= 2)
    for (int i = 0; i < ROUNDS; i++) measure_barrier(n);
  if (threads > 1) measure_transfer();
}

/* ---- benchmark ------------------------------------------------------------------------------ */

static void run_round(Trial *trial, double seconds) {
  const int threads = trial->threads;
  for (int n = 1; n <= threads; n *= 2) measure_steps(trial, n, seconds / ROUNDS);
  trace_steps(trial, seconds / ROUNDS);
  if (ranks_count() == 1) measure_barriers(threads);
}

static int run_bench(const TrialSize *size, int threads, double seconds, Why *why) {
  trace.threads = threads;
  if (ranks_start(why) != 0 || matrix_start(threads, why) != 0) return -1;
  Trial *trial = trial_new(size, TRIAL_DEFAULT, parallel_start(threads), kernels_best());
  trial_read(trial);
  trial_move(trial);
  const double start = now();
  int rounds = 0;
  do run_round(trial, seconds);
  while (++rounds < LEAST || now() - start < seconds);
  trial_free(trial);
  ranks_end();
  return 0;
}

int main(int argc, char **argv) {
  TrialSize size;
  int threads;
  double seconds;
  Why why;
  start_program();
  if (argc != 1 + TRIAL_WORDS + 2 || trial_parse(&size, argv + 1) != 0 ||
      trial_parse_threads(argv[1 + TRIAL_WORDS], &threads) != 0 ||
      trial_parse_seconds(argv[2 + TRIAL_WORDS], &seconds) != 0) {
    fprintf(stderr, "usage: bench_phases K d D LANES T followers|full THREADS SECONDS\n");
    return 2;
  }
  if (run_bench(&size, threads, seconds, &why) != 0) {
    fprintf(stderr, "bench_phases: %s\n", why.text);
    return 1;
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
