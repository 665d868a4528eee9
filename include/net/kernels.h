/* kernels: the hot loops of the network, compiled once for every CPU level and chosen at run time.
 *
 * A level changes the last bits of the results (wider sums, fused multiply-add), never which
 * elements are combined: one level gives the same bytes for any number of threads.
 *
 * Arrays do not overlap unless a comment says so. exp is our own polynomial, exact to 2 ulp, for
 * libm's does not vectorise without -ffast-math; tanh comes from it, exact to 1e-7 absolute. */
#ifndef KERNELS_H
#define KERNELS_H

#include "net/activation.h"
#include "net/update.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Products of row-major matrices. W (k,n) is packed: its columns are cut into panels of `panel`,
 * each (k,panel), one after the other, the last filled up with zeros. Every element is its own sum,
 * in the same order wherever it stands and however many rows (> 0) there are: unlike in BLAS, a row
 * does not depend on the others. With add, the sum begins with the element of C. (K. Goto, R. van
 * de Geijn, "Anatomy of high-performance matrix multiplication", TOMS 2008.) */
typedef struct {
  int panel;
  /* The rows from..to-1 of W (k,n) */
  void (*pack)(float *packed, const float *W, int k, int n, int from, int to);
  /* The panels from..to-1, of W (n,k) */
  void (*pack_transposed)(float *packed, const float *W, int k, int n, int from, int to);
  void (*multiply)(float *C, const float *A, const float *packed, int rows, int n, int k,
                   bool add); /* C (rows,n) <- A (rows,k) W */

  /* Sums over tokens whose rows lie anywhere; with add, the sum starts from its old value.
   * sum (width) <- row[0] + row[1] + ... */
  void (*sum_rows)(float *sum, const float *const *row, int tokens, int width, bool add);
  /* dU (4,D) <- dq[0]^T h[0] + dq[1]^T h[1] + ..., dq (4), h (D) */
  void (*sum_outer)(float *dU, const float *const *dq, const float *const *h, int tokens, int D,
                    bool add);
  /* sum (width) <- ((row[0] + row[1]) + (row[2] + row[3])) + the same of the other four; sum may be
   * one of them. */
  void (*sum_eight)(float *sum, const float *const *row, int width);
} Products;

typedef struct {
  const char *level; /* "x86-64-v4", "x86-64-v3" or "baseline", arm64's only one */
  const Products *products;

  void (*activate)(float *h, size_t n, Activation phi); /* h <- phi(h) */
  /* dz <- dz o phi'(z), phi' written in terms of h = phi(z) */
  void (*activate_back)(float *dz, const float *h, size_t n, Activation phi);

  /* q <- exp(q + b2 - m), m = max(q + b2); gives back the sum of q and, in *max, m. */
  float (*exp_row)(float *q, const float *b2, size_t n, float *max);
  /* rows of 4 logits q, with the label of each, 0..3 or -1: none. J <- -ln softmax(q)[label], and
   * where scale is not 0 q <- scale (softmax(q) - label); both 0 where there is no label. */
  void (*softmax_four)(double *J, float *q, const int *label, size_t rows, float scale);
  void (*scale)(float *a, float factor, size_t n); /* a <- factor a */
  void (*add)(float *a, const float *b, size_t n); /* a <- a + b */
  /* a <- a + fraction (b - a) */
  void (*approach)(float *a, const float *b, float fraction, size_t n);
  double (*sum_of_squares)(const float *a, size_t n);

  /* The followers' products; U holds `rows` neighbours of D floats, rows is a multiple of 4. */
  void (*dot_rows)(float *q, const float *U, const float *h, int rows, int D); /* q <- U h */
  void (*combine_rows)(float *dh, const float *U, const float *dq, int rows,
                       int D); /* dh <- dq U */

  UpdateLoop *update[OPTIMIZERS];
} Kernels;

/* Those of the best level that this CPU runs. */
const Kernels *kernels_best(void);

/* Those of one level (cpu.h), or NULL where this build or this CPU lacks it: for tests. */
const Kernels *kernels_level(int level);

#endif
