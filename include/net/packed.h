/* packed: the right-hand matrix of a product, in the form that suits whoever multiplies: our loops
 * (kernels.h), or BLAS, which takes it as it is and packs it anew for each product. Worth its while
 * where many products have the same right-hand side, as the timesteps of a window do. */
#ifndef PACKED_H
#define PACKED_H

#include "net/kernels.h"

typedef struct {
  int k, n;
  int panel;             /* columns of a panel; for BLAS all n of them */
  float *panels;         /* each (k,panel) */
  const Products *loops; /* NULL: BLAS */
} Packed;

/* Room for a (k,n) matrix; loops NULL: for BLAS. */
Packed packed_new(int k, int n, const Products *loops);
void packed_free(Packed *W);

void packed_set(Packed *W, const float *A);            /* W <- A (k,n) */
void packed_set_transposed(Packed *W, const float *A); /* W <- A^T, A (n,k) */

/* C (rows,n) <- A (rows,k) W, with add C + A W. */
void packed_multiply(float *C, const float *A, const Packed *W, int rows, int add);
/* C (m,n) <- A^T W, A (k,m), W (k,n), with add C + A^T W. Both are used but once, so nothing is
 * packed beforehand; loops as in packed_new. */
void packed_multiply_ta(float *C, const float *A, const float *W, int m, int n, int k, int add,
                        const Products *loops);

#endif
