#include "scoring/predict_net.h"

#include "base/alloc.h"
#include "net/softmax.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(STEPS_WARMUP % PREDICT_T == 0, "a warm-up ends where a window does");

/* The workspace of a job. */
typedef struct Workspace {
  Tape *tape;
  float *q;           /* logits, or yhat */
  double *J;          /* (PREDICT_T,PREDICT_BLOCK), with_loss */
  Evidence *evidence; /* (PREDICT_T,PREDICT_BLOCK); NULL: no memory */
} Workspace;

/* ---- memory --------------------------------------------------------------------------------- */

bool predict_net_has_logits(const PredictWish *wish) {
  return wish->with_loss || (wish->kept > 0 && !wish->of_state);
}

static Workspace new_workspace(const PredictNet *net, int slots) {
  const Shape *shape = &net->model->shape;
  const PredictWish *wish = net->wish;
  const int rows = PREDICT_T * slots;
  Workspace work = {.tape = tape_new(shape, PREDICT_T, slots, net->factors)};
  if (predict_net_has_logits(wish)) work.q = alloc_floats(softmax_logits(shape, rows, false));
  if (wish->with_loss) work.J = alloc_new((size_t)rows, sizeof *work.J);
  if (net->remembers) work.evidence = alloc_new((size_t)rows, sizeof *work.evidence);
  return work;
}

static void free_workspace(Workspace *work) {
  tape_free(work->tape);
  free(work->q);
  free(work->J);
  free(work->evidence);
}

PredictNet predict_net_new(const Model *model, const PredictWish *wish, int number, int blocks,
                           int threads, const Kernels *kernels) {
  PredictNet net = {.model = model, .wish = wish, .kernels = kernels, .number = number};
  net.remembers = wish->memory != EVIDENCE_OFF && model->memory;
  net.factors = factors_forward(model->weights, &model->shape, predict_net_has_logits(wish),
                                threads, kernels->products);
  net.blocks = blocks;
  net.work = alloc_new((size_t)blocks, sizeof *net.work);
  for (int i = 0; i < blocks; i++) net.work[i] = new_workspace(&net, PREDICT_BLOCK);
  net.mending = alloc_new(1, sizeof *net.mending);
  *net.mending = new_workspace(&net, 1);
  return net;
}

void predict_net_free(PredictNet *net) {
  for (int i = 0; i < net->blocks; i++) free_workspace(&net->work[i]);
  free_workspace(net->mending);
  free(net->work);
  free(net->mending);
  factors_free(net->factors);
}

/* ---- windows -------------------------------------------------------------------------------- */

/* Copies steps from..from+T-1 of the slots to the tape; slots without steps are idle. */
static void load_window(Tape *tape, Slot *const *slots, int from) {
  for (int b = 0; b < tape->B; b++) {
    const Stretch *stretch = &slots[b]->stretch;
    for (int t = 0; t < tape->T; t++) {
      const bool idle = from + t >= stretch->n;
      const size_t at = (size_t)t * (size_t)tape->B + (size_t)b;
      tape->x[at] = idle ? 0 : stretch->x[from + t];
      tape->y[at] = idle ? -1 : stretch->y[from + t];
      tape->restart[at] = idle || stretch->restart[from + t];
    }
  }
}

/* Loads the evidence for the steps of a window. */
static void load_evidence(const PredictNet *net, const Workspace *work, Slot *const *slots,
                          int from) {
  const Tape *tape = work->tape;
  for (int b = 0; b < tape->B; b++) {
    const Slot *slot = slots[b];
    for (int t = 0; t < tape->T; t++) {
      Evidence *evidence = &work->evidence[t * tape->B + b];
      *evidence = (Evidence){.a = 1}; /* idle */
      if (from + t < slot->stretch.n)
        *evidence = evidence_of(&slot->of[net->number].evidence, from + t);
    }
  }
}

/* The number of steps of a slot in a window. */
static int steps_of(const Slot *slot, const Tape *tape, int from) {
  const int left = slot->stretch.n - from;
  return left < tape->T ? left : tape->T;
}

/* The state of a slot after step t of a window. */
static const float *state_of(const Tape *tape, int t, int b, size_t D) {
  return tape->h + (size_t)((t + 1) * tape->B + b) * D;
}

/* Adds up the states of a slot's own steps in a window, in order. */
static void add_states(double *sum, const Slot *slot, const Tape *tape, int b, int from, size_t D) {
  const int steps = steps_of(slot, tape, from);
  for (int t = 0; t < steps && from >= slot->stretch.warmup; t++) {
    const float *h = state_of(tape, t, b, D);
    for (size_t i = 0; i < D; i++) sum[i] += (double)h[i];
  }
}

/* Copies a window's results into its slots: losses in order, and the state after the last step. */
static void take_window(const PredictNet *net, const Workspace *work, Slot *const *slots,
                        int from) {
  const Tape *tape = work->tape;
  const size_t D = (size_t)net->model->shape.D;
  for (int b = 0; b < tape->B; b++) {
    Slot *slot = slots[b];
    Outcome *of = &slot->of[net->number];
    const int steps = steps_of(slot, tape, from);
    for (int t = 0; t < steps && work->J; t++) {
      of->nats += work->J[t * tape->B + b];
      if (slot->J && net->number == 0) slot->J[from + t] = (float)work->J[t * tape->B + b];
    }
    if (of->h_sum) add_states(of->h_sum, slot, tape, b, from, D);
    memcpy(of->h, state_of(tape, steps - 1, b, D), D * sizeof *of->h);
    if (from + steps == slot->stretch.warmup) memcpy(of->seam, of->h, D * sizeof *of->h);
  }
}

/* Distils the vector of a row of the window, unless the row belongs to the warm-up or to no
 * step. */
static void distil_row(const PredictWish *wish, const Tape *tape, Slot *const *slots, int from,
                       int row, const float *vector) {
  const Slot *slot = slots[row % tape->B];
  const Stretch *stretch = &slot->stretch;
  const int step = from + row / tape->B;
  if (step >= stretch->warmup && step < stretch->n)
    wish->distil(wish->context, slot->kept + (size_t)(step - stretch->warmup) * wish->kept, vector);
}

/* Distils the state after each of a window's steps. */
static void distil_states(const PredictNet *net, const Workspace *work, Slot *const *slots,
                          int from) {
  const Tape *tape = work->tape;
  const size_t D = (size_t)net->model->shape.D;
  for (int row = 0; row < tape->T * tape->B; row++)
    distil_row(net->wish, tape, slots, from, row, state_of(tape, 0, 0, D) + (size_t)row * D);
}

/* Distils yhat after each of a window's steps. */
static void distil_yhat(const PredictNet *net, const Workspace *work, Slot *const *slots,
                        int from) {
  const Tape *tape = work->tape;
  const Shape *shape = &net->model->shape;
  const size_t n = (size_t)shape->n, D = (size_t)shape->D;
  const int rows = tape->T * tape->B, most = softmax_rows(shape);
  for (int at = 0, some; at < rows; at += some) {
    some = rows - at < most ? rows - at : most;
    const Evidence *evidence = work->evidence ? work->evidence + at : NULL;
    softmax_yhat(work->q, tape->x + at, state_of(tape, 0, 0, D) + (size_t)at * D, evidence, some,
                 net->factors, shape, net->kernels);
    for (int row = at; row < at + some; row++)
      distil_row(net->wish, tape, slots, from, row, work->q + (size_t)(row - at) * n);
  }
}

/* Distils yhat after the last step of a record. */
static void distil_last(const PredictNet *net, const Workspace *work, const Slot *slot) {
  const Stretch *stretch = &slot->stretch;
  if (stretch->last < 0) return;
  if (net->remembers) *work->evidence = evidence_of(&slot->of->evidence, stretch->n - 1);
  softmax_yhat(work->q, &stretch->last, slot->of->h, work->evidence, 1, net->factors,
               &net->model->shape, net->kernels);
  net->wish->distil(net->wish->context, slot->kept, work->q);
}

static void run_window(const PredictNet *net, const Workspace *work, Slot *const *slots, int from) {
  const PredictWish *wish = net->wish;
  const Shape *shape = &net->model->shape;
  Tape *tape = work->tape;
  load_window(tape, slots, from);
  if (net->remembers) load_evidence(net, work, slots, from);
  rnn_forward(tape, net->factors, shape, net->kernels);
  if (wish->with_loss) {
    const SoftmaxRows rows = {.rows = tape->T * tape->B,
                              .x = tape->x,
                              .y = tape->y,
                              .h = state_of(tape, 0, 0, (size_t)shape->D),
                              .evidence = work->evidence,
                              .J = work->J,
                              .q = work->q};
    softmax_loss(&rows, net->factors, shape, net->kernels);
  }
  take_window(net, work, slots, from);
  if (wish->kept > 0 && wish->each_step && net->number == 0)
    (wish->of_state ? distil_states : distil_yhat)(net, work, slots, from);
  tape_carry(tape, shape);
}

/* Runs slots, the longest first, window by window, from step `from` on. */
static void run_slots(const PredictNet *net, const Workspace *work, Slot *const *slots, int n,
                      int from) {
  const PredictWish *wish = net->wish;
  Tape *tape = work->tape;
  const size_t D = (size_t)net->model->shape.D;
  for (int b = 0; b < n; b++) {
    Outcome *of = &slots[b]->of[net->number];
    of->nats = 0;
    if (of->h_sum) memset(of->h_sum, 0, D * sizeof *of->h_sum);
  }
  for (tape->B = n;; from += PREDICT_T) {
    while (tape->B > 0 && slots[tape->B - 1]->stretch.n <= from) tape->B--;
    if (tape->B == 0) break;
    const int left = slots[0]->stretch.n - from;
    tape->T = left < PREDICT_T ? left : PREDICT_T;
    run_window(net, work, slots, from);
  }
  if (wish->kept > 0 && !wish->each_step && net->number == 0)
    for (int b = 0; b < n; b++) distil_last(net, work, slots[b]);
}

void predict_net_run(const PredictNet *net, int block, Slot *const *slots, int n) {
  run_slots(net, &net->work[block], slots, n, 0);
}

/* ---- seams ---------------------------------------------------------------------------------- */

static bool fits(const float *seam, const float *h, int D) {
  for (int i = 0; i < D; i++)
    if (!(fabsf(seam[i] - h[i]) <= PREDICT_SEAM * fmaxf(1, fabsf(h[i])))) return false;
  return true;
}

void predict_net_mend(const PredictNet *net, Slot *slot, const float *h) {
  const int D = net->model->shape.D;
  Outcome *of = &slot->of[net->number];
  if (fits(of->seam, h, D)) return;
  memcpy(net->mending->tape->h, h, (size_t)D * sizeof *h);
  memcpy(of->h, h, (size_t)D * sizeof *h); /* for a stretch without steps of its own */
  run_slots(net, net->mending, (Slot *const[]){slot}, 1, slot->stretch.warmup);
}
