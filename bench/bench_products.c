/* bench_products: our loops beside OpenBLAS for the products of training, as a Markdown table.
 *
 *     bench_products [LEVEL]
 *
 * LEVEL is a CPU level (cpu.h), 0..2; the default is the best of this CPU. OPENBLAS_CORETYPE
 * chooses the kernels of OpenBLAS, for comparisons with other types of CPU.
 *
 * C is (m,n), and the sum has k terms. Speeds are medians of alternating slices on one thread, in
 * processor time; the ratio is the median of the ratios of the slices. Our loops get W packed, as
 * in training. They do not have A^T W, so they transpose A and pack W each time. */
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/rng.h"
#include "base/start.h"
#include "net/kernels.h"
#include "net/matrix.h"

#include <cblas.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef enum { A_W, A_WT, AT_W } Form; /* W is (k,n), for A_WT (n,k); A is (m,k), for AT_W (k,m) */

typedef struct {
  const char *name;
  Form form;
  int m, n, k;
} Product;

/* Products of rows 3, 4, 5, 8 and 9 of bench/train. A block has 16 lanes. */
static const Product products[] = {
    {"h(t-1) H", A_W, 16, 96, 96},
    {"h(t-1) H", A_W, 16, 512, 512},
    {"dz(t+1) H^T", A_WT, 16, 96, 96},
    {"dz(t+1) H^T", A_WT, 16, 512, 512},
    {"L I", A_W, 256, 96, 32},
    {"L I", A_W, 256, 256, 64},
    {"e I", A_W, 1024, 256, 64},
    {"e I", A_W, 1024, 512, 128},
    {"dL = G I^T", A_WT, 256, 32, 96},
    {"dL = G I^T", A_WT, 256, 64, 256},
    {"de = dz I^T", A_WT, 1024, 64, 256},
    {"de = dz I^T", A_WT, 1024, 128, 512},
    {"h U", A_WT, 256, 256, 256},
    {"h U", A_WT, 256, 4096, 256},
    {"h U", A_WT, 256, 4096, 512},
    {"h U", A_WT, 128, 65536, 256},
    {"dq U^T", A_W, 256, 256, 256},
    {"dq U^T", A_W, 256, 256, 4096},
    {"dq U^T", A_W, 256, 512, 4096},
    {"dq U^T", A_W, 128, 256, 65536},
    {"dI = L^T G", AT_W, 32, 96, 256},
    {"dI = L^T G", AT_W, 64, 256, 256},
    {"dI = e^T dz", AT_W, 64, 256, 1024},
    {"dI = e^T dz", AT_W, 128, 512, 1024},
    {"dH = h^T dz", AT_W, 96, 96, 768},
    {"dH = h^T dz", AT_W, 256, 256, 1024},
    {"dH = h^T dz", AT_W, 512, 512, 1024},
    {"dH = h^T dz", AT_W, 1024, 1024, 1024},
    {"dU = dq^T h", AT_W, 256, 256, 256},
    {"dU = dq^T h", AT_W, 4096, 256, 256},
    {"dU = dq^T h", AT_W, 4096, 512, 256},
    {"dU = dq^T h", AT_W, 65536, 256, 128},
};

enum { SLICES = 9 };

typedef struct {
  const Product *p;
  const Products *loops;
  __typeof__(cblas_sgemm) *sgemm;
  float *A, *W, *C, *packed, *transposed;
} Trial;

static float *random_floats(size_t n) {
  Rng rng = rng_new(1, 1);
  float *a = alloc_floats(n);
  for (size_t i = 0; i < n; i++) a[i] = (float)rng_uniform(&rng) - 0.5f;
  return a;
}

static void multiply_ours(const Trial *b) {
  const Product *p = b->p;
  const float *A = b->A;
  if (p->form == AT_W) {
    for (int i = 0; i < p->k; i++)
      for (int j = 0; j < p->m; j++)
        b->transposed[(size_t)j * (size_t)p->k + (size_t)i] =
            b->A[(size_t)i * (size_t)p->m + (size_t)j];
    b->loops->pack(b->packed, b->W, p->k, p->n, 0, p->k);
    A = b->transposed;
  }
  b->loops->multiply(b->C, A, b->packed, p->m, p->n, p->k, false);
}

static void multiply_blas(const Trial *b) {
  const Product *p = b->p;
  const bool ta = p->form == AT_W, tw = p->form == A_WT;
  b->sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tw ? CblasTrans : CblasNoTrans, p->m,
           p->n, p->k, 1, b->A, ta ? p->m : p->k, b->W, tw ? p->k : p->n, 0, b->C, p->n);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Returns GFLOP/s over a few milliseconds. */
static double speed(const Trial *b, void (*multiply)(const Trial *b)) {
  const double flops = 2.0 * b->p->m * b->p->n * b->p->k;
  const int times = 1 + (int)(2e8 / flops);
  const double start = seconds();
  for (int i = 0; i < times; i++) multiply(b);
  return 1e-9 * flops * times / (seconds() - start);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double values[SLICES]) {
  qsort(values, SLICES, sizeof *values, ascending);
  return values[SLICES / 2];
}

static void measure(const Product *p, const Products *loops, __typeof__(cblas_sgemm) *sgemm) {
  static const char *const forms[] = {[A_W] = "A W", [A_WT] = "A W^T", [AT_W] = "A^T W"};
  const size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k;
  const size_t panels = (n + (size_t)loops->panel - 1) / (size_t)loops->panel;
  double ours[SLICES], blas[SLICES], ratio[SLICES];
  Trial b = {.p = p,
             .loops = loops,
             .sgemm = sgemm,
             .A = random_floats(m * k),
             .W = random_floats(k * n),
             .C = random_floats(m * n),
             .packed = random_floats(panels * (size_t)loops->panel * k),
             .transposed = random_floats(m * k)};
  multiply_ours(&b); /* warms up */
  multiply_blas(&b);
  for (int i = 0; i < SLICES; i++) {
    ours[i] = speed(&b, multiply_ours);
    blas[i] = speed(&b, multiply_blas);
    ratio[i] = blas[i] / ours[i];
  }
  printf("| %s | %s | %d | %d | %d | %.1f | %.1f | %.2f |\n", p->name, forms[p->form], p->m, p->n,
         p->k, median(ours), median(blas), median(ratio));
  free(b.A);
  free(b.W);
  free(b.C);
  free(b.packed);
  free(b.transposed);
}

int main(int argc, char **argv) {
  __typeof__(cblas_sgemm) *sgemm;
  Why why;
  start_program();
  const Kernels *kernels = argc > 1 ? kernels_level(atoi(argv[1])) : kernels_best();
  if (!kernels || matrix_start(1, &why) != 0) {
    fprintf(stderr, "bench_products: %s\n", kernels ? why.text : "this CPU lacks that level");
    return 1;
  }
  void *found = dlsym(RTLD_DEFAULT, "cblas_sgemm"); /* matrix_start has loaded it */
  memcpy(&sgemm, &found, sizeof sgemm);
  printf("OpenBLAS %s, loops for %s\n\n", matrix_library(), kernels->level);
  printf("| product | form | m | n | k | ours GFLOP/s | OpenBLAS GFLOP/s | ratio |\n"
         "|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < sizeof products / sizeof *products; i++)
    measure(&products[i], kernels->products, sgemm);
  return fflush(stdout) == 0 ? 0 : 1;
}
