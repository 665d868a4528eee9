/* sums: the gradient of a window, added up over its blocks along the tree of base/ranks.h.
 *
 * What a block does not touch counts as 0 there, and an addition of 0 changes no bit but the sign of
 * a sum that underflows, which the optimizer drops: so a row can be left out where no token touches
 * it.
 *
 * Where k-mers are fewer than the tokens of a window (factors->table), G (V,D) is added up, the
 * rows of dz by x. Then dI = L^T G, dL = G I^T, and db1 is the sum of the rows of G. */
#ifndef SUMS_H
#define SUMS_H

#include "net/block.h"
#include "net/gradient.h"

typedef struct Sums Sums;

/* Of windows of T timesteps and B lanes, of whose blocks this rank has first..last-1. */
Sums *sums_new(const Shape *shape, int T, int B, int first, int last, const Factors *factors,
               int threads, const Kernels *kernels);
void sums_free(Sums *sums);

/* Sorts the tokens of a window by the rows that they touch: job 0 by those of L, job 1 by those of
 * U. Call both before sums_gradient. */
enum { SUMS_SORTS = 2 };
void sums_sort(Sums *sums, const Window *window, int job);

/* loss (T) <- those of all blocks; block (last-first) are this rank's, whose losses it spoils. */
void sums_losses(const Sums *sums, double *loss, const Block *block);

/* The gradient <- that of all blocks, whose partial sums it spoils. Lends it the lists of rows. */
void sums_gradient(Sums *sums, Gradient *gradient, const Block *block);

#endif
