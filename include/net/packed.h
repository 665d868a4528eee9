/* packed: the right-hand matrix of products with our loops (kernels.h), in the form that they read.
 * Packing pays where many products share a right-hand side: a window's weights. */
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

/* Sets the i-th of so many shares of W: W <- A (k,n), or A^T with A (n,k). */
void packed_set(Packed *W, const float *A, int i, int shares);
void packed_set_transposed(Packed *W, const float *A, int i, int shares);

/* C (rows,n) <- A (rows,k) W, with add C + A W. */
void packed_multiply(float *C, const float *A, const Packed *W, int rows, bool add);

#endif
