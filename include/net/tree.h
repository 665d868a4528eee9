/* tree: the tokens of a window by the places of their blocks in the tree of base/ranks.h, and sums
 * of tokens along it. */
#ifndef TREE_H
#define TREE_H

#include "net/block.h"
#include "net/kernels.h"

typedef struct {
  Shape shape;
  int T, B;
  int first, last;       /* the blocks of this rank: first..last-1 */
  int places, *block_at; /* (places) of the tree; -1: no block */
  int block_tokens;      /* numbers of a place */
  int tokens;            /* numbers of all places */
  int from, to;          /* the numbers of this rank's tokens: from..to-1 */
  bool table;            /* whether G is summed, of dz, not dL, of de */
  const Kernels *kernels;
  const Block *block; /* those of this rank, of the window that is summed; borrowed */
} Tree;

/* Of windows of T timesteps and B lanes, of whose blocks this rank has first..last-1. */
Tree tree_new(const Shape *shape, int T, int B, int first, int last, bool table,
              const Kernels *kernels);
void tree_free(Tree *tree);

/* x (tokens) <- the window's k-mers by the numbers of their tokens: place by place, and in a block
 * as its tape has them; -1 where there is none. */
void tree_number(const Tree *tree, int *x, const Window *window);

/* row <- what this rank's tokens among token[0..n-1], which ascend, add to a row of G (D) or of dL
 * (d). Without any it stays as it is. */
void tree_sum(const Tree *tree, float *row, const int *token, int n);

/* The same for the rows of four followers, from this one on: dU (4,D) and db2 (4). */
void tree_sum_followers(const Tree *tree, float *dU, float *db2, const int *token, int n,
                        int follower);

#endif
