#include "model/passage.h"

#include "base/alloc.h"
#include "net/softmax.h"
#include "sequence/lanes.h"

#include <stdlib.h>
#include <string.h>

/* Consecutive steps of a window in one segment. */
typedef struct {
  int from, n;
} Run;

/* The longest run of a window of one lane; the first among equals. */
static Run longest_run(const Window *window) {
  Run run = {0, 0}, longest = {0, 0};
  for (int t = 0; t < window->T; t++) {
    const bool labelled = window->y[t] >= 0;
    if (!labelled || window->restart[t] || run.n == 0) run = (Run){t, 0};
    run.n += labelled;
    if (run.n > longest.n) longest = run;
  }
  return longest;
}

/* ---- predictions ---------------------------------------------------------------------------- */

/* The states (n,D) from which the steps of a run predict. */
static const float *states(const Tape *tape, Run run, const Shape *shape) {
  return tape->h + (size_t)(run.from + 1) * (size_t)shape->D;
}

static void predict(Passage *passage, const Tape *tape, Run run, float *yhat,
                    const Factors *factors, const Shape *shape, const Kernels *kernels) {
  const size_t D = (size_t)shape->D, n = (size_t)shape->n;
  const float *h = states(tape, run, shape);
  int rows;
  for (int i = 0; i < run.n; i += rows) {
    rows = run.n - i < softmax_rows(shape) ? run.n - i : softmax_rows(shape);
    softmax_yhat(yhat, tape->x + run.from + i, h + (size_t)i * D, NULL, rows, factors, shape,
                 kernels);
    for (int j = 0; j < rows; j++) softmax_bases(passage->p[i + j], yhat + (size_t)j * n, shape);
  }
  for (int i = 0; i < run.n; i++) passage->base[i] = softmax_base(tape->y[run.from + i], shape);
}

/* ---- units ---------------------------------------------------------------------------------- */

typedef struct {
  int unit;
  double variance, speed; /* speed: mean square of its changes, divided by its variance */
} Unit;

static Unit measure(const float *h, int unit, int n, int D) {
  double mean = 0, squares = 0, changes = 0;
  for (int i = 0; i < n; i++) mean += (double)h[i * D + unit] / n;
  for (int i = 0; i < n; i++) {
    const double value = (double)h[i * D + unit],
                 before = (double)h[(i > 0 ? i - 1 : 0) * D + unit];
    squares += (value - mean) * (value - mean);
    changes += (value - before) * (value - before);
  }
  return (Unit){unit, squares / n, squares > 0 ? changes / squares : 0};
}

/* Order by falling variance, and by rising speed. */
static int compare_variance(const void *a, const void *b) {
  const Unit *first = a, *second = b;
  const int order = (first->variance < second->variance) - (first->variance > second->variance);
  return order != 0 ? order : first->unit - second->unit;
}

static int compare_speed(const void *a, const void *b) {
  const Unit *first = a, *second = b;
  const int order = (first->speed > second->speed) - (first->speed < second->speed);
  return order != 0 ? order : first->unit - second->unit;
}

static void choose_units(Passage *passage, const float *h, const Shape *shape) {
  const int D = shape->D, n = passage->steps;
  Unit *units = alloc_new((size_t)D, sizeof *units);
  for (int i = 0; i < D; i++) units[i] = measure(h, i, n, D);
  qsort(units, (size_t)D, sizeof *units, compare_variance);
  passage->units = D < PASSAGE_UNITS ? D : PASSAGE_UNITS;
  qsort(units, (size_t)passage->units, sizeof *units, compare_speed);
  for (int i = 0; i < passage->units; i++) {
    passage->unit[i] = units[i].unit;
    for (int t = 0; t < n; t++) passage->h[i][t] = (double)h[t * D + units[i].unit];
  }
  free(units);
}

/* ---- reading -------------------------------------------------------------------------------- */

static Lanes *lane_new(Span head, const Shape *shape) {
  return lanes_new(
      head,
      (LanesWish){
          .k = shape->k, .s = shape->s, .B = 1, .T = PASSAGE_STEPS, .warmup = PASSAGE_BEFORE});
}

static void forward(Tape *tape, const Window *window, const Factors *factors, const Shape *shape,
                    const Kernels *kernels) {
  for (int t = 0; t < window->T; t++) {
    tape->x[t] = window_kmer(window, (size_t)t);
    tape->y[t] = window->y[t];
    tape->restart[t] = window->restart[t];
  }
  rnn_forward(tape, factors, shape, kernels);
}

static int count_restarts(const Window *window, int to) {
  int n = 0;
  for (int t = 0; t <= to; t++) n += window->restart[t];
  return n;
}

/* Whether a run that begins after this many steps should replace the one taken before. */
static bool is_better(Run run, int read, const Passage *taken) {
  const bool as_long = run.n > 0 && run.n == taken->steps;
  return run.n > taken->steps || (as_long && read <= PASSAGE_BEFORE);
}

void passage_take(Passage *passage, Span span, Tape *tape, float *yhat, const Factors *factors,
                  const Shape *shape, const Kernels *kernels) {
  Span head = span_head(&span, (uint64_t)PASSAGE_READ * (uint64_t)shape->s + (uint64_t)shape->k);
  Lanes *lanes = lane_new(head, shape);
  Window *window = window_new(PASSAGE_STEPS, 1);
  int restarts = 0;
  window_locate(window);
  tape->B = 1;
  *passage = (Passage){.offset = -1};
  for (int read = 0; lanes_next(lanes, window); read += PASSAGE_STEPS) {
    const Run run = longest_run(window);
    forward(tape, window, factors, shape, kernels);
    if (is_better(run, read, passage)) {
      const bool first = restarts + count_restarts(window, run.from) == 1;
      passage->steps = run.n;
      passage->offset = first ? window->base[run.from] - (int64_t)head.ranges[0].begin : -1;
      predict(passage, tape, run, yhat, factors, shape, kernels);
      choose_units(passage, states(tape, run, shape), shape);
    }
    if (read >= PASSAGE_BEFORE && passage->steps == PASSAGE_STEPS) break;
    restarts += count_restarts(window, PASSAGE_STEPS - 1);
    tape_carry(tape, shape);
  }
  window_free(window);
  lanes_free(lanes);
  span_free(&head);
}
