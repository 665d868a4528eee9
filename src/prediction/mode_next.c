#include "net/softmax.h"
#include "prediction/duplex.h"
#include "prediction/modes.h"
#include "sequence/kmer.h"

#include <math.h>
#include <stdbool.h>

enum { ALL = 16, TOP = 10 };

/* An entry of yhat. A prediction keeps the most likely entries in order, or with --bases four
 * sums. */
typedef struct {
  float p;
  int i; /* index into yhat */
} Likely;

typedef struct {
  const Shape *shape;
  Table *table;
  int top;
  bool each, bases;
  size_t kept; /* bytes of a step */
  int columns;
  /* With --strands both: */
  Duplex *duplex;   /* of the probabilities of bases */
  const char *name; /* of the record being written */
} Next;

/* ---- yhat ------------------------------------------------------------------------------------ */

/* Whether a is more likely than b; among equals the first counts as more likely. */
static bool likelier(Likely a, Likely b) { return a.p != b.p ? a.p > b.p : a.i < b.i; }

/* Restores a heap (n), with the least likely entry as its root, after its root has changed. */
static void sink(Likely *heap, int n) {
  const Likely root = heap[0];
  int at = 0;
  for (int child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && likelier(heap[child], heap[child + 1])) child++;
    if (!likelier(root, heap[child])) break;
    heap[at] = heap[child];
  }
  heap[at] = root;
}

/* Collects the most likely entries in a heap, then empties it to sort them. */
static void keep_top(const void *context, void *kept, const float *yhat) {
  const Next *next = context;
  Likely *heap = kept;
  for (int i = 0; i < next->top; i++) heap[i] = (Likely){-INFINITY, 0};
  for (int i = 0; i < next->shape->n; i++) {
    if (yhat[i] <= heap[0].p) continue;
    heap[0] = (Likely){yhat[i], i};
    sink(heap, next->top);
  }
  for (int n = next->top - 1; n > 0; n--) {
    const Likely least = heap[0];
    heap[0] = heap[n];
    heap[n] = least;
    sink(heap, n);
  }
}

static void keep_bases(const void *context, void *kept, const float *yhat) {
  const Next *next = context;
  double sum[4];
  softmax_bases(sum, yhat, next->shape);
  for (int base = 0; base < 4; base++) ((float *)kept)[base] = (float)sum[base];
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Begins a row; position is that of the next base. */
static void begin_row(const Next *next, const char *record, uint64_t position) {
  table_text(next->table, record);
  if (next->each) table_whole(next->table, position);
}

static void put_likely(const Next *next, const char *record, const Likely *likely, int x,
                       uint64_t position) {
  char kmer[KMER_MAX + 1];
  for (int i = 0; i < next->top; i++) {
    kmer_text(kmer, softmax_first(x, next->shape) + likely[i].i, next->shape->k);
    begin_row(next, record, position);
    table_whole(next->table, (uint64_t)i + 1);
    table_text(next->table, kmer);
    table_probability(next->table, (double)likely[i].p);
    table_end(next->table);
  }
}

static void put_bases(const Next *next, const char *record, const float *p, uint64_t position) {
  begin_row(next, record, position);
  for (int base = 0; base < 4; base++) table_probability(next->table, (double)p[base]);
  table_end(next->table);
}

/* Writes a row for a position; NULL: the strand has no prediction. The complement of A is T. */
static int put_both(void *context, uint64_t position, const void *forward, const void *reverse,
                    Why *why) {
  const Next *next = context;
  const float *strands[] = {forward, reverse};
  begin_row(next, next->name, position);
  for (int strand = 0; strand < 2; strand++) {
    const float *p = strands[strand];
    if (!p) table_none(next->table, 4);
    if (p && task_finite(next->name, (double)*p, why) != 0) return -1;
    for (int base = 0; p && base < 4; base++)
      table_probability(next->table, (double)p[strand ? 3 - base : base]);
  }
  table_end(next->table);
  return 0;
}

static void put_unknown(const Next *next, const char *record) {
  table_text(next->table, record);
  table_none(next->table, next->columns - 1);
  table_end(next->table);
}

/* Writes the kept part of yhat after k-mer x; both forms begin with a probability. */
static int put_kept(const Next *next, const char *record, const void *kept, int x,
                    uint64_t position, Why *why) {
  if (task_finite(record, (double)*(const float *)kept, why) != 0) return -1;
  if (next->bases)
    put_bases(next, record, kept, position);
  else
    put_likely(next, record, kept, x, position);
  return 0;
}

/* Takes predictions of both strands, at the positions of the forward strand. */
static int take_both(void *context, const Prediction *prediction, Why *why) {
  Next *next = context;
  const Stretch *stretch = prediction->stretch;
  const char *kept = prediction->kept;
  next->name = stretch->name;
  for (int i = stretch->warmup; i < stretch->n; i++, kept += next->kept)
    duplex_add(next->duplex, stretch->reversed, stretch_turned(stretch, stretch->position[i]),
               kept);
  if (!stretch->ended || !stretch->reversed) return 0;
  if (duplex_empty(next->duplex)) put_unknown(next, stretch->name);
  return duplex_take(next->duplex, put_both, next, why);
}

static int take_next(void *context, const Prediction *prediction, Why *why) {
  const Next *next = context;
  const Stretch *stretch = prediction->stretch;
  const char *kept = prediction->kept;
  if (stretch->ended && (next->each ? prediction->steps == 0 : stretch->last < 0)) {
    put_unknown(next, stretch->name);
  } else if (next->each) {
    for (int i = stretch->warmup; i < stretch->n; i++)
      if (put_kept(next, stretch->name, kept + (size_t)(i - stretch->warmup) * next->kept,
                   stretch->x[i], stretch->position[i], why) != 0)
        return -1;
  } else if (stretch->ended) {
    return put_kept(next, stretch->name, kept, stretch->last, 0, why);
  }
  return 0;
}

static Table *new_table(const Task *task, const Next *next) {
  static const char *const likely[] = {"rank", "kmer", "probability"};
  static const char *const bases[] = {"A",         "C",         "G",         "T",
                                      "reverse_A", "reverse_C", "reverse_G", "reverse_T"};
  const char *columns[10] = {"record", "position"};
  const int fixed = 1 + next->each;
  for (int i = fixed; i < next->columns; i++)
    columns[i] = (next->bases ? bases : likely)[i - fixed];
  return task_table(task, columns, next->columns);
}

int mode_next(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const Shape *shape = &task->models->shape;
  const bool each = o->positions == POSITIONS_ALL, both = o->strands == STRANDS_BOTH;
  int top = shape->n <= ALL ? ALL : TOP;
  if (o->top > 0) top = o->top;
  if (top > shape->n) top = shape->n;
  Next next = {.shape = shape, .top = top, .each = each, .bases = o->bases};
  next.kept = o->bases ? 4 * sizeof(float) : (size_t)top * sizeof(Likely);
  next.columns = (o->bases ? 5 : 4) + each + 4 * both;
  next.table = new_table(task, &next);
  if (both) next.duplex = duplex_new(next.kept, shape->s);
  const PredictWish wish = {
      .each_step = each,
      .kept = next.kept,
      .distil = o->bases ? keep_bases : keep_top,
      .context = &next,
      .memory = task_memory(task),
      .reading = {.to_end = !each, .both_strands = both, .alignment = STEPS_ALIGNED_NEXT}};
  const int rc = task_predict(task, wish, both ? take_both : take_next, &next, next.table, why);
  duplex_free(next.duplex);
  table_free(next.table);
  return rc;
}
