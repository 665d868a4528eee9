/* pca: the first two principal components of a matrix's rows, by power iteration: the report is
 * also written where OpenBLAS, and its LAPACK with it, is not loaded. */
#ifndef PCA_H
#define PCA_H

#include <stddef.h>

typedef struct {
  double *x, *y;  /* (rows) where each row lies along the first and the second */
  double part[2]; /* of the whole variance that each has; 0 where there is none */
} Pca;

/* Of rows (rows,columns), row i being that at index[i]. The sign is such that the coordinate that
 * is largest in size is positive. */
Pca pca_new(const float *matrix, const size_t *index, size_t rows, int columns);
void pca_free(Pca *pca);

#endif
