/* bptt: one window of all lanes, forward, loss and (truncated) backpropagation through time.
 *
 * Lanes are cut into blocks (block.h), each of which is a job from e to dz. Then their partial sums
 * are added up along one tree (sums.h), so that the result depends on neither the number of threads
 * nor that of ranks. Each rank computes its blocks, and all have the result. */
#ifndef BPTT_H
#define BPTT_H

#include "net/gradient.h"
#include "sequence/lanes.h"

typedef struct Bptt Bptt;

/* What a window's labels cost: sums of J in nats and their number, in all and for each t. */
typedef struct {
  double loss;
  uint64_t tokens;
  double *timestep_loss;     /* (T) */
  uint64_t *timestep_tokens; /* (T) */
} WindowLoss;

Bptt *bptt_new(const Shape *shape, int T, int B, int threads, const Kernels *kernels);
void bptt_free(Bptt *bptt);

/* Reads the window, which is the same on all ranks, with weights w, from the states of the last
 * call. Without a gradient w may be NULL: the weights of the last call.
 * If gradient is not NULL, it becomes the gradient of the mean of J over the window's labels.
 * The result and the lists of rows in the gradient are valid until the next call. Returns NULL, and
 * leaves the states as they were, if a rank has received a signal that ends the run.
 * The call also reads the next window of `ahead`, if that is not NULL. */
const WindowLoss *bptt_run(Bptt *bptt, Gradient *gradient, const Weights *w, const Window *window,
                           Lanes *ahead);

/* The states that are carried to the next window, (B,D), lane by lane; of all ranks, which save
 * them together. */
void bptt_save(const Bptt *bptt, float *h);
void bptt_restore(Bptt *bptt, const float *h);

#endif
