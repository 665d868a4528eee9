/* A call of bptt_run has three phases:
 *   1  block_job   forward, loss and backward of a block of lanes; two more jobs sort the tokens by
 *                  the rows of L and of U that they touch
 *   2  sum_job     shares of dL and of the followers' dU, whose rows are added up token by token;
 *                  chunks of all the rest, whose partial sums are added up block by block
 *      table_job   dI and db1, where they follow from G
 *   3  sum_losses  and the states are carried over
 * Jobs of a phase run on any thread in any order. In phase 1 a job writes to its block's tape, q, J
 * and partial only, or to one of the two Touched; in phase 2 to its share of the gradient and of G.
 * All else is only read. The Bptt owns all of it but the kernels, and the window and the gradient,
 * which it borrows for the call. */
#include "net/bptt.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/signals.h"
#include "net/matrix.h"
#include "net/softmax.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 12, SCATTER_JOBS = 16, BATCH = 64 /* tokens */ };

typedef struct {
  Tape *tape;
  float *q;         /* of softmax_loss: for followers it keeps dq */
  double *J;        /* (T*lanes) */
  Weights *partial; /* dH, dI, db1 and, for the full softmax, dU, db2; no rows of L */
} Block;

struct Bptt {
  Shape shape;
  int T, B, blocks, threads;
  bool with_backward;
  bool few_L, few_U; /* whether gradients have touched rows only */
  const Kernels *kernels;
  Factors *factors;
  Block *block; /* (blocks) */
  Touched x, followers;
  float *G; /* (V,D) where there is a table: dz added up by x */
  WindowLoss result;
  /* of the call that is running: */
  const Window *window;
  Weights *gradient; /* NULL: none is asked for */
  float scale;
};

/* ---- making and freeing --------------------------------------------------------------------- */

static Block new_block(const Bptt *bptt, int lanes) {
  const Shape *shape = &bptt->shape;
  const int rows = bptt->T * lanes;
  Block block = {.tape = tape_new(shape, bptt->T, lanes, bptt->factors),
                 .q = alloc_floats(softmax_logits(shape, rows, bptt->with_backward)),
                 .J = alloc_numbers((size_t)rows, sizeof(double))};
  if (bptt->with_backward)
    block.partial = weights_new_rows(shape, 0, shape->softmax == SOFTMAX_FULL ? shape->V : 0);
  return block;
}

static void new_scatter(Bptt *bptt) {
  const Shape *shape = &bptt->shape;
  const int tokens = bptt->T * bptt->B;
  bptt->x = touched_new(shape->V, tokens);
  if (shape->softmax == SOFTMAX_FOLLOWERS)
    bptt->followers = touched_new(shape->V / shape->n, tokens);
  if (bptt->factors->table) bptt->G = alloc_floats((size_t)shape->V * (size_t)shape->D);
}

Bptt *bptt_new(const Shape *shape, int T, int B, bool with_backward, int threads,
               const Kernels *kernels) {
  Bptt *bptt = alloc_new(1, sizeof *bptt);
  *bptt = (Bptt){.shape = *shape,
                 .T = T,
                 .B = B,
                 .blocks = (B + BPTT_BLOCK - 1) / BPTT_BLOCK,
                 .kernels = kernels,
                 .with_backward = with_backward,
                 .threads = threads,
                 .few_L = gradient_few_L(shape, T * B),
                 .few_U = gradient_few_U(shape, T * B)};
  bptt->factors = factors_new(shape, T * B, with_backward, kernels->products);
  bptt->block = alloc_new((size_t)bptt->blocks, sizeof *bptt->block);
  for (int i = 0; i < bptt->blocks; i++) {
    const int left = B - i * BPTT_BLOCK;
    bptt->block[i] = new_block(bptt, left < BPTT_BLOCK ? left : BPTT_BLOCK);
  }
  if (with_backward) new_scatter(bptt);
  bptt->result.timestep_loss = alloc_numbers((size_t)T, sizeof(double));
  bptt->result.timestep_tokens = alloc_numbers((size_t)T, sizeof(uint64_t));
  return bptt;
}

void bptt_free(Bptt *bptt) {
  if (!bptt) return;
  for (int i = 0; i < bptt->blocks; i++) {
    tape_free(bptt->block[i].tape);
    free(bptt->block[i].q);
    free(bptt->block[i].J);
    weights_free(bptt->block[i].partial);
  }
  free(bptt->block);
  free(bptt->G);
  touched_free(&bptt->x);
  touched_free(&bptt->followers);
  factors_free(bptt->factors);
  free(bptt->result.timestep_loss);
  free(bptt->result.timestep_tokens);
  free(bptt);
}

/* ---- blocks of lanes ------------------------------------------------------------------------ */

static void run_block(Bptt *bptt, int i) {
  const Shape *shape = &bptt->shape;
  const Window *window = bptt->window;
  const Block *block = &bptt->block[i];
  Tape *tape = block->tape;
  if (signals_end()) return;
  for (int t = 0; t < bptt->T; t++) {
    size_t from = (size_t)t * (size_t)bptt->B + (size_t)i * BPTT_BLOCK;
    size_t to = (size_t)t * (size_t)tape->B, n = (size_t)tape->B;
    for (size_t b = 0; b < n; b++) tape->x[to + b] = window_kmer(window, from + b);
    memcpy(tape->y + to, window->y + from, n * sizeof *tape->y);
    memcpy(tape->restart + to, window->restart + from, n * sizeof *tape->restart);
  }
  rnn_forward(tape, bptt->factors, shape, bptt->kernels);
  const SoftmaxRows rows = {.rows = tape->T * tape->B,
                            .x = tape->x,
                            .y = tape->y,
                            .h = tape->h + (size_t)tape->B * (size_t)shape->D,
                            .J = block->J,
                            .q = block->q,
                            .dh = bptt->gradient ? tape->dz : NULL,
                            .dw = block->partial,
                            .scale = bptt->scale};
  softmax_loss(&rows, bptt->factors, shape, bptt->kernels);
  if (bptt->gradient && !signals_end())
    rnn_backward(tape, block->partial, bptt->factors, shape, bptt->kernels);
}

/* With a gradient, jobs 0 and 1 sort the tokens and the others are blocks. */
static void block_job(void *context, int i) {
  Bptt *bptt = context;
  int tokens = bptt->T * bptt->B;
  if (!bptt->gradient)
    run_block(bptt, i);
  else if (i == 0)
    touched_set(&bptt->x, bptt->window->x, tokens);
  else if (i > 1)
    run_block(bptt, i - 2);
  else if (bptt->shape.softmax == SOFTMAX_FOLLOWERS)
    touched_set(&bptt->followers, bptt->window->x, tokens);
}

/* ---- sums ----------------------------------------------------------------------------------- */

/* The i-th share of n things: from..to-1. */
static int share(int n, int i) { return (int)((int64_t)n * i / SCATTER_JOBS); }

/* Where a token's numbers are. */
typedef struct {
  const float *h, *dz, *de; /* of its row of the tape */
  const float *dq;          /* followers */
} Token;

static Token find_token(const Bptt *bptt, int token) {
  const size_t d = (size_t)bptt->shape.d, D = (size_t)bptt->shape.D, n = (size_t)bptt->shape.n;
  const int t = token / bptt->B, b = token % bptt->B;
  const Block *block = &bptt->block[b / BPTT_BLOCK];
  const Tape *tape = block->tape;
  const size_t lanes = (size_t)tape->B, row = (size_t)t * lanes + (size_t)(b % BPTT_BLOCK);
  return (Token){.h = tape->h + (lanes + row) * D,
                 .dz = tape->dz + row * D,
                 .de = tape->de ? tape->de + row * d : NULL,
                 .dq = bptt->shape.softmax == SOFTMAX_FOLLOWERS ? block->q + row * n : NULL};
}

/* The first of the touched rows that is not below `row`. */
static int find_row(const Touched *touched, int row) {
  int low = 0, high = touched->n;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (touched->row[middle] < row)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* sums (rows,width) <- the rows of de, or of dz, added up by x: the touched rows that stand from
 * first to last-1, each at its place in the table or, where these are few, in the list. */
static void add_rows_up(const Bptt *bptt, float *sums, size_t width, int first, int last) {
  const Touched *x = &bptt->x;
  const float *row[BATCH];
  for (int i = first; i < last; i++) {
    float *sum = sums + (size_t)(bptt->few_L ? i : x->row[i]) * width;
    memset(sum, 0, width * sizeof *sum);
    for (int j = x->start[i], n = 0; j < x->start[i + 1]; j++) {
      Token token = find_token(bptt, x->order[j]);
      row[n++] = bptt->G ? token.dz : token.de;
      if (n < BATCH && j + 1 < x->start[i + 1]) continue;
      bptt->kernels->products->sum_rows(sum, row, n, (int)width);
      n = 0;
    }
  }
}

/* The i-th share of the rows of dL, with a table by way of G: dL = G I^T. */
static void scatter_L(Bptt *bptt, int i) {
  const size_t d = (size_t)bptt->shape.d;
  const size_t width = bptt->G ? (size_t)bptt->shape.D : d;
  const int places = bptt->few_L ? bptt->x.n : bptt->shape.V;
  const int from = share(places, i), to = share(places, i + 1);
  float *dL = bptt->gradient->L, *sums = bptt->G ? bptt->G : dL;
  if (to == from) return;
  if (bptt->few_L) {
    add_rows_up(bptt, sums, width, from, to);
    return;
  }
  memset(sums + (size_t)from * width, 0, (size_t)(to - from) * width * sizeof *sums);
  add_rows_up(bptt, sums, width, find_row(&bptt->x, from), find_row(&bptt->x, to));
  if (bptt->G)
    packed_multiply(dL + (size_t)from * d, sums + (size_t)from * width, &bptt->factors->IT,
                    to - from, false);
}

/* With a table, for all of its rows: job 0 dI = L^T G, job 1 db1, the sum of the rows of G. */
static void table_job(void *context, int i) {
  const Bptt *bptt = context;
  const Shape *shape = &bptt->shape;
  const size_t D = (size_t)shape->D;
  float *db1 = bptt->gradient->b1;
  if (i == 0) {
    matrix_multiply_ta(bptt->gradient->I, bptt->factors->w->L, bptt->G, shape->d, shape->D,
                       shape->V, false);
    return;
  }
  memset(db1, 0, D * sizeof *db1);
  for (size_t x = 0; x < (size_t)shape->V; x++) bptt->kernels->add(db1, bptt->G + x * D, D);
}

/* Zeroes groups of followers in dU and db2, from one place to another. */
static void clear_groups(Bptt *bptt, int from, int to) {
  const size_t D = (size_t)bptt->shape.D, n = (size_t)bptt->shape.n;
  const size_t first = (size_t)from * n, rows = (size_t)(to - from) * n;
  memset(bptt->gradient->U + first * D, 0, rows * D * sizeof(float));
  memset(bptt->gradient->b2 + first, 0, rows * sizeof(float));
}

/* dU += h^T dq and db2 += dq, for some tokens of the group at this place of the gradient. */
static void add_to_group(Bptt *bptt, int place, const float **dq, const float *const *h,
                         int tokens) {
  const int n = bptt->shape.n, D = bptt->shape.D;
  const Products *products = bptt->kernels->products;
  float *dU = bptt->gradient->U + (size_t)place * (size_t)n * (size_t)D;
  products->sum_rows(bptt->gradient->b2 + (size_t)place * (size_t)n, dq, tokens, n);
  for (int i = 0; i < n; i += 4, dU += 4 * D) {
    products->sum_outer(dU, dq, h, tokens, D);
    for (int t = 0; t < tokens; t++) dq[t] += 4;
  }
}

static void add_group_up(Bptt *bptt, int i) {
  const Touched *groups = &bptt->followers;
  const float *dq[BATCH], *h[BATCH];
  for (int j = groups->start[i], n = 0; j < groups->start[i + 1]; j++) {
    Token token = find_token(bptt, groups->order[j]);
    dq[n] = token.dq;
    h[n++] = token.h;
    if (n < BATCH && j + 1 < groups->start[i + 1]) continue;
    add_to_group(bptt, bptt->few_U ? i : groups->row[i], dq, h, n);
    n = 0;
  }
}

/* Followers: the i-th share of the groups of rows of dU, and of db2. */
static void scatter_U(Bptt *bptt, int i) {
  const Touched *groups = &bptt->followers;
  const int places = bptt->few_U ? groups->n : groups->rows;
  const int from = share(places, i), to = share(places, i + 1);
  const int first = bptt->few_U ? from : find_row(groups, from);
  const int last = bptt->few_U ? to : find_row(groups, to);
  if (!bptt->few_U) clear_groups(bptt, from, to);
  for (int group = first; group < last; group++) {
    if (bptt->few_U) clear_groups(bptt, group, group + 1);
    add_group_up(bptt, group);
  }
}

/* Adds CHUNK floats of the partial gradients up. */
static void sum_chunk(Bptt *bptt, int i) {
  const size_t from = (size_t)i * CHUNK, left = bptt->block->partial->size - from;
  const size_t n = left < CHUNK ? left : CHUNK;
  float *sum = bptt->gradient->H + from;
  memcpy(sum, bptt->block[0].partial->H + from, n * sizeof *sum);
  for (int block = 1; block < bptt->blocks; block++)
    bptt->kernels->add(sum, bptt->block[block].partial->H + from, n);
}

/* Jobs 0..SCATTER_JOBS-1 are shares of L, as many again of U, the others chunks. */
static void sum_job(void *context, int i) {
  Bptt *bptt = context;
  if (i >= 2 * SCATTER_JOBS)
    sum_chunk(bptt, i - 2 * SCATTER_JOBS);
  else if (i < SCATTER_JOBS)
    scatter_L(bptt, i);
  else if (bptt->shape.softmax == SOFTMAX_FOLLOWERS)
    scatter_U(bptt, i - SCATTER_JOBS);
}

static void sum_gradients(Bptt *bptt, Gradient *gradient) {
  const int chunks = (int)((bptt->block->partial->size + CHUNK - 1) / CHUNK);
  parallel_run(bptt->threads, 2 * SCATTER_JOBS + chunks, sum_job, bptt);
  if (bptt->G) parallel_run(bptt->threads, 2, table_job, bptt);
  gradient->L = bptt->few_L ? &bptt->x : NULL;
  gradient->U = bptt->few_U ? &bptt->followers : NULL;
}

static void sum_losses(Bptt *bptt) {
  WindowLoss *result = &bptt->result;
  result->loss = 0;
  result->tokens = bptt->window->tokens;
  for (int t = 0; t < bptt->T; t++) {
    result->timestep_loss[t] = 0;
    result->timestep_tokens[t] = 0;
    for (int i = 0; i < bptt->blocks; i++) {
      const Tape *tape = bptt->block[i].tape;
      for (int row = t * tape->B; row < (t + 1) * tape->B; row++) {
        result->timestep_loss[t] += bptt->block[i].J[row];
        result->timestep_tokens[t] += tape->y[row] >= 0;
      }
    }
    result->loss += result->timestep_loss[t];
  }
}

/* ---- the window ----------------------------------------------------------------------------- */

const WindowLoss *bptt_run(Bptt *bptt, Gradient *gradient, const Weights *w, const Window *window) {
  bptt->gradient = gradient ? gradient->dw : NULL;
  bptt->window = window;
  bptt->scale = window->tokens > 0 ? 1.0f / (float)window->tokens : 0;
  factors_set(bptt->factors, w, &bptt->shape, bptt->threads);
  parallel_run(bptt->threads, bptt->blocks + (gradient ? 2 : 0), block_job, bptt);
  if (signals_end()) return NULL; /* h(0) is as it was until it is carried */
  if (gradient) sum_gradients(bptt, gradient);
  sum_losses(bptt);
  for (int i = 0; i < bptt->blocks; i++) tape_carry(bptt->block[i].tape, &bptt->shape);
  return &bptt->result;
}

void bptt_save(const Bptt *bptt, float *h) {
  for (int i = 0; i < bptt->blocks; i++) {
    const Tape *tape = bptt->block[i].tape;
    const size_t state = (size_t)tape->B * (size_t)bptt->shape.D;
    memcpy(h, tape->h, state * sizeof *h);
    h += state;
  }
}

void bptt_restore(Bptt *bptt, const float *h) {
  for (int i = 0; i < bptt->blocks; i++) {
    const Tape *tape = bptt->block[i].tape;
    const size_t state = (size_t)tape->B * (size_t)bptt->shape.D;
    memcpy(tape->h, h, state * sizeof *h);
    h += state;
  }
}
