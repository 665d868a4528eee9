/* matrix: products by BLAS, which only this module calls. OpenBLAS uses one thread per call; our
 * own threads call it side by side on blocks of fixed shape (parallel.h).
 *
 * The choice between BLAS and our loops depends on the shape of a product, never on the machine or
 * the number of threads:
 *   A W    our loops (packed.h): they pack W once a window for many products, where BLAS packs it
 *          anew for each, and a row does not depend on the others
 *   A^T W  BLAS: both sides are used once, and the sum runs over the many tokens of a window
 * docs/performance-tables.md has the measurements behind this rule. */
#ifndef MATRIX_H
#define MATRIX_H

#include "base/fail.h"

#include <stdbool.h>

/* Approximate bytes that OpenBLAS uses for the products of a thread. */
enum { MATRIX_BUFFER = 1 << 20 };

/* Loads OpenBLAS before the first product, and checks that `threads` threads can multiply side by
 * side. Returns -1 if it cannot be loaded or its products are wrong. A child process tries this
 * first, because OpenBLAS does not return if it lacks memory for a product. */
int matrix_start(int threads, Why *why);

/* C (m,n) <- A^T W, or C + A^T W with add; A (k,m), W (k,n). Any number of threads may call it. */
void matrix_multiply_ta(float *C, const float *A, const float *W, int m, int n, int k, bool add);

/* The loaded OpenBLAS, as "0.3.21 SkylakeX pthread", or "not used"; static storage. */
const char *matrix_library(void);

#endif
