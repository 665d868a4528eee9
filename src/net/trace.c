#include "net/trace.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t part_size(const Shape *shape) {
  return ((size_t)shape->D + (size_t)shape->d + 1) * (size_t)shape->D;
}

static TracePart new_part(const Shape *shape) {
  const size_t d = (size_t)shape->d, D = (size_t)shape->D;
  double *dH = alloc_new(part_size(shape), sizeof *dH);
  return (TracePart){dH, dH + D * D, dH + (D + d) * D};
}

Trace *trace_new(const Shape *shape, int T, bool with_parts) {
  const size_t rows = (size_t)T + 1, n = (size_t)shape->n;
  const size_t d = rows * (size_t)shape->d, D = rows * (size_t)shape->D;
  Trace *trace = alloc_new(1, sizeof *trace);
  trace->T = T;
  trace->x = alloc_numbers(rows, sizeof *trace->x);
  trace->y = alloc_numbers(rows, sizeof *trace->y);
  trace->e = alloc_numbers(2 * d + 4 * D + 6 * n, sizeof *trace->e);
  trace->de = trace->e + d;
  trace->z = trace->de + d;
  trace->h = trace->z + D;
  trace->dh = trace->h + D;
  trace->dz = trace->dh + D;
  trace->s = trace->dz + D;
  trace->net = trace->s + n;
  trace->q = trace->net + n;
  trace->yhat = trace->q + n;
  trace->dq = trace->yhat + n;
  trace->dnet = trace->dq + n;
  trace->a = 1;
  if (with_parts) {
    trace->part = new_part(shape);
    trace->sum = new_part(shape);
  }
  return trace;
}

void trace_free(Trace *trace) {
  if (!trace) return;
  free(trace->x);
  free(trace->y);
  free(trace->e);
  free(trace->part.dH);
  free(trace->sum.dH);
  free(trace);
}

void trace_set(Trace *trace, const int *x, const int *y, int T) {
  trace->T = T;
  memcpy(trace->x + 1, x, (size_t)T * sizeof *x);
  memcpy(trace->y + 1, y, (size_t)T * sizeof *y);
}

static double product(const double *a, const double *b, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

double trace_norm(const Trace *trace, int t, const Shape *shape) {
  const double *dh = trace_row(trace->dh, t, shape->D);
  return sqrt(product(dh, dh, shape->D));
}

/* c (n) += a (m) W (m,n) */
static void add_product(double *c, const double *a, const float *W, int m, int n) {
  for (int i = 0; i < m; i++, W += n)
    for (int j = 0; j < n; j++) c[j] += a[i] * (double)W[j];
}

/* c (m) += a (n) W^T, W (m,n) */
static void add_product_transposed(double *c, const double *a, const float *W, int m, int n) {
  for (int i = 0; i < m; i++, W += n)
    for (int j = 0; j < n; j++) c[i] += a[j] * (double)W[j];
}

void trace_add(double *dW, const double *a, const double *b, int m, int n) {
  for (int i = 0; i < m; i++, dW += n)
    for (int j = 0; j < n; j++) dW[j] += a[i] * b[j];
}

/* The rows of the transposed U, and the entries of b2, for the k-mers that can follow x. */
static const float *columns_of_U(int x, const Weights *w, const Shape *shape) {
  return w->U + (size_t)softmax_first(x, shape) * (size_t)shape->D;
}

/* ---- forward -------------------------------------------------------------------------------- */

void trace_forward(Trace *trace, const Weights *w, const Shape *shape) {
  double (*const phi)(double) = activation_rows[shape->activation].phi;
  const int d = shape->d, D = shape->D;
  for (int t = 1; t <= trace->T; t++) {
    const float *L = w->L + (size_t)trace->x[t] * (size_t)d;
    double *e = trace_row(trace->e, t, d), *z = trace_row(trace->z, t, D);
    double *h = trace_row(trace->h, t, D);
    for (int i = 0; i < d; i++) e[i] = (double)L[i];     /* e(t) = x(t) L */
    for (int j = 0; j < D; j++) z[j] = (double)w->b1[j]; /* z(t) = h(t-1) H + e(t) I + b1 */
    add_product(z, h - D, w->H, D, D);
    add_product(z, e, w->I, d, D);
    for (int j = 0; j < D; j++) h[j] = phi(z[j]); /* h(t) = phi(z(t)) */
  }
}

void trace_evidence(Trace *trace, double a, double w, const Vote *votes, int n,
                    const Shape *shape) {
  trace->a = a;
  trace->w = w;
  memset(trace->s, 0, (size_t)shape->n * sizeof *trace->s);
  for (int i = 0; i < n; i++) trace->s[votes[i].j] = (double)votes[i].s;
}

void trace_output(Trace *trace, int t, const Weights *w, const Shape *shape) {
  const int first = softmax_first(trace->x[t], shape), n = shape->n;
  double max = -INFINITY, sum = 0;
  for (int i = 0; i < n; i++) trace->net[i] = (double)w->b2[first + i];
  add_product_transposed(trace->net, trace_row(trace->h, t, shape->D),
                         columns_of_U(trace->x[t], w, shape), n, shape->D);
  for (int i = 0; i < n; i++) /* q(t) = a (h(t) U + b2) + w s(t) */
    trace->q[i] = trace->a * trace->net[i] + trace->w * trace->s[i];
  for (int i = 0; i < n; i++) max = fmax(max, trace->q[i]);
  for (int i = 0; i < n; i++) sum += trace->yhat[i] = exp(trace->q[i] - max);
  for (int i = 0; i < n; i++) trace->yhat[i] /= sum; /* yhat(t) = softmax(q(t)) */
  // cppcheck-suppress invalidFunctionArg ; there is a k-mer, so sum is at least 1
  trace->J = log(sum) + max - trace->q[trace->y[t] - first]; /* J(t) = -ln yhat(t)[y(t)] */
}

/* ---- backward ------------------------------------------------------------------------------- */

void trace_backward(Trace *trace, int at, const Weights *w, const Shape *shape) {
  double (*const slope)(double) = activation_rows[shape->activation].slope;
  const int d = shape->d, D = shape->D, n = shape->n;
  const int label = trace->y[at] - softmax_first(trace->x[at], shape);
  const size_t rows = (size_t)trace->T + 1;
  memset(trace->dh, 0, rows * (size_t)D * sizeof(double));
  memset(trace->dz, 0, rows * (size_t)D * sizeof(double));
  memset(trace->de, 0, rows * (size_t)d * sizeof(double));
  if (trace->sum.dH) memset(trace->sum.dH, 0, part_size(shape) * sizeof(double));
  for (int i = 0; i < n; i++) trace->dq[i] = trace->yhat[i] - (i == label); /* dq = yhat - y */
  trace->da = product(trace->dq, trace->net, n); /* da = dq (h U + b2)^T */
  trace->dw = product(trace->dq, trace->s, n);   /* dw = dq s^T */
  for (int i = 0; i < n; i++) trace->dnet[i] = trace->a * trace->dq[i];
  for (int t = at; t >= 1; t--) {
    const double *h = trace_row(trace->h, t, D);
    double *dh = trace_row(trace->dh, t, D), *dz = trace_row(trace->dz, t, D);
    if (t == at) /* dh(at) = a dq(at) U^T, and for t < at dh(t) = dz(t+1) H^T */
      add_product(dh, trace->dnet, columns_of_U(trace->x[t], w, shape), n, D);
    else
      add_product_transposed(dh, dz + D, w->H, D, D);
    for (int j = 0; j < D; j++) /* dz(t) = dh(t) o phi'(z(t)) */
      dz[j] = dh[j] * slope(h[j]);
    add_product_transposed(trace_row(trace->de, t, d), dz, w->I, d, D); /* de(t) = dz(t) I^T */
  }
}

void trace_all(Trace *trace, const int *x, const int *y, int T, const Weights *w,
               const Shape *shape) {
  trace_set(trace, x, y, T);
  trace_forward(trace, w, shape);
  trace_output(trace, T, w, shape);
  trace_backward(trace, T, w, shape);
}

void trace_part(Trace *trace, int t, const Shape *shape) {
  static const double one = 1;
  const int d = shape->d, D = shape->D;
  const double *dz = trace_row(trace->dz, t, D);
  memset(trace->part.dH, 0, part_size(shape) * sizeof(double));
  trace_add(trace->part.dH, trace_row(trace->h, t - 1, D), dz, D, D); /* h(t-1)^T dz(t) */
  trace_add(trace->part.dI, trace_row(trace->e, t, d), dz, d, D);     /* e(t)^T dz(t) */
  trace_add(trace->part.db1, &one, dz, 1, D);                         /* dz(t) */
  for (size_t i = 0; i < part_size(shape); i++) trace->sum.dH[i] += trace->part.dH[i];
}
