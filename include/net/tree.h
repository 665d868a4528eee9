/* tree: numbers the tokens of a window by the places of their blocks in the tree of base/ranks.h,
 * and adds up tokens along it. */
#ifndef TREE_H
#define TREE_H

#include "net/block.h"
#include "net/kernels.h"
#include "net/touched.h"

typedef struct {
  Shape shape;
  int T, B;
  int first, last;       /* the blocks of this rank: first..last-1 */
  int places, *block_at; /* (places) of the tree; -1: no block */
  int shift;    /* a place has 2^shift token numbers, at least as many as its block has tokens */
  int tokens;   /* token numbers of all places */
  int from, to; /* the numbers of this rank's tokens: from..to-1 */
  bool table;   /* whether rows of dz are summed to G, and not rows of de to dL */
  const Kernels *kernels;
  const Block *block; /* the blocks of this rank, of the current window; borrowed */
} Tree;

/* For windows of T timesteps and B lanes; this rank has the blocks first..last-1. */
Tree tree_new(const Shape *shape, int T, int B, int first, int last, bool table,
              const Kernels *kernels);
void tree_free(Tree *tree);

enum { TREE_EIGHT = 8 }; /* places added up at once by sum_eight of kernels.h */

/* The block of this rank at one of its places; NULL: none. */
static inline const Block *tree_block(const Tree *tree, int place) {
  const int block = tree->block_at[place];
  return block < 0 ? NULL : &tree->block[block - tree->first];
}

/* The tokens of a window by the rows of a table that they touch. Chunks of neighbouring places are
 * sorted separately, each in a job. If not all rows are listed, there is one chunk. */
typedef struct {
  int *x; /* (tokens) k-mers by token number: place by place, within a block in the order of its
             tape; -1: none */
  int chunks, places; /* of a chunk */
  Touched *chunk;
} TreeOrder;

TreeOrder tree_order_new(const Tree *tree, int rows, bool all);
void tree_order_free(TreeOrder *order);

/* Sorts the i-th chunk of a window. */
void tree_order_set(const Tree *tree, TreeOrder *order, const Window *window, int i);

/* row <- the sum over this rank's tokens of the j-th listed row: a row of G (D) or of dL (d). If
 * there are no such tokens, row is unchanged and the result is false. */
bool tree_sum(const Tree *tree, float *row, const TreeOrder *order, int j);

/* The same for four consecutive followers, from this one on: dU (4,D) and db2 (4). */
bool tree_sum_followers(const Tree *tree, float *dU, float *db2, const TreeOrder *order, int j,
                        int follower);

#endif
