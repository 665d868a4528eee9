/* optimizer: clips the gradient, then moves the weights. With g the clipped gradient, eta the rate:
 *   sgd       w -= eta g
 *   momentum  m <- 0.9 m + g;  w -= eta m                          (B. Polyak, 1964)
 *   adagrad   v <- v + g^2;  w -= eta g / (sqrt v + eps)           (J. Duchi et al., JMLR 2011)
 *   rmsprop   v <- 0.99 v + 0.01 g^2;  w -= eta g / (sqrt v + eps) (T. Tieleman, G. Hinton, 2012)
 *   adam      m <- 0.9 m + 0.1 g;  v <- 0.999 v + 0.001 g^2;
 *             w -= eta (m / (1-0.9^t)) / (sqrt(v / (1-0.999^t)) + eps)
 *                                                                  (D. Kingma, J. Ba, ICLR 2015)
 * eps = 1e-8. Beside the weights their average can be kept, over the later half of the steps so far
 * or the last thousand, average <- average + (w - average) / min(1 + (t-1)/2, 1000) (after B.
 * Polyak, A. Juditsky, SIAM J. Control 1992) which has no part in the training.
 *
 * Rows that a window did not touch, where the gradient leaves them out (bptt.h: of L where the
 * dictionary is larger than the window; of U and b2 where the groups of followers are, too),
 * are left alone, and their moments and averages with them: for sgd and adagrad that is the same
 * step; for the others time stands still for such a row until its next k-mer comes, as in "lazy"
 * variants. */
#ifndef OPTIMIZER_H
#define OPTIMIZER_H

#include "net/bptt.h"

typedef enum {
  OPTIMIZER_ADAM,
  OPTIMIZER_SGD,
  OPTIMIZER_MOMENTUM,
  OPTIMIZER_RMSPROP,
  OPTIMIZER_ADAGRAD
} OptimizerKind;
enum { OPTIMIZERS = OPTIMIZER_ADAGRAD + 1 };

typedef struct {
  OptimizerKind kind;
  Shape shape;
  Weights *m, *v;   /* moments; NULL where the kind has none */
  Weights *average; /* NULL without one */
  uint64_t steps;   /* taken so far */
  double *squares;  /* scratch: of each chunk of the gradient */
} Optimizer;

Optimizer *optimizer_new(OptimizerKind kind, const Shape *shape, bool with_average);
void optimizer_free(Optimizer *optimizer);

/* Sets the average to w, which no step has moved yet. */
void optimizer_average(Optimizer *optimizer, const Weights *w);

double optimizer_default_rate(OptimizerKind kind);

/* Moves w by one step; clip is the largest norm of the gradient that passes unscaled, 0: any.
 * Gives back the norm before clipping. Where it is not finite, nothing is changed. */
double optimizer_step(Optimizer *optimizer, Weights *w, const Gradient *gradient, double rate,
                      double clip, int threads, const Kernels *kernels);

#endif
