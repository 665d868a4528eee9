#include "bptt.h"

#include "alloc.h"
#include "kmer.h"
#include "parallel.h"
#include "softmax.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 14, SCATTER_JOBS = 32, RADIX_BITS = 12, RADIX = 1 << RADIX_BITS };

/* Tokens of a window in the order of a key, those of one key in the order of the window. */
typedef struct {
  int *order, *spare; /* (T*B) */
} Sorted;

struct Bptt {
  Shape shape;
  int T, B, blocks, with_backward, threads;
  const Kernels *kernels;
  Tape **tape;      /* (blocks) */
  float **q;        /* (blocks) scratch of softmax_loss; for followers it keeps dq */
  double **J;       /* (blocks) (T*block) */
  Weights *partial; /* (blocks) dH, dI, db1 and, for FULL, dU, db2 of a block */
  size_t n_partial; /* floats of each */
  Sorted by_x, by_followers;
  WindowLoss result;
  /* of the call that is running: */
  const Weights *w;
  const Window *window;
  Weights *gradient;
  float scale;
};

static int block_lanes(int B, int block) {
  int left = B - block * BPTT_BLOCK;
  return left < BPTT_BLOCK ? left : BPTT_BLOCK;
}

static int count_blocks(int B) { return (B + BPTT_BLOCK - 1) / BPTT_BLOCK; }

/* Floats of a partial gradient: H, I, b1 and for FULL U, b2 stand side by side in Weights. */
static size_t partial_size(const Shape *shape) {
  size_t all = shape_parameters(shape), V = (size_t)shape->V;
  size_t output = shape->softmax == FULL ? 0 : V * (size_t)shape->D + V;
  return all - V * (size_t)shape->d - output;
}

static size_t scratch_size(const Shape *shape, int T, int lanes) {
  size_t rows = shape->softmax == FULL ? (size_t)softmax_rows(shape) : (size_t)T * (size_t)lanes;
  return rows * (size_t)shape->n;
}

size_t bptt_memory(const Shape *shape, int T, int B, int with_backward) {
  size_t sum = 0, tokens = (size_t)T * (size_t)B;
  for (int block = 0; block < count_blocks(B); block++) {
    int lanes = block_lanes(B, block);
    sum += tape_memory(shape, T, lanes, with_backward);
    sum += scratch_size(shape, T, lanes) * sizeof(float);
    if (with_backward) sum += partial_size(shape) * sizeof(float);
  }
  return sum + tokens * (sizeof(double) + 4 * sizeof(int));
}

Bptt *bptt_new(const Shape *shape, int T, int B, int with_backward, int threads,
               const Kernels *kernels) {
  Bptt *bptt = alloc_new(1, sizeof *bptt);
  size_t tokens = (size_t)T * (size_t)B;
  *bptt = (Bptt){.shape = *shape,
                 .T = T,
                 .B = B,
                 .blocks = count_blocks(B),
                 .kernels = kernels,
                 .with_backward = with_backward,
                 .threads = threads};
  bptt->n_partial = partial_size(shape);
  bptt->tape = alloc_new((size_t)bptt->blocks, sizeof *bptt->tape);
  bptt->q = alloc_new((size_t)bptt->blocks, sizeof *bptt->q);
  bptt->J = alloc_new((size_t)bptt->blocks, sizeof *bptt->J);
  bptt->partial = alloc_new((size_t)bptt->blocks, sizeof *bptt->partial);
  for (int block = 0; block < bptt->blocks; block++) {
    int lanes = block_lanes(B, block);
    bptt->tape[block] = tape_new(shape, T, lanes, with_backward);
    bptt->q[block] = alloc_floats(scratch_size(shape, T, lanes));
    bptt->J[block] = alloc_new((size_t)T * (size_t)lanes, sizeof **bptt->J);
    if (!with_backward) continue;
    Weights *p = &bptt->partial[block];
    p->H = alloc_floats(bptt->n_partial);
    p->I = p->H + (size_t)shape->D * (size_t)shape->D;
    p->b1 = p->I + (size_t)shape->d * (size_t)shape->D;
    p->U = p->b1 + shape->D; /* beyond the end for followers, who never use it */
    p->b2 = p->U + (shape->softmax == FULL ? (size_t)shape->V * (size_t)shape->D : 0);
  }
  for (int i = 0; i < 2 && with_backward; i++) {
    Sorted *sorted = i == 0 ? &bptt->by_x : &bptt->by_followers;
    sorted->order = alloc_new(tokens, sizeof *sorted->order);
    sorted->spare = alloc_new(tokens, sizeof *sorted->spare);
  }
  bptt->result.timestep_loss = alloc_new((size_t)T, sizeof(double));
  bptt->result.timestep_tokens = alloc_new((size_t)T, sizeof(uint64_t));
  return bptt;
}

void bptt_free(Bptt *bptt) {
  if (!bptt) return;
  for (int block = 0; block < bptt->blocks; block++) {
    tape_free(bptt->tape[block]);
    free(bptt->q[block]), free(bptt->J[block]), free(bptt->partial[block].H);
  }
  free(bptt->tape), free(bptt->q), free(bptt->J), free(bptt->partial);
  free(bptt->by_x.order), free(bptt->by_x.spare);
  free(bptt->by_followers.order), free(bptt->by_followers.spare);
  free(bptt->result.timestep_loss), free(bptt->result.timestep_tokens);
  free(bptt);
}

/* ---- the order in which rows are added up --------------------------------------------------- */

/* Sorts the window's tokens by (x & mask), stably, RADIX_BITS at a time from the lowest. */
static void sort_tokens(Sorted *sorted, const int *x, int n, int mask) {
  for (int i = 0; i < n; i++) sorted->order[i] = i;
  for (int shift = 0; mask >> shift > 0; shift += RADIX_BITS) {
    int starts[RADIX + 1] = {0};
    for (int i = 0; i < n; i++) starts[((x[i] & mask) >> shift & (RADIX - 1)) + 1]++;
    for (int digit = 0; digit < RADIX; digit++) starts[digit + 1] += starts[digit];
    for (int i = 0; i < n; i++) {
      int token = sorted->order[i];
      sorted->spare[starts[(x[token] & mask) >> shift & (RADIX - 1)]++] = token;
    }
    int *swap = sorted->order;
    sorted->order = sorted->spare, sorted->spare = swap;
  }
}

/* The first place in the order whose key is not below `key`. */
static int lower_bound(const Sorted *sorted, const int *x, int n, int mask, int key) {
  int low = 0, high = n;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if ((x[sorted->order[middle]] & mask) < key)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The block that a token of the window belongs to, and its row there. */
static int token_row(const Bptt *bptt, int token, size_t *row) {
  int t = token / bptt->B, b = token % bptt->B, block = b / BPTT_BLOCK;
  *row = (size_t)t * (size_t)bptt->tape[block]->B + (size_t)(b % BPTT_BLOCK);
  return block;
}

static int followers_mask(const Shape *shape) { return kmer_count(shape->k - shape->s) - 1; }

/* ---- jobs ----------------------------------------------------------------------------------- */

static void run_block(Bptt *bptt, int block) {
  const Shape *shape = &bptt->shape;
  const Window *window = bptt->window;
  Tape *tape = bptt->tape[block];
  for (int t = 0; t < bptt->T; t++) {
    size_t from = (size_t)t * (size_t)bptt->B + (size_t)block * BPTT_BLOCK;
    size_t to = (size_t)t * (size_t)tape->B, n = (size_t)tape->B;
    memcpy(tape->x + to, window->x + from, n * sizeof *tape->x);
    memcpy(tape->y + to, window->y + from, n * sizeof *tape->y);
    memcpy(tape->restart + to, window->restart + from, n);
  }
  rnn_forward(tape, bptt->w, shape, bptt->kernels);
  softmax_loss(bptt->J[block], bptt->gradient ? tape->dz : NULL, &bptt->partial[block],
               bptt->q[block], tape->x, tape->y, tape->h + (size_t)tape->B * (size_t)shape->D,
               tape->T * tape->B, bptt->scale, bptt->w, shape, bptt->kernels);
  if (bptt->gradient) rnn_backward(tape, &bptt->partial[block], bptt->w, shape, bptt->kernels);
}

/* With a gradient, jobs 0 and 1 sort the tokens and the others are blocks. */
static void block_job(void *context, int i) {
  Bptt *bptt = context;
  int tokens = bptt->T * bptt->B;
  if (!bptt->gradient)
    run_block(bptt, i);
  else if (i == 0)
    sort_tokens(&bptt->by_x, bptt->window->x, tokens, bptt->shape.V - 1);
  else if (i > 1)
    run_block(bptt, i - 2);
  else if (bptt->shape.softmax == FOLLOWERS)
    sort_tokens(&bptt->by_followers, bptt->window->x, tokens, followers_mask(&bptt->shape));
}

/* Adds CHUNK floats of the partial gradients up. */
static void sum_job(void *context, int i) {
  Bptt *bptt = context;
  size_t from = (size_t)i * CHUNK;
  size_t n = bptt->n_partial - from < CHUNK ? bptt->n_partial - from : CHUNK;
  memcpy(bptt->gradient->H + from, bptt->partial[0].H + from, n * sizeof(float));
  for (int block = 1; block < bptt->blocks; block++)
    bptt->kernels->add(bptt->gradient->H + from, bptt->partial[block].H + from, n);
}

/* The i-th part of the rows of dL: dL[x(t)] += de(t). */
static void scatter_L(Bptt *bptt, int i) {
  const size_t d = (size_t)bptt->shape.d;
  const int V = bptt->shape.V, n = bptt->T * bptt->B;
  const int *x = bptt->window->x;
  int from = (int)((int64_t)V * i / SCATTER_JOBS), to = (int)((int64_t)V * (i + 1) / SCATTER_JOBS);
  memset(bptt->gradient->L + (size_t)from * d, 0, (size_t)(to - from) * d * sizeof(float));
  for (int j = lower_bound(&bptt->by_x, x, n, V - 1, from); j < n; j++) {
    int token = bptt->by_x.order[j];
    size_t row;
    if (x[token] >= to) break;
    int block = token_row(bptt, token, &row);
    bptt->kernels->add(bptt->gradient->L + (size_t)x[token] * d, bptt->tape[block]->de + row * d,
                       d);
  }
}

/* The i-th part of the rows of dU, and of db2, where only followers have gradients. */
static void scatter_U(Bptt *bptt, int i) {
  const Shape *shape = &bptt->shape;
  const size_t D = (size_t)shape->D, width = (size_t)shape->n;
  const int mask = followers_mask(shape), n = bptt->T * bptt->B;
  const int *x = bptt->window->x;
  int from = (int)((int64_t)(mask + 1) * i / SCATTER_JOBS);
  int to = (int)((int64_t)(mask + 1) * (i + 1) / SCATTER_JOBS);
  size_t first = (size_t)from * width, rows = (size_t)(to - from) * width;
  memset(bptt->gradient->U + first * D, 0, rows * D * sizeof(float));
  memset(bptt->gradient->b2 + first, 0, rows * sizeof(float));
  for (int j = lower_bound(&bptt->by_followers, x, n, mask, from); j < n; j++) {
    int token = bptt->by_followers.order[j];
    size_t row;
    if ((x[token] & mask) >= to) break;
    int block = token_row(bptt, token, &row);
    const Tape *tape = bptt->tape[block];
    softmax_scatter(bptt->gradient, bptt->q[block] + row * width,
                    tape->h + ((size_t)tape->B + row) * D, x[token], shape, bptt->kernels);
  }
}

static void scatter_job(void *context, int i) {
  if (i < SCATTER_JOBS)
    scatter_L(context, i);
  else
    scatter_U(context, i - SCATTER_JOBS);
}

/* ---- the window ----------------------------------------------------------------------------- */

static void sum_losses(Bptt *bptt) {
  WindowLoss *result = &bptt->result;
  result->loss = 0, result->tokens = bptt->window->tokens;
  for (int t = 0; t < bptt->T; t++) {
    result->timestep_loss[t] = 0, result->timestep_tokens[t] = 0;
    for (int block = 0; block < bptt->blocks; block++) {
      const Tape *tape = bptt->tape[block];
      for (int row = t * tape->B; row < (t + 1) * tape->B; row++) {
        result->timestep_loss[t] += bptt->J[block][row];
        result->timestep_tokens[t] += tape->y[row] >= 0;
      }
    }
    result->loss += result->timestep_loss[t];
  }
}

const WindowLoss *bptt_run(Bptt *bptt, Weights *gradient, const Weights *w, const Window *window) {
  bptt->w = w, bptt->window = window, bptt->gradient = gradient;
  bptt->scale = window->tokens > 0 ? 1.0f / (float)window->tokens : 0;
  parallel_run(bptt->threads, bptt->blocks + (gradient ? 2 : 0), block_job, bptt);
  if (gradient) {
    int scatters = bptt->shape.softmax == FOLLOWERS ? 2 * SCATTER_JOBS : SCATTER_JOBS;
    parallel_run(bptt->threads, (int)((bptt->n_partial + CHUNK - 1) / CHUNK), sum_job, bptt);
    parallel_run(bptt->threads, scatters, scatter_job, bptt);
  }
  sum_losses(bptt);
  for (int block = 0; block < bptt->blocks; block++) tape_carry(bptt->tape[block], &bptt->shape);
  return &bptt->result;
}

void bptt_save(const Bptt *bptt, float *h) {
  size_t D = (size_t)bptt->shape.D;
  for (int block = 0; block < bptt->blocks; block++)
    memcpy(h + (size_t)block * BPTT_BLOCK * D, bptt->tape[block]->h,
           (size_t)bptt->tape[block]->B * D * sizeof(float));
}

void bptt_restore(Bptt *bptt, const float *h) {
  size_t D = (size_t)bptt->shape.D;
  for (int block = 0; block < bptt->blocks; block++)
    memcpy(bptt->tape[block]->h, h + (size_t)block * BPTT_BLOCK * D,
           (size_t)bptt->tape[block]->B * D * sizeof(float));
}
