/* update: the rules by which optimizers update weights. With g the clipped gradient, eta the rate:
 *   sgd       w -= eta g
 *   momentum  m <- 0.9 m + g;  w -= eta m                          (B. Polyak, 1964)
 *   adagrad   v <- v + g^2;  w -= eta g / (sqrt v + eps)           (J. Duchi et al., JMLR 2011)
 *   rmsprop   v <- 0.99 v + 0.01 g^2;  w -= eta g / (sqrt v + eps) (T. Tieleman, G. Hinton, 2012)
 *   adam      m <- 0.9 m + 0.1 g;  v <- 0.999 v + 0.001 g^2;
 *             w -= eta (m / (1-0.9^t)) / (sqrt(v / (1-0.999^t)) + eps)
 *                                                                  (D. Kingma, J. Ba, ICLR 2015)
 * eps = 1e-8. */
#ifndef UPDATE_H
#define UPDATE_H

#include <stddef.h>

/* A row per optimizer: its constant; its name, which is also its word for --optimizer and its
 * function in kernels_loops.c; the default learning rate; whether it keeps the moments m and v;
 * their decay rates; and whether it corrects the bias of both. */
// clang-format off
#define OPTIMIZER_TABLE(FIRST, ROW)                            \
  /*    constant  name      rate   m  v  beta1 beta2  unbias */ \
  FIRST(ADAM,     adam,     0.003, 1, 1, 0.9,  0.999, 1)        \
  ROW(  SGD,      sgd,      1.5,   0, 0, 0,    0,     0)        \
  ROW(  MOMENTUM, momentum, 0.3,   1, 0, 0.9,  0,     0)        \
  ROW(  RMSPROP,  rmsprop,  0.003, 0, 1, 0,    0.99,  0)        \
  ROW(  ADAGRAD,  adagrad,  0.1,   0, 1, 0,    0,     0)
// clang-format on

#define OPTIMIZER_ENUM(NAME, ...) OPTIMIZER_##NAME,
typedef enum { OPTIMIZER_TABLE(OPTIMIZER_ENUM, OPTIMIZER_ENUM) } OptimizerKind;
#define OPTIMIZER_COUNT(...) +1
enum { OPTIMIZERS = OPTIMIZER_TABLE(OPTIMIZER_COUNT, OPTIMIZER_COUNT) };

/* The parameters of one step. Gradients are multiplied by scale first. */
typedef struct {
  float rate;  /* learning rate; for Adam, already corrected for the bias of the first moment */
  float scale; /* from clipping: 1, or clip / norm of the gradient */
  float beta1, beta2; /* decay rates of m and v */
  float gain1, gain2; /* 1 - beta, rounded only once */
  float epsilon;
  float unbias2; /* Adam: 1 / (1 - beta2^t) */
  float *m, *v;  /* (n) the moments of the weights; NULL if the optimizer has none */
} UpdateStep;

/* Updates n weights w with gradient g. */
typedef void UpdateLoop(float *w, const float *g, size_t n, UpdateStep step);

#endif
