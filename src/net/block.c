#include "net/block.h"

#include "base/alloc.h"
#include "base/signals.h"
#include "net/softmax.h"

#include <stdlib.h>
#include <string.h>

/* Each block reads H once per timestep. From D = WIDEST on, H does not fit into the second-level
 * cache. */
enum {
  FEW_LANES = 4,
  MORE_LANES = 8, /* if a block has a partial dU of many rows, or H is wide */
  MOST_LANES = 16,
  MANY_ROWS = 1024,
  WIDE = 512,
  WIDEST = 1024
};

int block_lanes(const Shape *shape) {
  if (shape->D >= WIDEST) return MOST_LANES;
  if (shape->D >= WIDE) return MORE_LANES;
  return shape->softmax == SOFTMAX_FULL && shape->V > MANY_ROWS ? MORE_LANES : FEW_LANES;
}

int block_count(const Shape *shape, int B) {
  const int lanes = block_lanes(shape);
  return (B + lanes - 1) / lanes;
}

Block block_new(const Shape *shape, int T, int B, int i, const Factors *factors) {
  const int most = block_lanes(shape), left = B - i * most, lanes = left < most ? left : most;
  const int rows = T * lanes;
  Block block = {.lane = i * most,
                 .tape = tape_new(shape, T, lanes, factors),
                 .q = alloc_floats(softmax_logits(shape, rows, true)),
                 .J = alloc_numbers((size_t)rows, sizeof(double)),
                 .loss = alloc_numbers(2 * (size_t)T, sizeof(double))};
  block.partial = weights_new_rows(shape, 0, shape->softmax == SOFTMAX_FULL ? shape->V : 0);
  return block;
}

void block_free(Block *block) {
  tape_free(block->tape);
  free(block->q);
  free(block->J);
  free(block->loss);
  weights_free(block->partial);
}

/* Copies the block's lanes of the window to its tape. */
static void load_lanes(Tape *tape, const Window *window, int lane) {
  const size_t n = (size_t)tape->B;
  for (int t = 0; t < tape->T; t++) {
    const size_t from = (size_t)t * (size_t)window->B + (size_t)lane, to = (size_t)t * n;
    for (size_t b = 0; b < n; b++) tape->x[to + b] = window_kmer(window, from + b);
    memcpy(tape->y + to, window->y + from, n * sizeof *tape->y);
    memcpy(tape->restart + to, window->restart + from, n * sizeof *tape->restart);
  }
}

static void sum_losses(Block *block) {
  const Tape *tape = block->tape;
  const double *J = block->J;
  const int *y = tape->y;
  for (int t = 0; t < tape->T; t++) {
    double loss = 0;
    int labels = 0;
    for (int b = 0; b < tape->B; b++) {
      loss += *J++;
      labels += *y++ >= 0;
    }
    block->loss[t] = loss;
    block->loss[tape->T + t] = labels;
  }
}

void block_run(Block *block, const Window *window, bool with_gradient, const Factors *factors,
               const Shape *shape, const Kernels *kernels) {
  Tape *tape = block->tape;
  if (signals_end()) return;
  load_lanes(tape, window, block->lane);
  rnn_forward(tape, factors, shape, kernels);
  const SoftmaxRows rows = {.rows = tape->T * tape->B,
                            .x = tape->x,
                            .y = tape->y,
                            .h = tape->h + (size_t)tape->B * (size_t)shape->D,
                            .J = block->J,
                            .q = block->q,
                            .dh = with_gradient ? tape->dz : NULL,
                            .dw = block->partial,
                            .scale = window->tokens > 0 ? 1.0f / (float)window->tokens : 0};
  softmax_loss(&rows, factors, shape, kernels);
  sum_losses(block);
  if (with_gradient && !signals_end()) rnn_backward(tape, block->partial, factors, shape, kernels);
}
