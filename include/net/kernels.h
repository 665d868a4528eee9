/* kernels: the inner loops of the network, compiled once for every CPU level and chosen at run
 * time.
 *
 * Levels differ in the last bits of the results (wider sums, fused multiply-add). One level gives
 * the same bytes for any number of threads.
 *
 * Arrays do not overlap unless a comment says so. exp is our own polynomial, exact to 2 ulp,
 * because libm's exp does not vectorise without -ffast-math. tanh is computed from it, with an
 * absolute error below 1e-7. */
#ifndef KERNELS_H
#define KERNELS_H

#include "net/activation.h"
#include "net/update.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Products of row-major matrices. W (k,n) is packed: its columns are divided into panels of `panel`
 * columns, each stored as (k,panel); the last panel is filled up with zeros. The terms of every
 * element are added in the same order at any place and for any number of rows (> 0): unlike in
 * BLAS, a row does not depend on the other rows. With add, the sum begins with the element of C.
 * (K. Goto, R. van de Geijn, "Anatomy of high-performance matrix multiplication", TOMS 2008.) */
typedef struct {
  int panel;
  /* Packs the rows from..to-1 of W (k,n). */
  void (*pack)(float *packed, const float *W, int k, int n, int from, int to);
  /* Packs the panels from..to-1 of the transpose of W (n,k). */
  void (*pack_transposed)(float *packed, const float *W, int k, int n, int from, int to);
  void (*multiply)(float *C, const float *A, const float *packed, int rows, int n, int k,
                   bool add); /* C (rows,n) <- A (rows,k) W */

  /* Sums over the rows of tokens, which may be anywhere in memory; with add, the sum starts from
   * its old value. sum (width) <- row[0] + row[1] + ... */
  void (*sum_rows)(float *sum, const float *const *row, int tokens, int width, bool add);
  /* dU (4,D) <- dq[0]^T h[0] + dq[1]^T h[1] + ..., dq (4), h (D) */
  void (*sum_outer)(float *dU, const float *const *dq, const float *const *h, int tokens, int D,
                    bool add);
  /* sum (width) <- ((row[0] + row[1]) + (row[2] + row[3])) + the same of the other four; sum may be
   * one of the rows. */
  void (*sum_eight)(float *sum, const float *const *row, int width);
} Products;

typedef struct {
  const char *level; /* "x86-64-v4", "x86-64-v3" or "baseline", arm64's only one */
  const Products *products;

  void (*activate)(float *h, size_t n, Activation phi); /* h <- phi(h) */
  /* dz <- dz o phi'(z), phi' written in terms of h = phi(z) */
  void (*activate_back)(float *dz, const float *h, size_t n, Activation phi);

  /* q <- exp(q + b2 - m), m = max(q + b2); returns the sum of q and sets *max to m. */
  float (*exp_row)(float *q, const float *b2, size_t n, float *max);
  /* q: rows of 4 logits; label: that of each row, 0..3, or -1: none. J <- -ln softmax(q)[label]
   * and, if scale is not 0, q <- scale (softmax(q) - label); without a label both are 0. */
  void (*softmax_four)(double *J, float *q, const int *label, size_t rows, float scale);
  void (*scale)(float *a, float factor, size_t n); /* a <- factor a */
  void (*add)(float *a, const float *b, size_t n); /* a <- a + b */
  /* a <- a + fraction (b - a) */
  void (*approach)(float *a, const float *b, float fraction, size_t n);
  double (*sum_of_squares)(const float *a, size_t n);

  /* Products for followers. U holds `rows` consecutive rows of D floats; rows is a multiple of
   * 4. */
  void (*dot_rows)(float *q, const float *U, const float *h, int rows, int D); /* q <- U h */
  void (*combine_rows)(float *dh, const float *U, const float *dq, int rows,
                       int D); /* dh <- dq U */

  UpdateLoop *update[OPTIMIZERS];
} Kernels;

/* The kernels of the best level that this CPU runs. */
const Kernels *kernels_best(void);

/* The kernels of one level (cpu.h), or NULL if this build or this CPU lacks it; for tests. */
const Kernels *kernels_level(int level);

#endif
