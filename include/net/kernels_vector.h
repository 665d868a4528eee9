/* kernels_vector: the vector registers of a CPU level as a type, only for kernels_*.c, which are
 * compiled once per level. GNU C's vectors compile for any CPU; intrinsics are used only for
 * operations that these lack. */
#ifndef KERNELS_VECTOR_H
#define KERNELS_VECTOR_H

#include <stddef.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
enum { VECTOR = 16 }; /* floats */
#elif defined(__AVX__)
enum { VECTOR = 8 };
#else
enum { VECTOR = 4 };
#endif
typedef float Vector __attribute__((vector_size(VECTOR * sizeof(float))));
typedef int Ints __attribute__((vector_size(VECTOR * sizeof(float))));
typedef float Four __attribute__((vector_size(16)));

/* An unaligned vector in an array of floats, for loads and stores only: gcc 14 to 16 for arm64 fail
 * with an internal error if such a type is passed by value. */
typedef Vector Unaligned __attribute__((aligned(4), may_alias));
static inline Vector vector_load(const float *a) { return *(const Unaligned *)a; }
static inline void vector_store(float *a, Vector v) { *(Unaligned *)a = v; }

/* Loads the first n elements; the others are 0. */
static inline Vector vector_load_some(const float *a, size_t n) {
  Vector v = {0};
  memcpy(&v, a, n * sizeof *a);
  return v;
}
static inline void vector_store_some(float *a, Vector v, size_t n) { memcpy(a, &v, n * sizeof *a); }

/* a b + c, rounded once if the CPU level has such an instruction. Compilers differ in which product
 * of a * b + c * d they fuse with the sum; this function determines which. */
static inline float fused(float a, float b, float c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
static inline Vector vector_fused(Vector a, Vector b, Vector c) {
#if defined(__AVX512F__)
  return (Vector)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
  return (Vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  for (int i = 0; i < VECTOR; i++) c[i] = fused(a[i], b[i], c[i]);
  return c;
#endif
}

/* The larger, or smaller, of two elements; x if one is NaN. */
static inline Vector vector_max(Vector bound, Vector x) {
#if defined(__AVX512F__)
  return (Vector)_mm512_max_ps((__m512)bound, (__m512)x);
#elif defined(__AVX__)
  return (Vector)_mm256_max_ps((__m256)bound, (__m256)x);
#elif defined(__SSE2__)
  return (Vector)_mm_max_ps((__m128)bound, (__m128)x);
#else
  for (int i = 0; i < VECTOR; i++) x[i] = bound[i] > x[i] ? bound[i] : x[i];
  return x;
#endif
}
static inline Vector vector_min(Vector bound, Vector x) {
#if defined(__AVX512F__)
  return (Vector)_mm512_min_ps((__m512)bound, (__m512)x);
#elif defined(__AVX__)
  return (Vector)_mm256_min_ps((__m256)bound, (__m256)x);
#elif defined(__SSE2__)
  return (Vector)_mm_min_ps((__m128)bound, (__m128)x);
#else
  for (int i = 0; i < VECTOR; i++) x[i] = bound[i] < x[i] ? bound[i] : x[i];
  return x;
#endif
}

/* The sums of every fourth element. */
static inline Four vector_fold(Vector v) {
#if defined(__AVX512F__)
  const __m256 e =
      _mm256_add_ps(_mm512_castps512_ps256((__m512)v), _mm512_extractf32x8_ps((__m512)v, 1));
  return (Four)_mm_add_ps(_mm256_castps256_ps128(e), _mm256_extractf128_ps(e, 1));
#elif defined(__AVX__)
  return (Four)_mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
#else
  return v;
#endif
}

/* Picks four elements of p and q, in this order. */
#if defined(__clang__) || __GNUC__ >= 12
#define VECTOR_PICK(p, q, ...) __builtin_shufflevector(p, q, __VA_ARGS__)
#else
typedef int FourNumbers __attribute__((vector_size(16)));
#define VECTOR_PICK(p, q, ...) __builtin_shuffle(p, q, (FourNumbers){__VA_ARGS__})
#endif

/* The sums of four vectors. */
static inline Four vector_sum_four(Vector a, Vector b, Vector c, Vector d) {
  const Four p = vector_fold(a), q = vector_fold(b), r = vector_fold(c), s = vector_fold(d);
  const Four pq = VECTOR_PICK(p, q, 0, 4, 1, 5) + VECTOR_PICK(p, q, 2, 6, 3, 7);
  const Four rs = VECTOR_PICK(r, s, 0, 4, 1, 5) + VECTOR_PICK(r, s, 2, 6, 3, 7);
  return VECTOR_PICK(pq, rs, 0, 1, 4, 5) + VECTOR_PICK(pq, rs, 2, 3, 6, 7);
}

#endif
