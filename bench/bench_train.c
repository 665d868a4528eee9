/* bench_train: how fast training is for one shape, beside how fast the machine multiplies.
 *
 *     bench_train K d D LANES T followers|full THREADS SECONDS
 *     bench_train --machine
 *
 * The first prints a line: k, d, D, lanes, T, softmax, threads, k-mers/s, GFLOP/s counted as
 * 6 (d D + D D + D n) a k-mer, those of a large sgemm on all threads, the first as a fraction of
 * the second, the peak memory of training in MB, and the share of the multiply-adds of a window
 * that BLAS does, counted; separated by tabs. It reads no file: the k-mers are those of random
 * bases, with sgd and clipping. The second names the BLAS and the loops. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/start.h"
#include "net/bptt.h"
#include "net/matrix.h"
#include "net/optimizer.h"
#include "sequence/kmer.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int k, d, D, B, T;
  Softmax softmax;
  int threads;
  double seconds;
} Bench;

/* ---- the machine ---------------------------------------------------------------------------- */

enum { PEAK_SIZE = 2048, SLICES = 5 };

typedef struct {
  float *A, *B, **C; /* (PEAK_SIZE,PEAK_SIZE), C one a job */
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

/* GFLOP/s of one large product a thread. */
static double measure_peak(Peak *peak) {
  double start = clock_now();
  parallel_run(peak->threads, peak->threads, peak_job, peak);
  return 2e-9 * peak->threads * pow(PEAK_SIZE, 3) / (clock_now() - start);
}

/* The largest this process has been, in MB. getrusage would say how large the one was that started
 * it, where that was larger. */
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

typedef struct {
  Shape shape;
  Bptt *bptt;
  Weights *w;
  Gradient *gradient;
  Optimizer *optimizer;
  Window *window;
  Rng rng;
  int threads;
} Training;

static Training training_new(const Bench *bench, int threads, const Kernels *kernels) {
  Training t = {.shape =
                    shape_new(bench->k, 1, bench->d, bench->D, ACTIVATION_SIGMOID, bench->softmax),
                .rng = rng_new(2, 1),
                .threads = threads};
  t.bptt = bptt_new(&t.shape, bench->T, bench->B, true, threads, kernels);
  t.w = weights_new(&t.shape);
  t.gradient = gradient_new(&t.shape, bench->T * bench->B);
  weights_init(t.w, &t.shape, 1);
  t.optimizer = optimizer_new(OPTIMIZER_SGD, &t.shape, false);
  t.window = window_new(bench->T, bench->B);
  t.window->tokens = (uint64_t)bench->T * (uint64_t)bench->B;
  return t;
}

static void training_free(Training *t) {
  bptt_free(t->bptt);
  weights_free(t->w);
  gradient_free(t->gradient);
  optimizer_free(t->optimizer);
  window_free(t->window);
}

/* The next window of lanes of random bases; the first follows AAA in every lane. */
static void read_bases(Training *t) {
  Window *window = t->window;
  size_t B = (size_t)window->B, tokens = (size_t)window->T * B;
  for (size_t i = 0; i < tokens; i++) {
    int x = window->x[i] = i < B ? window->y[tokens - B + i] : window->y[i - B];
    window->y[i] = kmer_followers(x, t->shape.k, 1) + (int)(rng_next(&t->rng) % 4);
  }
}

/* k-mers/s over at least `seconds`, in which the drawing of bases does not count. */
static double measure_training(Training *t, double seconds) {
  uint64_t tokens = 0;
  double spent = 0;
  while (spent < seconds) {
    read_bases(t);
    double start = clock_now();
    tokens += bptt_run(t->bptt, t->gradient, t->w, t->window)->tokens;
    optimizer_step(t->optimizer, t->w, t->gradient, 0.1, 5, t->threads, kernels_best());
    spent += clock_now() - start;
  }
  return (double)tokens / spent;
}

/* ---- multiply-adds --------------------------------------------------------------------------- */

static atomic_ullong by_BLAS, by_loops;

static void count(atomic_ullong *sum, int m, int n, int k) {
  atomic_fetch_add(sum, (unsigned long long)m * (unsigned long long)n * (unsigned long long)k);
}

/* The linker puts this one in front of matrix_multiply_ta. */
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

static void count_outer(float *dU, const float *const *dq, const float *const *h, int tokens,
                        int D) {
  count(&by_loops, 4, D, tokens);
  kernels_best()->products->sum_outer(dU, dq, h, tokens, D);
}

static void count_dots(float *q, const float *U, const float *h, int rows, int D) {
  count(&by_loops, 1, rows, D);
  kernels_best()->dot_rows(q, U, h, rows, D);
}

static void count_combined(float *dh, const float *U, const float *dq, int rows, int D) {
  count(&by_loops, 1, D, rows);
  kernels_best()->combine_rows(dh, U, dq, rows, D);
}

/* The share of BLAS in the multiply-adds of a window's products. */
static double measure_share(const Bench *bench, int threads) {
  Products products = *kernels_best()->products;
  Kernels kernels = *kernels_best();
  products.multiply = count_multiply;
  products.sum_outer = count_outer;
  kernels.products = &products;
  kernels.dot_rows = count_dots;
  kernels.combine_rows = count_combined;
  Training t = training_new(bench, threads, &kernels);
  read_bases(&t);
  by_BLAS = 0;
  bptt_run(t.bptt, t.gradient, t.w, t.window);
  training_free(&t);
  return (double)by_BLAS / (double)(by_BLAS + by_loops);
}

/* ---- the line ------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, ascending);
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/* The sgemm stands between the slices of the training, and a slice is compared with those on both
 * of its sides: what else the machine does changes from second to second. */
static void run_bench(const Bench *bench) {
  double rates[SLICES], peaks[SLICES + 1], fractions[SLICES];
  Why why;
  if (matrix_start(bench->threads, &why) != 0) {
    fprintf(stderr, "bench_train: %s\n", why.text);
    exit(1);
  }
  const int threads = parallel_start(bench->threads);
  Training t = training_new(bench, threads, kernels_best());
  measure_training(&t, bench->seconds / 4); /* warms up */
  const double memory = peak_memory();      /* before the sgemm has its own */
  const double cost = 6e-9 * bench->D * ((double)bench->d + bench->D + t.shape.n); /* GFLOP */
  Peak peak = peak_new(threads);
  measure_peak(&peak);
  peaks[0] = measure_peak(&peak);
  for (int i = 0; i < SLICES; i++) {
    rates[i] = measure_training(&t, bench->seconds / (double)SLICES);
    peaks[i + 1] = measure_peak(&peak);
    fractions[i] = 2 * cost * rates[i] / (peaks[i] + peaks[i + 1]);
  }
  training_free(&t);
  peak_free(&peak);
  const double share = measure_share(bench, threads);
  const double rate = median(rates, SLICES);
  printf("%d\t%d\t%d\t%d\t%d\t%s\t%d\t%.0f\t%.1f\t%.1f\t%.3f\t%.1f\t%.2f\n", bench->k, bench->d,
         bench->D, bench->B, bench->T, bench->softmax == SOFTMAX_FULL ? "full" : "followers",
         threads, rate, cost * rate, median(peaks, SLICES + 1), median(fractions, SLICES), memory,
         share);
}

/* ---- the command line ----------------------------------------------------------------------- */

static int parse_size(const char *text, long max, int *value) {
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  if (!isdigit((unsigned char)text[0]) || *end || errno || number < 1 || number > max) return -1;
  *value = (int)number;
  return 0;
}

static int parse_seconds(const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return isdigit((unsigned char)text[0]) && !*end && *value > 0 && isfinite(*value) ? 0 : -1;
}

static int parse_softmax(const char *text, Softmax *softmax) {
  *softmax = strcmp(text, "full") == 0 ? SOFTMAX_FULL : SOFTMAX_FOLLOWERS;
  return *softmax == SOFTMAX_FULL || strcmp(text, "followers") == 0 ? 0 : -1;
}

static int parse(Bench *bench, int argc, char **argv) {
  enum { LARGEST = 65536, THREADS_MOST = 1024 };
  if (argc != 9) return -1;
  if (parse_size(argv[1], KMER_MAX, &bench->k) != 0) return -1;
  if (parse_size(argv[2], LARGEST, &bench->d) != 0) return -1;
  if (parse_size(argv[3], LARGEST, &bench->D) != 0) return -1;
  if (parse_size(argv[4], LARGEST, &bench->B) != 0) return -1;
  if (parse_size(argv[5], LARGEST, &bench->T) != 0) return -1;
  if (parse_softmax(argv[6], &bench->softmax) != 0) return -1;
  if (parse_size(argv[7], THREADS_MOST, &bench->threads) != 0) return -1;
  return parse_seconds(argv[8], &bench->seconds);
}

int main(int argc, char **argv) {
  Bench bench;
  start_program();
  if (argc == 2 && strcmp(argv[1], "--machine") == 0) {
    Why why;
    matrix_start(1, &why); /* "not used" where it cannot be loaded */
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
