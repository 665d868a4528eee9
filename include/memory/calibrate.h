/* calibrate: learns how much a model should trust its memory.
 *
 * The trained network reads the sequence of the memory in lanes, each with a pool. Places within
 * POOL_NEAR bases of the base to predict are left out, so each base is predicted from the rest of
 * the memory, like the bases of a new sequence. The guesses of pointers are counted, which gives
 * the odds o. After each window one step of Adagrad is taken for each class c, with the gradients
 *
 *   da[c]  the sum of (yhat - y)_j (h U + b2)_j over all j and all steps of class c
 *   dw[c]  the sum of (yhat - y)_j s_j
 *
 * The weights of the network do not change. */
#ifndef CALIBRATE_H
#define CALIBRATE_H

#include "memory/pool.h"
#include "sequence/lanes.h"

enum { CALIBRATE_TOKENS = 3000000 }; /* at most; more tokens of a genome do not change the result */

/* The network, and its memory, which holds the bases of the span. All are borrowed. */
typedef struct {
  const Shape *shape;
  const Weights *weights;
  const Memory *memory;
  Span span;
  Strands strands; /* to read */
  uint64_t seed;   /* for the order of the pieces */
  int threads;
  const Kernels *kernels;
  Watch watch;
} Calibration;

/* Sets recall, with the same result for any number of threads. Ends early at the deadline
 * (clock_now()); or, returning -1, if a signal asks the program to end. */
int calibrate(Recall *recall, const Calibration *calibration, double deadline);

size_t calibrate_memory(const Shape *shape, const Kernels *kernels); /* bytes */

#endif
