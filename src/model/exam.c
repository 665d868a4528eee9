#include "model/exam.h"

#include "base/alloc.h"
#include "net/softmax.h"
#include "net/trace.h"
#include "sequence/lanes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { B = 32, T = 64, WARMUP = 256, TOKENS_MIN = 256, TOKENS_MAX = 1 << 17, STRETCHES_MAX = 64 };
static const double CALIBRATION_SHARE = 0.6; /* of the time */
static const double MULTIPLICATIONS = 1e10, SLOW_MULTIPLICATIONS = 2e8;

/* What a step of the network costs. */
static double step_cost(const Shape *shape) {
  return (double)shape->D * ((double)shape->D + shape->d + shape->n);
}

static double clamp(double value, double least, double most) {
  return value < least ? least : value > most ? most : value;
}

size_t exam_memory(const Shape *shape, int steps) {
  const size_t d = (size_t)shape->d, D = (size_t)shape->D, n = (size_t)shape->n;
  return factors_memory(shape, FACTORS_TOKENS, 0) + tape_memory(shape, T, B, FACTORS_TOKENS, 0) +
         softmax_logits(shape, 0, 0) * sizeof(float) +
         (size_t)softmax_rows(shape) * (D * sizeof(float) + 2 * sizeof(int)) +
         ((size_t)steps + WARMUP + 1) * (3 * D + 2 * d) * sizeof(double) + 3 * n * sizeof(double);
}

/* ---- calibration ---------------------------------------------------------------------------- */

static void count(Exam *exam, const float *yhat, int y, const Shape *shape) {
  double p[4];
  softmax_bases(p, yhat, shape);
  for (int base = 0; base < 4; base++) {
    const int i = (int)(p[base] * (double)EXAM_BINS);
    ExamBin *bin = &exam->bin[i < EXAM_BINS ? i : EXAM_BINS - 1];
    bin->n++;
    bin->sum += p[base];
    bin->came_true += softmax_base(y, shape) == base;
  }
}

/* Rows of a window that have a label, side by side. */
typedef struct {
  int *x, *y;  /* (softmax_rows) */
  float *h;    /* (softmax_rows,D) */
  float *yhat; /* (softmax_rows,n) */
} Labelled;

static Labelled labelled_new(const Shape *shape) {
  const size_t rows = (size_t)softmax_rows(shape);
  return (Labelled){.x = alloc_new(rows, sizeof(int)),
                    .y = alloc_new(rows, sizeof(int)),
                    .h = alloc_floats(rows * (size_t)shape->D),
                    .yhat = alloc_floats(softmax_logits(shape, 0, 0))};
}

static void labelled_free(Labelled *rows) {
  free(rows->x);
  free(rows->y);
  free(rows->h);
  free(rows->yhat);
}

/* Takes the next labelled rows of a window, from place *at, and returns their number. */
static int take_labelled(Labelled *rows, const Tape *tape, int *at, const Shape *shape) {
  const size_t D = (size_t)shape->D;
  const float *h = tape->h + (size_t)tape->B * D;
  int n = 0;
  for (; *at < tape->T * tape->B && n < softmax_rows(shape); ++*at) {
    if (tape->y[*at] < 0) continue;
    rows->x[n] = tape->x[*at];
    rows->y[n] = tape->y[*at];
    memcpy(rows->h + (size_t)n * D, h + (size_t)*at * D, D * sizeof *h);
    n++;
  }
  return n;
}

/* The output layer can be slow: only labelled rows are computed, and it can stop in between. */
static void count_window(Exam *exam, const Tape *tape, Labelled *rows, const Factors *factors,
                         const Shape *shape, const Kernels *kernels, const ExamStop *stop) {
  const size_t n = (size_t)shape->n;
  for (int at = 0, taken; !exam->shortened && at < tape->T * tape->B;) {
    if ((taken = take_labelled(rows, tape, &at, shape)) == 0) break;
    softmax_yhat(rows->yhat, rows->x, rows->h, taken, factors, shape, kernels);
    for (int i = 0; i < taken; i++) count(exam, rows->yhat + (size_t)i * n, rows->y[i], shape);
    exam->shortened = stop->now(stop->context, CALIBRATION_SHARE);
  }
}

static void calibrate(Exam *exam, Span span, const Shape *shape, const Weights *weights,
                      int threads, const Kernels *kernels, const ExamStop *stop) {
  Factors *factors = factors_forward(weights, shape, 1, threads, kernels->products);
  Tape *tape = tape_new(shape, T, B, factors);
  Window *window = window_new(T, B);
  Labelled rows = labelled_new(shape);
  const double tokens = clamp(MULTIPLICATIONS / step_cost(shape), TOKENS_MIN, TOKENS_MAX);
  const uint64_t most = (uint64_t)tokens * (uint64_t)shape->s;
  Span head = span_head(&span, most);
  Lanes *lanes = lanes_new(head, shape->k, shape->s, B, T, FORWARD, WARMUP, 0);
  lanes_start(lanes, 0);
  while (!exam->shortened && lanes_next(lanes, window)) {
    for (size_t i = 0; i < T * B; i++) tape->x[i] = window_kmer(window, i);
    memcpy(tape->y, window->y, T * B * sizeof *tape->y);
    memcpy(tape->restart, window->restart, T * B);
    rnn_forward(tape, factors, shape, kernels);
    count_window(exam, tape, &rows, factors, shape, kernels, stop);
    tape_carry(tape, shape);
  }
  lanes_free(lanes);
  span_free(&head);
  window_free(window);
  tape_free(tape);
  factors_free(factors);
  labelled_free(&rows);
}

/* ---- the gradient's way --------------------------------------------------------------------- */

/* The steps of a lane, from the first of a window until it restarts or has no label. */
static int lane_steps(const Window *window, int b, int *x, int *y) {
  int n = 0;
  for (; n < window->T; n++) {
    const int at = n * window->B + b;
    if (window->y[at] < 0 || (n > 0 && window->restart[at])) break;
    x[n] = window->x[at];
    y[n] = window->y[at];
  }
  return n;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Follows the gradient of the last timestep's loss on each stretch that allows for the most steps
 * back; its norms i steps back go to norm[i] (STRETCHES_MAX). */
static void follow_lanes(Exam *exam, double (*norm)[STRETCHES_MAX], const Window *window,
                         Trace *trace, const Shape *shape, const Weights *weights, int steps,
                         const ExamStop *stop) {
  int *x = alloc_new((size_t)window->T, sizeof *x), *y = alloc_new((size_t)window->T, sizeof *y);
  for (int b = 0; b < window->B; b++) {
    const int n = lane_steps(window, b, x, y), back = n < steps ? n : steps;
    if (back < 1 || back < exam->steps) continue;
    if (stop->now(stop->context, 1)) {
      exam->shortened = true;
      break;
    }
    if (back > exam->steps) exam->stretches = 0;
    exam->steps = back;
    trace_all(trace, x, y, n, weights, shape);
    for (int i = 0; i < back; i++) norm[i][exam->stretches] = trace_norm(trace, n - i, shape);
    exam->stretches++;
  }
  free(x);
  free(y);
}

static void follow(Exam *exam, Span span, const Shape *shape, const Weights *weights, int steps,
                   const ExamStop *stop) {
  const int T_all = WARMUP + steps;
  const int stretches =
      (int)clamp(SLOW_MULTIPLICATIONS / (T_all * step_cost(shape)), 1, STRETCHES_MAX);
  double(*norm)[STRETCHES_MAX] = alloc_new((size_t)steps, sizeof *norm);
  Trace *trace = trace_new(shape, T_all, false);
  Window *window = window_new(T_all, stretches);
  Lanes *lanes = lanes_new(span, shape->k, shape->s, stretches, T_all, FORWARD, 0, 0);
  lanes_start(lanes, 0);
  if (lanes_next(lanes, window))
    follow_lanes(exam, norm, window, trace, shape, weights, steps, stop);
  for (int i = 0; i < exam->steps; i++) {
    const int n = exam->stretches;
    qsort(norm[i], (size_t)n, sizeof *norm[i], compare);
    exam->flow_lower[i] = norm[i][n / 4];
    exam->flow_median[i] = norm[i][n / 2];
    exam->flow_upper[i] = norm[i][n - 1 - n / 4];
  }
  lanes_free(lanes);
  window_free(window);
  trace_free(trace);
  free(norm);
}

Exam *exam_new(Span span, const Shape *shape, const Weights *weights, int steps, int threads,
               const Kernels *kernels, const ExamStop *stop) {
  Exam *exam = alloc_new(1, sizeof *exam);
  calibrate(exam, span, shape, weights, threads, kernels, stop);
  follow(exam, span, shape, weights, steps < EXAM_STEPS ? steps : EXAM_STEPS, stop);
  return exam;
}
