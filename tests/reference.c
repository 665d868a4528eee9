#include "reference.h"

#include "net/activation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Reference *reference_new(int k, int s, int d, int D, int phi, int full) {
  Reference *net = calloc(1, sizeof *net);
  int V = 1;
  for (int i = 0; i < k; i++) V *= 4;
  net->k = k;
  net->s = s;
  net->d = d;
  net->D = D;
  net->V = V;
  net->phi = phi;
  net->full = full;
  net->size = (size_t)(V * d + D * D + d * D + D + D * V + V);
  net->L = calloc(net->size, sizeof(double));
  net->H = net->L + V * d;
  net->I = net->H + D * D;
  net->b1 = net->I + d * D;
  net->U = net->b1 + D;
  net->b2 = net->U + D * V;
  return net;
}

void reference_free(Reference *net) {
  free(net->L);
  free(net);
}

void reference_set(Reference *net, const float *L, const float *U, const float *b2) {
  for (int i = 0; i < net->U - net->L; i++) net->L[i] = (double)L[i];
  for (int v = 0; v < net->V; v++) {
    net->b2[v] = (double)b2[v];
    for (int i = 0; i < net->D; i++) net->U[i * net->V + v] = (double)U[v * net->D + i];
  }
}

double reference_phi(int phi, double z) {
  switch ((Activation)phi) {
  case ACTIVATION_SIGMOID: return 1 / (1 + exp(-z));
  case ACTIVATION_TANH: return tanh(z);
  case ACTIVATION_RELU: return fmax(z, 0);
  }
  return NAN;
}

double reference_slope(int phi, double z) {
  switch ((Activation)phi) {
  case ACTIVATION_SIGMOID: return exp(-z) / pow(1 + exp(-z), 2);
  case ACTIVATION_TANH: return 1 / pow(cosh(z), 2);
  case ACTIVATION_RELU: return z > 0;
  }
  return NAN;
}

/* Whether the first k-s bases of v are the last ones of x. */
static int can_follow(const Reference *net, int x, int v) {
  int shared = 1, dropped = 1;
  for (int i = 0; i < net->k - net->s; i++) shared *= 4;
  for (int i = 0; i < net->s; i++) dropped *= 4;
  return net->full || x % shared == v / dropped;
}

void reference_yhat(const Reference *net, int x, const double *h, double *yhat) {
  double sum = 0, max = -INFINITY;
  for (int v = 0; v < net->V; v++) {
    double q = net->b2[v];
    for (int i = 0; i < net->D; i++) q += h[i] * net->U[i * net->V + v];
    yhat[v] = can_follow(net, x, v) ? q : -INFINITY;
    if (yhat[v] > max) max = yhat[v];
  }
  for (int v = 0; v < net->V; v++) sum += yhat[v] = exp(yhat[v] - max);
  for (int v = 0; v < net->V; v++) yhat[v] /= sum;
}

/* The nodes of one lane over the window. */
typedef struct {
  double *before, *z, *h, *yhat; /* (T,D) h(t-1), 0 after a restart; (T,D) (T,D) (T,V) */
} Nodes;

static double lane_forward(const Reference *net, const ReferenceWindow *w, int b, Nodes *nodes) {
  const int D = net->D;
  double J = 0;
  for (int t = 0; t < w->T; t++) {
    int at = t * w->B + b, x = w->x[at];
    double *before = nodes->before + t * D, *z = nodes->z + t * D, *h = nodes->h + t * D;
    const double *last = t == 0 ? w->h0 + b * D : h - D;
    for (int i = 0; i < D; i++) before[i] = w->restart[at] ? 0 : last[i];
    for (int j = 0; j < D; j++) { /* z = h(t-1) H + e I + b1, h = phi(z) */
      z[j] = net->b1[j];
      for (int i = 0; i < D; i++) z[j] += before[i] * net->H[i * D + j];
      for (int i = 0; i < net->d; i++) z[j] += net->L[x * net->d + i] * net->I[i * D + j];
      h[j] = reference_phi(net->phi, z[j]);
    }
    reference_yhat(net, x, h, nodes->yhat + t * net->V);
    if (w->y[at] >= 0) J -= log(nodes->yhat[t * net->V + w->y[at]]);
  }
  return J;
}

static void lane_backward(const Reference *net, const ReferenceWindow *w, int b, const Nodes *nodes,
                          Reference *g) {
  const int D = net->D, V = net->V, d = net->d;
  double *dz = calloc((size_t)D, sizeof *dz), *next = calloc((size_t)D, sizeof *next);
  double *dq = calloc((size_t)V, sizeof *dq);
  for (int t = w->T - 1; t >= 0; t--) { /* next is dz(t+1) */
    int at = t * w->B + b, x = w->x[at], y = w->y[at];
    const double *h = nodes->h + t * D, *before = net->misprint ? h : nodes->before + t * D;
    for (int v = 0; v < V; v++) dq[v] = y < 0 ? 0 : nodes->yhat[t * V + v] - (v == y);
    for (int i = 0; i < D; i++) {
      double dh = 0;
      for (int v = 0; v < V; v++) dh += dq[v] * net->U[i * V + v];
      for (int j = 0; j < D && t + 1 < w->T && !w->restart[at + w->B]; j++)
        dh += next[j] * net->H[i * D + j];
      dz[i] = dh * reference_slope(net->phi, nodes->z[t * D + i]);
    }
    for (int v = 0; v < V; v++) {
      g->b2[v] += dq[v];
      for (int i = 0; i < D; i++) g->U[i * V + v] += h[i] * dq[v];
    }
    for (int j = 0; j < D; j++) {
      g->b1[j] += dz[j];
      for (int i = 0; i < D; i++) g->H[i * D + j] += before[i] * dz[j];
      for (int i = 0; i < d; i++) {
        g->I[i * D + j] += net->L[x * d + i] * dz[j];
        g->L[x * d + i] += dz[j] * net->I[i * D + j];
      }
    }
    memcpy(next, dz, (size_t)D * sizeof *dz);
  }
  free(dz);
  free(next);
  free(dq);
}

double reference_run(const Reference *net, const ReferenceWindow *w, double *hT,
                     Reference *gradient) {
  const size_t T = (size_t)w->T, D = (size_t)net->D;
  double *block = calloc(T * (3 * D + (size_t)net->V), sizeof *block), J = 0;
  Nodes nodes = {block, block + T * D, block + 2 * T * D, block + 3 * T * D};
  if (gradient) memset(gradient->L, 0, gradient->size * sizeof(double));
  for (int b = 0; b < w->B; b++) {
    J += lane_forward(net, w, b, &nodes);
    if (hT) memcpy(hT + (size_t)b * D, nodes.h + (T - 1) * D, D * sizeof *hT);
    if (gradient) lane_backward(net, w, b, &nodes, gradient);
  }
  free(block);
  return J;
}
