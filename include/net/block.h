/* block: neighbouring lanes of a window. One job computes their forward pass, loss and backward
 * pass, with partial sums of the gradient of their own. */
#ifndef BLOCK_H
#define BLOCK_H

#include "net/rnn.h"
#include "sequence/lanes.h"

typedef struct {
  int lane; /* the first of its lanes */
  Tape *tape;
  float *q;         /* of softmax_loss: for followers it keeps dq */
  double *J;        /* (T*lanes) */
  double *loss;     /* (2T) at each timestep the sum of J, then the numbers of labels */
  Weights *partial; /* dH, dI, db1 and, for the full softmax, dU, db2; no rows of L */
} Block;

/* Lanes of a block; the last block has the rest. Blocks of more lanes read the packed weights less
 * often; blocks of fewer lanes keep more threads busy. Depends on the shape alone, never on the
 * threads. */
int block_lanes(const Shape *shape);
int block_count(const Shape *shape, int B); /* the blocks of B lanes */

/* The i-th block of B lanes. */
Block block_new(const Shape *shape, int T, int B, int i, const Factors *factors);
void block_free(Block *block);

/* Computes J and loss, the states h and, with_gradient, the gradient of the mean of J over the
 * labels of the window: dz, de, dq and the partial sums. After a signal that ends the run, only the
 * states h[0] are defined. */
void block_run(Block *block, const Window *window, bool with_gradient, const Factors *factors,
               const Shape *shape, const Kernels *kernels);

#endif
