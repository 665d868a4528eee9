#include "matrix.h"

#include <cblas.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void matrix_multiply(float *C, const float *A, const float *B, int m, int n, int k, float beta) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, A, k, B, n, beta, C, n);
}

void matrix_multiply_ta(float *C, const float *A, const float *B, int m, int n, int k, float beta) {
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1, A, m, B, n, beta, C, n);
}

void matrix_transpose(float *B, const float *A, int m, int n) {
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++)
      B[(size_t)j * (size_t)m + (size_t)i] = A[(size_t)i * (size_t)n + (size_t)j];
}

#if defined(__x86_64__)
const char *matrix_better_core(void) {
  static const char *const fallbacks[] = {"Prescott", "Core2", "Nehalem", "Sandybridge",
                                          "Barcelona"};
  __builtin_cpu_init();
  const char *core = openblas_get_corename();
  for (size_t i = 0; i < sizeof fallbacks / sizeof *fallbacks; i++) {
    if (strcmp(core, fallbacks[i]) != 0) continue;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
      return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
  }
  return NULL;
}
#else
const char *matrix_better_core(void) { return NULL; }
#endif

enum { CHECK_SIZE = 160, CHECK_ROUNDS = 8 };

/* Whether `threads` threads at once all get the product that one thread gets. */
static int agrees(int threads) {
  enum { n = CHECK_SIZE * CHECK_SIZE };
  float *A = malloc(n * sizeof *A), *B = malloc(n * sizeof *B), *C = malloc(n * sizeof *C);
  int wrong = !A || !B || !C;
  for (int i = 0; i < n && !wrong; i++) A[i] = (float)(i % 7 - 3), B[i] = (float)(i % 5 - 2);
  if (!wrong) matrix_multiply(C, A, B, CHECK_SIZE, CHECK_SIZE, CHECK_SIZE, 0);
#pragma omp parallel num_threads(threads) reduction(+ : wrong) if (!wrong)
  {
    float *mine = malloc(n * sizeof *mine);
    for (int round = 0; round < CHECK_ROUNDS && mine; round++) {
      matrix_multiply(mine, A, B, CHECK_SIZE, CHECK_SIZE, CHECK_SIZE, 0);
      wrong += memcmp(mine, C, n * sizeof *C) != 0;
    }
    wrong += !mine;
    free(mine);
  }
  free(A), free(B), free(C);
  return !wrong;
}

int matrix_threads(int threads, Why *why) {
  openblas_set_num_threads(1);
  if (openblas_get_parallel() == 0) return 1;
  if (threads > 1 && !agrees(threads))
    return fail(why,
                "this OpenBLAS (%s) gives wrong products when %d threads call it at once; use "
                "--threads 1 or install libopenblas0-pthread",
                matrix_library(), threads);
  return threads;
}

const char *matrix_library(void) {
  static char text[128];
  static const char *const kinds[] = {"serial", "pthread", "openmp"};
  int kind = openblas_get_parallel();
  char version[32] = "";
  sscanf(openblas_get_config(), "OpenBLAS %31s", version);
  snprintf(text, sizeof text, "%s %s %s", version, openblas_get_corename(),
           kind >= 0 && kind < 3 ? kinds[kind] : "unknown");
  return text;
}
