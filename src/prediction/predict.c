#include "prediction/predict.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "net/softmax.h"
#include "sequence/seqfile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 8, BLOCKS_MAX = 64 /* of a batch: one for each thread */ };
enum { LOGITS_MAX = 1 << 26, KEPT_MAX = 1 << 28 /* floats of all blocks, bytes of all lanes */ };
enum { NAMES_MAX = 1 << 20 /* bytes of the names in a batch; one more may begin below it */ };
enum { BATCHES = 3 /* one being read, one computed, one handed out */ };
enum { HAND_JOB = 0, READ_JOB, FIRST_BLOCK_JOB };
_Static_assert(STEPS_WARMUP % PREDICT_T == 0, "a warm-up ends where a window does");

/* What came of a piece, from one of the networks. */
typedef struct {
  double nats;
  float *seam;   /* (D) after the warm-up */
  float *h;      /* (D) after the last step */
  double *h_sum; /* (D) of its own steps; where that is asked for */
} Outcome;

/* A piece, and what came of it. */
typedef struct {
  Piece piece;
  Outcome *of; /* (nets) */
  /* of the first network, where it is asked for: */
  float *J;   /* (STEPS_MOST) */
  char *kept; /* of each step (STEPS_MOST), or of the last */
} Lane;

typedef struct {
  Lane *lane;           /* (lanes) */
  Lane **longest_first; /* (lanes) */
  int used;             /* lanes that have a piece */
  double part;          /* of the file, up to its last piece */
} Batch;

/* What a job computes with. */
typedef struct {
  Tape *tape;
  float *q;  /* logits, or yhat */
  double *J; /* (PREDICT_T,PREDICT_BLOCK), with_loss */
} Bench;

typedef struct {
  const Model *model;
  Factors *factors;
  Bench *bench;  /* (blocks) */
  Bench mending; /* of one lane, while a batch is handed out */
} Net;

struct Predictor {
  PredictWish wish;
  const Kernels *kernels;
  Net *net;
  int nets, threads, lanes, blocks; /* of a batch */
  Steps *steps;
  Batch *reading, *computing, *handing;
  /* of the reading: */
  SeqFile *file;
  const Piece *last; /* that was read, NULL: none yet */
  int more;          /* 1: there may be more; 0: the file has ended; -1: it is broken */
  Why broken;        /* in this way */
  SeqNotes notes;    /* of the file that was read */
  /* of the handing out: */
  PredictTake *take;
  void *context;
  int rc; /* of take */
  Why *why;
  /* of the record that the last piece handed out belongs to: */
  uint64_t tokens, own_steps;
  Outcome *of;  /* (nets) but for nats */
  double *nats; /* (nets) */
};

/* ---- memory --------------------------------------------------------------------------------- */

static Outcome *new_outcomes(const Predictor *p) {
  Outcome *of = alloc_new((size_t)p->nets, sizeof *of);
  for (int i = 0; i < p->nets; i++) {
    const size_t D = (size_t)p->net[i].model->shape.D;
    of[i].seam = alloc_floats(D);
    of[i].h = alloc_floats(D);
    if (p->wish.with_sum) of[i].h_sum = alloc_new(D, sizeof *of[i].h_sum);
  }
  return of;
}

static void free_outcomes(Outcome *of, int nets) {
  for (int i = 0; of && i < nets; i++) {
    free(of[i].seam);
    free(of[i].h);
    free(of[i].h_sum);
  }
  free(of);
}

static bool wants_logits(const PredictWish *wish) { return wish->with_loss || wish->kept > 0; }

static Bench new_bench(const Net *net, const PredictWish *wish, int lanes) {
  const Shape *shape = &net->model->shape;
  const int rows = PREDICT_T * lanes;
  return (Bench){.tape = tape_new(shape, PREDICT_T, lanes, net->factors),
                 .q = wants_logits(wish) ? alloc_floats(softmax_logits(shape, rows, 0)) : NULL,
                 .J = wish->with_loss ? alloc_new((size_t)rows, sizeof(double)) : NULL};
}

static void free_bench(Bench *bench) {
  tape_free(bench->tape);
  free(bench->q);
  free(bench->J);
}

static Net new_net(const Model *model, const Predictor *p) {
  Net net = {.model = model};
  net.factors = factors_forward(model->weights, &model->shape, wants_logits(&p->wish), p->threads,
                                p->kernels->products);
  net.bench = alloc_new((size_t)p->blocks, sizeof *net.bench);
  for (int i = 0; i < p->blocks; i++) net.bench[i] = new_bench(&net, &p->wish, PREDICT_BLOCK);
  net.mending = new_bench(&net, &p->wish, 1);
  return net;
}

static size_t kept_bytes(const PredictWish *wish) {
  return wish->each_step ? wish->kept * STEPS_MOST : wish->kept;
}

/* Fewer than there could be where their logits would take more than 256 MB, or what is kept. */
static int count_lanes(const Model *models, int n_models, const PredictWish *wish, int threads) {
  const int blocks = threads < BLOCKS ? BLOCKS : threads > BLOCKS_MAX ? BLOCKS_MAX : threads;
  size_t logits = 1, most = (size_t)blocks * PREDICT_BLOCK;
  for (int i = 0; i < n_models && wants_logits(wish); i++)
    logits += softmax_logits(&models[i].shape, 0, 0);
  if (most > LOGITS_MAX / logits * PREDICT_BLOCK) most = LOGITS_MAX / logits * PREDICT_BLOCK;
  if (most == 0) most = PREDICT_BLOCK;
  const size_t kept = kept_bytes(wish) * BATCHES;
  if (kept > 0 && most > KEPT_MAX / kept) most = KEPT_MAX / kept;
  return most > 0 ? (int)most : 1;
}

static Batch *new_batch(int lanes) {
  Batch *batch = alloc_new(1, sizeof *batch);
  batch->lane = alloc_new((size_t)lanes, sizeof *batch->lane);
  batch->longest_first = alloc_new((size_t)lanes, sizeof *batch->longest_first);
  return batch;
}

Predictor *predict_new(const Model *models, int n_models, PredictWish wish, int threads,
                       const Kernels *kernels) {
  Predictor *p = alloc_new(1, sizeof *p);
  p->wish = wish;
  p->kernels = kernels;
  p->threads = threads;
  p->lanes = count_lanes(models, n_models, &wish, threads);
  p->blocks = (p->lanes + PREDICT_BLOCK - 1) / PREDICT_BLOCK;
  p->steps = steps_new(models->shape.k, models->shape.s, wish.reading);
  p->nets = n_models;
  p->net = alloc_new((size_t)n_models, sizeof *p->net);
  for (int i = 0; i < n_models; i++) p->net[i] = new_net(&models[i], p);
  p->reading = new_batch(p->lanes);
  p->computing = new_batch(p->lanes);
  p->handing = new_batch(p->lanes);
  p->of = new_outcomes(p);
  p->nats = alloc_new((size_t)n_models, sizeof *p->nats);
  return p;
}

static void free_batch(Batch *batch, const Predictor *p) {
  for (int i = 0; i < p->lanes; i++) {
    Lane *lane = &batch->lane[i];
    piece_clear(&lane->piece);
    free_outcomes(lane->of, p->nets);
    free(lane->J);
    free(lane->kept);
  }
  free(batch->lane);
  free(batch->longest_first);
  free(batch);
}

void predict_free(Predictor *p) {
  if (!p) return;
  free_batch(p->reading, p);
  free_batch(p->computing, p);
  free_batch(p->handing, p);
  free_outcomes(p->of, p->nets);
  free(p->nats);
  for (int i = 0; i < p->nets; i++) {
    for (int j = 0; j < p->blocks; j++) free_bench(&p->net[i].bench[j]);
    free(p->net[i].bench);
    free_bench(&p->net[i].mending);
    factors_free(p->net[i].factors);
  }
  steps_free(p->steps);
  free(p->net);
  free(p);
}

/* ---- windows -------------------------------------------------------------------------------- */

/* Copies steps from..from+T-1 of a tape's lanes into it; lanes without any are idle. */
static void load_window(Tape *tape, Lane *const *lanes, int from) {
  for (int b = 0; b < tape->B; b++) {
    const Piece *piece = &lanes[b]->piece;
    for (int t = 0; t < tape->T; t++) {
      const bool idle = from + t >= piece->n;
      const size_t at = (size_t)t * (size_t)tape->B + (size_t)b;
      tape->x[at] = idle ? 0 : piece->x[from + t];
      tape->y[at] = idle ? -1 : piece->y[from + t];
      tape->restart[at] = idle || piece->restart[from + t];
    }
  }
}

/* How many steps of a lane are in a window. */
static int steps_of(const Lane *lane, const Tape *tape, int from) {
  const int left = lane->piece.n - from;
  return left < tape->T ? left : tape->T;
}

/* The state of a lane after step t of a window. */
static const float *state_of(const Tape *tape, int t, int b, size_t D) {
  return tape->h + (size_t)((t + 1) * tape->B + b) * D;
}

/* Adds up a lane's own states of a window, in the order of its steps. */
static void add_states(double *sum, const Lane *lane, const Tape *tape, int b, int from, size_t D) {
  const int steps = steps_of(lane, tape, from);
  for (int t = 0; t < steps && from >= lane->piece.warmup; t++) {
    const float *h = state_of(tape, t, b, D);
    for (size_t i = 0; i < D; i++) sum[i] += (double)h[i];
  }
}

/* What a window says of each lane: its losses in order, and the state after its last step. */
static void take_window(Lane *const *lanes, int net, const Bench *bench, int from, size_t D) {
  const Tape *tape = bench->tape;
  for (int b = 0; b < tape->B; b++) {
    Lane *lane = lanes[b];
    Outcome *of = &lane->of[net];
    const int steps = steps_of(lane, tape, from);
    for (int t = 0; t < steps && bench->J; t++) {
      of->nats += bench->J[t * tape->B + b];
      if (lane->J) lane->J[from + t] = (float)bench->J[t * tape->B + b];
    }
    if (of->h_sum) add_states(of->h_sum, lane, tape, b, from, D);
    memcpy(of->h, state_of(tape, steps - 1, b, D), D * sizeof *of->h);
    if (from + steps == lane->piece.warmup) memcpy(of->seam, of->h, D * sizeof *of->h);
  }
}

/* What is to be kept of yhat after each of a window's steps. */
static void distil_window(const Predictor *p, const Net *net, const Bench *bench,
                          Lane *const *lanes, int from) {
  const Tape *tape = bench->tape;
  const Shape *shape = &net->model->shape;
  const size_t n = (size_t)shape->n, D = (size_t)shape->D;
  const int rows = tape->T * tape->B, most = softmax_rows(shape);
  for (int at = 0, some; at < rows; at += some) {
    some = rows - at < most ? rows - at : most;
    softmax_yhat(bench->q, tape->x + at, state_of(tape, 0, 0, D) + (size_t)at * D, some,
                 net->factors, shape, p->kernels);
    for (int row = at; row < at + some; row++) {
      const Lane *lane = lanes[row % tape->B];
      const int step = from + row / tape->B;
      if (step >= lane->piece.warmup && step < lane->piece.n)
        p->wish.distil(p->wish.context, lane->kept + (size_t)step * p->wish.kept,
                       bench->q + (size_t)(row - at) * n, tape->x[row]);
    }
  }
}

/* The same after the last step of a record. */
static void distil_last(const Predictor *p, const Net *net, const Bench *bench, const Lane *lane) {
  const Piece *piece = &lane->piece;
  if (piece->last < 0) return;
  softmax_yhat(bench->q, &piece->last, lane->of->h, 1, net->factors, &net->model->shape,
               p->kernels);
  p->wish.distil(p->wish.context, lane->kept, bench->q, piece->last);
}

static void run_window(const Predictor *p, int i, const Bench *bench, Lane *const *lanes,
                       int from) {
  const Net *net = &p->net[i];
  const Shape *shape = &net->model->shape;
  Tape *tape = bench->tape;
  load_window(tape, lanes, from);
  rnn_forward(tape, net->factors, shape, p->kernels);
  if (p->wish.with_loss)
    softmax_loss(bench->J, NULL, NULL, bench->q, tape->x, tape->y,
                 state_of(tape, 0, 0, (size_t)shape->D), tape->T * tape->B, 0, net->factors, shape,
                 p->kernels);
  take_window(lanes, i, bench, from, (size_t)shape->D);
  if (p->wish.kept > 0 && p->wish.each_step && i == 0) distil_window(p, net, bench, lanes, from);
  tape_carry(tape, shape);
}

/* Runs lanes, the longest first, through the windows of their steps, from step `from` on. */
static void run_lanes(const Predictor *p, int net, const Bench *bench, Lane *const *lanes, int n,
                      int from) {
  Tape *tape = bench->tape;
  const size_t D = (size_t)p->net[net].model->shape.D;
  for (int b = 0; b < n; b++) {
    Outcome *of = &lanes[b]->of[net];
    of->nats = 0;
    if (of->h_sum) memset(of->h_sum, 0, D * sizeof *of->h_sum);
  }
  for (tape->B = n;; from += PREDICT_T) {
    while (tape->B > 0 && lanes[tape->B - 1]->piece.n <= from) tape->B--;
    if (tape->B == 0) break;
    const int left = lanes[0]->piece.n - from;
    tape->T = left < PREDICT_T ? left : PREDICT_T;
    run_window(p, net, bench, lanes, from);
  }
  if (p->wish.kept > 0 && !p->wish.each_step && net == 0)
    for (int b = 0; b < n; b++) distil_last(p, &p->net[net], bench, lanes[b]);
}

/* ---- batches -------------------------------------------------------------------------------- */

/* Lanes get their memory with their first piece: most inputs do not need them all. */
static void new_lane(const Predictor *p, Lane *lane) {
  piece_init(&lane->piece);
  lane->of = new_outcomes(p);
  if (p->wish.with_loss && p->wish.each_step) lane->J = alloc_new(STEPS_MOST, sizeof *lane->J);
  if (p->wish.kept > 0) lane->kept = alloc_new(kept_bytes(&p->wish), 1);
}

static int longer_first(const void *a, const void *b) {
  const Lane *one = *(Lane *const *)a, *other = *(Lane *const *)b;
  if (other->piece.n != one->piece.n) return other->piece.n - one->piece.n;
  return (one > other) - (one < other); /* qsort is not stable everywhere */
}

/* Reads pieces until all lanes of a batch have one or the file ends; or until others would have to
 * wait for the next one, which are those of the batch, or `waiting`. What was read is good in any
 * case. */
static void read_batch(Predictor *p, Batch *batch, bool waiting) {
  size_t names = 0; /* bytes */
  for (batch->used = 0; batch->used < p->lanes; batch->used++, waiting = true) {
    Lane *lane = &batch->lane[batch->used];
    if (names >= NAMES_MAX) break;
    if (waiting && steps_wait(p->steps, p->last, p->file)) break;
    if (!lane->of) new_lane(p, lane);
    p->more = steps_read(p->steps, &lane->piece, p->last, p->file, &p->broken);
    if (p->more <= 0) break;
    batch->longest_first[batch->used] = lane;
    p->last = &lane->piece;
    if (lane->piece.first) names += strlen(lane->piece.name);
  }
  batch->part = seqfile_part(p->file);
  for (int i = batch->used; i < p->lanes; i++) piece_drop_name(&batch->lane[i].piece);
  qsort(batch->longest_first, (size_t)batch->used, sizeof(Lane *), longer_first);
}

static bool fits(const float *seam, const float *h, int D) {
  for (int i = 0; i < D; i++)
    if (!(fabsf(seam[i] - h[i]) <= PREDICT_SEAM * fmaxf(1, fabsf(h[i])))) return false;
  return true;
}

/* Computes a piece whose warm-up was too short again, from the state h before it. */
static void mend_seam(const Predictor *p, int net, Lane *lane, const float *h) {
  const Bench *bench = &p->net[net].mending;
  const int D = p->net[net].model->shape.D;
  Outcome *of = &lane->of[net];
  if (fits(of->seam, h, D)) return;
  memcpy(bench->tape->h, h, (size_t)D * sizeof *h);
  memcpy(of->h, h, (size_t)D * sizeof *h); /* for a piece that has no steps of its own */
  run_lanes(p, net, bench, (Lane *const[]){lane}, 1, lane->piece.warmup);
}

/* Adds a piece to what is known of its record from one network. */
static void add_piece(const Predictor *p, int net, Lane *lane) {
  const size_t D = (size_t)p->net[net].model->shape.D;
  Outcome *record = &p->of[net], *of = &lane->of[net];
  if (!lane->piece.first) mend_seam(p, net, lane, record->h);
  p->nats[net] = of->nats + (lane->piece.first ? 0 : p->nats[net]);
  memcpy(record->h, of->h, D * sizeof *of->h);
  for (size_t i = 0; i < D && of->h_sum; i++)
    record->h_sum[i] = of->h_sum[i] + (lane->piece.first ? 0 : record->h_sum[i]);
}

static int hand_out(Predictor *p, Batch *batch) {
  int rc = 0;
  for (int i = 0; i < batch->used && rc == 0; i++) {
    Lane *lane = &batch->lane[i];
    const Piece *piece = &lane->piece;
    if (piece->first) p->tokens = p->own_steps = 0;
    p->tokens += piece->tokens;
    p->own_steps += (uint64_t)(piece->n - piece->warmup);
    for (int net = 0; net < p->nets; net++) add_piece(p, net, lane);
    Prediction prediction = {.piece = piece,
                             .tokens = p->tokens,
                             .nats = p->nats,
                             .J = lane->J,
                             .h = p->of->h,
                             .h_sum = p->of->h_sum,
                             .steps = p->own_steps,
                             .batch_ends = i == batch->used - 1,
                             .kept = lane->kept};
    rc = p->take(p->context, &prediction, p->why);
  }
  return rc;
}

static void batch_job(void *context, int job) {
  Predictor *p = context;
  if (job == READ_JOB) {
    p->reading->used = 0;
    if (p->more > 0) read_batch(p, p->reading, p->computing->used > 0 || p->handing->used > 0);
  } else if (job == HAND_JOB) {
    p->rc = hand_out(p, p->handing);
  } else {
    const int net = (job - FIRST_BLOCK_JOB) % p->nets, block = (job - FIRST_BLOCK_JOB) / p->nets;
    const int left = p->computing->used - block * PREDICT_BLOCK;
    run_lanes(p, net, &p->net[net].bench[block],
              p->computing->longest_first + block * PREDICT_BLOCK,
              left < PREDICT_BLOCK ? left : PREDICT_BLOCK, 0);
  }
}

int predict_file(Predictor *p, const char *path, PredictTake *take, void *context, Why *why) {
  p->file = seqfile_open(path, why);
  if (!p->file) return -1;
  p->last = NULL;
  p->more = 1;
  p->take = take;
  p->context = context;
  p->why = why;
  p->rc = 0;
  read_batch(p, p->computing, false);
  p->handing->used = 0;
  while (p->rc == 0 && (p->computing->used > 0 || p->handing->used > 0 || p->more > 0)) {
    const int blocks = (p->computing->used + PREDICT_BLOCK - 1) / PREDICT_BLOCK;
    parallel_run(p->threads, FIRST_BLOCK_JOB + blocks * p->nets, batch_job, p);
    Batch *handed = p->handing;
    p->handing = p->computing;
    p->computing = p->reading;
    p->reading = handed;
  }
  p->notes = seqfile_notes(p->file);
  seqfile_close(p->file);
  if (p->rc == 0 && p->more < 0) {
    *why = p->broken;
    p->rc = -1;
  }
  return p->rc;
}

SeqNotes predict_notes(const Predictor *p) { return p->notes; }

double predict_part(const Predictor *p) { return p->handing->part; }
