/* bptt: one window of all lanes: forward pass, loss and truncated backpropagation through time (R.
 * Williams, J. Peng, Neural Computation 1990).
 *
 * Lanes are divided into blocks (block.h); each block is one job, from e to dz. The partial sums of
 * the blocks are then added up along one tree (sums.h), so the result depends on neither the number
 * of threads nor the number of ranks. Each rank computes its blocks, and all ranks get the
 * result. */
#ifndef BPTT_H
#define BPTT_H

#include "net/gradient.h"
#include "sequence/lanes.h"

typedef struct Bptt Bptt;

/* The loss of a window: the sum of J in nats and the number of labels, in total and for each t. */
typedef struct {
  double loss;
  uint64_t tokens;
  double *timestep_loss;     /* (T) */
  uint64_t *timestep_tokens; /* (T) */
} WindowLoss;

/* For windows of T timesteps and B lanes, which are the same on all ranks; all states are 0.
 * kernels is borrowed. */
Bptt *bptt_new(const Shape *shape, int T, int B, int threads, const Kernels *kernels);
void bptt_free(Bptt *bptt);

/* Computes the window, which is the same on all ranks, with weights w, from the states of the last
 * call. Without a gradient, w may be NULL for the weights of the last call. If gradient is not
 * NULL, it becomes the gradient of the mean of J over the window's labels. The result and the lists
 * of rows in the gradient are valid until the next call. Returns NULL and leaves the states
 * unchanged if a rank has received a signal that ends the run. The call also reads the next window
 * of `ahead`, unless that is NULL. */
const WindowLoss *bptt_run(Bptt *bptt, Gradient *gradient, const Weights *w, const Window *window,
                           Lanes *ahead);

/* Save and restore the states carried to the next window, (B,D), lane by lane, of all ranks.
 * Collective. */
void bptt_save(const Bptt *bptt, float *h);
void bptt_restore(Bptt *bptt, const float *h);

#endif
