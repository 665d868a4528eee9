#include "net/softmax.h"
#include "prediction/modes.h"
#include "sequence/kmer.h"

#include <math.h>
#include <stdbool.h>

enum { ALL = 16, TOP = 10 };

/* An entry of yhat. A prediction keeps the likeliest in order, or with --bases four sums. */
typedef struct {
  float p;
  int i; /* index into yhat */
} Likely;

typedef struct Next Next;

/* The differences between the table of k-mers and that of bases. */
typedef struct {
  size_t kept;
  void (*distil)(const void *context, void *kept, const float *yhat);
  int (*put)(const Next *next, const Prediction *prediction, const void *kept, int x,
             uint64_t position, Why *why);
  const char *const *columns; /* all; "position" is left out for the last position alone */
  int n;
} View;

struct Next {
  const Shape *shape;
  Table *table;
  int top;
  bool each;
  View view;
};

/* ---- yhat ------------------------------------------------------------------------------------ */

/* The first of equals counts as the likelier. */
static bool likelier(Likely a, Likely b) { return a.p != b.p ? a.p > b.p : a.i < b.i; }

/* Restores a heap (n), whose root is the least likely, after its root has changed. */
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

/* Collects the likeliest in a heap, then empties it to sort them. */
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

static int put_likely(const Next *next, const Prediction *prediction, const void *kept, int x,
                      uint64_t position, Why *why) {
  const Likely *likely = kept;
  char kmer[KMER_MAX + 1];
  if (task_finite(prediction->stretch->name, (double)likely->p, why) != 0) return -1;
  for (int i = 0; i < next->top; i++) {
    kmer_text(kmer, softmax_first(x, next->shape) + likely[i].i, next->shape->k);
    table_text(next->table, prediction->stretch->name);
    if (next->each) table_whole(next->table, position);
    table_whole(next->table, (uint64_t)i + 1);
    table_text(next->table, kmer);
    table_probability(next->table, (double)likely[i].p);
    table_end(next->table);
  }
  return 0;
}

static int put_bases(const Next *next, const Prediction *prediction, const void *kept, int x,
                     uint64_t position, Why *why) {
  const float *p = kept;
  (void)x;
  if (task_finite(prediction->stretch->name, (double)*p, why) != 0) return -1;
  table_text(next->table, prediction->stretch->name);
  if (next->each) table_whole(next->table, position);
  for (int base = 0; base < 4; base++) table_probability(next->table, (double)p[base]);
  table_end(next->table);
  return 0;
}

static int take_next(void *context, const Prediction *prediction, Why *why) {
  const Next *next = context;
  const Stretch *stretch = prediction->stretch;
  const char *kept = prediction->kept;
  if (stretch->ended && (next->each ? prediction->steps == 0 : stretch->last < 0)) {
    table_text(next->table, stretch->name);
    table_none(next->table, next->view.n - 1 + next->each);
    table_end(next->table);
  } else if (next->each) {
    for (int i = stretch->warmup; i < stretch->n; i++)
      if (next->view.put(next, prediction, kept + (size_t)i * next->view.kept, stretch->x[i],
                         stretch->position[i], why) != 0)
        return -1;
  } else if (stretch->ended) {
    return next->view.put(next, prediction, kept, stretch->last, 0, why);
  }
  return 0;
}

int mode_next(const Task *task, Why *why) {
  static const char *const likely[] = {"record", "position", "rank", "kmer", "probability"},
                           *const bases[] = {"record", "position", "A", "C", "G", "T"};
  const PredictOptions *o = task->options;
  const Shape *shape = &task->models->shape;
  const bool each = o->positions == POSITIONS_ALL;
  int top = shape->n <= ALL ? ALL : TOP;
  if (o->top > 0) top = o->top;
  if (top > shape->n) top = shape->n;
  Next next = {.shape = shape, .top = top, .each = each};
  next.view = o->bases ? (View){4 * sizeof(float), keep_bases, put_bases, bases, 5}
                       : (View){(size_t)top * sizeof(Likely), keep_top, put_likely, likely, 4};
  const char *columns[6] = {next.view.columns[0]};
  for (int i = 1; i < next.view.n + each; i++) columns[i] = next.view.columns[i + !each];
  next.table = task_table(task, columns, next.view.n + each);
  const PredictWish wish = {.each_step = each,
                            .kept = next.view.kept,
                            .distil = next.view.distil,
                            .context = &next,
                            .reading = {.to_end = !each}};
  const int rc = task_predict(task, wish, take_next, &next, next.table, why);
  table_free(next.table);
  return rc;
}
