#include "net/tree.h"

#include "base/alloc.h"
#include "base/ranks.h"

#include <stdlib.h>
#include <string.h>

enum {
  BATCH = 64,   /* tokens */
  STRIP = 1024, /* floats of a row, or of four rows of dU, processed at a time */
  EIGHT = TREE_EIGHT,
  LOG_EIGHT = 3, /* log2 of TREE_EIGHT */
  DEPTH = 12     /* levels of the tree above nodes of eight places: there are at most 2^16 lanes */
};

/* The number of places of the tree: the next power of two, which makes the tree complete. */
static int count_places(int blocks) {
  int places = 1;
  while (places < blocks) places *= 2;
  return places;
}

/* Gives the blocks first..last-1 their places in the part of the tree from `place` on. */
static void place_blocks(Tree *tree, int first, int last, int place, int places) {
  const int middle = ranks_middle(first, last);
  if (last - first == 1) {
    tree->block_at[place] = first;
    return;
  }
  place_blocks(tree, first, middle, place, places / 2);
  place_blocks(tree, middle, last, place + places / 2, places / 2);
}

Tree tree_new(const Shape *shape, int T, int B, int first, int last, bool table,
              const Kernels *kernels) {
  const int blocks = block_count(shape, B), places = count_places(blocks);
  int shift = 0;
  while (1 << shift < T * block_lanes(shape)) shift++;
  Tree tree = {.shape = *shape,
               .T = T,
               .B = B,
               .first = first,
               .last = last,
               .places = places,
               .block_at = alloc_new((size_t)places, sizeof *tree.block_at),
               .shift = shift,
               .tokens = places << shift,
               .table = table,
               .kernels = kernels};
  for (int i = 0; i < places; i++) tree.block_at[i] = -1;
  place_blocks(&tree, 0, blocks, 0, places);
  for (int i = 0; i < places; i++) {
    if (tree.block_at[i] == first) tree.from = i << shift;
    if (tree.block_at[i] == last - 1) tree.to = (i + 1) << shift;
  }
  return tree;
}

void tree_free(Tree *tree) { free(tree->block_at); }

/* ---- the order of tokens -------------------------------------------------------------------- */

/* A chunk has at least eight places, and at least as many tokens as rows. */
TreeOrder tree_order_new(const Tree *tree, int rows, bool all) {
  int places = tree->places < EIGHT ? tree->places : EIGHT;
  while (places < tree->places && (!all || places << tree->shift < rows)) places *= 2;
  TreeOrder order = {.x = alloc_numbers((size_t)tree->tokens, sizeof(int)),
                     .chunks = tree->places / places,
                     .places = places};
  order.chunk = alloc_new((size_t)order.chunks, sizeof *order.chunk);
  for (int i = 0; i < order.chunks; i++)
    order.chunk[i] = touched_new(rows, places << tree->shift, all);
  return order;
}

void tree_order_free(TreeOrder *order) {
  for (int i = 0; i < order->chunks; i++) touched_free(&order->chunk[i]);
  free(order->chunk);
  free(order->x);
}

/* x <- the k-mers of the tokens of a place. */
static void number_tokens(const Tree *tree, int *x, const Window *window, int place) {
  const int lanes = block_lanes(&tree->shape), lane = tree->block_at[place] * lanes;
  const int left = tree->B - lane, *end = x + (1 << tree->shift);
  int mine = left < lanes ? left : lanes;
  if (lane < 0) mine = 0;
  for (int t = 0; t < tree->T; t++)
    for (int b = 0; b < mine; b++) *x++ = window->x[t * tree->B + lane + b];
  while (x < end) *x++ = -1;
}

void tree_order_set(const Tree *tree, TreeOrder *order, const Window *window, int i) {
  const int first = i * order->places, last = first + order->places;
  for (int place = first; place < last; place++)
    number_tokens(tree, order->x + (place << tree->shift), window, place);
  touched_set(&order->chunk[i], order->x, first << tree->shift, last << tree->shift);
}

/* ---- sums ----------------------------------------------------------------------------------- */

/* Columns of a sum over tokens: of rows of dz or de, for a row of G or dL; or of outer products of
 * dq (4) and h, for the rows of four followers in dU. */
typedef struct {
  const Tree *tree;
  int follower; /* the first of the four; -1: G or dL */
  size_t column, width;
  size_t floats; /* width, or 4 times width for followers */
} Strip;

/* The sum over some tokens; the sum over a single token may point into its tape. */
typedef struct {
  const float *sum; /* (floats) */
  float db2[4];     /* followers: the sum of dq */
  int place;        /* among the eight */
} Node;

/* The rows of h, dz or de of a block's tokens, from the column of the strip on, and their
 * stride. */
static const float *find_rows(const Strip *strip, const Block *block, size_t *stride) {
  const Shape *shape = &strip->tree->shape;
  const Tape *tape = block->tape;
  const size_t D = (size_t)shape->D;
  *stride = D;
  if (strip->follower >= 0) return tape->h + (size_t)tape->B * D + strip->column;
  if (strip->tree->table) return tape->dz + strip->column;
  *stride = (size_t)shape->d;
  return tape->de + strip->column;
}

/* The sum over n tokens of a block, in their order; room (floats) is space for it. */
static Node sum_tokens(const Strip *strip, float *room, const int *token, int n, int place) {
  const Tree *tree = strip->tree;
  const Products *products = tree->kernels->products;
  const Block *block = tree_block(tree, place);
  const bool followers = strip->follower >= 0;
  const int width = (int)strip->width, first_token = place << tree->shift;
  const float *row[BATCH], *dq[BATCH];
  size_t stride;
  const float *rows = find_rows(strip, block, &stride);
  Node node = {.sum = room};
  if (!followers && n == 1) {
    node.sum = rows + (size_t)(*token - first_token) * stride;
    return node;
  }
  for (int done = 0, some; done < n; done += some) {
    some = n - done < BATCH ? n - done : BATCH;
    for (int i = 0; i < some; i++) {
      const size_t at = (size_t)(token[done + i] - first_token);
      row[i] = rows + at * stride;
      if (followers) dq[i] = block->q + at * (size_t)tree->shape.n + strip->follower;
    }
    if (followers) {
      products->sum_outer(room, dq, row, some, width, done > 0);
      products->sum_rows(node.db2, dq, some, 4, done > 0);
    } else {
      products->sum_rows(room, row, some, width, done > 0);
    }
  }
  return node;
}

/* The sum over n >= 1 tokens of eight places that form a subtree; room (8,STRIP) is space for
 * it. */
static Node sum_eight(const Strip *strip, float *room, const int *token, int n) {
  static const float zeros[STRIP];
  const Products *products = strip->tree->kernels->products;
  const int shift = strip->tree->shift;
  Node node[EIGHT];
  const float *row[EIGHT], *db2[EIGHT];
  int nodes = 0;
  for (int i = 0; i < EIGHT; i++) row[i] = db2[i] = zeros;
  for (int from = 0, to = 0; from < n; from = to) {
    const int place = token[from] >> shift, slot = place % EIGHT;
    while (to < n && token[to] >> shift == place) to++;
    node[nodes] = sum_tokens(strip, room + nodes * STRIP, token + from, to - from, place);
    row[slot] = node[nodes].sum;
    db2[slot] = node[nodes].db2;
    nodes++;
  }
  if (nodes == 1) return node[0];
  node[0].sum = room;
  products->sum_eight(room, row, (int)strip->floats);
  if (strip->follower >= 0) products->sum_eight(node[0].db2, db2, 4);
  return node[0];
}

/* left <- left + right, in room. */
static void join(const Strip *strip, Node *left, const Node *right, float *room) {
  const float *rows[] = {left->sum, right->sum};
  const bool add = left->sum == room;
  strip->tree->kernels->products->sum_rows(room, rows + add, 2 - add, (int)strip->floats, add);
  left->sum = room;
  for (int i = 0; i < 4; i++) left->db2[i] += right->db2[i];
}

/* This rank's tokens of the j-th row of a chunk: from..end-1. */
static const int *find_tokens(const Tree *tree, const Touched *chunk, int j, const int **end) {
  const int *from = chunk->order + chunk->start[j];
  *end = chunk->order + chunk->start[j + 1];
  while (from < *end && *from < tree->from) from++;
  while (from < *end && (*end)[-1] >= tree->to) --*end;
  return from;
}

/* The sum over the tokens of the j-th row, in their order; its sum is NULL if there are none. Nodes
 * that wait for their other half are on a stack, the i-th of them in row i of room (.,STRIP).
 * Before the next node is pushed, the last two are joined if their common ancestor in the tree is
 * lower than their common ancestor with the next node. */
static Node sum_all(const Strip *strip, float *room, const TreeOrder *order, int j) {
  Node node[DEPTH];
  const int shift = strip->tree->shift;
  int nodes = 0;
  node[0].sum = NULL;
  for (int i = 0; i < order->chunks; i++) {
    const int *end, *to = find_tokens(strip->tree, &order->chunk[i], j, &end);
    for (const int *from = to; from < end; from = to) {
      const int place = *from >> shift >> LOG_EIGHT;
      while (to < end && *to >> shift >> LOG_EIGHT == place) to++;
      for (; nodes > 1; nodes--) {
        Node *left = &node[nodes - 2], *right = &node[nodes - 1];
        if ((left->place ^ right->place) > (right->place ^ place)) break;
        join(strip, left, right, room + (nodes - 2) * STRIP);
      }
      node[nodes] = sum_eight(strip, room + nodes * STRIP, from, (int)(to - from));
      node[nodes].place = place;
      nodes++;
    }
  }
  for (; nodes > 1; nodes--)
    join(strip, &node[nodes - 2], &node[nodes - 1], room + (nodes - 2) * STRIP);
  return node[0];
}

/* The sum over this rank's tokens of the j-th row of the list, strip by strip: one row, or the rows
 * of four followers. False: there are no such tokens. */
static bool sum_strips(Strip strip, float *rows, float *db2, const TreeOrder *order, int j) {
  const Shape *shape = &strip.tree->shape;
  const bool followers = strip.follower >= 0;
  const size_t r = followers ? 4 : 1, most = STRIP / r;
  const size_t width = (size_t)(followers || strip.tree->table ? shape->D : shape->d);
  _Alignas(64) float room[(DEPTH + EIGHT) * STRIP];
  for (; strip.column < width; strip.column += most) {
    const size_t left = width - strip.column;
    strip.width = left < most ? left : most;
    strip.floats = r * strip.width;
    const Node node = sum_all(&strip, room, order, j);
    if (!node.sum) return false;
    for (size_t i = 0; i < r; i++)
      memcpy(rows + i * width + strip.column, node.sum + i * strip.width,
             strip.width * sizeof *rows);
    if (db2) memcpy(db2, node.db2, sizeof node.db2);
  }
  return true;
}

bool tree_sum(const Tree *tree, float *row, const TreeOrder *order, int j) {
  return sum_strips((Strip){.tree = tree, .follower = -1}, row, NULL, order, j);
}

bool tree_sum_followers(const Tree *tree, float *dU, float *db2, const TreeOrder *order, int j,
                        int follower) {
  return sum_strips((Strip){.tree = tree, .follower = follower}, dU, db2, order, j);
}
