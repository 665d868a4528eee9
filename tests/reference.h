/* reference: the network in double precision, straight from the equations with plain loops: no
 * BLAS, no kernels, nothing shared with src/ but the constants of activations. The fast network
 * must agree with it. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  int k, s, d, D;
  int V;                           /* 4^k */
  int phi;                         /* an Activation */
  int misprint;                    /* 1: dH as lecture notes print it, with h(t) for h(t-1) */
  int full;                        /* 1: softmax over V; 0: over the followers */
  double *L, *H, *I, *b1, *U, *b2; /* (V,d) (D,D) (d,D) (D) (D,V) (V), one block from L on */
  size_t size;                     /* doubles of the block */
} Reference;

/* A window: T timesteps of B lanes, (T,B) arrays; h0 is (B,D). */
typedef struct {
  int T, B;
  const int *x, *y; /* y is -1: no loss */
  const bool *restart;
  const double *h0;
} ReferenceWindow;

Reference *reference_new(int k, int s, int d, int D, int phi, int full);
void reference_free(Reference *net);

/* Sets the weights from floats: L, H, I, b1 one after the other, U (V,D), b2. */
void reference_set(Reference *net, const float *L, const float *U, const float *b2);

/* Sum of J over the window. If hT (B,D) is not NULL, it gets the last states; if gradient is not
 * NULL, it gets the gradient of that sum. */
double reference_run(const Reference *net, const ReferenceWindow *window, double *hT,
                     Reference *gradient);

/* phi(z) and phi'(z). */
double reference_phi(int phi, double z);
double reference_slope(int phi, double z);

/* yhat (V) after state h (D) at k-mer x. */
void reference_yhat(const Reference *net, int x, const double *h, double *yhat);

#endif
