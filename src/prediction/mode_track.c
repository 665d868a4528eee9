#include "prediction/modes.h"
#include "sequence/kmer.h"

#include <math.h>

typedef struct {
  Table *table;
  int k, s;
  bool bedgraph;
  /* with --window, the window of the last base: */
  uint64_t width, start; /* its bases; the bases before it */
  uint64_t bases;        /* predicted bases in it */
  double bits;           /* their loss */
} Track;

/* ---- a row a k-mer -------------------------------------------------------------------------- */

static void put_step(const Track *track, const Stretch *stretch, int i, double J) {
  char kmer[KMER_MAX + 1];
  kmer_text(kmer, stretch->y[i], track->k);
  table_text(track->table, stretch->name);
  table_whole(track->table, stretch->position[i]);
  table_text(track->table, kmer);
  table_fixed(track->table, fmax(0, J * M_LOG2E), 4);
  table_probability(track->table, exp(-J));
  table_end(track->table);
}

static void put_interval(const Track *track, const char *name, uint64_t start, uint64_t end,
                         double bits_per_base) {
  table_text(track->table, name);
  table_whole(track->table, start);
  table_whole(track->table, end);
  table_fixed(track->table, fmax(0, bits_per_base), 4);
  table_end(track->table);
}

/* ---- a row a window ------------------------------------------------------------------------- */

/* bedGraph has no missing values: windows without predictions are left out. */
static void put_window(Track *track, const char *name, uint64_t end) {
  const double mean = track->bits / (double)track->bases;
  if (track->bedgraph) {
    if (track->bases > 0) put_interval(track, name, track->start, end, mean);
  } else {
    table_text(track->table, name);
    table_whole(track->table, track->start + 1);
    table_whole(track->table, end);
    table_whole(track->table, track->bases);
    table_fixed_or_none(track->table, mean < 0 ? 0 : mean, 4);
    table_end(track->table);
  }
  track->start = end;
  track->bases = 0;
  track->bits = 0;
}

/* Adds a base of the record, from 0 on, with its loss. */
static void add_base(Track *track, const char *name, uint64_t base, double bits) {
  while (base - track->start >= track->width) put_window(track, name, track->start + track->width);
  track->bases++;
  track->bits += bits;
}

static void end_windows(Track *track, const Stretch *stretch) {
  while (stretch->length - track->start > track->width)
    put_window(track, stretch->name, track->start + track->width);
  if (stretch->length > track->start) put_window(track, stretch->name, stretch->length);
  track->start = 0;
}

/* ---- stretches ---------------------------------------------------------------------------------
 */

static int take_track(void *context, const Prediction *prediction, Why *why) {
  Track *track = context;
  const Stretch *stretch = prediction->stretch;
  const uint64_t s = (uint64_t)track->s;
  if (task_finite(stretch->name, *prediction->nats, why) != 0) return -1;
  if (track->bedgraph && !*stretch->name)
    return fail(why, "a record has no name, which bedGraph needs; give it one");
  for (int i = stretch->warmup; i < stretch->n; i++) {
    if (stretch->y[i] < 0) continue;
    const double J = (double)prediction->J[i], bits = J * M_LOG2E / track->s;
    const uint64_t start = stretch->position[i] - 1;
    if (track->width > 0)
      for (uint64_t base = 0; base < s; base++) add_base(track, stretch->name, start + base, bits);
    else if (track->bedgraph)
      put_interval(track, stretch->name, start, start + s, bits);
    else
      put_step(track, stretch, i, J);
  }
  if (stretch->ended && track->width > 0) end_windows(track, stretch);
  return 0;
}

int mode_track(const Task *task, Why *why) {
  static const char *const steps[] = {"record", "position", "kmer", "bits", "probability"},
                           *const windows[] = {"record", "start", "end", "bases", "bits_per_base"};
  const PredictOptions *o = task->options;
  const Shape *shape = &task->models->shape;
  const bool in_order = o->window > 0 || o->format == FORMAT_BEDGRAPH;
  Track track = {
      .k = shape->k, .s = shape->s, .bedgraph = o->format == FORMAT_BEDGRAPH, .width = o->window};
  track.table = task_table(task, o->window > 0 ? windows : steps, track.bedgraph ? 4 : 5);
  const PredictWish wish = {.with_loss = true,
                            .each_step = true,
                            .memory = task_memory(task),
                            .reading = {.over_ends = !in_order, .all_circles = o->circular}};
  const int rc = task_predict(task, wish, take_track, &track, track.table, why);
  table_free(track.table);
  return rc;
}
