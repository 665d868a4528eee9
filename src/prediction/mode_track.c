#include "io/bigwig.h"
#include "prediction/duplex.h"
#include "prediction/modes.h"
#include "sequence/kmer.h"

#include <math.h>
#include <string.h>

/* The readings: of each strand, and their mean (or the only one, if one strand has none). */
enum { FORWARD, REVERSE, MEAN, READINGS };

typedef struct {
  Table *table;
  int k, s;
  bool bedgraph;  /* or bigWig */
  BigWig *bigwig; /* NULL: another format */
  /* with --window, the window of the last base: */
  uint64_t width, start;    /* bases of the window; bases before it */
  uint64_t bases[READINGS]; /* predicted bases in the window */
  double bits[READINGS];    /* their loss */
  /* With --strands both: */
  Duplex *duplex;   /* of steps; NULL: only the forward strand is read */
  const char *name; /* of the record being written */
} Track;

/* The results of a step that the rows need. */
typedef struct {
  float J;
  int y;
} Step;

/* ---- a row a k-mer -------------------------------------------------------------------------- */

static void put_bits(const Track *track, double bits) {
  table_fixed_or_none(track->table, bits < 0 ? 0 : bits, 4);
}

/* Writes the cells of one strand; step NULL: no prediction. */
static void put_step(const Track *track, const char *name, uint64_t position, const Step *step) {
  char kmer[KMER_MAX + 1];
  table_text(track->table, name);
  table_whole(track->table, position);
  if (!step) {
    table_none(track->table, 3);
    return;
  }
  kmer_text(kmer, step->y, track->k);
  table_text(track->table, kmer);
  put_bits(track, (double)step->J * M_LOG2E);
  table_probability(track->table, exp(-(double)step->J));
}

static void put_interval(const Track *track, const char *name, uint64_t start, uint64_t end,
                         double bits_per_base) {
  if (track->bigwig) {
    bigwig_add(track->bigwig, start, end, (float)fmax(0, bits_per_base));
    return;
  }
  table_text(track->table, name);
  table_whole(track->table, start);
  table_whole(track->table, end);
  put_bits(track, bits_per_base);
  table_end(track->table);
}

/* ---- a row a window ------------------------------------------------------------------------- */

/* bedGraph and bigWig have no missing values: windows without predictions are left out. */
static void put_window(Track *track, const char *name, uint64_t end) {
  double bits[READINGS];
  for (int i = 0; i < READINGS; i++) {
    bits[i] = track->bits[i] / (double)track->bases[i];
    track->bits[i] = 0;
  }
  if (track->bedgraph) {
    if (track->bases[MEAN] > 0) put_interval(track, name, track->start, end, bits[MEAN]);
  } else {
    table_text(track->table, name);
    table_whole(track->table, track->start + 1);
    table_whole(track->table, end);
    table_whole(track->table, track->bases[MEAN]);
    for (int i = 0; i < (track->duplex ? READINGS : 1); i++) put_bits(track, bits[i]);
    table_end(track->table);
  }
  track->start = end;
  memset(track->bases, 0, sizeof track->bases);
}

/* Adds a base of the record, counted from 0, with its loss (READINGS); NaN: none. */
static void add_base(Track *track, uint64_t base, const double *bits) {
  while (base - track->start >= track->width)
    put_window(track, track->name, track->start + track->width);
  for (int i = 0; i < READINGS; i++) {
    if (isnan(bits[i])) continue;
    track->bases[i]++;
    track->bits[i] += bits[i];
  }
}

static void end_windows(Track *track, const Stretch *stretch) {
  while (stretch->length - track->start > track->width)
    put_window(track, stretch->name, track->start + track->width);
  if (stretch->length > track->start) put_window(track, stretch->name, stretch->length);
  track->start = 0;
}

/* ---- stretches ------------------------------------------------------------------------------ */

/* Writes the steps of both strands for a position; NULL: none. */
static int put_place(void *context, uint64_t position, const void *forward, const void *reverse,
                     Why *why) {
  Track *track = context;
  const Step *steps[] = {forward, reverse};
  const uint64_t s = (uint64_t)track->s, start = position - 1;
  double bits[READINGS] = {0}; /* per base */
  (void)why;
  for (int i = 0; i < MEAN; i++) {
    bits[i] = steps[i] ? (double)steps[i]->J * M_LOG2E / track->s : NAN;
    if (steps[i]) bits[MEAN] += bits[i] / (forward && reverse ? 2 : 1);
  }
  if (track->width > 0) {
    for (uint64_t base = 0; base < s; base++) add_base(track, start + base, bits);
  } else if (track->bedgraph) {
    put_interval(track, track->name, start, start + s, bits[MEAN]);
  } else {
    put_step(track, track->name, position, forward);
    for (int i = REVERSE; i < READINGS && track->duplex; i++) put_bits(track, bits[i] * track->s);
    table_end(track->table);
  }
  return 0;
}

/* The position in the record of the first of the s bases that a step of the reverse complement
 * predicts. Some of these bases are past the end of a circle. */
static uint64_t turned_position(const Track *track, const Stretch *stretch, int i) {
  const uint64_t end = stretch_turned(stretch, stretch->position[i]), s = (uint64_t)track->s;
  return end >= s ? end + 1 - s : end + 1 - s + stretch->letters;
}

static int take_track(void *context, const Prediction *prediction, Why *why) {
  Track *track = context;
  const Stretch *stretch = prediction->stretch;
  track->name = stretch->name;
  if (task_finite(stretch->name, *prediction->nats, why) != 0) return -1;
  if (track->bedgraph && !*stretch->name)
    return fail(why, "a record has no name, which %s needs; give it one",
                track->bigwig ? "bigWig" : "bedGraph");
  for (int i = stretch->warmup; i < stretch->n; i++) {
    if (stretch->y[i] < 0) continue;
    const Step step = {prediction->J[i], stretch->y[i]};
    if (!track->duplex)
      put_place(track, stretch->position[i], &step, NULL, why);
    else if (stretch->reversed)
      duplex_add(track->duplex, true, turned_position(track, stretch, i), &step);
    else
      duplex_add(track->duplex, false, stretch->position[i], &step);
  }
  if (!stretch->ended || (track->duplex && !stretch->reversed)) return 0;
  if (track->duplex && duplex_take(track->duplex, put_place, track, why) != 0) return -1;
  if (track->width > 0) end_windows(track, stretch);
  if (track->bigwig) return bigwig_end(track->bigwig, stretch->name, stretch->length, why);
  return 0;
}

static Table *new_table(const Task *task, const Track *track) {
  static const char *const steps[] = {"record",      "position",     "kmer",     "bits",
                                      "probability", "reverse_bits", "mean_bits"},
                           *const windows[] = {"record",
                                               "start",
                                               "end",
                                               "bases",
                                               "bits_per_base",
                                               "reverse_bits_per_base",
                                               "mean_bits_per_base"};
  if (track->bedgraph) return task_table(task, steps, 4); /* bedGraph has no header */
  return task_table(task, track->width > 0 ? windows : steps, track->duplex ? 7 : 5);
}

int mode_track(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const Shape *shape = &task->models->shape;
  const bool bedgraph = o->format == FORMAT_BEDGRAPH || o->format == FORMAT_BIGWIG;
  const bool in_order = o->window > 0 || bedgraph;
  Track track = {.k = shape->k, .s = shape->s, .bedgraph = bedgraph, .width = o->window};
  if (o->format == FORMAT_BIGWIG) {
    track.bigwig = bigwig_open(task->output, o->output, why);
    if (!track.bigwig) return -1;
  }
  if (o->strands == STRANDS_BOTH) track.duplex = duplex_new(sizeof(Step), shape->s);
  track.table = new_table(task, &track);
  const PredictWish wish = {.with_loss = true,
                            .each_step = true,
                            .memory = task_memory(task),
                            .reading = {.over_ends = !in_order,
                                        .all_circles = o->circular,
                                        .both_strands = track.duplex != NULL,
                                        .alignment = STEPS_ALIGNED_ADDED}};
  int rc = task_predict(task, wish, take_track, &track, track.table, why);
  if (rc == 0 && track.bigwig) rc = bigwig_write(track.bigwig, why);
  bigwig_free(track.bigwig);
  duplex_free(track.duplex);
  table_free(track.table);
  return rc;
}
