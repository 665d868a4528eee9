/* A call of sums_gradient has two phases, whose jobs run on any thread in any order:
 *
 *   sum_job    The losses; shares of the rows of dL, or of G, and of the followers' dU and db2,
 *              whose tokens are added up; chunks of all the rest, whose partial sums are added up.
 *   table_job  With a table: shares of dL, and parts of dI and db1, computed from G.
 *
 * A job writes only to its share of the gradient and of G, or to its chunk of the partial sums. */
#include "net/sums.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/ranks.h"
#include "net/matrix.h"
#include "net/tree.h"

#include <stdlib.h>
#include <string.h>

enum {
  CHUNK = 1 << 8, /* floats */
  SHARES = 128,
  TABLE_SHARES = 16
};

struct Sums {
  Shape shape;
  int threads;
  bool few_L, few_U; /* whether gradients keep only touched rows */
  Tree tree;
  TreeOrder L, U;         /* no chunks: not used */
  const Factors *factors; /* borrowed */
  const Kernels *kernels;
  float *G;               /* (V,D) if there is a table */
  float *table_parts;     /* (TABLE_SHARES) dI and db1 from some rows of G */
  float *sent, *received; /* touched rows, between ranks; NULL with one rank */
  Weights *gradient;      /* of the current call */
};

/* The largest number of floats that ranks swap at a time. */
static size_t count_swapped(const Sums *sums) {
  const size_t d = (size_t)sums->shape.d, n = (size_t)sums->shape.n, D = (size_t)sums->shape.D;
  const size_t L = sums->few_L ? d : 0, U = sums->few_U ? n * D : 0;
  return (L > U ? L : U) * (size_t)sums->tree.T * (size_t)sums->tree.B;
}

Sums *sums_new(const Shape *shape, int T, int B, int first, int last, const Factors *factors,
               int threads, const Kernels *kernels) {
  Sums *sums = alloc_new(1, sizeof *sums);
  *sums = (Sums){.shape = *shape,
                 .threads = threads,
                 .few_L = gradient_few_L(shape, T * B),
                 .few_U = gradient_few_U(shape, T * B),
                 .tree = tree_new(shape, T, B, first, last, factors->table, kernels),
                 .factors = factors,
                 .kernels = kernels};
  sums->L = tree_order_new(&sums->tree, shape->V, !sums->few_L);
  if (shape->softmax == SOFTMAX_FOLLOWERS)
    sums->U = tree_order_new(&sums->tree, shape->V / shape->n, !sums->few_U);
  if (factors->table) {
    const size_t d = (size_t)shape->d, D = (size_t)shape->D;
    sums->G = alloc_floats((size_t)shape->V * D);
    sums->table_parts = alloc_floats(TABLE_SHARES * (d + 1) * D);
  }
  if (ranks_count() > 1) {
    sums->sent = alloc_floats(count_swapped(sums));
    sums->received = alloc_floats(count_swapped(sums));
  }
  return sums;
}

void sums_free(Sums *sums) {
  if (!sums) return;
  tree_free(&sums->tree);
  tree_order_free(&sums->L);
  tree_order_free(&sums->U);
  free(sums->G);
  free(sums->table_parts);
  free(sums->sent);
  free(sums->received);
  free(sums);
}

int sums_sorts(const Sums *sums) { return sums->L.chunks + sums->U.chunks; }

void sums_sort(Sums *sums, const Window *window, int job) {
  if (job < sums->L.chunks)
    tree_order_set(&sums->tree, &sums->L, window, job);
  else
    tree_order_set(&sums->tree, &sums->U, window, job - sums->L.chunks);
}

/* ---- jobs ----------------------------------------------------------------------------------- */

/* Sums the i-th share of the rows of G, or of dL. */
static void sum_L(const Sums *sums, int i) {
  const int rows = sums->L.chunk->n, last = parallel_share(rows, i + 1, SHARES);
  const size_t width = (size_t)(sums->G ? sums->shape.D : sums->shape.d);
  for (int j = parallel_share(rows, i, SHARES); j < last; j++) {
    float *row = (sums->G ? sums->G : sums->gradient->L) + (size_t)j * width;
    if (!tree_sum(&sums->tree, row, &sums->L, j)) memset(row, 0, width * sizeof *row);
  }
}

/* Followers: sums the i-th share of the groups of rows of dU, and of db2. */
static void sum_U(const Sums *sums, int i) {
  if (sums->U.chunks == 0) return;
  const int groups = sums->U.chunk->n, last = parallel_share(groups, i + 1, SHARES);
  const size_t D = (size_t)sums->shape.D, n = (size_t)sums->shape.n;
  for (int j = parallel_share(groups, i, SHARES); j < last; j++) {
    float *dU = sums->gradient->U + (size_t)j * n * D, *db2 = sums->gradient->b2 + (size_t)j * n;
    for (size_t f = 0; f < n; f += 4) {
      if (tree_sum_followers(&sums->tree, dU + f * D, db2 + f, &sums->U, j, (int)f)) continue;
      memset(dU + f * D, 0, 4 * D * sizeof *dU);
      memset(db2 + f, 0, 4 * sizeof *db2);
    }
  }
}

/* The sum of the i-th chunk of the partial sums in `places` places of the tree (at most eight, or a
 * multiple of eight). It overwrites the chunk of the first place. */
static float *add_partials(const Sums *sums, int place, int places, int i, size_t n) {
  static const float zeros[CHUNK];
  const float *row[TREE_EIGHT];
  float *sum = tree_block(&sums->tree, place)->partial->H + (size_t)i * CHUNK;
  if (places > TREE_EIGHT) {
    const int half = places / 2;
    add_partials(sums, place, half, i, n);
    sums->kernels->add(sum, add_partials(sums, place + half, half, i, n), n);
    return sum;
  }
  for (int j = 0; j < TREE_EIGHT; j++) {
    const Block *block = j < places ? tree_block(&sums->tree, place + j) : NULL;
    row[j] = block ? block->partial->H + (size_t)i * CHUNK : zeros;
  }
  sums->kernels->products->sum_eight(sum, row, (int)n);
  return sum;
}

static void sum_chunk(const Sums *sums, int i) {
  const Weights *partial = sums->tree.block->partial;
  const size_t from = (size_t)i * CHUNK, left = partial->size - from;
  const size_t n = left < CHUNK ? left : CHUNK;
  const int place = sums->tree.from >> sums->tree.shift;
  const int places = sums->tree.places / ranks_count();
  memcpy(sums->gradient->H + from, add_partials(sums, place, places, i, n), n * sizeof(float));
}

static void add_losses(const Sums *sums, const Block *block, int first, int last) {
  const int middle = ranks_middle(first, last);
  if (last - first == 1) return;
  add_losses(sums, block, first, middle);
  add_losses(sums, block, middle, last);
  const double *loss = block[middle - sums->tree.first].loss;
  for (int t = 0; t < 2 * sums->tree.T; t++) block[first - sums->tree.first].loss[t] += loss[t];
}

void sums_losses(const Sums *sums, const Block *block) {
  add_losses(sums, block, sums->tree.first, sums->tree.last);
}

/* The jobs are: the losses, shares of U, shares of L, and chunks. */
static void sum_job(void *context, int i) {
  const Sums *sums = context;
  if (i == 0)
    sums_losses(sums, sums->tree.block);
  else if (i <= SHARES)
    sum_U(sums, i - 1);
  else if (i <= 2 * SHARES)
    sum_L(sums, i - 1 - SHARES);
  else
    sum_chunk(sums, i - 1 - 2 * SHARES);
}

/* For the i-th share of the rows of G: dL = G I^T, and parts of dI = L^T G and of db1, the sum of
 * the rows. */
static void table_job(void *context, int i) {
  const Sums *sums = context;
  const Shape *shape = &sums->shape;
  const size_t d = (size_t)shape->d, D = (size_t)shape->D;
  const int first = parallel_share(shape->V, i, TABLE_SHARES);
  const int last = parallel_share(shape->V, i + 1, TABLE_SHARES);
  const size_t from = (size_t)first, to = (size_t)last;
  float *dI = sums->table_parts + (size_t)i * (d + 1) * D, *db1 = dI + d * D;
  const float *G = sums->G + from * D;
  memset(dI, 0, (d + 1) * D * sizeof *dI);
  if (from == to) return;
  packed_multiply(sums->gradient->L + from * d, G, &sums->factors->IT, last - first, false);
  matrix_multiply_ta(dI, sums->factors->w->L + from * d, G, shape->d, shape->D, last - first,
                     false);
  for (size_t x = from; x < to; x++) sums->kernels->add(db1, sums->G + x * D, D);
}

/* Computes dL, dI and db1 from G. */
static void differentiate_table(Sums *sums) {
  const size_t size = ((size_t)sums->shape.d + 1) * (size_t)sums->shape.D; /* of dI and db1 */
  float *dI = sums->gradient->I;
  parallel_run(sums->threads, TABLE_SHARES, table_job, sums);
  memcpy(dI, sums->table_parts, size * sizeof *dI);
  for (size_t i = 1; i < TABLE_SHARES; i++)
    sums->kernels->add(dI, sums->table_parts + i * size, size);
}

/* ---- ranks ---------------------------------------------------------------------------------- */

/* Whether the i-th touched row has one of the tokens from..to-1. */
static bool touches(const Touched *touched, int i, int from, int to) {
  int j = touched->start[i];
  while (j < touched->start[i + 1] && touched->order[j] < from) j++;
  return j < touched->start[i + 1] && touched->order[j] < to;
}

/* Adds up the touched rows, of `width` floats, over the ranks. A node sends the rows that its
 * tokens touch; its partner knows their numbers from the window. */
static void exchange_rows(const Sums *sums, const Touched *touched, float *rows, size_t width) {
  int tokens = sums->tree.places / ranks_count() << sums->tree.shift; /* token numbers of a node */
  for (int level = 0; level < ranks_levels(); level++, tokens *= 2) {
    const int mine = (ranks_mine() >> level) * tokens,
              theirs = ((ranks_mine() >> level) ^ 1) * tokens;
    float *sent = sums->sent, *received = sums->received;
    size_t count = 0;
    for (int i = 0; i < touched->n; i++) {
      count += touches(touched, i, theirs, theirs + tokens);
      if (!touches(touched, i, mine, mine + tokens)) continue;
      memcpy(sent, rows + (size_t)i * width, width * sizeof *sent);
      sent += width;
    }
    ranks_swap(level, sums->sent, (size_t)(sent - sums->sent) * sizeof *sent, received,
               count * width * sizeof *received);
    for (int i = 0; i < touched->n; i++) {
      if (!touches(touched, i, theirs, theirs + tokens)) continue;
      sums->kernels->add(rows + (size_t)i * width, received, width);
      received += width;
    }
  }
}

/* Adds up the gradient, or G, over the ranks. */
static void exchange(const Sums *sums) {
  const Weights *dw = sums->gradient;
  const Shape *shape = &sums->shape;
  const size_t d = (size_t)shape->d, D = (size_t)shape->D, n = (size_t)shape->n;
  float *from = sums->few_L || sums->G ? dw->H : dw->L;
  float *to = sums->few_U ? dw->U : dw->L + dw->size;
  if (sums->G) ranks_add(sums->G, (size_t)shape->V * D);
  if (sums->few_L) exchange_rows(sums, sums->L.chunk, dw->L, d);
  ranks_add(from, (size_t)(to - from));
  if (!sums->few_U) return;
  exchange_rows(sums, sums->U.chunk, dw->U, n * D);
  exchange_rows(sums, sums->U.chunk, dw->b2, n);
}

void sums_gradient(Sums *sums, Gradient *gradient, const Block *block) {
  const int chunks = (int)((block->partial->size + CHUNK - 1) / CHUNK);
  sums->tree.block = block;
  sums->gradient = gradient->dw;
  parallel_run(sums->threads, 1 + 2 * SHARES + chunks, sum_job, sums);
  if (ranks_count() > 1) exchange(sums);
  if (sums->G) differentiate_table(sums);
  gradient->L = sums->few_L ? sums->L.chunk : NULL;
  gradient->U = sums->few_U ? sums->U.chunk : NULL;
}
