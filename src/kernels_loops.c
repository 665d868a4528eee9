/* The loops of kernels.h. CMake compiles this file once a CPU level, with KERNELS naming the table
 * that it fills and KERNELS_LEVEL its level. */
#include "kernels.h"

#include <math.h>

extern const Kernels KERNELS;

/* exp(x) = 2^n exp(r) with x = n ln 2 + r, |r| <= ln 2 / 2; ln 2 in two parts so that n ln 2 is
 * exact (W. Cody, W. Waite, "Software manual for the elementary functions", 1980). exp(r) is its
 * Taylor series to r^7, whose remainder is below half an ulp. x is held to where 2^n is normal. */
static inline float exp_one(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float round =
      12582912.0f; /* 1.5 * 2^23: adding it leaves the nearest integer in the low bits */
  float shifted = x * 1.44269504f + round;
  float n = shifted - round;
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  union {
    float value;
    unsigned bits;
  } power = {.value = shifted}; /* n in its low bits; whatever a NaN has there, p is NaN too */
  power.bits = (power.bits + 127) << 23;
  return p * power.value;
}

static void activate(float *restrict h, const float *restrict r, size_t n, Activation phi) {
  switch (phi) {
  case SIGMOID:
    for (size_t i = 0; i < n; i++) h[i] = 1.0f / (1.0f + exp_one(-(h[i] + r[i])));
    break;
  case TANH:
    for (size_t i = 0; i < n; i++) h[i] = 1.0f - 2.0f / (1.0f + exp_one(2.0f * (h[i] + r[i])));
    break;
  case RELU:
    for (size_t i = 0; i < n; i++) {
      float z = h[i] + r[i];
      h[i] = z < 0.0f ? 0.0f : z; /* NaN stays NaN, so that the loss shows it */
    }
    break;
  }
}

static void activate_back(float *restrict dz, const float *restrict r, const float *restrict h,
                          size_t n, Activation phi) {
  switch (phi) {
  case SIGMOID:
    for (size_t i = 0; i < n; i++) dz[i] = (dz[i] + r[i]) * h[i] * (1.0f - h[i]);
    break;
  case TANH:
    for (size_t i = 0; i < n; i++) dz[i] = (dz[i] + r[i]) * (1.0f - h[i] * h[i]);
    break;
  case RELU:
    for (size_t i = 0; i < n; i++) dz[i] = h[i] > 0.0f ? dz[i] + r[i] : 0.0f;
    break;
  }
}

/* q <- q + b2, and its largest element; STRIPE maxima side by side, which any compiler vectorises
 * without being told that there are no NaNs. */
static inline float add_and_find_max(float *restrict q, const float *restrict b2, size_t n) {
  enum { STRIPE = 16 };
  float max[STRIPE], m = -INFINITY;
  size_t i = 0;
  for (int j = 0; j < STRIPE; j++) max[j] = -INFINITY;
  for (; i + STRIPE <= n; i += STRIPE)
    for (size_t j = 0; j < STRIPE; j++) {
      q[i + j] += b2[i + j];
      max[j] = q[i + j] > max[j] ? q[i + j] : max[j];
    }
  for (; i < n; i++) {
    q[i] += b2[i];
    m = q[i] > m ? q[i] : m;
  }
  for (int j = 0; j < STRIPE; j++) m = max[j] > m ? max[j] : m;
  return m;
}

static float exp_row(float *restrict q, const float *restrict b2, size_t n, float *max) {
  float m = *max = add_and_find_max(q, b2, n), sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < n; i++) {
    q[i] = exp_one(q[i] - m);
    sum += q[i];
  }
  return sum;
}

static void scale(float *a, float factor, size_t n) {
  for (size_t i = 0; i < n; i++) a[i] *= factor;
}

static void add(float *restrict a, const float *restrict b, size_t n) {
  for (size_t i = 0; i < n; i++) a[i] += b[i];
}

static double sum_of_squares(const float *a, size_t n) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < n; i++) sum += (double)a[i] * a[i];
  return sum;
}

static void dot_rows(float *restrict q, const float *restrict U, const float *restrict h, int rows,
                     int D) {
  for (int j = 0; j < rows; j += 4) {
    const float *u = U + (size_t)j * (size_t)D;
    float q0 = 0, q1 = 0, q2 = 0, q3 = 0;
#pragma omp simd reduction(+ : q0, q1, q2, q3)
    for (int i = 0; i < D; i++) {
      q0 += u[i] * h[i];
      q1 += u[i + D] * h[i];
      q2 += u[i + 2 * D] * h[i];
      q3 += u[i + 3 * D] * h[i];
    }
    q[j] = q0, q[j + 1] = q1, q[j + 2] = q2, q[j + 3] = q3;
  }
}

static void combine_rows(float *restrict dh, const float *restrict U, const float *restrict dq,
                         int rows, int D) {
  for (int i = 0; i < D; i++) dh[i] = 0;
  for (int j = 0; j < rows; j += 4) {
    const float *u = U + (size_t)j * (size_t)D;
    float q0 = dq[j], q1 = dq[j + 1], q2 = dq[j + 2], q3 = dq[j + 3];
    for (int i = 0; i < D; i++)
      dh[i] += q0 * u[i] + q1 * u[i + D] + q2 * u[i + 2 * D] + q3 * u[i + 3 * D];
  }
}

static void outer_rows(float *restrict dU, const float *restrict dq, const float *restrict h,
                       int rows, int D) {
  for (int j = 0; j < rows; j += 4) {
    float *u = dU + (size_t)j * (size_t)D;
    float q0 = dq[j], q1 = dq[j + 1], q2 = dq[j + 2], q3 = dq[j + 3];
    for (int i = 0; i < D; i++) {
      u[i] += q0 * h[i];
      u[i + D] += q1 * h[i];
      u[i + 2 * D] += q2 * h[i];
      u[i + 3 * D] += q3 * h[i];
    }
  }
}

/* ---- products, each row by itself --------------------------------------------------------------
 */

#if defined(__AVX512F__)
enum { VECTOR = 16, VECTORS = 4 }; /* floats of a register, registers of a row of a tile */
#elif defined(__AVX__)
enum { VECTOR = 8, VECTORS = 2 };
#else
enum { VECTOR = 4, VECTORS = 2 };
#endif
enum { TILE_ROWS = 4 };
typedef float Vector __attribute__((vector_size(VECTOR * sizeof(float)), aligned(4), may_alias));

/* A tile of C, `rows` by VECTORS registers. Whatever `rows` is, an element is the same sum over i
 * in the same order. */
static inline __attribute__((always_inline)) void multiply_tile(float *C, const float *A,
                                                                const float *W, const int rows,
                                                                const int vectors, int n, int k) {
  Vector sum[TILE_ROWS][VECTORS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++)
      sum[r][v] = *(const Vector *)(C + (size_t)r * (size_t)n + v * VECTOR);
  for (int i = 0; i < k; i++, W += n)
    for (int v = 0; v < vectors; v++) {
      Vector w = *(const Vector *)(W + v * VECTOR);
      for (int r = 0; r < rows; r++) sum[r][v] += A[(size_t)r * (size_t)k + (size_t)i] * w;
    }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++)
      *(Vector *)(C + (size_t)r * (size_t)n + v * VECTOR) = sum[r][v];
}

/* `rows` of C, a constant wherever this is inlined. */
static inline __attribute__((always_inline)) void
multiply_strip(float *C, const float *A, const float *W, const int rows, int n, int k) {
  int j = 0;
  for (; j + VECTOR * VECTORS <= n; j += VECTOR * VECTORS)
    multiply_tile(C + j, A, W + j, rows, VECTORS, n, k);
  for (; j + VECTOR <= n; j += VECTOR) multiply_tile(C + j, A, W + j, rows, 1, n, k);
  for (; j < n; j++)
    for (int r = 0; r < rows; r++) {
      float sum = C[(size_t)r * (size_t)n + (size_t)j];
      for (int i = 0; i < k; i++)
        sum += A[(size_t)r * (size_t)k + (size_t)i] * W[(size_t)i * (size_t)n + (size_t)j];
      C[(size_t)r * (size_t)n + (size_t)j] = sum;
    }
}

static void multiply_rows(float *restrict C, const float *restrict A, const float *restrict W,
                          int rows, int n, int k) {
  int r = 0;
  for (; r + TILE_ROWS <= rows; r += TILE_ROWS)
    multiply_strip(C + (size_t)r * (size_t)n, A + (size_t)r * (size_t)k, W, TILE_ROWS, n, k);
  for (; r < rows; r++)
    multiply_strip(C + (size_t)r * (size_t)n, A + (size_t)r * (size_t)k, W, 1, n, k);
}

/* ---- optimizers
 * ---------------------------------------------------------------------------------- */

static void sgd(float *restrict w, const float *restrict g, size_t n, UpdateRule rule) {
  for (size_t i = 0; i < n; i++) w[i] -= rule.rate * (rule.scale * g[i]);
}

static void momentum(float *restrict w, const float *restrict g, float *restrict m, size_t n,
                     UpdateRule rule) {
  for (size_t i = 0; i < n; i++) {
    m[i] = rule.beta1 * m[i] + rule.scale * g[i];
    w[i] -= rule.rate * m[i];
  }
}

static void adagrad(float *restrict w, const float *restrict g, float *restrict v, size_t n,
                    UpdateRule rule) {
  for (size_t i = 0; i < n; i++) {
    float gi = rule.scale * g[i];
    v[i] += gi * gi;
    w[i] -= rule.rate * gi / (sqrtf(v[i]) + rule.epsilon);
  }
}

static void rmsprop(float *restrict w, const float *restrict g, float *restrict v, size_t n,
                    UpdateRule rule) {
  for (size_t i = 0; i < n; i++) {
    float gi = rule.scale * g[i];
    v[i] = rule.beta2 * v[i] + rule.gain2 * gi * gi;
    w[i] -= rule.rate * gi / (sqrtf(v[i]) + rule.epsilon);
  }
}

static void adam(float *restrict w, const float *restrict g, float *restrict m, float *restrict v,
                 size_t n, UpdateRule rule) {
  for (size_t i = 0; i < n; i++) {
    float gi = rule.scale * g[i];
    m[i] = rule.beta1 * m[i] + rule.gain1 * gi;
    v[i] = rule.beta2 * v[i] + rule.gain2 * gi * gi;
    w[i] -= rule.rate * m[i] / (sqrtf(v[i] * rule.unbias2) + rule.epsilon);
  }
}

const Kernels KERNELS = {.level = KERNELS_LEVEL,
                         .activate = activate,
                         .activate_back = activate_back,
                         .exp_row = exp_row,
                         .scale = scale,
                         .add = add,
                         .sum_of_squares = sum_of_squares,
                         .multiply_rows = multiply_rows,
                         .dot_rows = dot_rows,
                         .combine_rows = combine_rows,
                         .outer_rows = outer_rows,
                         .sgd = sgd,
                         .momentum = momentum,
                         .adagrad = adagrad,
                         .rmsprop = rmsprop,
                         .adam = adam};
