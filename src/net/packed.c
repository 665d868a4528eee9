#include "net/packed.h"

#include "base/alloc.h"
#include "net/matrix.h"

#include <stdlib.h>
#include <string.h>

Packed packed_new(int k, int n, const Products *loops) {
  Packed W = {.k = k, .n = n, .panel = loops ? loops->panel : n, .loops = loops};
  const size_t panels = (size_t)((n + W.panel - 1) / W.panel);
  W.panels = alloc_floats(panels * (size_t)W.panel * (size_t)k);
  return W;
}

void packed_free(Packed *W) { free(W->panels); }

void packed_set(Packed *W, const float *A) {
  if (W->loops)
    W->loops->pack(W->panels, A, W->k, W->n);
  else
    memcpy(W->panels, A, (size_t)W->k * (size_t)W->n * sizeof *A);
}

void packed_set_transposed(Packed *W, const float *A) {
  if (W->loops)
    W->loops->pack_transposed(W->panels, A, W->k, W->n);
  else
    matrix_transpose(W->panels, A, W->n, W->k);
}

void packed_multiply(float *C, const float *A, const Packed *W, int rows, int add) {
  if (W->loops)
    W->loops->multiply(C, A, W->panels, rows, W->n, W->k, add);
  else
    matrix_multiply(C, A, W->panels, rows, W->n, W->k, (float)add);
}

void packed_multiply_ta(float *C, const float *A, const float *W, int m, int n, int k, int add,
                        const Products *loops) {
  if (loops)
    loops->multiply_ta(C, A, W, m, n, k, add);
  else
    matrix_multiply_ta(C, A, W, m, n, k, (float)add);
}
