/* A call of bptt_run has these phases:
 *   1  prepare_job  makes the factors, sorts the tokens by the rows of L and of U that they touch,
 *                   and reads the next window
 *   2  block_job    forward, loss and backward of a block of lanes
 *   3  sum_job      sums over the blocks: of losses and of the gradient (sums.c)
 * Then the ranks add up their losses and agree on signals. The jobs of a phase run on any thread in
 * any order. Each job writes only to its share of the factors, its list of rows or its block; all
 * else is read-only. The Bptt owns everything but the kernels; it borrows the window and the
 * gradient during a call. */
#include "net/bptt.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/ranks.h"
#include "base/signals.h"
#include "net/sums.h"

#include <stdlib.h>
#include <string.h>

struct Bptt {
  Shape shape;
  int T, B, threads;
  int first, last; /* blocks of this rank: first..last-1 */
  bool carries; /* the states are at the end of the tapes, and the next window carries them over */
  const Kernels *kernels;
  Factors *factors;
  Block *block; /* (last-first) */
  Sums *sums;
  WindowLoss result;
  /* of the current call: */
  const Window *window;
  Lanes *ahead;
  int sorts, reads; /* numbers of sorting and reading jobs, which come first in prepare_job */
  bool with_gradient;
};

/* ---- making and freeing --------------------------------------------------------------------- */

Bptt *bptt_new(const Shape *shape, int T, int B, int threads, const Kernels *kernels) {
  Bptt *bptt = alloc_new(1, sizeof *bptt);
  *bptt = (Bptt){.shape = *shape, .T = T, .B = B, .threads = threads, .kernels = kernels};
  ranks_share(block_count(shape, B), &bptt->first, &bptt->last);
  bptt->factors = factors_new(shape, T * B, true, kernels->products);
  bptt->block = alloc_new((size_t)(bptt->last - bptt->first), sizeof *bptt->block);
  for (int i = bptt->first; i < bptt->last; i++)
    bptt->block[i - bptt->first] = block_new(shape, T, B, i, bptt->factors);
  bptt->sums = sums_new(shape, T, B, bptt->first, bptt->last, bptt->factors, threads, kernels);
  bptt->result.timestep_loss = alloc_numbers(2 * (size_t)T + 1, sizeof(double));
  bptt->result.timestep_tokens = alloc_numbers((size_t)T, sizeof(uint64_t));
  return bptt;
}

void bptt_free(Bptt *bptt) {
  if (!bptt) return;
  for (int i = 0; i < bptt->last - bptt->first; i++) block_free(&bptt->block[i]);
  free(bptt->block);
  sums_free(bptt->sums);
  factors_free(bptt->factors);
  free(bptt->result.timestep_loss);
  free(bptt->result.timestep_tokens);
  free(bptt);
}

/* ---- the window ----------------------------------------------------------------------------- */

/* The first jobs sort the tokens, the next read ahead, and the others make the factors. */
static void prepare_job(void *context, int i) {
  const Bptt *bptt = context;
  const int read = i - bptt->sorts, factor = read - bptt->reads;
  if (read < 0)
    sums_sort(bptt->sums, bptt->window, i);
  else if (factor < 0)
    lanes_read(bptt->ahead, read);
  else
    factors_job(bptt->factors, &bptt->shape, factor);
}

/* Makes the factors of w, or keeps the old ones if w is NULL. */
static void prepare(Bptt *bptt, const Weights *w) {
  bptt->sorts = bptt->with_gradient ? sums_sorts(bptt->sums) : 0;
  bptt->reads = bptt->ahead ? lanes_ahead(bptt->ahead) : 0;
  if (w) factors_begin(bptt->factors, w);
  const int jobs = bptt->sorts + bptt->reads + (w ? FACTORS_JOBS : 0);
  parallel_run(bptt->threads, jobs, prepare_job, bptt);
}

static void block_job(void *context, int i) {
  Bptt *bptt = context;
  if (bptt->carries) tape_carry(bptt->block[i].tape, &bptt->shape);
  block_run(&bptt->block[i], bptt->window, bptt->with_gradient, bptt->factors, &bptt->shape,
            bptt->kernels);
}

/* Adds up the losses of all ranks; false: one of them received a signal. */
static bool add_losses(Bptt *bptt) {
  WindowLoss *result = &bptt->result;
  const size_t T = (size_t)bptt->T;
  double *loss = result->timestep_loss, *tokens = loss + T, *signals = tokens + T;
  memcpy(loss, bptt->block->loss, 2 * T * sizeof *loss);
  *signals = signals_end() != 0;
  ranks_add_doubles(loss, 2 * T + 1);
  result->loss = 0;
  for (size_t t = 0; t < T; t++) {
    result->loss += loss[t];
    result->timestep_tokens[t] = (uint64_t)tokens[t];
  }
  result->tokens = bptt->window->tokens;
  return *signals == 0;
}

const WindowLoss *bptt_run(Bptt *bptt, Gradient *gradient, const Weights *w, const Window *window,
                           Lanes *ahead) {
  bptt->with_gradient = gradient;
  bptt->window = window;
  bptt->ahead = ahead;
  prepare(bptt, w);
  parallel_run(bptt->threads, bptt->last - bptt->first, block_job, bptt);
  if (gradient)
    sums_gradient(bptt->sums, gradient, bptt->block);
  else
    sums_losses(bptt->sums, bptt->block);
  bptt->carries = add_losses(bptt);
  return bptt->carries ? &bptt->result : NULL;
}

/* ---- states --------------------------------------------------------------------------------- */

void bptt_save(const Bptt *bptt, float *h) {
  const size_t D = (size_t)bptt->shape.D, row = D * sizeof *h;
  size_t lanes = 0; /* lanes of this rank so far */
  for (int i = 0; i < bptt->last - bptt->first; i++) {
    const Block *block = &bptt->block[i];
    const size_t B = (size_t)block->tape->B, at = bptt->carries ? (size_t)bptt->T * B * D : 0;
    memcpy(h + (size_t)block->lane * D, block->tape->h + at, B * row);
    lanes += B;
  }
  ranks_gather(h, (size_t)bptt->block[0].lane * row, lanes * row);
}

void bptt_restore(Bptt *bptt, const float *h) {
  const size_t D = (size_t)bptt->shape.D;
  bptt->carries = false;
  for (int i = 0; i < bptt->last - bptt->first; i++) {
    const Block *block = &bptt->block[i];
    memcpy(block->tape->h, h + (size_t)block->lane * D, (size_t)block->tape->B * D * sizeof *h);
  }
}
