#include "net/gradient.h"

#include "base/alloc.h"

#include <stdlib.h>

bool gradient_few_L(const Shape *shape, int tokens) { return shape->V > tokens; }

bool gradient_few_U(const Shape *shape, int tokens) {
  return shape->softmax == SOFTMAX_FOLLOWERS && shape->V / shape->n > tokens;
}

Gradient *gradient_new(const Shape *shape, int tokens) {
  const int L_rows = gradient_few_L(shape, tokens) ? tokens : shape->V;
  const int U_rows = gradient_few_U(shape, tokens) ? tokens * shape->n : shape->V;
  Gradient *gradient = alloc_new(1, sizeof *gradient);
  gradient->dw = weights_new_rows(shape, L_rows, U_rows);
  return gradient;
}

void gradient_free(Gradient *gradient) {
  if (!gradient) return;
  weights_free(gradient->dw);
  free(gradient);
}
