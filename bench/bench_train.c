/* bench_train: how fast training is, beside how fast the machine can multiply.
 *
 * For each row it interleaves a large sgemm on all threads and windows of training, a few times,
 * and prints the median of each: k-mers/s, GFLOP/s counted as 6 (d D + D D + D n) a k-mer, and
 * that as a fraction of the sgemm's. It reads no file: the k-mers are those of random bases, with
 * sgd and clipping.
 *
 * usage: bench_train [THREADS [SECONDS]] */
#include "alloc.h"
#include "bptt.h"
#include "kmer.h"
#include "matrix.h"
#include "optimizer.h"
#include "parallel.h"
#include "progress.h"
#include "rng.h"
#include "start.h"

#include <stdio.h>
#include <stdlib.h>

enum { REPEATS = 5, PEAK_SIZE = 2048 };

typedef struct {
  int k, d, D, B, T;
  Softmax softmax;
} Row;

static const Row rows[] = {{4, 32, 128, 64, 64, FOLLOWERS}, {6, 64, 256, 64, 64, FULL}};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- the machine ---------------------------------------------------------------------------- */

typedef struct {
  float *A, *B, **C; /* (PEAK_SIZE,PEAK_SIZE), C one a job */
} Peak;

static void peak_job(void *context, int i) {
  Peak *peak = context;
  matrix_multiply(peak->C[i], peak->A, peak->B, PEAK_SIZE, PEAK_SIZE, PEAK_SIZE, 0);
}

static void fill(float *a, size_t n) {
  Rng rng = rng_new(1, 1);
  for (size_t i = 0; i < n; i++) a[i] = (float)rng_uniform(&rng) - 0.5f;
}

static Peak peak_new(int threads) {
  const size_t n = (size_t)PEAK_SIZE * PEAK_SIZE;
  Peak peak = {alloc_floats(n), alloc_floats(n), alloc_new((size_t)threads, sizeof(float *))};
  fill(peak.A, n), fill(peak.B, n);
  for (int i = 0; i < threads; i++) peak.C[i] = alloc_floats(n);
  return peak;
}

/* GFLOP/s of one large product a thread. */
static double measure_peak(Peak *peak, int threads) {
  double start = clock_now();
  parallel_run(threads, threads, peak_job, peak);
  return 2e-9 * threads * PEAK_SIZE * PEAK_SIZE * PEAK_SIZE / (clock_now() - start);
}

/* ---- training ------------------------------------------------------------------------------- */

typedef struct {
  Shape shape;
  Bptt *bptt;
  Weights *w, *gradient;
  Optimizer *optimizer;
  Window *window;
  int threads;
} Training;

static Training training_new(const Row *row, int threads) {
  Training t = {.shape = shape_new(row->k, 1, row->d, row->D, SIGMOID, row->softmax),
                .threads = threads};
  t.bptt = bptt_new(&t.shape, row->T, row->B, 1, threads, kernels_best());
  t.w = weights_new(&t.shape), t.gradient = weights_new(&t.shape);
  weights_init(t.w, &t.shape, 1);
  t.optimizer = optimizer_new(SGD, &t.shape);
  t.window = window_new(row->T, row->B);
  t.window->tokens = (uint64_t)row->T * (uint64_t)row->B;
  Rng rng = rng_new(2, 1);
  for (int i = 0; i < row->T * row->B; i++) {
    int x = i < row->B ? (int)(rng_next(&rng) % (uint64_t)t.shape.V) : t.window->y[i - row->B];
    t.window->x[i] = x;
    t.window->y[i] = kmer_followers(x, row->k, 1) + (int)(rng_next(&rng) % 4);
  }
  return t;
}

static void training_free(Training *t) {
  bptt_free(t->bptt), weights_free(t->w), weights_free(t->gradient);
  optimizer_free(t->optimizer), window_free(t->window);
}

/* k-mers/s over at least `seconds`. */
static double measure_training(Training *t, double seconds) {
  uint64_t tokens = 0;
  double start = clock_now(), now = start;
  while (now - start < seconds) {
    tokens += bptt_run(t->bptt, t->gradient, t->w, t->window)->tokens;
    optimizer_step(t->optimizer, t->w, t->gradient, 0.1, 5, t->threads, kernels_best());
    now = clock_now();
  }
  return (double)tokens / (now - start);
}

/* ---- the table ------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double median(double *values) {
  qsort(values, REPEATS, sizeof *values, ascending);
  return values[REPEATS / 2];
}

static void bench_row(const Row *row, int threads, double seconds, Peak *peak) {
  double rates[REPEATS], peaks[REPEATS];
  Training t = training_new(row, threads);
  measure_training(&t, seconds / 4); /* warms up */
  for (int i = 0; i < REPEATS; i++) {
    peaks[i] = measure_peak(peak, threads);
    rates[i] = measure_training(&t, seconds);
  }
  double rate = median(rates), top = median(peaks);
  double operations = 6.0 * (row->d * row->D + row->D * row->D + (double)row->D * t.shape.n);
  double gflops = 1e-9 * rate * operations;
  printf("| %d | %d | %d | %d | %d | %s | %.0f | %.1f | %.0f | %.2f |\n", row->k, row->d, row->D,
         row->B, row->T, row->softmax == FULL ? "full" : "followers", rate, gflops, top,
         gflops / top);
  fflush(stdout);
  training_free(&t);
}

int main(int argc, char **argv) {
  int available = start_program(argv);
  int threads = argc > 1 ? atoi(argv[1]) : available;
  double seconds = argc > 2 ? atof(argv[2]) : 2;
  Why why;
  if (threads < 1 || seconds <= 0 || (threads = matrix_threads(threads, &why)) < 0) {
    fprintf(stderr, "usage: bench_train [THREADS [SECONDS]]\n");
    return 2;
  }
  Peak peak = peak_new(threads);
  printf("OpenBLAS %s, loops for %s, %d threads, medians of %d\n\n", matrix_library(),
         kernels_best()->level, threads, REPEATS);
  printf("| k | d | D | lanes | T | softmax | k-mers/s | GFLOP/s | sgemm peak | of peak |\n"
         "|---|---|---|---|---|---|---|---|---|---|\n");
  for (int i = 0; i < ROWS; i++) bench_row(&rows[i], threads, seconds, &peak);
  return 0;
}
