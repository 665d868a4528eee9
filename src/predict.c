#include "predict.h"

#include "alloc.h"
#include "kmer.h"
#include "parallel.h"
#include "seqfile.h"
#include "softmax.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = PREDICT_BLOCK * PREDICT_BLOCKS, LOGITS_MAX = 1 << 26, TABLE_TOKENS = 1 << 16 };

/* The k-mers of a record as they are read: the next one's label is known only after the next. */
typedef struct {
  int k, s, mask;
  int x;        /* the last k bases */
  uint64_t run; /* bases since the last break */
  int kmer;     /* read but not yet handed on, -1: none */
  bool restart; /* it is the first of its segment */
  int turned;   /* first bases of a circle that were read again after its last */
} Kmers;

/* A lane's record, or the piece of it that is being computed. */
typedef struct {
  char *name;
  bool continued, ended; /* it began in an earlier batch; its last letter was read */
  int n;                 /* steps in this batch */
  int *x, *y;            /* (PREDICT_STEPS) */
  uint8_t *restart;
  uint64_t tokens;
  double nats;
  bool circular;
  int last;
  float *h; /* (D) after the last step */
} Slot;

struct Predictor {
  const Model *model;
  const Kernels *kernels;
  int with_loss, threads;
  bool circular;
  Slot slot[SLOTS];
  int blocks, used; /* of slots; slots in this batch */
  Kmers kmers;
  Tape *tape[PREDICT_BLOCKS];
  Factors *factors;
  float *q[PREDICT_BLOCKS];
  double *J[PREDICT_BLOCKS];
};

Predictor *predict_new(const Model *model, int with_loss, bool circular, int threads,
                       const Kernels *kernels) {
  Predictor *p = alloc_new(1, sizeof *p);
  const Shape *shape = &model->shape;
  const size_t rows = (size_t)PREDICT_T * PREDICT_BLOCK;
  size_t q_rows = shape->softmax == FULL ? (size_t)softmax_rows(shape) : 1;
  size_t q_size = q_rows * (size_t)shape->n;
  p->model = model, p->kernels = kernels, p->with_loss = with_loss, p->threads = threads;
  p->circular = circular;
  p->blocks = PREDICT_BLOCKS; /* fewer where their logits would take more than 256 MB */
  while (with_loss && p->blocks > 1 && q_size * (size_t)p->blocks > LOGITS_MAX) p->blocks--;
  p->factors = factors_new(shape, TABLE_TOKENS, 0, kernels->products);
  factors_set(p->factors, model->weights, shape, threads);
  for (int i = 0; i < SLOTS; i++) {
    p->slot[i].x = alloc_new(PREDICT_STEPS, sizeof(int));
    p->slot[i].y = alloc_new(PREDICT_STEPS, sizeof(int));
    p->slot[i].restart = alloc_new(PREDICT_STEPS, 1);
    p->slot[i].h = alloc_floats((size_t)shape->D);
  }
  for (int i = 0; i < p->blocks; i++) {
    p->tape[i] = tape_new(shape, PREDICT_T, PREDICT_BLOCK, p->factors);
    p->J[i] = alloc_new(rows, sizeof(double));
    if (with_loss) p->q[i] = alloc_floats(softmax_logits(shape, (int)rows));
  }
  return p;
}

void predict_free(Predictor *p) {
  if (!p) return;
  for (int i = 0; i < SLOTS; i++) {
    Slot *slot = &p->slot[i];
    free(slot->name), free(slot->x), free(slot->y), free(slot->restart), free(slot->h);
  }
  for (int i = 0; i < PREDICT_BLOCKS; i++) tape_free(p->tape[i]), free(p->q[i]), free(p->J[i]);
  factors_free(p->factors), free(p);
}

/* ---- letters to steps ----------------------------------------------------------------------- */

static void push_step(Slot *slot, Kmers *kmers, int label) {
  if (kmers->kmer < 0) return;
  slot->x[slot->n] = kmers->kmer, slot->y[slot->n] = label;
  slot->restart[slot->n++] = kmers->restart;
  slot->last = kmers->kmer;
  slot->tokens += label >= 0;
}

static void push_letter(Slot *slot, Kmers *kmers, unsigned char letter) {
  int base = kmer_base(letter);
  if (base == KMER_BREAK) {
    push_step(slot, kmers, -1);
    kmers->run = 0, kmers->kmer = -1;
    return;
  }
  kmers->x = (kmers->x << 2 | base) & kmers->mask;
  uint64_t k = (uint64_t)kmers->k;
  if (++kmers->run < k || (kmers->run - k) % (uint64_t)kmers->s != 0) return;
  push_step(slot, kmers, kmers->kmer < 0 ? -1 : kmers->x);
  kmers->kmer = kmers->x, kmers->restart = kmers->run == k;
}

/* Whether the record's losses are asked for and go on over its end. */
static bool is_circle(const Predictor *p, const SeqFile *file) {
  return p->with_loss && (p->circular || seqfile_circular(file));
}

/* Up to n more letters of the record; after its last, where it is a circle, its
 * first k ones again. */
static ptrdiff_t read_letters(Predictor *p, SeqFile *file, char *letters, size_t n, Why *why) {
  Kmers *kmers = &p->kmers;
  char head[KMER_MAX];
  ptrdiff_t got = seqfile_read(file, letters, n, why);
  if (got != 0 || kmers->run == 0 || !is_circle(p, file)) return got;
  int left = seqfile_head(file, head);
  left = (left < kmers->k ? left : kmers->k) - kmers->turned;
  if (n > (size_t)left) n = (size_t)left;
  memcpy(letters, head + kmers->turned, n);
  kmers->turned += (int)n;
  return (ptrdiff_t)n;
}

/* Fills a slot with letters of the record that the file stands at: until it ends, or there may be
 * no room for the step of one more letter. */
static int fill_slot(Predictor *p, Slot *slot, SeqFile *file, Why *why) {
  char letters[512];
  ptrdiff_t n = 1;
  while (n > 0 && slot->n < PREDICT_STEPS - 1) {
    size_t room = (size_t)(PREDICT_STEPS - 1 - slot->n);
    n = read_letters(p, file, letters, room < sizeof letters ? room : sizeof letters, why);
    if (n < 0) return -1;
    for (ptrdiff_t i = 0; i < n; i++) push_letter(slot, &p->kmers, (unsigned char)letters[i]);
  }
  if (n > 0) return 0;
  push_step(slot, &p->kmers, -1);
  slot->ended = true, slot->circular = is_circle(p, file);
  return 0;
}

static void begin_record(Predictor *p, Slot *slot, const char *name) {
  const Shape *shape = &p->model->shape;
  p->kmers = (Kmers){.k = shape->k, .s = shape->s, .mask = shape->V - 1, .kmer = -1};
  slot->name = alloc_resize(slot->name, strlen(name) + 1, 1);
  strcpy(slot->name, name);
  slot->continued = slot->ended = false;
  slot->tokens = 0, slot->nats = 0, slot->last = -1;
}

/* Fills slots until all are full, the file ends or a record does not fit: 1 there may be more, 0
 * the file has ended, -1 it is broken. The slots in use are good in any case. */
static int fill_batch(Predictor *p, SeqFile *file, Why *why) {
  bool unfinished = p->used > 0 && !p->slot[p->used - 1].ended;
  if (unfinished) { /* goes on in the first slot, with its state */
    Slot last = p->slot[p->used - 1];
    p->slot[p->used - 1] = p->slot[0];
    p->slot[0] = last;
    p->slot[0].continued = true;
  }
  for (p->used = 0; p->used < p->blocks * PREDICT_BLOCK; unfinished = false) {
    Slot *slot = &p->slot[p->used];
    if (!unfinished) {
      int more = seqfile_next(file, why);
      if (more <= 0) return more;
      begin_record(p, slot, seqfile_name(file));
    }
    slot->n = 0;
    if (fill_slot(p, slot, file, why) != 0) return -1;
    p->used++;
    if (!slot->ended) break;
  }
  return 1;
}

/* ---- steps to numbers ----------------------------------------------------------------------- */

/* Copies steps from..from+T-1 of a block's slots into its tape; lanes without any are idle. */
static void load_window(Tape *tape, const Slot *slots, int from) {
  for (int b = 0; b < tape->B; b++) {
    const Slot *slot = &slots[b];
    for (int t = 0; t < tape->T; t++) {
      bool idle = from + t >= slot->n;
      size_t at = (size_t)t * (size_t)tape->B + (size_t)b;
      tape->x[at] = idle ? 0 : slot->x[from + t];
      tape->y[at] = idle ? -1 : slot->y[from + t];
      tape->restart[at] = idle || slot->restart[from + t];
    }
  }
}

/* What a window says of each slot: its losses in order, and the state after its last step. */
static void take_window(Slot *slots, const Tape *tape, const double *J, int from, size_t D) {
  for (int b = 0; b < tape->B; b++) {
    Slot *slot = &slots[b];
    int steps = slot->n - from < tape->T ? slot->n - from : tape->T;
    for (int t = 0; t < steps && J; t++) slot->nats += J[t * tape->B + b];
    if (steps > 0) memcpy(slot->h, tape->h + (size_t)(steps * tape->B + b) * D, D * sizeof(float));
  }
}

static void block_job(void *context, int block) {
  Predictor *p = context;
  const Shape *shape = &p->model->shape;
  const size_t D = (size_t)shape->D;
  Tape *tape = p->tape[block];
  Slot *slots = &p->slot[block * PREDICT_BLOCK];
  int left = p->used - block * PREDICT_BLOCK, steps = 0;
  tape->B = left < PREDICT_BLOCK ? left : PREDICT_BLOCK;
  for (int b = 0; b < tape->B; b++) {
    if (slots[b].n > steps) steps = slots[b].n;
    if (slots[b].continued) memcpy(tape->h + (size_t)b * D, slots[b].h, D * sizeof(float));
  }
  for (int from = 0; from < steps; from += PREDICT_T) {
    load_window(tape, slots, from);
    rnn_forward(tape, p->factors, shape, p->kernels);
    if (p->with_loss)
      softmax_loss(p->J[block], NULL, NULL, p->q[block], tape->x, tape->y,
                   tape->h + (size_t)tape->B * D, tape->T * tape->B, 0, p->factors, shape,
                   p->kernels);
    take_window(slots, tape, p->with_loss ? p->J[block] : NULL, from, D);
    tape_carry(tape, shape);
  }
}

static int hand_out(const Predictor *p,
                    int (*take)(void *context, const Prediction *prediction, Why *why),
                    void *context, Why *why) {
  for (int i = 0; i < p->used; i++) {
    const Slot *slot = &p->slot[i];
    if (!slot->ended) continue;
    Prediction prediction = {slot->name,     slot->tokens, slot->nats,
                             slot->circular, slot->last,   slot->h};
    if (take(context, &prediction, why) != 0) return -1;
  }
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
