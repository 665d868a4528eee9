#include "predict.h"

#include "alloc.h"
#include "parallel.h"
#include "seqfile.h"
#include "softmax.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = PREDICT_BLOCK * PREDICT_BLOCKS, LOGITS_MAX = 1 << 26, TABLE_TOKENS = 1 << 16 };
_Static_assert(STEPS_WARMUP % PREDICT_T == 0, "a warm-up ends where a window does");

/* A piece, and what came of it. */
typedef struct {
  Piece piece;
  float *J;    /* (STEPS_MOST) */
  double nats; /* their sum */
  float *seam; /* (D) after the warm-up */
  float *h;    /* (D) after the last step */
} Lane;

struct Predictor {
  const Model *model;
  const Kernels *kernels;
  bool with_loss;
  int threads;
  Steps *steps;
  Lane lane[LANES];
  int blocks, used; /* of lanes; lanes of this batch */
  Tape *tape[PREDICT_BLOCKS];
  Factors *factors;
  float *q[PREDICT_BLOCKS];
  double *J[PREDICT_BLOCKS];
  /* of the record that the last piece belongs to: */
  float *h; /* (D) */
  uint64_t tokens;
  double nats;
};

static void new_block(Predictor *p, int i) {
  const Shape *shape = &p->model->shape;
  const int rows = PREDICT_T * PREDICT_BLOCK;
  p->tape[i] = tape_new(shape, PREDICT_T, PREDICT_BLOCK, p->factors);
  p->J[i] = alloc_new((size_t)rows, sizeof(double));
  if (p->with_loss) p->q[i] = alloc_floats(softmax_logits(shape, rows, 0));
}

/* Fewer than there could be where their logits would take more than 256 MB. */
static int count_blocks(const Shape *shape, bool with_loss) {
  const size_t most = with_loss ? LOGITS_MAX / softmax_logits(shape, 0, 0) : PREDICT_BLOCKS;
  return most >= PREDICT_BLOCKS ? PREDICT_BLOCKS : most > 1 ? (int)most : 1;
}

Predictor *predict_new(const Model *model, PredictWish wish, int threads, const Kernels *kernels) {
  Predictor *p = alloc_new(1, sizeof *p);
  const Shape *shape = &model->shape;
  p->model = model, p->kernels = kernels, p->with_loss = wish.with_loss, p->threads = threads;
  p->steps = steps_new(shape, wish.with_loss, wish.all_circles, wish.both_strands);
  Shape factors = *shape;
  if (!wish.with_loss) factors.softmax = FOLLOWERS; /* U as a factor is for the loss */
  p->factors = factors_new(&factors, TABLE_TOKENS, 0, kernels->products);
  factors_set(p->factors, model->weights, &factors, threads);
  p->h = alloc_floats((size_t)shape->D);
  p->blocks = count_blocks(shape, wish.with_loss);
  for (int i = 0; i < p->blocks; i++) new_block(p, i);
  return p;
}

void predict_free(Predictor *p) {
  if (!p) return;
  for (int i = 0; i < LANES; i++) {
    Lane *lane = &p->lane[i];
    piece_clear(&lane->piece), free(lane->J), free(lane->seam), free(lane->h);
  }
  for (int i = 0; i < PREDICT_BLOCKS; i++) tape_free(p->tape[i]), free(p->q[i]), free(p->J[i]);
  steps_free(p->steps), factors_free(p->factors), free(p->h), free(p);
}

/* ---- windows -------------------------------------------------------------------------------- */

/* Copies steps from..from+T-1 of a tape's lanes into it; lanes without any are idle. */
static void load_window(Tape *tape, const Lane *lanes, int from) {
  for (int b = 0; b < tape->B; b++) {
    const Piece *piece = &lanes[b].piece;
    for (int t = 0; t < tape->T; t++) {
      const bool idle = from + t >= piece->n;
      const size_t at = (size_t)t * (size_t)tape->B + (size_t)b;
      tape->x[at] = idle ? 0 : piece->x[from + t];
      tape->y[at] = idle ? -1 : piece->y[from + t];
      tape->restart[at] = idle || piece->restart[from + t];
    }
  }
}

/* What a window says of each lane: its losses in order, and the state after its last step. */
static void take_window(Lane *lanes, const Tape *tape, const double *J, int from, size_t D) {
  for (int b = 0; b < tape->B; b++) {
    Lane *lane = &lanes[b];
    const int left = lane->piece.n - from, steps = left < tape->T ? left : tape->T;
    for (int t = 0; t < steps && J; t++) {
      lane->J[from + t] = (float)J[t * tape->B + b];
      lane->nats += J[t * tape->B + b];
    }
    if (steps <= 0) continue;
    memcpy(lane->h, tape->h + (size_t)(steps * tape->B + b) * D, D * sizeof(float));
    if (from + steps == lane->piece.warmup) memcpy(lane->seam, lane->h, D * sizeof(float));
  }
}

/* Runs the lanes of a tape through the windows of their steps, from one of them on. */
static void run_windows(Predictor *p, int block, Lane *lanes, int from) {
  const Shape *shape = &p->model->shape;
  const size_t D = (size_t)shape->D;
  Tape *tape = p->tape[block];
  int steps = 0;
  for (int b = 0; b < tape->B; b++) {
    if (lanes[b].piece.n > steps) steps = lanes[b].piece.n;
    lanes[b].nats = 0;
  }
  for (; from < steps; from += PREDICT_T) {
    load_window(tape, lanes, from);
    rnn_forward(tape, p->factors, shape, p->kernels);
    if (p->with_loss)
      softmax_loss(p->J[block], NULL, NULL, p->q[block], tape->x, tape->y,
                   tape->h + (size_t)tape->B * D, tape->T * tape->B, 0, p->factors, shape,
                   p->kernels);
    take_window(lanes, tape, p->with_loss ? p->J[block] : NULL, from, D);
    tape_carry(tape, shape);
  }
}

static void block_job(void *context, int block) {
  Predictor *p = context;
  const int left = p->used - block * PREDICT_BLOCK;
  p->tape[block]->B = left < PREDICT_BLOCK ? left : PREDICT_BLOCK;
  run_windows(p, block, &p->lane[block * PREDICT_BLOCK], 0);
}

/* ---- seams ---------------------------------------------------------------------------------- */

static bool fits(const float *seam, const float *h, int D) {
  for (int i = 0; i < D; i++)
    if (!(fabsf(seam[i] - h[i]) <= PREDICT_SEAM * fmaxf(1, fabsf(h[i])))) return false;
  return true;
}

/* Computes a piece whose warm-up was too short again, from the state h before it. */
static void mend_seam(Predictor *p, Lane *lane, const float *h) {
  const size_t D = (size_t)p->model->shape.D;
  if (lane->piece.first || fits(lane->seam, h, p->model->shape.D)) return;
  p->tape[0]->B = 1;
  memcpy(p->tape[0]->h, h, D * sizeof *h);
  memcpy(lane->h, h, D * sizeof *h); /* for a piece that has no steps of its own */
  run_windows(p, 0, lane, lane->piece.warmup);
}

/* ---- batches -------------------------------------------------------------------------------- */

/* Lanes get their memory with their first piece: most inputs do not need them all. */
static void new_lane(Lane *lane, size_t D) {
  piece_init(&lane->piece);
  lane->J = alloc_new(STEPS_MOST, sizeof *lane->J);
  lane->seam = alloc_floats(D), lane->h = alloc_floats(D);
}

/* Reads pieces until all lanes have one or the file ends: 1 there may be more, 0 the file has
 * ended, -1 it is broken. What was read is good in any case. */
static int fill_batch(Predictor *p, SeqFile *file, Why *why) {
  const Piece *before = p->used > 0 ? &p->lane[p->used - 1].piece : NULL;
  for (p->used = 0; p->used < p->blocks * PREDICT_BLOCK; p->used++) {
    Lane *lane = &p->lane[p->used];
    if (!lane->h) new_lane(lane, (size_t)p->model->shape.D);
    int more = steps_read(p->steps, &lane->piece, before, file, why);
    if (more <= 0) return more;
    before = &lane->piece;
  }
  return 1;
}

static int hand_out(Predictor *p, int (*take)(void *context, const Prediction *, Why *),
                    void *context, Why *why) {
  const float *before = p->h;
  for (int i = 0; i < p->used; i++) {
    Lane *lane = &p->lane[i];
    mend_seam(p, lane, before);
    if (lane->piece.first) p->tokens = 0, p->nats = 0;
    p->tokens += lane->piece.tokens, p->nats += lane->nats;
    Prediction prediction = {&lane->piece, lane->J, p->tokens, p->nats, lane->h};
    if (take(context, &prediction, why) != 0) return -1;
    before = lane->h;
  }
  if (p->used > 0) memcpy(p->h, before, (size_t)p->model->shape.D * sizeof *p->h);
  return 0;
}

int predict_file(Predictor *p, const char *path,
                 int (*take)(void *context, const Prediction *prediction, Why *why), void *context,
                 Why *why) {
  SeqFile *file = seqfile_open(path, why);
  if (!file) return -1;
  int more = 1;
  for (p->used = 0; more > 0;) {
    more = fill_batch(p, file, why);
    parallel_run(p->threads, (p->used + PREDICT_BLOCK - 1) / PREDICT_BLOCK, block_job, p);
    if (hand_out(p, take, context, why) != 0) more = -1;
  }
  seqfile_close(file);
  return more;
}
