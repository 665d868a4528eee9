/* calibrate: learns how far a model may trust its memory.
 *
 * The trained network reads the sequence of the memory in lanes, each with a pool, and everything
 * within POOL_NEAR bases of the base to be predicted is left out: so each base is predicted from
 * the rest of the memory, as that of a new sequence will be. Pointers' guesses are counted, which
 * gives the odds o, and after each window a step of Adagrad is taken for each class c:
 *
 *   da[c]  the sum of (yhat - y)_j (h U + b2)_j over all j and all steps of class c
 *   dw[c]  the sum of (yhat - y)_j s_j
 *
 * The weights of the network do not change. */
#ifndef CALIBRATE_H
#define CALIBRATE_H

#include "memory/pool.h"
#include "sequence/lanes.h"

enum { CALIBRATE_TOKENS = 3000000 }; /* at most: more of a genome changes nothing */

/* The network, and its memory, which holds the bases of the span. All are borrowed. */
typedef struct {
  const Shape *shape;
  const Weights *weights;
  const Memory *memory;
  Span span;
  Strands strands; /* that are read */
  uint64_t seed;   /* of the order in which pieces are read */
  int threads;
  const Kernels *kernels;
  Watch watch;
} Calibration;

/* Sets recall, which is the same for any number of threads. Ends early at the deadline
 * (clock_now()), or, with -1, where a signal asks to end. */
int calibrate(Recall *recall, const Calibration *calibration, double deadline);

size_t calibrate_memory(const Shape *shape, const Kernels *kernels); /* bytes */

#endif
