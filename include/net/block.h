/* block: neighbouring lanes of a window. One job computes their forward pass, loss and backward
 * pass, and their partial sums of the gradient. */
#ifndef BLOCK_H
#define BLOCK_H

#include "net/rnn.h"
#include "sequence/lanes.h"

typedef struct {
  int lane; /* the first of its lanes */
  Tape *tape;
  float *q;         /* logits for softmax_loss, which leaves dq here for followers */
  double *J;        /* (T*lanes) */
  double *loss;     /* (2T) the sum of J at each timestep, then the number of labels at each */
  Weights *partial; /* dH, dI, db1 and, for the full softmax, dU, db2; no rows of L */
} Block;

/* The number of lanes in a block; the last block has the rest. With larger blocks, packed weights
 * are read less often; with smaller blocks, more threads are busy. The number depends only on the
 * shape, never on the threads. */
int block_lanes(const Shape *shape);
int block_count(const Shape *shape, int B); /* the number of blocks for B lanes */

/* Makes the i-th block of B lanes, for windows of T timesteps; to be freed with block_free. */
Block block_new(const Shape *shape, int T, int B, int i, const Factors *factors);
void block_free(Block *block);

/* Computes J and loss, the states h and, with_gradient, the gradient of the mean of J over the
 * labels of the window: dz, de, dq and the partial sums. If a signal ends the run meanwhile, only
 * the states h[0] are defined. */
void block_run(Block *block, const Window *window, bool with_gradient, const Factors *factors,
               const Shape *shape, const Kernels *kernels);

#endif
