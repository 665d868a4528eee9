/* The loops of kernels.h. CMake compiles this file once per CPU level and defines KERNELS as the
 * name of the table, KERNELS_LEVEL as its level, and PRODUCTS as the name of the table in
 * kernels_products.c. */
#include "net/kernels.h"
#include "net/kernels_vector.h"

#include <math.h>
#include <string.h>

extern const Kernels KERNELS;
extern const Products PRODUCTS;

/* exp(x) = 2^n exp(r) with x = n ln 2 + r, |r| <= ln 2 / 2; ln 2 is in two parts, which makes n ln
 * 2 exact (W. Cody, W. Waite, "Software manual for the elementary functions", 1980). exp(r) is the
 * Taylor series to r^7, with a remainder below half an ulp. x is clamped to the range in which 2^n
 * is normal. */
static inline Vector exp_vector(Vector x) {
  const Vector zero = {0};
  const float round = 12582912.0f; /* 1.5 * 2^23: low bits of x + round are the nearest integer */
  x = vector_min(zero + 88.0f, vector_max(zero - 87.0f, x));
  Vector shifted = x * 1.44269504f + round;
  Vector n = shifted - round;
  Vector r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Vector p = r * (1.0f / 5040) + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  /* n is in the low bits; for a NaN p is NaN too, with any n */
  return p * (Vector)(((Ints)shifted + 127) << 23);
}

/* ln x = e ln 2 + ln m with m in [sqrt 1/2, sqrt 2), ln m = 2 artanh((m-1)/(m+1)) as a series with
 * a remainder below 1e-9. x is positive and normal. */
static inline Vector log_vector(Vector x) {
  const Ints e = ((Ints)x - 0x3f3504f3) >> 23;
  const Vector m = (Vector)((Ints)x - e * (1 << 23));
  const Vector s = (m - 1.0f) / (m + 1.0f), z = s * s;
  Vector p = z * (2.0f / 9) + 2.0f / 7;
  p = p * z + 2.0f / 5;
  p = p * z + 2.0f / 3;
  p = p * z + 2.0f;
  p = vector_fused(p, s, __builtin_convertvector(e, Vector) * 0.693147181f);
  return p + 0.0f * x; /* NaN stays NaN */
}

static inline Vector sigmoid_vector(Vector z) { return 1.0f / (1.0f + exp_vector(-z)); }
static inline Vector tanh_vector(Vector z) { return 1.0f - 2.0f / (1.0f + exp_vector(2.0f * z)); }
static inline Vector relu_vector(Vector z) {
  return vector_max((Vector){0}, z); /* NaN stays NaN and shows in the loss */
}

static inline __attribute__((always_inline)) void map(float *a, size_t n, Vector (*f)(Vector)) {
  size_t i = 0;
  for (; i + VECTOR <= n; i += VECTOR) vector_store(a + i, f(vector_load(a + i)));
  if (i < n) vector_store_some(a + i, f(vector_load_some(a + i, n - i)), n - i);
}

static void activate(float *h, size_t n, Activation phi) {
  switch (phi) {
  case ACTIVATION_SIGMOID: map(h, n, sigmoid_vector); break;
  case ACTIVATION_TANH: map(h, n, tanh_vector); break;
  case ACTIVATION_RELU: map(h, n, relu_vector); break;
  }
}

static void activate_back(float *restrict dz, const float *restrict h, size_t n, Activation phi) {
  switch (phi) {
  case ACTIVATION_SIGMOID:
    for (size_t i = 0; i < n; i++) dz[i] = dz[i] * h[i] * (1.0f - h[i]);
    break;
  case ACTIVATION_TANH:
    for (size_t i = 0; i < n; i++) dz[i] = dz[i] * (1.0f - h[i] * h[i]);
    break;
  case ACTIVATION_RELU:
    for (size_t i = 0; i < n; i++) dz[i] = h[i] > 0.0f ? dz[i] : 0.0f;
    break;
  }
}

enum { STRIPE = 16 };

/* q <- q + b2; returns its largest element. STRIPE maxima side by side avoid a chain of dependent
 * operations. */
static inline float add_and_find_max(float *restrict q, const float *restrict b2, size_t n) {
  Vector max[STRIPE / VECTOR];
  float m = -INFINITY;
  size_t i = 0;
  for (int v = 0; v < STRIPE / VECTOR; v++) max[v] = (Vector){0} - INFINITY;
  for (; i + STRIPE <= n; i += STRIPE)
    for (int v = 0; v < STRIPE / VECTOR; v++) {
      const size_t at = i + (size_t)v * VECTOR;
      const Vector sum = vector_load(q + at) + vector_load(b2 + at);
      vector_store(q + at, sum);
      max[v] = vector_max(sum, max[v]);
    }
  for (; i < n; i++) {
    q[i] += b2[i];
    m = q[i] > m ? q[i] : m;
  }
  for (int v = 0; v < STRIPE / VECTOR; v++)
    for (int j = 0; j < VECTOR; j++) m = max[v][j] > m ? max[v][j] : m;
  return m;
}

static float exp_row(float *restrict q, const float *restrict b2, size_t n, float *max) {
  const float m = *max = add_and_find_max(q, b2, n);
  Vector sums = {0};
  float sum = 0;
  size_t i = 0;
  for (; i + VECTOR <= n; i += VECTOR) {
    Vector p = exp_vector(vector_load(q + i) - m);
    vector_store(q + i, p);
    sums += p;
  }
  if (i < n) vector_store_some(q + i, exp_vector(vector_load_some(q + i, n - i) - m), n - i);
  for (; i < n; i++) sum += q[i];
  const Four four = vector_fold(sums);
  return sum + ((four[0] + four[1]) + (four[2] + four[3]));
}

/* softmax_four for up to VECTOR rows, with each of q0..q3 as one vector. */
static inline Vector softmax_vectors(Vector q[4], Ints y, float scale) {
  const Vector max = vector_max(vector_max(q[0], q[1]), vector_max(q[2], q[3]));
  Vector logit = {0}, sum = {0};
  for (int j = 0; j < 4; j++) logit += (Vector)((Ints)q[j] & (y == j));
  for (int j = 0; j < 4; j++) sum += q[j] = exp_vector(q[j] - max);
  const Vector part = (Vector)((Ints)((Vector){0} + scale) & (y >= 0)), factor = part / sum;
  for (int j = 0; j < 4; j++) q[j] = q[j] * factor - (Vector)((Ints)part & (y == j));
  return log_vector(sum) + (max - logit);
}

static void softmax_four(double *restrict J, float *restrict q, const int *restrict label,
                         size_t rows, float scale) {
  for (size_t i = 0, some; i < rows; i += some) {
    Vector column[4] = {0}, loss;
    Ints y = (Ints){0} - 1;
    some = rows - i < VECTOR ? rows - i : VECTOR;
    for (size_t r = 0; r < some; r++)
      for (size_t j = 0; j < 4; j++) column[j][r] = q[4 * (i + r) + j];
    memcpy(&y, label + i, some * sizeof *label);
    loss = softmax_vectors(column, y, scale);
    for (size_t r = 0; r < some; r++) {
      J[i + r] = label[i + r] < 0 ? 0 : (double)loss[r];
      for (size_t j = 0; j < 4; j++) q[4 * (i + r) + j] = column[j][r];
    }
  }
}

static void scale(float *a, float factor, size_t n) {
  for (size_t i = 0; i < n; i++) a[i] *= factor;
}

static void add(float *restrict a, const float *restrict b, size_t n) {
  for (size_t i = 0; i < n; i++) a[i] += b[i];
}

static void approach(float *restrict a, const float *restrict b, float fraction, size_t n) {
  for (size_t i = 0; i < n; i++) a[i] += fraction * (b[i] - a[i]);
}

/* STRIPE sums side by side, which every compiler adds up in the same order. */
static double sum_of_squares(const float *a, size_t n) {
  double sums[STRIPE] = {0}, sum = 0;
  size_t i = 0;
  for (; i + STRIPE <= n; i += STRIPE)
    for (size_t j = 0; j < STRIPE; j++) sums[j] += (double)a[i + j] * a[i + j];
  for (; i < n; i++) sum += (double)a[i] * a[i];
  for (int half = STRIPE / 2; half > 0; half /= 2)
    for (int j = 0; j < half; j++) sums[j] += sums[j + half];
  return sum + sums[0];
}

/* Four rows at a time, with two sums per row, because a single sum would be a chain of dependent
 * operations. */
static void dot_rows(float *restrict q, const float *restrict U, const float *restrict h, int rows,
                     int D) {
  for (int j = 0; j < rows; j += 4, U += 4 * D) {
    Vector sum[2][4] = {0};
    int i = 0;
    for (; i + 2 * VECTOR <= D; i += 2 * VECTOR)
      for (int half = 0; half < 2; half++)
        for (int r = 0; r < 4; r++)
          sum[half][r] +=
              vector_load(U + r * D + i + half * VECTOR) * vector_load(h + i + half * VECTOR);
    Four four = vector_sum_four(sum[0][0] + sum[1][0], sum[0][1] + sum[1][1], sum[0][2] + sum[1][2],
                                sum[0][3] + sum[1][3]);
    for (; i < D; i++)
      for (int r = 0; r < 4; r++) four[r] = fused(U[r * D + i], h[i], four[r]);
    memcpy(q + j, &four, sizeof four);
  }
}

static void combine_rows(float *restrict dh, const float *restrict U, const float *restrict dq,
                         int rows, int D) {
  for (int i = 0; i < D; i++) dh[i] = 0;
  for (int j = 0; j < rows; j += 4) {
    const float *u = U + (size_t)j * (size_t)D;
    float q0 = dq[j], q1 = dq[j + 1], q2 = dq[j + 2], q3 = dq[j + 3];
    for (int i = 0; i < D; i++)
      dh[i] += fused(q3, u[i + 3 * D], fused(q2, u[i + 2 * D], fused(q0, u[i], q1 * u[i + D])));
  }
}

/* ---- optimizers ----------------------------------------------------------------------------- */

/* A sum that underflows is -0, or +0 if 0 was added to it. Here both become +0. */
static inline float clipped(float g, UpdateStep step) { return step.scale * g + 0.0f; }

static void sgd(float *restrict w, const float *restrict g, size_t n, UpdateStep step) {
  for (size_t i = 0; i < n; i++) w[i] -= step.rate * clipped(g[i], step);
}

static void momentum(float *restrict w, const float *restrict g, size_t n, UpdateStep step) {
  float *restrict m = step.m;
  for (size_t i = 0; i < n; i++) {
    m[i] = fused(step.beta1, m[i], clipped(g[i], step));
    w[i] -= step.rate * m[i];
  }
}

static void adagrad(float *restrict w, const float *restrict g, size_t n, UpdateStep step) {
  float *restrict v = step.v;
  for (size_t i = 0; i < n; i++) {
    float gi = clipped(g[i], step);
    v[i] += gi * gi;
    w[i] -= step.rate * gi / (sqrtf(v[i]) + step.epsilon);
  }
}

static void rmsprop(float *restrict w, const float *restrict g, size_t n, UpdateStep step) {
  float *restrict v = step.v;
  for (size_t i = 0; i < n; i++) {
    float gi = clipped(g[i], step);
    v[i] = fused(step.beta2, v[i], step.gain2 * gi * gi);
    w[i] -= step.rate * gi / (sqrtf(v[i]) + step.epsilon);
  }
}

static void adam(float *restrict w, const float *restrict g, size_t n, UpdateStep step) {
  float *restrict m = step.m, *restrict v = step.v;
  for (size_t i = 0; i < n; i++) {
    float gi = clipped(g[i], step);
    m[i] = fused(step.beta1, m[i], step.gain1 * gi);
    v[i] = fused(step.beta2, v[i], step.gain2 * gi * gi);
    w[i] -= step.rate * m[i] / (sqrtf(v[i] * step.unbias2) + step.epsilon);
  }
}

#define LOOP(CONSTANT, name, ...) name,

const Kernels KERNELS = {.level = KERNELS_LEVEL,
                         .products = &PRODUCTS,
                         .activate = activate,
                         .activate_back = activate_back,
                         .exp_row = exp_row,
                         .softmax_four = softmax_four,
                         .scale = scale,
                         .add = add,
                         .approach = approach,
                         .sum_of_squares = sum_of_squares,
                         .dot_rows = dot_rows,
                         .combine_rows = combine_rows,
                         .update = {OPTIMIZER_TABLE(LOOP, LOOP)}};
