/* A call of sums_gradient has two phases, whose jobs run on any thread in any order:
 *   1  sum_job    shares of the rows of dL, or of G, and of the followers' dU and db2, whose tokens
 *                 are added up; chunks of all the rest, whose partial sums are added up
 *   2  table_job  with a table: shares of dL, dI and db1, which follow from G
 * A job writes to its share of the gradient and of G, or to its chunk of the partial sums. */
#include "net/sums.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/ranks.h"
#include "net/matrix.h"

#include <stdlib.h>
#include <string.h>

enum {
  CHUNK = 1 << 12, /* floats */
  SHARES = 64,
  BATCH = 64,   /* tokens */
  STRIP = 1024, /* floats of a row, or of four rows of dU, at a time */
  DEPTH = 16    /* nodes from the root of the tree to a block, at most: there are 2^16 lanes */
};

/* Tokens, numbered block by block and in a block as its tape has them, by the rows they touch. */
typedef struct {
  Touched touched;
  int *x; /* (tokens) */
} Sorted;

struct Sums {
  Shape shape;
  int T, B, first, last, threads;
  int block_tokens;  /* of all blocks but the last */
  bool few_L, few_U; /* whether gradients have touched rows only */
  Sorted L, U;
  const Factors *factors; /* borrowed */
  const Kernels *kernels;
  float *G; /* (V,D) where there is a table */
  /* of the call that is running: */
  const Block *block; /* (last-first) */
  Weights *gradient;
};

static Sorted sorted_new(int rows, int tokens) {
  return (Sorted){touched_new(rows, tokens), alloc_numbers((size_t)tokens, sizeof(int))};
}

static void sorted_free(Sorted *sorted) {
  touched_free(&sorted->touched);
  free(sorted->x);
}

Sums *sums_new(const Shape *shape, int T, int B, int first, int last, const Factors *factors,
               int threads, const Kernels *kernels) {
  Sums *sums = alloc_new(1, sizeof *sums);
  *sums = (Sums){.shape = *shape,
                 .T = T,
                 .B = B,
                 .first = first,
                 .last = last,
                 .threads = threads,
                 .block_tokens = T * block_lanes(shape),
                 .few_L = gradient_few_L(shape, T * B),
                 .few_U = gradient_few_U(shape, T * B),
                 .L = sorted_new(shape->V, T * B),
                 .factors = factors,
                 .kernels = kernels};
  if (shape->softmax == SOFTMAX_FOLLOWERS) sums->U = sorted_new(shape->V / shape->n, T * B);
  if (factors->table) sums->G = alloc_floats((size_t)shape->V * (size_t)shape->D);
  return sums;
}

void sums_free(Sums *sums) {
  if (!sums) return;
  sorted_free(&sums->L);
  sorted_free(&sums->U);
  free(sums->G);
  free(sums);
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void sort_tokens(const Sums *sums, Sorted *sorted, const Window *window) {
  const int most = block_lanes(&sums->shape);
  int *x = sorted->x;
  for (int lane = 0; lane < sums->B; lane += most) {
    const int left = sums->B - lane;
    const size_t lanes = (size_t)(left < most ? left : most);
    for (int t = 0; t < sums->T; t++, x += lanes)
      memcpy(x, window->x + (size_t)t * (size_t)sums->B + (size_t)lane, lanes * sizeof *x);
  }
  touched_set(&sorted->touched, sorted->x, sums->T * sums->B);
}

void sums_sort(Sums *sums, const Window *window, int job) {
  if (job == 0)
    sort_tokens(sums, &sums->L, window);
  else if (sums->shape.softmax == SOFTMAX_FOLLOWERS)
    sort_tokens(sums, &sums->U, window);
}

/* Columns of what tokens add to a row: of G or dL the rows of dz or de; of dU and db2, for four
 * followers at a time, the outer product of dq (4) and h, and behind it dq. */
typedef struct {
  const Sums *sums;
  const int *order; /* the tokens by row */
  int follower;     /* the first of the four; -1: dz or de */
  size_t column, width;
  size_t floats; /* of a sum */
} Strip;

/* The token's row of h, or of dz or de, from the column on. */
static const float *find_addend(const Strip *strip, const Block *block, size_t token) {
  const size_t D = (size_t)strip->sums->shape.D, d = (size_t)strip->sums->shape.d;
  const Tape *tape = block->tape;
  if (strip->follower >= 0) return tape->h + ((size_t)tape->B + token) * D + strip->column;
  return strip->sums->G ? tape->dz + token * D + strip->column
                        : tape->de + token * d + strip->column;
}

/* sum <- what some tokens of a block add, in their order. */
static void sum_tokens(const Strip *strip, float *sum, const int *token, int n, int block) {
  const Sums *sums = strip->sums;
  const Products *products = sums->kernels->products;
  const Block *of = &sums->block[block - sums->first];
  const int width = (int)strip->width, first_token = block * sums->block_tokens;
  const float *row[BATCH], *dq[BATCH];
  memset(sum, 0, strip->floats * sizeof *sum);
  for (int some; n > 0; n -= some, token += some) {
    some = n < BATCH ? n : BATCH;
    for (int i = 0; i < some; i++) {
      const size_t at = (size_t)(token[i] - first_token);
      row[i] = find_addend(strip, of, at);
      if (strip->follower >= 0) dq[i] = of->q + at * (size_t)sums->shape.n + strip->follower;
    }
    if (strip->follower < 0) {
      products->sum_rows(sum, row, some, width);
      continue;
    }
    products->sum_outer(sum, dq, row, some, width);
    products->sum_rows(sum + 4 * width, dq, some, 4);
  }
}

/* The first of the tokens order[from..to-1] that is not in the blocks before this one. */
static int find_block(const Strip *strip, int from, int to, int block) {
  const int first_token = block * strip->sums->block_tokens;
  while (from < to && strip->order[from] < first_token) from++;
  return from;
}

/* The sum of what the tokens order[from..to-1], one at least, of the blocks first..last-1 add, by
 * the tree. It is at spare, unless one token's row is all of it; for each node below spare has room
 * for a sum more. */
static const float *sum_blocks(const Strip *strip, float *spare, int from, int to, int first,
                               int last) {
  while (last - first > 1) {
    const int middle = ranks_middle(first, last), cut = find_block(strip, from, to, middle);
    if (from < cut && cut < to) {
      const float *left = sum_blocks(strip, spare, from, cut, first, middle);
      const float *right = sum_blocks(strip, spare + strip->floats, cut, to, middle, last);
      if (left != spare) memcpy(spare, left, strip->floats * sizeof *spare);
      strip->sums->kernels->add(spare, right, strip->floats);
      return spare;
    }
    if (cut == from)
      first = middle;
    else
      last = middle;
  }
  if (strip->follower < 0 && to - from == 1)
    return find_addend(strip, &strip->sums->block[first - strip->sums->first],
                       (size_t)(strip->order[from] - first * strip->sums->block_tokens));
  sum_tokens(strip, spare, strip->order + from, to - from, first);
  return spare;
}

/* row (width), or for four followers dU (4,width) and db2 (4), <- what this rank's tokens of the
 * i-th touched row add; without any they stay as they are. */
static void sum_row(const Sums *sums, const Touched *touched, int i, float *row, size_t width,
                    int follower, float *db2) {
  const size_t rows = follower < 0 ? 1 : 4, most = STRIP / rows;
  Strip strip = {.sums = sums, .order = touched->order, .follower = follower};
  float spare[(STRIP + 4) * DEPTH];
  const int from = find_block(&strip, touched->start[i], touched->start[i + 1], sums->first);
  const int to = find_block(&strip, from, touched->start[i + 1], sums->last);
  if (from == to) return;
  for (; strip.column < width; strip.column += most) {
    const size_t left = width - strip.column;
    strip.width = left < most ? left : most;
    strip.floats = rows * strip.width + (db2 ? 4 : 0);
    const float *sum = sum_blocks(&strip, spare, from, to, sums->first, sums->last);
    for (size_t r = 0; r < rows; r++)
      memcpy(row + r * width + strip.column, sum + r * strip.width, strip.width * sizeof *row);
    if (db2) memcpy(db2, sum + 4 * strip.width, 4 * sizeof *db2);
  }
}

/* ---- jobs ----------------------------------------------------------------------------------- */

/* The i-th share of n things begins with this one. */
static int share(int n, int i) { return (int)((int64_t)n * i / SHARES); }

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
  const int first = share(touched->n, i), last = share(touched->n, i + 1);
  return (Share){first, last, i == 0 ? 0 : find_place(touched, few, first),
                 find_place(touched, few, last)};
}

/* The i-th share of the rows of G, or of dL. */
static void sum_L(const Sums *sums, int i) {
  const Touched *touched = &sums->L.touched;
  const size_t width = (size_t)(sums->G ? sums->shape.D : sums->shape.d);
  const Share s = find_share(touched, sums->few_L, i);
  float *rows = sums->G ? sums->G : sums->gradient->L;
  memset(rows + s.from * width, 0, (s.to - s.from) * width * sizeof *rows);
  for (int j = s.first; j < s.last; j++)
    sum_row(sums, touched, j, rows + find_place(touched, sums->few_L, j) * width, width, -1, NULL);
}

/* Followers: the i-th share of the groups of rows of dU, and of db2. */
static void sum_U(const Sums *sums, int i) {
  const Touched *groups = &sums->U.touched;
  const size_t D = (size_t)sums->shape.D, n = (size_t)sums->shape.n;
  const Share s = find_share(groups, sums->few_U, i);
  float *dU = sums->gradient->U, *db2 = sums->gradient->b2;
  memset(dU + s.from * n * D, 0, (s.to - s.from) * n * D * sizeof *dU);
  memset(db2 + s.from * n, 0, (s.to - s.from) * n * sizeof *db2);
  for (int j = s.first; j < s.last; j++) {
    const size_t place = find_place(groups, sums->few_U, j) * n;
    for (size_t follower = 0; follower < n; follower += 4)
      sum_row(sums, groups, j, dU + (place + follower) * D, D, (int)follower,
              db2 + place + follower);
  }
}

/* Adds n floats of the partial sums of the blocks first..last-1 up, into those of the first. */
static void add_partials(const Sums *sums, int first, int last, size_t from, size_t n) {
  const int middle = ranks_middle(first, last);
  if (last - first == 1) return;
  add_partials(sums, first, middle, from, n);
  add_partials(sums, middle, last, from, n);
  sums->kernels->add(sums->block[first - sums->first].partial->H + from,
                     sums->block[middle - sums->first].partial->H + from, n);
}

static void sum_chunk(const Sums *sums, int i) {
  const Weights *partial = sums->block->partial;
  const size_t from = (size_t)i * CHUNK, left = partial->size - from;
  const size_t n = left < CHUNK ? left : CHUNK;
  add_partials(sums, sums->first, sums->last, from, n);
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

/* Job 0: dI = L^T G. Job 1: db1, the sum of the rows of G. The others: shares of dL = G I^T. */
static void table_job(void *context, int i) {
  const Sums *sums = context;
  const Shape *shape = &sums->shape;
  const size_t d = (size_t)shape->d, D = (size_t)shape->D;
  const Weights *gradient = sums->gradient;
  if (i == 0) {
    matrix_multiply_ta(gradient->I, sums->factors->w->L, sums->G, shape->d, shape->D, shape->V,
                       false);
  } else if (i == 1) {
    memset(gradient->b1, 0, D * sizeof(float));
    for (size_t x = 0; x < (size_t)shape->V; x++)
      sums->kernels->add(gradient->b1, sums->G + x * D, D);
  } else {
    const int from = share(shape->V, i - 2), to = share(shape->V, i - 1);
    if (from < to)
      packed_multiply(gradient->L + (size_t)from * d, sums->G + (size_t)from * D,
                      &sums->factors->IT, to - from, false);
  }
}

void sums_gradient(Sums *sums, Gradient *gradient, const Block *block) {
  const int chunks = (int)((block->partial->size + CHUNK - 1) / CHUNK);
  sums->block = block;
  sums->gradient = gradient->dw;
  parallel_run(sums->threads, 2 * SHARES + chunks, sum_job, sums);
  if (sums->G) parallel_run(sums->threads, 2 + SHARES, table_job, sums);
  gradient->L = sums->few_L ? &sums->L.touched : NULL;
  gradient->U = sums->few_U ? &sums->U.touched : NULL;
}

/* ---- losses --------------------------------------------------------------------------------- */

static void add_losses(const Sums *sums, const Block *block, int first, int last) {
  const int middle = ranks_middle(first, last);
  if (last - first == 1) return;
  add_losses(sums, block, first, middle);
  add_losses(sums, block, middle, last);
  for (int t = 0; t < sums->T; t++)
    block[first - sums->first].loss[t] += block[middle - sums->first].loss[t];
}

void sums_losses(const Sums *sums, double *loss, const Block *block) {
  add_losses(sums, block, sums->first, sums->last);
  memcpy(loss, block->loss, (size_t)sums->T * sizeof *loss);
}
