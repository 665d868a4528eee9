/* The records of a file pass through batches of stretches. In each round, a batch is in one of
 * these phases, and it moves on to the next phase after the round:
 *
 *   reading One job reads the next stretches; it alone uses the steps and the file.
 *   recalling  A job for each record and each network with a memory reads the steps of the record's
 *              stretches in order; it writes only their evidence. If no network has
 *              a memory, batches skip this phase.
 *   computing  A job for each block of slots and each network runs the steps, window by window, in
 *              its own workspace; it writes only the outcomes of its slots.
 *   handing    One job, in the order of the file, compares the stretches' seams, adds the outcomes
 *              up for the record, and calls take; it alone uses the sums and the workspaces for
 *              mending.
 *
 * All jobs of a round run side by side. They share models, factors and the wish, which do not
 * change. A stretch being read continues the last one read, which may be among those being computed
 * and does not change either. A batch owns its slots, a slot owns its stretch and outcomes, and a
 * network owns its factors and workspaces. */
#include "scoring/predict.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "net/softmax.h"
#include "scoring/predict_batch.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 8, BLOCKS_MAX = 64 }; /* blocks of a batch: one per thread, within these limits */
enum { LOGITS_MAX = 1 << 26 };        /* floats of all blocks */
enum { KEPT_MAX = 1 << 28 };          /* bytes of kept in all slots */
enum { BATCHES = 4 };
enum { HAND_JOB = 0, READ_JOB, FIRST_JOB };

struct Predictor {
  PredictWish wish;
  PredictNet *net;                  /* (nets) */
  int nets, threads, slots, blocks; /* of a batch */
  bool remembers;                   /* whether one of the nets uses its memory */
  size_t most_steps;                /* a batch ends once it has more steps */
  Steps *steps;
  Batch batch[BATCHES], *reading, *recalling, *computing, *handing;
  /* Reading: */
  int more;   /* 1: there may be more; 0: the file has ended; -1: it is broken */
  Why broken; /* the reason */
  /* Recalling, for each net: the reader of the record with which the recalled batch begins, and of
   * the record that continues in the next batch. */
  EvidenceReader **continued, **continuing;
  /* Handing out: */
  PredictTake *take;
  void *context;
  int rc; /* the result of take */
  Why *why;
  /* Sums over the record of the last stretch handed out: */
  uint64_t tokens, own_steps;
  Outcome *of;  /* (nets) all but nats */
  double *nats; /* (nets) */
};

/* ---- memory --------------------------------------------------------------------------------- */

/* The steps of a stretch. The states of each step take much memory: if those of a block would take
 * more than a quarter of KEPT_MAX, stretches are shorter, and blocks stay complete. The number
 * depends only on D, because the last bits of results depend on it. */
static int stretch_steps(const PredictWish *wish, int D) {
  const size_t step = PREDICT_BLOCK * (size_t)D * sizeof(float);
  int steps = STEPS_STRETCH;
  if (!wish->of_state) return steps;
  while (steps > STEPS_LEAST && (size_t)steps * step > KEPT_MAX / 4) steps /= 2;
  return steps > STEPS_LEAST ? steps : STEPS_LEAST;
}

/* The bytes of kept in a slot. */
static size_t kept_bytes(const PredictWish *wish) {
  return wish->each_step ? wish->kept * (size_t)wish->reading.stretch : wish->kept;
}

/* The slots of a batch: a block for each thread, or fewer if the logits, or the kept bytes of the
 * batches being computed and handed out, would take more than 256 MB. */
static int count_slots(const Model *models, int n_models, const PredictWish *wish, int threads) {
  int blocks = threads;
  if (blocks < BLOCKS) blocks = BLOCKS;
  if (blocks > BLOCKS_MAX) blocks = BLOCKS_MAX;
  size_t logits = 1, most = (size_t)blocks * PREDICT_BLOCK;
  for (int i = 0; i < n_models && predict_net_has_logits(wish); i++)
    logits += softmax_logits(&models[i].shape, 0, false);
  if (most > LOGITS_MAX / logits * PREDICT_BLOCK) most = LOGITS_MAX / logits * PREDICT_BLOCK;
  if (most == 0) most = PREDICT_BLOCK;
  const size_t kept = kept_bytes(wish) * 2;
  if (kept > 0 && most > KEPT_MAX / kept) most = KEPT_MAX / kept;
  return most > 0 ? (int)most : 1;
}

/* The most steps of a batch. With a memory, each record is read by one job while the previous batch
 * is computed. A quarter of the steps of the slots is then enough: computing begins early, and the
 * evidence of each network takes less memory. */
static size_t most_steps(const Predictor *p) {
  if (!p->remembers) return SIZE_MAX;
  return (size_t)p->slots * STEPS_STRETCH / 4 / (size_t)p->nets;
}

Predictor *predict_new(const Model *models, int n_models, PredictWish wish, int threads,
                       const Kernels *kernels) {
  Predictor *p = alloc_new(1, sizeof *p);
  wish.reading.stretch = stretch_steps(&wish, models->shape.D);
  p->wish = wish;
  p->threads = threads;
  p->slots = count_slots(models, n_models, &wish, threads);
  p->blocks = (p->slots + PREDICT_BLOCK - 1) / PREDICT_BLOCK;
  p->steps = steps_new(models->shape.k, models->shape.s, wish.reading);
  p->nets = n_models;
  p->net = alloc_new((size_t)n_models, sizeof *p->net);
  for (int i = 0; i < n_models; i++) {
    p->net[i] = predict_net_new(&models[i], &p->wish, i, p->blocks, threads, kernels);
    p->remembers |= p->net[i].remembers;
  }
  for (int i = 0; i < BATCHES; i++) p->batch[i] = batch_new(p->slots);
  p->most_steps = most_steps(p);
  p->reading = &p->batch[0];
  p->recalling = &p->batch[1];
  p->computing = &p->batch[2];
  p->handing = &p->batch[3];
  p->of = outcome_new(p->net, p->nets);
  p->nats = alloc_new((size_t)n_models, sizeof *p->nats);
  p->continued = alloc_new((size_t)n_models, sizeof(EvidenceReader *));
  p->continuing = alloc_new((size_t)n_models, sizeof(EvidenceReader *));
  return p;
}

void predict_free(Predictor *p) {
  if (!p) return;
  for (int i = 0; i < BATCHES; i++) batch_free(&p->batch[i], p->nets);
  outcome_free(p->of, p->nets);
  free(p->nats);
  free(p->continued);
  free(p->continuing);
  for (int i = 0; i < p->nets; i++) predict_net_free(&p->net[i]);
  steps_free(p->steps);
  free(p->net);
  free(p);
}

/* ---- recalling ------------------------------------------------------------------------------ */

/* Finds the evidence for the stretches of a record in a batch, for one of the networks. */
static void recall_record(const Predictor *p, Batch *batch, int record, int i) {
  const Model *model = p->net[i].model;
  Slot *slot = batch->record[record];
  Slot *end = record + 1 < batch->records ? batch->record[record + 1] : batch->slot + batch->used;
  if (!p->net[i].remembers) return;
  EvidenceReader *reader = p->continued[i];
  if (slot->stretch.first)
    reader = evidence_new(model->memory, &model->recall, &model->shape, p->wish.memory,
                          slot->stretch.name);
  for (; slot < end; slot++) evidence_read(reader, &slot->stretch, &slot->of[i].evidence);
  end[-1].of[i].found = evidence_found(reader);
  if (end[-1].stretch.ended)
    evidence_free(reader);
  else
    p->continuing[i] = reader;
}

/* Prepares the unfinished record of the batch for the next batch. */
static void continue_record(const Predictor *p) {
  if (p->recalling->used == 0) return;
  for (int i = 0; i < p->nets; i++) {
    p->continued[i] = p->continuing[i];
    p->continuing[i] = NULL;
  }
}

static void forget_record(const Predictor *p) {
  for (int i = 0; i < p->nets; i++) {
    evidence_free(p->continued[i]);
    p->continued[i] = NULL;
  }
}

/* ---- handing out ---------------------------------------------------------------------------- */

/* Adds the results of one network for a stretch to those of its record. */
static void add_stretch(const Predictor *p, int net, Slot *slot) {
  const size_t D = (size_t)p->net[net].model->shape.D;
  Outcome *record = &p->of[net], *of = &slot->of[net];
  if (!slot->stretch.first) predict_net_mend(&p->net[net], slot, record->h);
  p->nats[net] = of->nats + (slot->stretch.first ? 0 : p->nats[net]);
  memcpy(record->h, of->h, D * sizeof *of->h);
  for (size_t i = 0; i < D && of->h_sum; i++)
    record->h_sum[i] = of->h_sum[i] + (slot->stretch.first ? 0 : record->h_sum[i]);
}

static int hand_out(Predictor *p, Batch *batch) {
  int rc = 0;
  for (int i = 0; i < batch->used && rc == 0; i++) {
    Slot *slot = &batch->slot[i];
    const Stretch *stretch = &slot->stretch;
    if (stretch->first) p->tokens = p->own_steps = 0;
    p->tokens += stretch->tokens;
    p->own_steps += (uint64_t)(stretch->n - stretch->warmup);
    bool found = false;
    for (int net = 0; net < p->nets; net++) {
      add_stretch(p, net, slot);
      found |= slot->of[net].found;
    }
    Prediction prediction = {.stretch = stretch,
                             .tokens = p->tokens,
                             .nats = p->nats,
                             .J = slot->J,
                             .h = p->of->h,
                             .h_sum = p->of->h_sum,
                             .steps = p->own_steps,
                             .found = found,
                             .batch_ends = i == batch->used - 1,
                             .part = batch->part,
                             .kept = slot->kept};
    rc = p->take(p->context, &prediction, p->why);
  }
  return rc;
}

/* ---- rounds --------------------------------------------------------------------------------- */

static void compute_block(const Predictor *p, int net, int block) {
  Slot **slots = p->computing->longest_first + block * PREDICT_BLOCK;
  int n = p->computing->used - block * PREDICT_BLOCK;
  if (n > PREDICT_BLOCK) n = PREDICT_BLOCK;
  for (int i = 0; i < n && p->wish.kept > 0 && net == 0; i++)
    if (!slots[i]->kept) slots[i]->kept = alloc_new(kept_bytes(&p->wish), 1);
  predict_net_run(&p->net[net], block, slots, n);
}

static bool any_in_hand(const Predictor *p) {
  return p->recalling->used > 0 || p->computing->used > 0 || p->handing->used > 0;
}

static void read_batch(Predictor *p) {
  const BatchSource source = {p->steps, p->net, p->nets, p->most_steps};
  p->reading->used = p->reading->records = 0;
  if (p->more > 0) p->more = batch_read(p->reading, &source, any_in_hand(p), &p->broken);
}

/* Runs a job of a round. The longest jobs come first, because a record may fill its batch. */
static void batch_job(void *context, int job) {
  Predictor *p = context;
  const int i = job - FIRST_JOB, recalls = p->recalling->records * p->nets;
  if (job == READ_JOB) {
    read_batch(p);
  } else if (job == HAND_JOB) {
    p->rc = hand_out(p, p->handing);
  } else if (i < recalls) {
    recall_record(p, p->recalling, i / p->nets, i % p->nets);
  } else {
    compute_block(p, (i - recalls) % p->nets, (i - recalls) / p->nets);
  }
}

/* Gives the memory of a batch that was handed out to a batch to be computed. */
static void take_kept(const Predictor *p, Batch *batch, Batch *handed) {
  for (int i = 0; i < p->slots; i++) {
    char *kept = batch->slot[i].kept;
    batch->slot[i].kept = handed->slot[i].kept;
    handed->slot[i].kept = kept;
  }
}

/* Moves every batch to its next phase. */
static void pass_batches_on(Predictor *p) {
  Batch *handed = p->handing;
  p->handing = p->computing;
  if (p->remembers) {
    continue_record(p);
    p->computing = p->recalling;
    p->recalling = p->reading;
  } else {
    p->computing = p->reading;
  }
  p->reading = handed;
  take_kept(p, p->computing, handed);
}

/* Predicts the records of the open file or span. */
static int predict_all(Predictor *p, PredictTake *take, void *context, Why *why) {
  p->more = 1;
  p->take = take;
  p->context = context;
  p->why = why;
  p->rc = 0;
  for (int i = 0; i < BATCHES; i++) p->batch[i].used = p->batch[i].records = 0;
  do {
    const int blocks = (p->computing->used + PREDICT_BLOCK - 1) / PREDICT_BLOCK;
    const int recalls = p->recalling->records;
    parallel_run(p->threads, FIRST_JOB + (recalls + blocks) * p->nets, batch_job, p);
    pass_batches_on(p);
  } while (p->rc == 0 && (any_in_hand(p) || p->more > 0));
  forget_record(p);
  if (p->rc != 0 || p->more == 0) return p->rc;
  *why = p->broken;
  return -1;
}

int predict_file(Predictor *p, const char *path, PredictTake *take, void *context, SeqNotes *notes,
                 Why *why) {
  if (steps_open(p->steps, path, why) != 0) return -1;
  const int rc = predict_all(p, take, context, why);
  *notes = seqfile_notes(steps_file(p->steps));
  steps_close(p->steps);
  return rc;
}

int predict_pairs(Predictor *p, const char *first, const char *second, PredictTake *take,
                  void *context, SeqNotes notes[2], Why *why) {
  if (steps_open_pairs(p->steps, first, second, why) != 0) return -1;
  const int rc = predict_all(p, take, context, why);
  notes[0] = seqfile_notes(steps_file(p->steps));
  notes[1] = seqfile_notes(steps_mate(p->steps));
  steps_close(p->steps);
  return rc;
}

int predict_span(Predictor *p, const Span *span, PredictTake *take, void *context, Why *why) {
  steps_open_span(p->steps, span);
  const int rc = predict_all(p, take, context, why);
  steps_close(p->steps);
  return rc;
}
