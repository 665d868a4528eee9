/* A call of sums_gradient has two phases, whose jobs run on any thread in any order:
 *   1  sum_job    shares of the rows of dL, or of G, and of the followers' dU and db2, whose tokens
 *                 are added up; chunks of all the rest, whose partial sums are added up
 *   2  table_job  with a table: shares of dL, and parts of dI and db1, which follow from G
 * A job writes to its share of the gradient and of G, or to its chunk of the partial sums. */
#include "net/sums.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/ranks.h"
#include "net/matrix.h"
#include "net/tree.h"

#include <stdlib.h>
#include <string.h>

enum {
  CHUNK = 1 << 9, /* floats */
  SHARES = 64,
  TABLE_SHARES = 8
};

struct Sums {
  Shape shape;
  int threads;
  bool few_L, few_U; /* whether gradients have touched rows only */
  Tree tree;
  Touched L, U;
  int *x[SUMS_SORTS];     /* (tree.tokens) the tokens that a job sorts */
  const Factors *factors; /* borrowed */
  const Kernels *kernels;
  float *G;               /* (V,D) where there is a table */
  float *table_parts;     /* (TABLE_SHARES) dI and db1 from some rows of G */
  float *sent, *received; /* touched rows, between ranks; NULL with one rank */
  Weights *gradient;      /* of the call that is running */
};

/* The most floats of rows that ranks swap at a time. */
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
  const int tokens = sums->tree.tokens;
  sums->L = touched_new(shape->V, tokens);
  sums->x[0] = alloc_numbers((size_t)tokens, sizeof(int));
  if (shape->softmax == SOFTMAX_FOLLOWERS) {
    sums->U = touched_new(shape->V / shape->n, tokens);
    sums->x[1] = alloc_numbers((size_t)tokens, sizeof(int));
  }
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
  touched_free(&sums->L);
  touched_free(&sums->U);
  for (int i = 0; i < SUMS_SORTS; i++) free(sums->x[i]);
  free(sums->G);
  free(sums->table_parts);
  free(sums->sent);
  free(sums->received);
  free(sums);
}

void sums_sort(Sums *sums, const Window *window, int job) {
  if (!sums->x[job]) return;
  tree_number(&sums->tree, sums->x[job], window);
  touched_set(job == 0 ? &sums->L : &sums->U, sums->x[job], sums->tree.tokens);
}

/* ---- jobs ----------------------------------------------------------------------------------- */

/* The place of the j-th touched row: in the table or, where few are touched, in the list of them;
 * behind the last row, the end. */
static size_t find_place(const Touched *touched, bool few, int j) {
  if (few) return (size_t)j;
  return (size_t)(j < touched->n ? touched->row[j] : touched->rows);
}

/* The rows of the i-th share: the touched ones first..last-1 and, in the table, those before and
 * behind them: from place `from` to to-1. */
typedef struct {
  int first, last;
  size_t from, to;
} Share;

static Share find_share(const Touched *touched, bool few, int i) {
  const int first = parallel_share(touched->n, i, SHARES);
  const int last = parallel_share(touched->n, i + 1, SHARES);
  return (Share){first, last, i == 0 ? 0 : find_place(touched, few, first),
                 find_place(touched, few, last)};
}

/* The i-th share of the rows of G, or of dL. */
static void sum_L(const Sums *sums, int i) {
  const Touched *L = &sums->L;
  const size_t width = (size_t)(sums->G ? sums->shape.D : sums->shape.d);
  const Share s = find_share(L, sums->few_L, i);
  float *rows = sums->G ? sums->G : sums->gradient->L;
  memset(rows + s.from * width, 0, (s.to - s.from) * width * sizeof *rows);
  for (int j = s.first; j < s.last; j++)
    tree_sum(&sums->tree, rows + find_place(L, sums->few_L, j) * width, L->order + L->start[j],
             L->start[j + 1] - L->start[j]);
}

/* Followers: the i-th share of the groups of rows of dU, and of db2. */
static void sum_U(const Sums *sums, int i) {
  const Touched *U = &sums->U;
  const size_t D = (size_t)sums->shape.D, n = (size_t)sums->shape.n;
  const Share s = find_share(U, sums->few_U, i);
  float *dU = sums->gradient->U, *db2 = sums->gradient->b2;
  memset(dU + s.from * n * D, 0, (s.to - s.from) * n * D * sizeof *dU);
  memset(db2 + s.from * n, 0, (s.to - s.from) * n * sizeof *db2);
  for (int j = s.first; j < s.last; j++) {
    const size_t place = find_place(U, sums->few_U, j) * n;
    for (size_t follower = 0; follower < n; follower += 4)
      tree_sum_followers(&sums->tree, dU + (place + follower) * D, db2 + place + follower,
                         U->order + U->start[j], U->start[j + 1] - U->start[j], (int)follower);
  }
}

/* Adds up n floats of the partial sums of the blocks first..last-1, into those of the first. */
static void add_partials(const Sums *sums, int first, int last, size_t from, size_t n) {
  const int middle = ranks_middle(first, last);
  if (last - first == 1) return;
  add_partials(sums, first, middle, from, n);
  add_partials(sums, middle, last, from, n);
  sums->kernels->add(sums->tree.block[first - sums->tree.first].partial->H + from,
                     sums->tree.block[middle - sums->tree.first].partial->H + from, n);
}

static void sum_chunk(const Sums *sums, int i) {
  const Weights *partial = sums->tree.block->partial;
  const size_t from = (size_t)i * CHUNK, left = partial->size - from;
  const size_t n = left < CHUNK ? left : CHUNK;
  add_partials(sums, sums->tree.first, sums->tree.last, from, n);
  memcpy(sums->gradient->H + from, partial->H + from, n * sizeof(float));
}

/* Jobs 0..SHARES-1 are shares of L, as many again of U, the others chunks. */
static void sum_job(void *context, int i) {
  const Sums *sums = context;
  if (i >= 2 * SHARES)
    sum_chunk(sums, i - 2 * SHARES);
  else if (i < SHARES)
    sum_L(sums, i);
  else if (sums->shape.softmax == SOFTMAX_FOLLOWERS)
    sum_U(sums, i - SHARES);
}

/* Of the i-th share of the rows of G: dL = G I^T, and parts of dI = L^T G and of db1, the sum of
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

/* dL, dI and db1 <- from G. */
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

/* Adds up the touched rows, of `width` floats, over the ranks. A node sends those rows that its
 * tokens touch, and its partner knows them from the window. */
static void exchange_rows(const Sums *sums, const Touched *touched, float *rows, size_t width) {
  int tokens = sums->tree.places / ranks_count() * sums->tree.block_tokens; /* of a node */
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
  if (sums->few_L) exchange_rows(sums, &sums->L, dw->L, d);
  ranks_add(from, (size_t)(to - from));
  if (!sums->few_U) return;
  exchange_rows(sums, &sums->U, dw->U, n * D);
  exchange_rows(sums, &sums->U, dw->b2, n);
}

void sums_gradient(Sums *sums, Gradient *gradient, const Block *block) {
  const int chunks = (int)((block->partial->size + CHUNK - 1) / CHUNK);
  sums->tree.block = block;
  sums->gradient = gradient->dw;
  parallel_run(sums->threads, 2 * SHARES + chunks, sum_job, sums);
  if (ranks_count() > 1) exchange(sums);
  if (sums->G) differentiate_table(sums);
  gradient->L = sums->few_L ? &sums->L : NULL;
  gradient->U = sums->few_U ? &sums->U : NULL;
}

/* ---- losses --------------------------------------------------------------------------------- */

static void add_losses(const Sums *sums, const Block *block, int first, int last) {
  const int middle = ranks_middle(first, last);
  if (last - first == 1) return;
  add_losses(sums, block, first, middle);
  add_losses(sums, block, middle, last);
  for (int t = 0; t < sums->tree.T; t++)
    block[first - sums->tree.first].loss[t] += block[middle - sums->tree.first].loss[t];
}

void sums_losses(const Sums *sums, double *loss, const Block *block) {
  add_losses(sums, block, sums->tree.first, sums->tree.last);
  memcpy(loss, block->loss, (size_t)sums->tree.T * sizeof *loss);
}
