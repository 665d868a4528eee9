#include "net/packed.h"

#include "base/alloc.h"
#include "base/parallel.h"

#include <stdlib.h>

Packed packed_new(int k, int n, const Products *products) {
  const int panel = products->panel;
  const size_t columns = (size_t)((n + panel - 1) / panel) * (size_t)panel;
  return (Packed){
      .k = k, .n = n, .panels = alloc_floats(columns * (size_t)k), .products = products};
}

void packed_free(Packed *W) { free(W->panels); }

void packed_set(Packed *W, const float *A, int i, int shares) {
  W->products->pack(W->panels, A, W->k, W->n, parallel_share(W->k, i, shares),
                    parallel_share(W->k, i + 1, shares));
}

void packed_set_transposed(Packed *W, const float *A, int i, int shares) {
  const int panels = (W->n + W->products->panel - 1) / W->products->panel;
  W->products->pack_transposed(W->panels, A, W->k, W->n, parallel_share(panels, i, shares),
                               parallel_share(panels, i + 1, shares));
}

void packed_multiply(float *C, const float *A, const Packed *W, int rows, bool add) {
  W->products->multiply(C, A, W->panels, rows, W->n, W->k, add);
}
