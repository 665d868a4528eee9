/* matrix: products of row-major float matrices; the only caller of BLAS, which it holds to one
 * thread: our own threads call it side by side on blocks of fixed shape (parallel.h). */
#ifndef MATRIX_H
#define MATRIX_H

#include "fail.h"

/* C (m,n) <- beta C + A (m,k) B (k,n); the _ta and _tb forms take A as (k,m), B as (n,k). */
void matrix_multiply(float *C, const float *A, const float *B, int m, int n, int k, float beta);
void matrix_multiply_ta(float *C, const float *A, const float *B, int m, int n, int k, float beta);
void matrix_multiply_tb(float *C, const float *A, const float *B, int m, int n, int k, float beta);

/* B (n,m) <- A (m,n)^T */
void matrix_transpose(float *B, const float *A, int m, int n);

/* The first call of main(). OpenBLAS picks its kernels while the program is being loaded, and a
 * release older than the CPU falls back to those of a 2004 CPU, five times slower or worse. Where
 * that has happened, and OPENBLAS_CORETYPE is not set, this sets it to what the CPU can do and
 * starts the program anew, before it has read or written anything. */
void matrix_start(char **argv);

/* Holds BLAS to one thread, then lets `threads` threads multiply side by side and compares with
 * one alone: an OpenBLAS that cannot be called from several threads is an error, not a wrong
 * number. */
int matrix_check(int threads, Why *why);

/* What OpenBLAS says of itself: "0.3.21 SkylakeX pthread"; static storage. */
const char *matrix_library(void);

#endif
