/* gradient: the gradient of a window's loss. It keeps only the rows that a window can touch.
 *
 * A window with fewer tokens than L has rows leaves some untouched, whose gradient is 0. dw then
 * holds only the touched rows, the i-th of them at index i. The same holds for U and b2 under
 * followers, in groups of n rows, if there are more groups than tokens. */
#ifndef GRADIENT_H
#define GRADIENT_H

#include "net/rnn.h"
#include "net/touched.h"

typedef struct {
  Weights *dw;
  const Touched *L, *U; /* NULL: all rows are kept; otherwise set by bptt_run, which owns them */
} Gradient;

Gradient *gradient_new(const Shape *shape, int tokens); /* for windows of this many tokens */
void gradient_free(Gradient *gradient);

/* Whether windows of this many tokens always leave rows of L, or groups of followers in U,
 * untouched. */
bool gradient_few_L(const Shape *shape, int tokens);
bool gradient_few_U(const Shape *shape, int tokens);

#endif
