#include "matrix.h"

#include "alloc.h"

#include <cblas.h>
#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

/* OpenBLAS multiplies in buffers, which it has for each thread that calls it and each of its own.
 * Their size, BUFFER_SIZE in its sources, is the same for x86-64 and arm64. */
static const size_t buffer_size = (size_t)128 << 20;

/* As OpenBLAS counts: no more than there are processors. */
static size_t own_threads(const char *wanted) {
  cpu_set_t processors;
  int most = sched_getaffinity(0, sizeof processors, &processors) == 0 ? CPU_COUNT(&processors) : 1;
  int threads = wanted ? atoi(wanted) : most;
  return (size_t)(threads > 0 && threads < most ? threads : most);
}

size_t matrix_space_at_start(const char *threads, size_t stack) {
  switch (openblas_get_parallel()) {
  case OPENBLAS_SEQUENTIAL: return 0;
  case OPENBLAS_THREAD: return (own_threads(threads) - 1) * (buffer_size + stack);
  default: return own_threads(threads) * buffer_size;
  }
}

size_t matrix_space(int threads) { return (size_t)threads * buffer_size; }

int matrix_fits(size_t space) {
  void *there =
      mmap(NULL, space + 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return there != MAP_FAILED && munmap(there, space + 1) == 0;
}

enum { CHECK_SIZE = 160, CHECK_ROUNDS = 8 };

typedef enum { AGREE, DIFFER, NO_SPACE } Agreement;

/* Whether `threads` threads at once all get the product that one thread gets. Before they call
 * OpenBLAS each has its stack and its heap, which would else compete with the buffers for space. */
static Agreement compare(int threads) {
  enum { n = CHECK_SIZE * CHECK_SIZE };
  float *A = alloc_floats(n), *B = alloc_floats(n), *C = alloc_floats(n);
  int wrong = 0, fits = 0;
  for (int i = 0; i < n; i++) A[i] = (float)(i % 7 - 3), B[i] = (float)(i % 5 - 2);
#pragma omp parallel num_threads(threads) reduction(+ : wrong)
  {
    float *mine = alloc_floats(n);
#pragma omp barrier
#pragma omp single
    {
      fits = matrix_fits(matrix_space(threads));
      if (fits) matrix_multiply(C, A, B, CHECK_SIZE, CHECK_SIZE, CHECK_SIZE, 0);
    }
    for (int round = 0; round < CHECK_ROUNDS && fits; round++) {
      matrix_multiply(mine, A, B, CHECK_SIZE, CHECK_SIZE, CHECK_SIZE, 0);
      wrong += memcmp(mine, C, n * sizeof *C) != 0;
    }
    free(mine);
  }
  free(A), free(B), free(C);
  return !fits ? NO_SPACE : wrong ? DIFFER : AGREE;
}

int matrix_threads(int threads, Why *why) {
  openblas_set_num_threads(1);
  if (openblas_get_parallel() == OPENBLAS_SEQUENTIAL || threads == 1) return 1;
  switch (compare(threads)) {
  case AGREE: return threads;
  case NO_SPACE:
    return fail(why,
                "ulimit -v is too low: OpenBLAS needs %zu MB more of address space for --threads "
                "%d; raise it, or use fewer threads",
                matrix_space(threads) >> 20, threads);
  default:
    return fail(why,
                "this OpenBLAS (%s) gives wrong products when %d threads call it at once; use "
                "--threads 1 or install libopenblas0-pthread",
                matrix_library(), threads);
  }
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
