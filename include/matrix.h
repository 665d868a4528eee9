/* matrix: products of row-major float matrices; the only caller of BLAS, which it holds to one
 * thread: our own threads call it side by side on blocks of fixed shape (parallel.h). */
#ifndef MATRIX_H
#define MATRIX_H

#include "fail.h"

#include <stddef.h>

/* C (m,n) <- beta C + A (m,k) B (k,n); the _ta form takes A as (k,m). */
void matrix_multiply(float *C, const float *A, const float *B, int m, int n, int k, float beta);
void matrix_multiply_ta(float *C, const float *A, const float *B, int m, int n, int k, float beta);

/* B (n,m) <- A (m,n)^T */
void matrix_transpose(float *B, const float *A, int m, int n);

/* The name of OpenBLAS's kernels for this CPU, or NULL where those in use are as good: a release
 * older than the CPU falls back to those of a 2004 CPU, five times slower or worse. To be put into
 * OPENBLAS_CORETYPE before the library is loaded. */
const char *matrix_better_core(void);

/* Where OpenBLAS cannot have the address space that it wants, it asks for it again, for ever.
 * The bytes it takes while the program is being loaded, where its number of threads is what the
 * environment says, NULL for nothing, and a thread has `stack` bytes; and those it takes once
 * `threads` threads of ours have called it. */
size_t matrix_space_at_start(const char *threads, size_t stack);
size_t matrix_space(int threads);
/* Whether so much can be had now. */
int matrix_fits(size_t space);

/* Holds BLAS to one thread of its own and says how many threads may multiply side by side:
 * `threads`, or 1 where OpenBLAS was built for programs without threads, which then gives wrong
 * products now and then. Where products are found to differ all the same, or the address space is
 * too small, -1. */
int matrix_threads(int threads, Why *why);

/* What OpenBLAS says of itself: "0.3.21 SkylakeX pthread"; static storage. */
const char *matrix_library(void);

#endif
