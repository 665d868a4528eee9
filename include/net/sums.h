/* sums: the gradient of a window, added up over its blocks along the tree of base/ranks.h.
 *
 * A block leaves out the rows that none of its tokens touch. This changes no bit of the sums except
 * the sign of a sum that underflows, which the optimizer ignores.
 *
 * If V is smaller than the number of tokens of a window (factors->table), the rows of dz are added
 * up by x in G (V,D). Then dI = L^T G, dL = G I^T, and db1 is the sum of the rows of G. */
#ifndef SUMS_H
#define SUMS_H

#include "net/block.h"
#include "net/gradient.h"

typedef struct Sums Sums;

/* For windows of T timesteps and B lanes; this rank has the blocks first..last-1. */
Sums *sums_new(const Shape *shape, int T, int B, int first, int last, const Factors *factors,
               int threads, const Kernels *kernels);
void sums_free(Sums *sums);

/* Before sums_gradient, sums_sorts jobs sort the tokens of a window by the rows that they touch.
 * Any thread may run a job. */
int sums_sorts(const Sums *sums);
void sums_sort(Sums *sums, const Window *window, int job);

/* Adds up the losses of the blocks of this rank, block (last-first), in the first of them. */
void sums_losses(const Sums *sums, const Block *block);

/* sums_losses, and sets the gradient to the sum over the blocks of all ranks. Overwrites the losses
 * and the partial sums of the blocks. The gradient borrows the lists of rows. */
void sums_gradient(Sums *sums, Gradient *gradient, const Block *block);

#endif
