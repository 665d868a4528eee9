/* gradient: the gradient of a window's loss, of which only the rows are kept that a window can
 * touch.
 *
 * A window with fewer tokens than L has rows leaves some untouched, whose gradient is 0. dw then
 * holds the touched ones only, the i-th of them at place i. Likewise U and b2 under followers, in
 * groups of n rows, where there are more groups than tokens. */
#ifndef GRADIENT_H
#define GRADIENT_H

#include "net/rnn.h"
#include "net/touched.h"

typedef struct {
  Weights *dw;
  const Touched *L, *U; /* NULL: all rows are there; else set by bptt_run, which lends them */
} Gradient;

Gradient *gradient_new(const Shape *shape, int tokens); /* for windows of so many */
void gradient_free(Gradient *gradient);

/* Whether windows of so many tokens leave rows of L, or groups of followers in U, untouched. */
bool gradient_few_L(const Shape *shape, int tokens);
bool gradient_few_U(const Shape *shape, int tokens);

#endif
