/* optimizer: clips the norm of the gradient (R. Pascanu, T. Mikolov, Y. Bengio, ICML 2013), then
 * updates the weights by a rule of update.h.
 *
 * It can keep an average of the weights over about the later half of the steps, at most the last n.
 * The average does not influence training (after B. Polyak, A. Juditsky, SIAM J. Control 1992):
 * average <- average + (w - average) / min(1 + (t-1)/2, n).
 *
 * Rows that the gradient leaves out (gradient.h) do not change, nor do their moments and averages.
 * For sgd and adagrad the result is the same as with a gradient of 0. For the other optimizers time
 * stands still for such a row until a window touches it, as in their "lazy" variants. */
#ifndef OPTIMIZER_H
#define OPTIMIZER_H

#include "net/gradient.h"

typedef struct {
  OptimizerKind kind;
  Shape shape;
  Weights *m, *v;   /* moments; NULL if the optimizer has none */
  int averaged;     /* n; 0: no average */
  Weights *average; /* NULL without one */
  uint64_t steps;   /* so far */
  double *squares;  /* scratch: the sum of squares of each chunk of the gradient */
} Optimizer;

/* An optimizer for weights of this shape, with all moments 0; averaged: n, 0 for no average. */
Optimizer *optimizer_new(OptimizerKind kind, const Shape *shape, int averaged);
void optimizer_free(Optimizer *optimizer);

/* Sets the average to the initial weights w. */
void optimizer_average(Optimizer *optimizer, const Weights *w);

/* The default learning rate, before it is adapted to the number of lanes. */
double optimizer_default_rate(OptimizerKind kind);

/* Updates w by one step. A gradient whose norm exceeds clip is scaled down to it; clip 0: never.
 * Returns the norm before clipping; if it is not finite, nothing changes. */
double optimizer_step(Optimizer *optimizer, Weights *w, const Gradient *gradient, double rate,
                      double clip, int threads, const Kernels *kernels);

#endif
