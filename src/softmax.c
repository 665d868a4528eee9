#include "softmax.h"

#include "kmer.h"
#include "matrix.h"

#include <math.h>
#include <string.h>

int softmax_rows(const Shape *shape) {
  const int most = (1 << 24) / shape->n; /* 64 MB of logits, unless 8 rows are more */
  int rows = (1 << 21) / shape->n;
  rows = rows > 512 ? 512 : rows < 64 ? 64 : rows;
  return rows <= most ? rows : most > 8 ? most : 8;
}

int softmax_first(int x, const Shape *shape) {
  return shape->softmax == FULL ? 0 : kmer_followers(x, shape->k, shape->s);
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

static void full_rows(double *J, float *dh, Weights *gradient, float *q, const int *y,
                      const float *h, int rows, float scale, int first, const Weights *w,
                      const Shape *shape, const Kernels *kernels) {
  const size_t n = (size_t)shape->n;
  matrix_multiply_tb(q, h, w->U, rows, shape->V, shape->D, 0); /* q = h U */
  for (int i = 0; i < rows; i++) {
    float *row = q + (size_t)i * n;
    float sum = softmax_row(&J[i], row, w->b2, y[i], n, kernels);
    if (dh) softmax_row_back(row, sum, y[i], n, scale, kernels);
  }
  if (!dh) return;
  for (int i = 0; i < rows; i++) kernels->add(gradient->b2, q + (size_t)i * n, n);
  matrix_multiply_ta(gradient->U, q, h, shape->V, shape->D, rows, first ? 0 : 1); /* dU += h^T dq */
  matrix_multiply(dh, q, w->U, rows, shape->D, shape->V, 0);                      /* dh = dq U^T */
}

static void follower_row(double *J, float *dh, float *q, int x, int y, const float *h, float scale,
                         const Weights *w, const Shape *shape, const Kernels *kernels) {
  const int first = softmax_first(x, shape);
  const float *U = w->U + (size_t)first * (size_t)shape->D;
  kernels->dot_rows(q, U, h, shape->n, shape->D); /* q = h U */
  float sum = softmax_row(J, q, w->b2 + first, y < 0 ? -1 : y - first, (size_t)shape->n, kernels);
  if (!dh) {
    kernels->scale(q, 1 / sum, (size_t)shape->n);
    return;
  }
  softmax_row_back(q, sum, y < 0 ? -1 : y - first, (size_t)shape->n, scale, kernels);
  kernels->combine_rows(dh, U, q, shape->n, shape->D); /* dh = dq U^T */
}

void softmax_loss(double *J, float *dh, Weights *gradient, float *q, const int *x, const int *y,
                  const float *h, int rows, float scale, const Weights *w, const Shape *shape,
                  const Kernels *kernels) {
  const size_t n = (size_t)shape->n, D = (size_t)shape->D;
  if (shape->softmax == FOLLOWERS) {
    for (size_t i = 0; i < (size_t)rows; i++)
      follower_row(&J[i], dh ? dh + i * D : NULL, q + i * n, x[i], y[i], h + i * D, scale, w, shape,
                   kernels);
    return;
  }
  const int block = softmax_rows(shape);
  if (dh) memset(gradient->b2, 0, n * sizeof(float));
  for (int i = 0; i < rows; i += block)
    full_rows(J + i, dh ? dh + (size_t)i * D : NULL, gradient, q, y + i, h + (size_t)i * D,
              rows - i < block ? rows - i : block, scale, i == 0, w, shape, kernels);
}

void softmax_score(double *J, float *q, const int *x, const int *y, const float *h, int rows,
                   const float *UT, const Weights *w, const Shape *shape, const Kernels *kernels) {
  const size_t n = (size_t)shape->n, D = (size_t)shape->D;
  if (shape->softmax == FOLLOWERS) {
    for (int i = 0; i < rows; i++)
      follower_row(&J[i], NULL, q, x[i], y[i], h + (size_t)i * D, 0, w, shape, kernels);
    return;
  }
  const int block = softmax_rows(shape);
  for (int i = 0; i < rows; i += block) {
    int some = rows - i < block ? rows - i : block;
    memset(q, 0, (size_t)some * n * sizeof *q);
    kernels->multiply_rows(q, h + (size_t)i * D, UT, some, shape->n, shape->D);
    for (int j = 0; j < some; j++)
      softmax_row(&J[i + j], q + (size_t)j * n, w->b2, y[i + j], n, kernels);
  }
}

void softmax_scatter(Weights *gradient, const float *dq, const float *h, int x, const Shape *shape,
                     const Kernels *kernels) {
  const int first = softmax_first(x, shape);
  kernels->outer_rows(gradient->U + (size_t)first * (size_t)shape->D, dq, h, shape->n, shape->D);
  kernels->add(gradient->b2 + first, dq, (size_t)shape->n);
}

void softmax_yhat(float *yhat, int x, const float *h, const Weights *w, const Shape *shape,
                  const Kernels *kernels) {
  const int first = softmax_first(x, shape);
  float max;
  kernels->dot_rows(yhat, w->U + (size_t)first * (size_t)shape->D, h, shape->n, shape->D);
  float sum = kernels->exp_row(yhat, w->b2 + first, (size_t)shape->n, &max);
  kernels->scale(yhat, 1 / sum, (size_t)shape->n);
}
