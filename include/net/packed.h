/* packed: the right-hand matrix of products, packed for our loops (kernels.h). Packing pays if many
 * products share the right-hand matrix, such as the weights during a window. */
#ifndef PACKED_H
#define PACKED_H

#include "net/kernels.h"

typedef struct {
  int k, n;
  float *panels; /* each (k,panel) */
  const Products *products;
} Packed;

Packed packed_new(int k, int n, const Products *products); /* room for a (k,n) matrix */
void packed_free(Packed *W);

/* Sets the i-th of `shares` parts of W: W <- A (k,n), or W <- A^T with A (n,k). */
void packed_set(Packed *W, const float *A, int i, int shares);
void packed_set_transposed(Packed *W, const float *A, int i, int shares);

/* C (rows,n) <- A (rows,k) W, or C + A W with add. */
void packed_multiply(float *C, const float *A, const Packed *W, int rows, bool add);

#endif
