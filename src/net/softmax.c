#include "net/softmax.h"

#include "base/signals.h"
#include "net/matrix.h"
#include "sequence/kmer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { FOLLOWER_ROWS = 16 }; /* at a time */

int softmax_rows(const Shape *shape) {
  const int most = (1 << 24) / shape->n; /* 64 MB of logits, or more for the minimum of 8 rows */
  int rows = (1 << 23) / shape->n;
  if (shape->softmax == SOFTMAX_FOLLOWERS) return FOLLOWER_ROWS;
  if (rows > 256) rows = 256;
  if (rows < 64) rows = 64;
  if (rows > most) rows = most;
  return rows > 8 ? rows : 8;
}

size_t softmax_logits(const Shape *shape, int rows, bool with_backward) {
  const int kept =
      shape->softmax == SOFTMAX_FOLLOWERS && with_backward ? rows : softmax_rows(shape);
  return (size_t)kept * (size_t)shape->n;
}

int softmax_first(int x, const Shape *shape) {
  return shape->softmax == SOFTMAX_FULL ? 0 : kmer_followers(x, shape->k, shape->s);
}

/* The rows of the transposed U, and the entries of b2, for the k-mers that can follow x. */
static const float *followers_of(int x, const Weights *w, const Shape *shape) {
  return w->U + (size_t)softmax_first(x, shape) * (size_t)shape->D;
}

static const float *biases_of(int x, const Weights *w, const Shape *shape) {
  return w->b2 + softmax_first(x, shape);
}

/* q (rows,n) <- h U */
static void multiply_by_U(float *q, const int *x, const float *h, int rows, const Factors *factors,
                          const Shape *shape, const Kernels *kernels) {
  const size_t n = (size_t)shape->n, D = (size_t)shape->D;
  if (shape->softmax == SOFTMAX_FULL) {
    packed_multiply(q, h, &factors->U, rows, false);
    return;
  }
  for (size_t i = 0; i < (size_t)rows; i++)
    kernels->dot_rows(q + i * n, followers_of(x[i], factors->w, shape), h + i * D, shape->n,
                      shape->D);
}

void softmax_add_evidence(float *q, const float *b2, size_t n, const Evidence *evidence) {
  const float a = evidence->a;
  for (size_t j = 0; j < n; j++) q[j] = a * q[j] + (a - 1) * b2[j];
  for (int i = 0; i < evidence->n; i++) q[evidence->votes[i].j] += evidence->votes[i].s;
}

/* Turns q into yhat times its sum and returns the sum; sets J of label y (an index into q). */
static float softmax_row(double *J, float *q, const float *b2, int y, size_t n,
                         const Kernels *kernels) {
  float max, logit = y < 0 ? 0 : q[y] + b2[y];
  float sum = kernels->exp_row(q, b2, n, &max);
  *J = y < 0 ? 0 : log((double)sum) - ((double)logit - (double)max);
  return sum;
}

/* Turns yhat times sum into dq = scale (yhat - y), or 0 without a label. */
static void softmax_row_back(float *q, float sum, int y, size_t n, float scale,
                             const Kernels *kernels) {
  if (y < 0) {
    memset(q, 0, n * sizeof *q);
    return;
  }
  kernels->scale(q, scale / sum, n);
  q[y] -= scale;
}

/* `rows` rows of all, from `first` on. All parts of the full softmax use the same logits at q. */
static SoftmaxRows part_of(const SoftmaxRows *all, int first, int rows, const Shape *shape) {
  const size_t at = (size_t)first, n = (size_t)shape->n, D = (size_t)shape->D;
  SoftmaxRows part = *all;
  part.rows = all->rows - first < rows ? all->rows - first : rows;
  part.x += at;
  part.y += at;
  part.h += at * D;
  part.J += at;
  if (all->evidence) part.evidence += at;
  if (all->dh) part.dh += at * D;
  if (all->dh && shape->softmax == SOFTMAX_FOLLOWERS) part.q += at * n;
  return part;
}

static void full_rows(const SoftmaxRows *part, bool first, const Factors *factors,
                      const Shape *shape, const Kernels *kernels) {
  const size_t n = (size_t)shape->n;
  const int rows = part->rows;
  multiply_by_U(part->q, part->x, part->h, rows, factors, shape, kernels);
  for (int i = 0; i < rows; i++) {
    float *q = part->q + (size_t)i * n;
    if (part->evidence) softmax_add_evidence(q, factors->w->b2, n, &part->evidence[i]);
    float sum = softmax_row(&part->J[i], q, factors->w->b2, part->y[i], n, kernels);
    if (!part->dh) continue;
    softmax_row_back(q, sum, part->y[i], n, part->scale, kernels);
    kernels->add(part->dw->b2, q, n);
  }
  if (!part->dh) return;
  matrix_multiply_ta(part->dw->U, part->q, part->h, shape->V, shape->D, rows, !first);
  packed_multiply(part->dh, part->q, &factors->UT, rows, false); /* dh = dq U^T */
}

static void four_logits(const SoftmaxRows *part, const int *label, const Weights *w,
                        const Shape *shape, const Kernels *kernels) {
  for (size_t i = 0; i < (size_t)part->rows; i++) {
    const float *b2 = biases_of(part->x[i], w, shape);
    for (size_t j = 0; j < 4; j++) part->q[4 * i + j] += b2[j];
  }
  kernels->softmax_four(part->J, part->q, label, (size_t)part->rows, part->dh ? part->scale : 0);
}

static void follower_rows(const SoftmaxRows *part, const Factors *factors, const Shape *shape,
                          const Kernels *kernels) {
  const Weights *w = factors->w;
  const size_t n = (size_t)shape->n, D = (size_t)shape->D, rows = (size_t)part->rows;
  int label[FOLLOWER_ROWS];
  multiply_by_U(part->q, part->x, part->h, part->rows, factors, shape, kernels);
  for (size_t i = 0; i < rows; i++) {
    const int x = part->x[i];
    label[i] = part->y[i] < 0 ? -1 : part->y[i] - softmax_first(x, shape);
    if (part->evidence)
      softmax_add_evidence(part->q + i * n, biases_of(x, w, shape), n, &part->evidence[i]);
  }
  if (n == 4) four_logits(part, label, w, shape, kernels);
  for (size_t i = 0; i < rows; i++) {
    const int x = part->x[i];
    float *q = part->q + i * n;
    if (n > 4) {
      float sum = softmax_row(&part->J[i], q, biases_of(x, w, shape), label[i], n, kernels);
      if (part->dh) softmax_row_back(q, sum, label[i], n, part->scale, kernels);
    }
    if (part->dh) /* dh = dq U^T */
      kernels->combine_rows(part->dh + i * D, followers_of(x, w, shape), q, shape->n, shape->D);
  }
}

void softmax_loss(const SoftmaxRows *all, const Factors *factors, const Shape *shape,
                  const Kernels *kernels) {
  const bool full = shape->softmax == SOFTMAX_FULL;
  const int block = softmax_rows(shape);
  assert(!all->evidence || !all->dh);
  if (full && all->dh) memset(all->dw->b2, 0, (size_t)shape->n * sizeof(float));
  for (int i = 0; i < all->rows; i += block) {
    const SoftmaxRows part = part_of(all, i, block, shape);
    if (full && signals_end()) return;
    if (full)
      full_rows(&part, i == 0, factors, shape, kernels);
    else
      follower_rows(&part, factors, shape, kernels);
  }
}

void softmax_q(float *q, const int *x, const float *h, int rows, const Factors *factors,
               const Shape *shape, const Kernels *kernels) {
  const size_t n = (size_t)shape->n;
  multiply_by_U(q, x, h, rows, factors, shape, kernels);
  for (size_t i = 0; i < (size_t)rows; i++)
    kernels->add(q + i * n, biases_of(x[i], factors->w, shape), n);
}

void softmax_yhat(float *yhat, const int *x, const float *h, const Evidence *evidence, int rows,
                  const Factors *factors, const Shape *shape, const Kernels *kernels) {
  const size_t n = (size_t)shape->n;
  float max;
  multiply_by_U(yhat, x, h, rows, factors, shape, kernels);
  for (size_t i = 0; i < (size_t)rows; i++) {
    float *q = yhat + i * n;
    const float *b2 = biases_of(x[i], factors->w, shape);
    if (evidence) softmax_add_evidence(q, b2, n, &evidence[i]);
    const float sum = kernels->exp_row(q, b2, n, &max);
    kernels->scale(q, 1 / sum, n);
  }
}

int softmax_base(int kmer, const Shape *shape) { return kmer >> 2 * (shape->s - 1) & 3; }

void softmax_bases(double p[4], const float *yhat, const Shape *shape) {
  memset(p, 0, 4 * sizeof *p);
  for (int i = 0; i < shape->n; i++) p[softmax_base(i, shape)] += (double)yhat[i];
}
