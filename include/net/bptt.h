/* bptt: one window of all lanes, forward, loss and (truncated) backpropagation through time.
 *
 * Lanes are cut into blocks of BPTT_BLOCK. A block is one job from e to dz, with its own partial
 * sums of the gradient; then the partial sums are added in block order, and rows of dL (and, for
 * followers, of dU) are added up in the order of the window, each by one job. So the result does
 * not depend on the number of threads.
 *
 * Where k-mers are fewer than the tokens of a window, L I + b1 is tabulated once a window, and the
 * gradient likewise: with G (V,D) the rows of dz added up by x, dI = L^T G, dL = G I^T. */
#ifndef BPTT_H
#define BPTT_H

#include "net/gradient.h"
#include "sequence/lanes.h"

enum { BPTT_BLOCK = 16 };

typedef struct Bptt Bptt;

/* What a window's labels cost: sums of J in nats and their number, in all and for each t. */
typedef struct {
  double loss;
  uint64_t tokens;
  double *timestep_loss;     /* (T) */
  uint64_t *timestep_tokens; /* (T) */
} WindowLoss;

Bptt *bptt_new(const Shape *shape, int T, int B, bool with_backward, int threads,
               const Kernels *kernels);
void bptt_free(Bptt *bptt);

/* Reads the window with weights w from the states that the last one left. Where gradient is not
 * NULL it becomes the gradient of the mean of J over the window's labels. What comes back, and what
 * the gradient is lent, is valid until the next call. NULL: a signal that asks to end came in
 * between, and the states are as before. */
const WindowLoss *bptt_run(Bptt *bptt, Gradient *gradient, const Weights *w, const Window *window);

/* The states that are carried to the next window, (B,D), lane by lane. */
void bptt_save(const Bptt *bptt, float *h);
void bptt_restore(Bptt *bptt, const float *h);

#endif
