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

#include <stdlib.h>
#include <string.h>

enum {
  CHUNK = 1 << 9, /* floats */
  SHARES = 64,
  TABLE_SHARES = 8,
  BATCH = 64,   /* tokens */
  STRIP = 1024, /* floats of a row, or of four rows of dU, at a time */
  EIGHT = 8,    /* places that are added up at once */
  DEPTH = 12    /* levels of the tree above those of eight places: there are 2^16 lanes at most */
};

/* Tokens by the rows that they touch. They are numbered place by place, and in a block as its tape
 * has them. */
typedef struct {
  Touched touched;
  int *x; /* (tokens) */
} Sorted;

struct Sums {
  Shape shape;
  int T, B, first, last, threads;
  int places, *block_at; /* (places) of the tree; -1: no block */
  int block_tokens;      /* numbers of a place */
  int from, to;          /* the numbers of this rank's tokens: from..to-1 */
  bool few_L, few_U;     /* whether gradients have touched rows only */
  Sorted L, U;
  const Factors *factors; /* borrowed */
  const Kernels *kernels;
  float *G;               /* (V,D) where there is a table */
  float *table_parts;     /* (TABLE_SHARES) dI and db1 from some rows of G */
  float *sent, *received; /* touched rows, between ranks; NULL with one rank */
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

/* The places of the tree: those of the next power of two, so that the tree is a whole one. */
static int count_places(int blocks) {
  int places = 1;
  while (places < blocks) places *= 2;
  return places;
}

/* Gives the blocks first..last-1 their places in the part of the tree from `place` on. */
static void place_blocks(Sums *sums, int first, int last, int place, int places) {
  const int middle = ranks_middle(first, last);
  if (last - first == 1) {
    sums->block_at[place] = first;
    return;
  }
  place_blocks(sums, first, middle, place, places / 2);
  place_blocks(sums, middle, last, place + places / 2, places / 2);
}

/* The most floats of rows that ranks swap at a time. */
static size_t count_swapped(const Sums *sums) {
  const size_t d = (size_t)sums->shape.d, n = (size_t)sums->shape.n, D = (size_t)sums->shape.D;
  const size_t L = sums->few_L ? d : 0, U = sums->few_U ? n * D : 0;
  return (L > U ? L : U) * (size_t)sums->T * (size_t)sums->B;
}

Sums *sums_new(const Shape *shape, int T, int B, int first, int last, const Factors *factors,
               int threads, const Kernels *kernels) {
  const int blocks = block_count(shape, B), places = count_places(blocks);
  const int block_tokens = T * block_lanes(shape), numbers = places * block_tokens;
  Sums *sums = alloc_new(1, sizeof *sums);
  *sums = (Sums){.shape = *shape,
                 .T = T,
                 .B = B,
                 .first = first,
                 .last = last,
                 .threads = threads,
                 .places = places,
                 .block_tokens = block_tokens,
                 .few_L = gradient_few_L(shape, T * B),
                 .few_U = gradient_few_U(shape, T * B),
                 .L = sorted_new(shape->V, numbers),
                 .factors = factors,
                 .kernels = kernels};
  if (shape->softmax == SOFTMAX_FOLLOWERS) sums->U = sorted_new(shape->V / shape->n, numbers);
  sums->block_at = alloc_new((size_t)sums->places, sizeof *sums->block_at);
  for (int i = 0; i < sums->places; i++) sums->block_at[i] = -1;
  place_blocks(sums, 0, blocks, 0, sums->places);
  for (int i = 0; i < sums->places; i++) {
    if (sums->block_at[i] == first) sums->from = i * sums->block_tokens;
    if (sums->block_at[i] == last - 1) sums->to = (i + 1) * sums->block_tokens;
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
  sorted_free(&sums->L);
  sorted_free(&sums->U);
  free(sums->block_at);
  free(sums->G);
  free(sums->table_parts);
  free(sums->sent);
  free(sums->received);
  free(sums);
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void sort_tokens(const Sums *sums, Sorted *sorted, const Window *window) {
  const int lanes = block_lanes(&sums->shape);
  for (int place = 0; place < sums->places; place++) {
    const int lane = sums->block_at[place] * lanes, left = sums->B - lane;
    int mine = left < lanes ? left : lanes;
    if (lane < 0) mine = 0;
    int *x = sorted->x + place * sums->block_tokens, *end = x + sums->block_tokens;
    for (int t = 0; t < sums->T; t++)
      for (int b = 0; b < mine; b++) *x++ = window->x[t * sums->B + lane + b];
    while (x < end) *x++ = -1;
  }
  touched_set(&sorted->touched, sorted->x, sums->places * sums->block_tokens);
}

void sums_sort(Sums *sums, const Window *window, int job) {
  if (job == 0)
    sort_tokens(sums, &sums->L, window);
  else if (sums->shape.softmax == SOFTMAX_FOLLOWERS)
    sort_tokens(sums, &sums->U, window);
}

/* Columns of what tokens add to a row: to one of G or dL a row of dz or de, to the rows of four
 * followers in dU the outer product of dq (4) and h. */
typedef struct {
  const Sums *sums;
  int follower; /* the first of the four; -1: G or dL */
  size_t column, width;
  size_t floats; /* width, or 4 width for followers */
} Strip;

/* What some tokens add; that of one token may be in its tape. */
typedef struct {
  const float *sum; /* (floats) */
  float db2[4];     /* followers: the sum of dq */
  int place;        /* of the eight */
} Node;

/* The rows of h, or of dz or de, of a block's tokens, from the column on, and their stride. */
static const float *find_rows(const Strip *strip, const Block *block, size_t *stride) {
  const Shape *shape = &strip->sums->shape;
  const Tape *tape = block->tape;
  const size_t D = (size_t)shape->D;
  *stride = D;
  if (strip->follower >= 0) return tape->h + (size_t)tape->B * D + strip->column;
  if (strip->sums->G) return tape->dz + strip->column;
  *stride = (size_t)shape->d;
  return tape->de + strip->column;
}

/* The sum over n tokens of a block, in their order; room (floats) is for it. */
static Node sum_tokens(const Strip *strip, float *room, const int *token, int n, int place) {
  const Sums *sums = strip->sums;
  const Products *products = sums->kernels->products;
  const Block *block = &sums->block[sums->block_at[place] - sums->first];
  const bool followers = strip->follower >= 0;
  const int width = (int)strip->width, first_token = place * sums->block_tokens;
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
      if (followers) dq[i] = block->q + at * (size_t)sums->shape.n + strip->follower;
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

/* The sum over n tokens, one at least, of eight places that are a part of the tree; room (8,STRIP)
 * is for it. */
static Node sum_eight(const Strip *strip, float *room, const int *token, int n) {
  static const float zeros[STRIP];
  const Products *products = strip->sums->kernels->products;
  const int tokens = strip->sums->block_tokens;
  Node node[EIGHT] = {{0}};
  const float *row[EIGHT], *db2[EIGHT];
  int nodes = 0;
  for (int i = 0; i < EIGHT; i++) row[i] = db2[i] = zeros;
  for (int from = 0, to = 0; from < n; from = to) {
    const int place = token[from] / tokens, slot = place % EIGHT;
    while (to < n && token[to] < (place + 1) * tokens) to++;
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
  strip->sums->kernels->products->sum_rows(room, rows + add, 2 - add, (int)strip->floats, add);
  left->sum = room;
  for (int i = 0; i < 4; i++) left->db2[i] += right->db2[i];
}

/* The sum over n tokens, one at least, in their order. The parts that wait for their other half lie
 * on a stack, the i-th of them at room (.,STRIP) i: two are joined before a third that parts from
 * them higher up in the tree than they from each other. */
static Node sum_all(const Strip *strip, float *room, const int *token, int n) {
  Node node[DEPTH] = {{0}};
  const int tokens = strip->sums->block_tokens;
  int nodes = 0;
  for (int from = 0, to = 0; from < n; from = to) {
    const int place = token[from] / tokens / EIGHT;
    while (to < n && token[to] < (place + 1) * EIGHT * tokens) to++;
    for (; nodes > 1; nodes--) {
      Node *left = &node[nodes - 2], *right = &node[nodes - 1];
      if ((left->place ^ right->place) > (right->place ^ place)) break;
      join(strip, left, right, room + (nodes - 2) * STRIP);
    }
    node[nodes] = sum_eight(strip, room + nodes * STRIP, token + from, to - from);
    node[nodes].place = place;
    nodes++;
  }
  for (; nodes > 1; nodes--)
    join(strip, &node[nodes - 2], &node[nodes - 1], room + (nodes - 2) * STRIP);
  return node[0];
}

/* row (width), or for four followers dU (4,width) and db2 (4), <- what this rank's tokens of the
 * i-th touched row add; without any they stay as they are. */
static void sum_row(const Sums *sums, const Touched *touched, int i, float *row, size_t width,
                    int follower, float *db2) {
  const size_t rows = follower < 0 ? 1 : 4, most = STRIP / rows;
  const int *token = touched->order + touched->start[i];
  const int *end = touched->order + touched->start[i + 1];
  _Alignas(64) float room[(DEPTH + EIGHT) * STRIP];
  Strip strip = {.sums = sums, .follower = follower};
  while (token < end && *token < sums->from) token++;
  while (token < end && end[-1] >= sums->to) end--;
  for (; token < end && strip.column < width; strip.column += most) {
    const size_t left = width - strip.column;
    strip.width = left < most ? left : most;
    strip.floats = rows * strip.width;
    const Node node = sum_all(&strip, room, token, (int)(end - token));
    for (size_t r = 0; r < rows; r++)
      memcpy(row + r * width + strip.column, node.sum + r * strip.width, strip.width * sizeof *row);
    if (db2) memcpy(db2, node.db2, sizeof node.db2);
  }
}

/* ---- jobs ----------------------------------------------------------------------------------- */

/* The i-th of so many shares of n things begins with this one. */
static int share(int n, int i, int shares) { return (int)((int64_t)n * i / shares); }

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
  const int first = share(touched->n, i, SHARES), last = share(touched->n, i + 1, SHARES);
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

/* Of the i-th share of the rows of G: dL = G I^T, and parts of dI = L^T G and of db1, the sum of
 * the rows. */
static void table_job(void *context, int i) {
  const Sums *sums = context;
  const Shape *shape = &sums->shape;
  const size_t d = (size_t)shape->d, D = (size_t)shape->D;
  const int first = share(shape->V, i, TABLE_SHARES), last = share(shape->V, i + 1, TABLE_SHARES);
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

/* All that follows from G. */
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

/* Adds the touched rows, of `width` floats, up over the ranks. A node sends those rows that its
 * tokens touch, and its partner knows them from the window. */
static void exchange_rows(const Sums *sums, const Touched *touched, float *rows, size_t width) {
  int tokens = sums->places / ranks_count() * sums->block_tokens; /* of a node */
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

/* Adds the gradient, or G, up over the ranks. */
static void exchange(const Sums *sums) {
  const Weights *dw = sums->gradient;
  const Shape *shape = &sums->shape;
  const size_t d = (size_t)shape->d, D = (size_t)shape->D, n = (size_t)shape->n;
  float *from = sums->few_L || sums->G ? dw->H : dw->L;
  float *to = sums->few_U ? dw->U : dw->L + dw->size;
  if (sums->G) ranks_add(sums->G, (size_t)shape->V * D);
  if (sums->few_L) exchange_rows(sums, &sums->L.touched, dw->L, d);
  ranks_add(from, (size_t)(to - from));
  if (!sums->few_U) return;
  exchange_rows(sums, &sums->U.touched, dw->U, n * D);
  exchange_rows(sums, &sums->U.touched, dw->b2, n);
}

void sums_gradient(Sums *sums, Gradient *gradient, const Block *block) {
  const int chunks = (int)((block->partial->size + CHUNK - 1) / CHUNK);
  sums->block = block;
  sums->gradient = gradient->dw;
  parallel_run(sums->threads, 2 * SHARES + chunks, sum_job, sums);
  if (ranks_count() > 1) exchange(sums);
  if (sums->G) differentiate_table(sums);
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
