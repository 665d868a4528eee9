#include "net/packed.h"

#include "base/alloc.h"

#include <stdlib.h>

Packed packed_new(int k, int n, const Products *products) {
  const int panel = products->panel;
  const size_t columns = (size_t)((n + panel - 1) / panel) * (size_t)panel;
  return (Packed){
      .k = k, .n = n, .panels = alloc_floats(columns * (size_t)k), .products = products};
}

void packed_free(Packed *W) { free(W->panels); }

void packed_set(Packed *W, const float *A) { W->products->pack(W->panels, A, W->k, W->n); }

void packed_set_transposed(Packed *W, const float *A) {
  W->products->pack_transposed(W->panels, A, W->k, W->n);
}

void packed_multiply(float *C, const float *A, const Packed *W, int rows, bool add) {
  W->products->multiply(C, A, W->panels, rows, W->n, W->k, add);
}
