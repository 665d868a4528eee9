#include "net/softmax.h"

#include "base/signals.h"
#include "sequence/kmer.h"

#include <math.h>
#include <string.h>

enum { ROWS = 16 }; /* of followers at a time */

/* Rows of the full softmax at a time. */
static int full_block(const Shape *shape) {
  const int most = (1 << 24) / shape->n; /* 64 MB of logits, unless 8 rows are more */
  int rows = (1 << 23) / shape->n;
  rows = rows > 256 ? 256 : rows < 64 ? 64 : rows;
  return rows <= most ? rows : most > 8 ? most : 8;
}

int softmax_rows(const Shape *shape) {
  return shape->softmax == SOFTMAX_FULL ? full_block(shape) : ROWS;
}

size_t softmax_logits(const Shape *shape, int rows, int with_backward) {
  const int kept =
      shape->softmax == SOFTMAX_FOLLOWERS && with_backward ? rows : softmax_rows(shape);
  return (size_t)kept * (size_t)shape->n;
}

int softmax_first(int x, const Shape *shape) {
  return shape->softmax == SOFTMAX_FULL ? 0 : kmer_followers(x, shape->k, shape->s);
}

/* q -> yhat times its sum, which is given back, and J of label y (as an index into q). */
static float softmax_row(double *J, float *q, const float *b2, int y, size_t n,
                         const Kernels *kernels) {
  float max, logit = y < 0 ? 0 : q[y] + b2[y];
  float sum = kernels->exp_row(q, b2, n, &max);
  *J = y < 0 ? 0 : log((double)sum) - ((double)logit - (double)max);
  return sum;
}

/* yhat times sum -> dq = scale (yhat - y), or 0 where there is no label. */
static void softmax_row_back(float *q, float sum, int y, size_t n, float scale,
                             const Kernels *kernels) {
  if (y < 0) {
    memset(q, 0, n * sizeof *q);
    return;
  }
  kernels->scale(q, scale / sum, n);
  q[y] -= scale;
}

static void full_rows(double *J, float *dh, Weights *gradient, float *logits, const int *y,
                      const float *h, int rows, float scale, int first, const Factors *factors,
                      const Shape *shape, const Kernels *kernels) {
  const size_t n = (size_t)shape->n;
  packed_multiply(logits, h, &factors->U, rows, 0); /* q = h U */
  for (int i = 0; i < rows; i++) {
    float *q = logits + (size_t)i * n;
    float sum = softmax_row(&J[i], q, factors->w->b2, y[i], n, kernels);
    if (!dh) continue;
    softmax_row_back(q, sum, y[i], n, scale, kernels);
    kernels->add(gradient->b2, q, n);
  }
  if (!dh) return;
  packed_multiply_ta(gradient->U, logits, h, shape->V, shape->D, rows, !first,
                     factors->H.loops);               /* dU += h^T dq */
  packed_multiply(dh, logits, &factors->UT, rows, 0); /* dh = dq U^T */
}

static const float *followers_of(int x, const Weights *w, const Shape *shape) {
  return w->U + (size_t)softmax_first(x, shape) * (size_t)shape->D;
}

static void four_logits(double *J, float *q, const int *x, const int *label, int rows, float scale,
                        const Weights *w, const Shape *shape, const Kernels *kernels) {
  for (size_t i = 0; i < (size_t)rows; i++) {
    const float *b2 = w->b2 + softmax_first(x[i], shape);
    for (size_t j = 0; j < 4; j++) q[4 * i + j] += b2[j];
  }
  kernels->softmax_four(J, q, label, (size_t)rows, scale);
}

static void follower_rows(double *J, float *dh, float *q, const int *x, const int *y,
                          const float *h, int rows, float scale, const Weights *w,
                          const Shape *shape, const Kernels *kernels) {
  const size_t n = (size_t)shape->n, D = (size_t)shape->D;
  int label[ROWS];
  for (size_t i = 0; i < (size_t)rows; i++) { /* q = h U */
    label[i] = y[i] < 0 ? -1 : y[i] - softmax_first(x[i], shape);
    kernels->dot_rows(q + i * n, followers_of(x[i], w, shape), h + i * D, shape->n, shape->D);
  }
  if (n == 4) four_logits(J, q, x, label, rows, dh ? scale : 0, w, shape, kernels);
  for (size_t i = 0; i < (size_t)rows; i++) {
    if (n > 4) {
      float sum =
          softmax_row(&J[i], q + i * n, w->b2 + softmax_first(x[i], shape), label[i], n, kernels);
      if (dh) softmax_row_back(q + i * n, sum, label[i], n, scale, kernels);
    }
    if (dh) /* dh = dq U^T */
      kernels->combine_rows(dh + i * D, followers_of(x[i], w, shape), q + i * n, shape->n,
                            shape->D);
  }
}

void softmax_loss(double *J, float *dh, Weights *gradient, float *q, const int *x, const int *y,
                  const float *h, int rows, float scale, const Factors *factors, const Shape *shape,
                  const Kernels *kernels) {
  const size_t n = (size_t)shape->n, D = (size_t)shape->D;
  if (shape->softmax == SOFTMAX_FOLLOWERS) {
    for (int i = 0; i < rows; i += ROWS) {
      const size_t at = (size_t)i;
      follower_rows(J + i, dh ? dh + at * D : NULL, dh ? q + at * n : q, x + i, y + i, h + at * D,
                    rows - i < ROWS ? rows - i : ROWS, scale, factors->w, shape, kernels);
    }
    return;
  }
  const int block = full_block(shape);
  if (dh) memset(gradient->b2, 0, n * sizeof(float));
  for (int i = 0; i < rows && !signals_end(); i += block)
    full_rows(J + i, dh ? dh + (size_t)i * D : NULL, gradient, q, y + i, h + (size_t)i * D,
              rows - i < block ? rows - i : block, scale, i == 0, factors, shape, kernels);
}

void softmax_yhat(float *yhat, const int *x, const float *h, int rows, const Factors *factors,
                  const Shape *shape, const Kernels *kernels) {
  const size_t n = (size_t)shape->n, D = (size_t)shape->D;
  float max;
  if (shape->softmax == SOFTMAX_FULL) packed_multiply(yhat, h, &factors->U, rows, 0); /* q = h U */
  for (size_t i = 0; i < (size_t)rows; i++) {
    float *q = yhat + i * n;
    if (shape->softmax == SOFTMAX_FOLLOWERS)
      kernels->dot_rows(q, followers_of(x[i], factors->w, shape), h + i * D, shape->n, shape->D);
    const float sum = kernels->exp_row(q, factors->w->b2 + softmax_first(x[i], shape), n, &max);
    kernels->scale(q, 1 / sum, n);
  }
}

int softmax_base(int kmer, const Shape *shape) { return kmer >> 2 * (shape->s - 1) & 3; }

void softmax_bases(double p[4], const float *yhat, const Shape *shape) {
  memset(p, 0, 4 * sizeof *p);
  for (int i = 0; i < shape->n; i++) p[softmax_base(i, shape)] += (double)yhat[i];
}
