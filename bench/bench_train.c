/* bench_train: the speed of training for one shape, and that of a large sgemm on the machine.
 *
 *     bench_train K d D LANES T followers|full THREADS SECONDS
 *     bench_train --machine
 *
 * The first form prints a line, separated by tabs: k, d, D, lanes, T, softmax, threads, k-mers/s,
 * GFLOP/s counted as 6 (d D + D D + D n) per k-mer, GFLOP/s of a large sgemm on all threads, the
 * ratio of the two, the peak memory of training in MB, and the counted share of BLAS in the
 * multiply-adds of a window. It reads no file: it trains on random bases in memory, with sgd and
 * clipping. The second form prints the BLAS and the loops. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/start.h"
#include "net/matrix.h"
#include "trial.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  TrialSize size;
  int threads;
  double seconds;
} Bench;

/* ---- the machine ---------------------------------------------------------------------------- */

enum { PEAK_SIZE = 2048, SLICES = 5 };

typedef struct {
  float *A, *B, **C; /* (PEAK_SIZE,PEAK_SIZE), one C per job */
  int threads;
} Peak;

static float *random_matrix(void) {
  const size_t n = (size_t)PEAK_SIZE * PEAK_SIZE;
  Rng rng = rng_new(1, 1);
  float *a = alloc_floats(n);
  for (size_t i = 0; i < n; i++) a[i] = (float)rng_uniform(&rng) - 0.5f;
  return a;
}

static Peak peak_new(int threads) {
  Peak peak = {random_matrix(), random_matrix(), alloc_new((size_t)threads, sizeof(float *)),
               threads};
  for (int i = 0; i < threads; i++) peak.C[i] = random_matrix();
  return peak;
}

static void peak_free(Peak *peak) {
  for (int i = 0; i < peak->threads; i++) free(peak->C[i]);
  free(peak->A);
  free(peak->B);
  free(peak->C);
}

static void peak_job(void *context, int i) {
  Peak *peak = context;
  matrix_multiply_ta(peak->C[i], peak->A, peak->B, PEAK_SIZE, PEAK_SIZE, PEAK_SIZE, false);
}

/* Returns GFLOP/s of one large product per thread. */
static double measure_peak(Peak *peak) {
  double start = clock_now();
  parallel_run(peak->threads, peak->threads, peak_job, peak);
  return 2e-9 * peak->threads * pow(PEAK_SIZE, 3) / (clock_now() - start);
}

/* Returns the peak memory of this process in MB. getrusage would return that of the parent process
 * if it was larger. */
static double peak_memory(void) {
  char line[256];
  double kilo = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %lf kB", &kilo) == 1) break;
  if (status) fclose(status);
  return kilo * 1.024e-3;
}

/* ---- training ------------------------------------------------------------------------------- */

/* Returns k-mers/s over at least `seconds`. */
static double measure_training(Trial *trial, double seconds) {
  const double start = clock_now();
  uint64_t tokens = 0;
  while (clock_now() - start < seconds) {
    trial_read(trial);
    tokens += trial->window->tokens;
    trial_move(trial);
  }
  return (double)tokens / (clock_now() - start);
}

/* ---- multiply-adds --------------------------------------------------------------------------- */

static atomic_ullong by_BLAS, by_loops;

static void count(atomic_ullong *sum, int m, int n, int k) {
  atomic_fetch_add(sum, (unsigned long long)m * (unsigned long long)n * (unsigned long long)k);
}

/* The linker redirects calls of matrix_multiply_ta to this function. */
void __real_matrix_multiply_ta(float *C, const float *A, const float *W, int m, int n, int k,
                               bool add);
void __wrap_matrix_multiply_ta(float *C, const float *A, const float *W, int m, int n, int k,
                               bool add);
void __wrap_matrix_multiply_ta(float *C, const float *A, const float *W, int m, int n, int k,
                               bool add) {
  count(&by_BLAS, m, n, k);
  __real_matrix_multiply_ta(C, A, W, m, n, k, add);
}

static void count_multiply(float *C, const float *A, const float *packed, int rows, int n, int k,
                           bool add) {
  count(&by_loops, rows, n, k);
  kernels_best()->products->multiply(C, A, packed, rows, n, k, add);
}

static void count_outer(float *dU, const float *const *dq, const float *const *h, int tokens, int D,
                        bool add) {
  count(&by_loops, 4, D, tokens);
  kernels_best()->products->sum_outer(dU, dq, h, tokens, D, add);
}

static void count_dots(float *q, const float *U, const float *h, int rows, int D) {
  count(&by_loops, 1, rows, D);
  kernels_best()->dot_rows(q, U, h, rows, D);
}

static void count_combined(float *dh, const float *U, const float *dq, int rows, int D) {
  count(&by_loops, 1, D, rows);
  kernels_best()->combine_rows(dh, U, dq, rows, D);
}

/* Returns the share of BLAS in the multiply-adds of a window. */
static double measure_share(const Bench *bench, int threads) {
  Products products = *kernels_best()->products;
  Kernels kernels = *kernels_best();
  products.multiply = count_multiply;
  products.sum_outer = count_outer;
  kernels.products = &products;
  kernels.dot_rows = count_dots;
  kernels.combine_rows = count_combined;
  Trial *trial = trial_new(&bench->size, TRIAL_SGD, threads, &kernels);
  trial_read(trial);
  by_BLAS = 0;
  trial_move(trial);
  trial_free(trial);
  return (double)by_BLAS / (double)(by_BLAS + by_loops);
}

/* ---- the line ------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, ascending);
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/* Slices of training and of the sgemm alternate, and a slice is compared with its two neighbours,
 * because the load of the machine changes from second to second. */
static void run_bench(const Bench *bench) {
  double rates[SLICES], peaks[SLICES + 1], fractions[SLICES];
  Why why;
  if (matrix_start(bench->threads, &why) != 0) {
    fprintf(stderr, "bench_train: %s\n", why.text);
    exit(1);
  }
  const int threads = parallel_start(bench->threads);
  const TrialSize *size = &bench->size;
  Trial *trial = trial_new(size, TRIAL_SGD, threads, kernels_best());
  measure_training(trial, bench->seconds / 4); /* warms up */
  const double memory = peak_memory();         /* before the sgemm allocates */
  const double cost = 6e-9 * size->D * ((double)size->d + size->D + trial->shape.n); /* GFLOP */
  Peak peak = peak_new(threads);
  measure_peak(&peak);
  peaks[0] = measure_peak(&peak);
  for (int i = 0; i < SLICES; i++) {
    rates[i] = measure_training(trial, bench->seconds / (double)SLICES);
    peaks[i + 1] = measure_peak(&peak);
    fractions[i] = 2 * cost * rates[i] / (peaks[i] + peaks[i + 1]);
  }
  trial_free(trial);
  peak_free(&peak);
  const double share = measure_share(bench, threads);
  const double rate = median(rates, SLICES);
  printf("%d\t%d\t%d\t%d\t%d\t%s\t%d\t%.0f\t%.1f\t%.1f\t%.3f\t%.1f\t%.2f\n", size->k, size->d,
         size->D, size->B, size->T, softmax_names[size->softmax], threads, rate, cost * rate,
         median(peaks, SLICES + 1), median(fractions, SLICES), memory, share);
}

/* ---- the command line ----------------------------------------------------------------------- */

static int parse(Bench *bench, int argc, char **argv) {
  if (argc != 1 + TRIAL_WORDS + 2) return -1;
  if (trial_parse(&bench->size, argv + 1) != 0) return -1;
  if (trial_parse_threads(argv[1 + TRIAL_WORDS], &bench->threads) != 0) return -1;
  return trial_parse_seconds(argv[2 + TRIAL_WORDS], &bench->seconds);
}

int main(int argc, char **argv) {
  Bench bench;
  start_program();
  if (argc == 2 && strcmp(argv[1], "--machine") == 0) {
    Why why;
    matrix_start(1, &why); /* "not used" if it cannot be loaded */
    printf("OpenBLAS %s, loops for %s\n", matrix_library(), kernels_best()->level);
  } else if (parse(&bench, argc, argv) == 0) {
    run_bench(&bench);
  } else {
    fprintf(stderr, "usage: bench_train K d D LANES T followers|full THREADS SECONDS, or "
                    "bench_train --machine\n");
    return 2;
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
