#include "memory/calibrate.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "base/search.h"
#include "base/signals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { B = 128, T = 8, BLOCK = 16, BLOCKS = B / BLOCK };

/* The evidence at a step: class c, and s without w. */
typedef struct {
  int c;
  float s[POOL_POINTERS];
  Vote votes[POOL_POINTERS]; /* w[c] s */
} Step;

/* The lanes that one job reads. */
typedef struct {
  Tape *tape;
  Pool *pool[BLOCK];
  Step *step;         /* (softmax_rows) */
  Evidence *evidence; /* (softmax_rows) */
  float *q, *yhat;    /* (softmax_rows,n) */
  /* Sums of a window: */
  RecallCounts counts;
  double da[RECALL_CLASSES], dw[RECALL_CLASSES];
} Block;

typedef struct {
  const Calibration *of;
  Recall *recall;
  RecallSquares squares;
  RecallCounts counts;
  Factors *factors;
  Window *window;
  uint64_t *gaps; /* (ranges of the span) bases of the corpus before each range that are not in the
                     span */
  Block block[BLOCKS];
} Calibrator;

/* ---- making and freeing --------------------------------------------------------------------- */

static Block new_block(const Calibrator *c) {
  const Shape *shape = c->of->shape;
  const size_t rows = (size_t)softmax_rows(shape);
  Block block = {.tape = tape_new(shape, T, BLOCK, c->factors),
                 .step = alloc_numbers(rows, sizeof(Step)),
                 .evidence = alloc_numbers(rows, sizeof(Evidence)),
                 .q = alloc_floats(softmax_logits(shape, 0, false)),
                 .yhat = alloc_floats(softmax_logits(shape, 0, false))};
  for (int b = 0; b < BLOCK; b++) block.pool[b] = pool_new(c->of->memory, NULL, c->recall, shape);
  return block;
}

static void free_block(Block *block) {
  for (int b = 0; b < BLOCK; b++) pool_free(block->pool[b]);
  tape_free(block->tape);
  free(block->step);
  free(block->evidence);
  free(block->q);
  free(block->yhat);
}

static Calibrator *new_calibrator(const Calibration *of, Recall *recall) {
  Calibrator *c = alloc_new(1, sizeof *c);
  c->of = of;
  c->recall = recall;
  c->factors = factors_new(of->shape, FACTORS_TOKENS, false, of->kernels->products);
  c->window = window_new(T, B);
  window_locate(c->window);
  c->gaps = alloc_new(of->span.n + 1, sizeof *c->gaps);
  for (int i = 0; i < BLOCKS; i++) c->block[i] = new_block(c);
  return c;
}

static void free_calibrator(Calibrator *c) {
  for (int i = 0; i < BLOCKS; i++) free_block(&c->block[i]);
  free(c->gaps);
  window_free(c->window);
  factors_free(c->factors);
  free(c);
}

size_t calibrate_memory(const Shape *shape, const Kernels *kernels) {
  const Memory memory = {.m = 0}; /* its size is counted elsewhere */
  const Calibration of = {.shape = shape, .memory = &memory, .kernels = kernels};
  alloc_count_begin();
  free_calibrator(new_calibrator(&of, NULL));
  return alloc_count_end();
}

/* ---- places --------------------------------------------------------------------------------- */

static void set_gaps(Calibrator *c) {
  const Span *span = &c->of->span;
  uint64_t end = 0, gaps = 0;
  for (size_t i = 0; i < span->n; i++) {
    gaps += span->ranges[i].begin - end;
    end = span->ranges[i].end;
    c->gaps[i] = gaps;
  }
}

/* The index in the memory of a base of the span. */
static int64_t base_in_memory(const Calibrator *c, int64_t base) {
  const Span *span = &c->of->span;
  const Range *range = span->ranges;
  const size_t i = search_last(&range->begin, span->n, sizeof *range, (uint64_t)base);
  return base - (int64_t)c->gaps[i];
}

/* ---- blocks --------------------------------------------------------------------------------- */

/* The index in the window of row `row` of a block's tape. */
static size_t place_of(int block, int row) {
  return (size_t)(row / BLOCK * B + block * BLOCK + row % BLOCK);
}

static void load_window(Tape *tape, const Window *window, int block) {
  for (int row = 0; row < T * BLOCK; row++) {
    const size_t from = place_of(block, row);
    tape->x[row] = window_kmer(window, from);
    tape->y[row] = window->y[from];
    tape->restart[row] = window->restart[from];
  }
}

/* Counts the pointers that guess entry y of yhat, and those that guess another entry. */
static void count_guesses(RecallCounts *counts, const Pool *pool, int y) {
  int n;
  const Pointer *pointer = pool_pointers(pool, &n);
  for (int i = 0; i < n; i++) {
    if (pointer[i].guess == y)
      counts->right[pointer[i].state]++;
    else if (pointer[i].guess >= 0)
      counts->wrong[pointer[i].state]++;
  }
}

/* Lets a pool read its step of the window, and counts its pointers. */
static Evidence read_step(const Calibrator *c, Pool *pool, size_t at, Step *step,
                          RecallCounts *counts) {
  const Window *window = c->window;
  const int x = window->x[at], y = window->y[at];
  int n = 0;
  step->c = 0;
  if (x >= 0) {
    pool_ignore(pool, base_in_memory(c, window->base[at]));
    pool_read(pool, x, window->restart[at]);
    step->c = pool_evidence(pool, step->votes, &n);
  }
  if (y >= 0) count_guesses(counts, pool, y - softmax_first(x, c->of->shape));
  for (int i = 0; i < n; i++) {
    step->s[i] = step->votes[i].s;
    step->votes[i].s *= c->recall->w[step->c];
  }
  return (Evidence){c->recall->a[step->c], n, step->votes};
}

/* Adds da and dw of a step with label y, an index into q = h U + b2 and yhat (n). */
static void add_gradient(Block *block, const Step *step, const Evidence *evidence, const float *q,
                         const float *yhat, int y, int n) {
  double da = 0, dw = 0;
  for (int j = 0; j < n; j++) da += ((double)yhat[j] - (j == y)) * (double)q[j];
  for (int i = 0; i < evidence->n; i++) {
    const int j = evidence->votes[i].j;
    dw += ((double)yhat[j] - (j == y)) * (double)step->s[i];
  }
  block->da[step->c] += da;
  block->dw[step->c] += dw;
}

/* Reads the rows of a block from `first` on. */
static void read_rows(const Calibrator *c, int i, Block *block, int first, int rows) {
  const Shape *shape = c->of->shape;
  const Tape *tape = block->tape;
  const int *x = tape->x + first;
  const float *h = tape->h + (size_t)(BLOCK + first) * (size_t)shape->D;
  for (int r = 0; r < rows; r++)
    block->evidence[r] = read_step(c, block->pool[(first + r) % BLOCK], place_of(i, first + r),
                                   &block->step[r], &block->counts);
  softmax_q(block->q, x, h, rows, c->factors, shape, c->of->kernels);
  softmax_yhat(block->yhat, x, h, block->evidence, rows, c->factors, shape, c->of->kernels);
  for (int r = 0; r < rows; r++) {
    const int y = tape->y[first + r];
    const size_t at = (size_t)r * (size_t)shape->n;
    if (y >= 0)
      add_gradient(block, &block->step[r], &block->evidence[r], block->q + at, block->yhat + at,
                   y - softmax_first(x[r], shape), shape->n);
  }
}

static void block_job(void *context, int i) {
  Calibrator *c = context;
  Block *block = &c->block[i];
  const Shape *shape = c->of->shape;
  memset(&block->counts, 0, sizeof block->counts);
  memset(block->da, 0, sizeof block->da);
  memset(block->dw, 0, sizeof block->dw);
  load_window(block->tape, c->window, i);
  rnn_forward(block->tape, c->factors, shape, c->of->kernels);
  const int most = softmax_rows(shape);
  for (int first = 0, rows; first < T * BLOCK && !signals_end(); first += rows) {
    rows = T * BLOCK - first < most ? T * BLOCK - first : most;
    read_rows(c, i, block, first, rows);
  }
  tape_carry(block->tape, shape);
}

/* ---- learning ------------------------------------------------------------------------------- */

static void add_counts(RecallCounts *counts, const RecallCounts *more) {
  for (int u = 0; u < RECALL_STATES; u++) {
    counts->right[u] += more->right[u];
    counts->wrong[u] += more->wrong[u];
  }
}

/* Sums the counts and gradients of the blocks, in order, and takes a step of Adagrad. */
static void learn(Calibrator *c) {
  for (int i = 0; i < BLOCKS; i++) add_counts(&c->counts, &c->block[i].counts);
  recall_set_odds(c->recall, &c->counts);
  for (int class = 1; class < RECALL_CLASSES; class ++) {
    double da = 0, dw = 0;
    for (int i = 0; i < BLOCKS; i++) {
      da += c->block[i].da[class];
      dw += c->block[i].dw[class];
    }
    recall_learn(c->recall, &c->squares, class, (float)da, (float)dw);
  }
}

int calibrate(Recall *recall, const Calibration *of, double deadline) {
  Calibrator *c = new_calibrator(of, recall);
  const LanesWish wish = {.k = of->shape->k,
                          .s = of->shape->s,
                          .B = B,
                          .T = T,
                          .strands = of->strands,
                          .seed = of->seed};
  Lanes *lanes = lanes_new(of->span, wish);
  uint64_t tokens = 0;
  const double all =
      fmin(CALIBRATE_TOKENS, (double)span_tokens(&of->span, of->shape->k, of->shape->s));
  recall_init(recall, &c->squares);
  factors_set(c->factors, of->weights, of->shape, of->threads);
  set_gaps(c);
  while (tokens < CALIBRATE_TOKENS && clock_now() < deadline && lanes_next(lanes, c->window)) {
    parallel_run(of->threads, BLOCKS, block_job, c);
    if (signals_end()) break;
    learn(c);
    tokens += c->window->tokens;
    watch_see(&of->watch, fmin((double)tokens / all, 1), tokens * (uint64_t)of->shape->s);
  }
  lanes_free(lanes);
  free_calibrator(c);
  return signals_end() ? -1 : 0;
}
