/* matrix: products of row-major float matrices; the only caller of BLAS, which it holds to one
 * thread: our own threads call it side by side on blocks of fixed shape (parallel.h).
 *
 * OpenBLAS is loaded when a program needs it, and only then: where the kernels of this CPU say that
 * BLAS multiplies faster than they do (kernels.h). */
#ifndef MATRIX_H
#define MATRIX_H

#include "base/fail.h"

/* Loads OpenBLAS, before the first product, and returns how many threads may multiply side by side:
 * `threads`, or fewer where there are no more (parallel.h), or 1 where OpenBLAS was built for
 * programs without threads, which then gives wrong products now and then. An error where it cannot
 * be loaded, or where its products fail: OpenBLAS does not return from a product that it has no
 * memory for, so a child process tries it first. */
int matrix_threads(int threads, Why *why);

/* C (m,n) <- beta C + A (m,k) B (k,n); the _ta form takes A as (k,m). */
void matrix_multiply(float *C, const float *A, const float *B, int m, int n, int k, float beta);
void matrix_multiply_ta(float *C, const float *A, const float *B, int m, int n, int k, float beta);

/* B (n,m) <- A (m,n)^T; needs no BLAS */
void matrix_transpose(float *B, const float *A, int m, int n);

/* The OpenBLAS that is loaded: "0.3.21 SkylakeX pthread"; "not used" where none is. Static storage.
 */
const char *matrix_library(void);

#endif
