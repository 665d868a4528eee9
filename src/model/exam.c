#include "model/exam.h"

#include "base/alloc.h"
#include "net/softmax.h"
#include "net/trace.h"
#include "sequence/lanes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { B = 32, T = PASSAGE_STEPS, WARMUP = 256, STRETCHES_MAX = 64 };
enum { TOKENS_MIN = 256, TOKENS_MAX = 1 << 17 };
static const double CALIBRATION_SHARE = 0.6; /* of the available time */
static const double MULTIPLICATIONS = 1e10, SLOW_MULTIPLICATIONS = 2e8;

/* The cost of a step of the network. */
static double step_cost(const Shape *shape) {
  return (double)shape->D * ((double)shape->D + shape->d + shape->n);
}

static double clamp(double value, double least, double most) {
  return fmin(fmax(value, least), most);
}

/* ---- calibration ---------------------------------------------------------------------------- */

static void count(Exam *exam, const float *yhat, int x, int y, const Shape *shape) {
  ExamNext *next = &exam->next[x & (kmer_count(exam->k) - 1)];
  double p[4];
  softmax_bases(p, yhat, shape);
  next->n++;
  for (int base = 0; base < 4; base++) {
    const int i = (int)(p[base] * (double)EXAM_BINS);
    ExamBin *bin = &exam->bin[i < EXAM_BINS ? i : EXAM_BINS - 1];
    bin->n++;
    bin->sum += p[base];
    bin->came_true += softmax_base(y, shape) == base;
    next->sum[base] += p[base];
  }
}

/* Arrays for the calibration. */
typedef struct {
  Factors *factors;
  Tape *tape;
  Window *window;
  int *x, *y;  /* (softmax_rows) of rows with a label, side by side */
  float *h;    /* (softmax_rows,D) */
  float *yhat; /* (softmax_rows,n) */
} Calibration;

static Calibration calibration_new(const Shape *shape, const Kernels *kernels) {
  const size_t rows = (size_t)softmax_rows(shape);
  Factors *factors = factors_new(shape, FACTORS_TOKENS, false, kernels->products);
  return (Calibration){.factors = factors,
                       .tape = tape_new(shape, T, B, factors),
                       .window = window_new(T, B),
                       .x = alloc_numbers(rows, sizeof(int)),
                       .y = alloc_numbers(rows, sizeof(int)),
                       .h = alloc_floats(rows * (size_t)shape->D),
                       .yhat = alloc_floats(softmax_logits(shape, 0, false))};
}

static void calibration_free(Calibration *with) {
  window_free(with->window);
  tape_free(with->tape);
  factors_free(with->factors);
  free(with->x);
  free(with->y);
  free(with->h);
  free(with->yhat);
}

/* Collects the next labelled rows of the tape, from index *at on, and returns their number. */
static int take_labelled(Calibration *with, int *at, const Shape *shape) {
  const Tape *tape = with->tape;
  const size_t D = (size_t)shape->D;
  const float *h = tape->h + (size_t)tape->B * D;
  int n = 0;
  for (; *at < tape->T * tape->B && n < softmax_rows(shape); ++*at) {
    if (tape->y[*at] < 0) continue;
    with->x[n] = tape->x[*at];
    with->y[n] = tape->y[*at];
    memcpy(with->h + (size_t)n * D, h + (size_t)*at * D, D * sizeof *h);
    n++;
  }
  return n;
}

/* Computes the output layer, which can be slow, for labelled rows only; it can stop before the
 * end. */
static void count_window(Exam *exam, Calibration *with, const Shape *shape, const Kernels *kernels,
                         const ExamStop *stop) {
  int at = 0;
  while (!exam->shortened && at < T * B) {
    const int rows = take_labelled(with, &at, shape);
    if (rows == 0) break;
    softmax_yhat(with->yhat, with->x, with->h, NULL, rows, with->factors, shape, kernels);
    for (int i = 0; i < rows; i++)
      count(exam, with->yhat + (size_t)i * (size_t)shape->n, with->x[i], with->y[i], shape);
    exam->shortened = stop->now(stop->context, CALIBRATION_SHARE);
  }
}

static void calibrate(Exam *exam, Span span, const Shape *shape, const Weights *weights,
                      int threads, const Kernels *kernels, const ExamStop *stop) {
  Calibration with = calibration_new(shape, kernels);
  Tape *tape = with.tape;
  const Window *window = with.window;
  factors_set(with.factors, weights, shape, threads);
  const double tokens = clamp(MULTIPLICATIONS / step_cost(shape), TOKENS_MIN, TOKENS_MAX);
  const uint64_t most = (uint64_t)tokens * (uint64_t)shape->s;
  Span head = span_head(&span, most);
  Lanes *lanes =
      lanes_new(head, (LanesWish){.k = shape->k, .s = shape->s, .B = B, .T = T, .warmup = WARMUP});
  while (!exam->shortened && lanes_next(lanes, with.window)) {
    for (size_t i = 0; i < T * B; i++) tape->x[i] = window_kmer(window, i);
    memcpy(tape->y, window->y, T * B * sizeof *tape->y);
    memcpy(tape->restart, window->restart, T * B * sizeof *tape->restart);
    rnn_forward(tape, with.factors, shape, kernels);
    count_window(exam, &with, shape, kernels, stop);
    tape_carry(tape, shape);
  }
  lanes_free(lanes);
  span_free(&head);
  if (!exam->shortened)
    passage_take(&exam->passage, span, tape, with.yhat, with.factors, shape, kernels);
  calibration_free(&with);
}

/* ---- the gradient's way --------------------------------------------------------------------- */

/* Copies the steps of a lane, from the first of a window until it restarts or has no label; returns
 * their number. */
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

/* Arrays for tracing the gradient back. */
typedef struct {
  double (*norm)[STRETCHES_MAX]; /* (steps) norms for all stretches, by number of steps back */
  Trace *trace;
  Window *window;
} Following;

static Following following_new(const Shape *shape, int steps) {
  const int all = WARMUP + steps;
  const double stretches = SLOW_MULTIPLICATIONS / (all * step_cost(shape));
  return (Following){.norm = alloc_numbers((size_t)steps, sizeof(double[STRETCHES_MAX])),
                     .trace = trace_new(shape, all, false),
                     .window = window_new(all, (int)clamp(stretches, 1, STRETCHES_MAX))};
}

static void following_free(Following *with) {
  window_free(with->window);
  trace_free(with->trace);
  free(with->norm);
}

/* Traces back the gradient of the last timestep's loss on each stretch that is long enough for all
 * steps. */
static void follow_lanes(Exam *exam, Following *with, const Shape *shape, const Weights *weights,
                         int steps, const ExamStop *stop) {
  const Window *window = with->window;
  int *x = alloc_new((size_t)window->T, sizeof *x);
  int *y = alloc_new((size_t)window->T, sizeof *y);
  for (int b = 0; b < window->B; b++) {
    const int n = lane_steps(window, b, x, y), back = n < steps ? n : steps;
    if (back < 1 || back < exam->steps) continue;
    if (stop->now(stop->context, 1)) {
      exam->shortened = true;
      break;
    }
    if (back > exam->steps) exam->stretches = 0;
    exam->steps = back;
    trace_all(with->trace, x, y, n, weights, shape);
    for (int i = 0; i < back; i++)
      with->norm[i][exam->stretches] = trace_norm(with->trace, n - i, shape);
    exam->stretches++;
  }
  free(x);
  free(y);
}

static void follow(Exam *exam, Span span, const Shape *shape, const Weights *weights, int steps,
                   const ExamStop *stop) {
  Following with = following_new(shape, steps);
  Window *window = with.window;
  Lanes *lanes =
      lanes_new(span, (LanesWish){.k = shape->k, .s = shape->s, .B = window->B, .T = window->T});
  if (lanes_next(lanes, window)) follow_lanes(exam, &with, shape, weights, steps, stop);
  for (int i = 0; i < exam->steps; i++) {
    const int n = exam->stretches;
    double *norm = with.norm[i];
    qsort(norm, (size_t)n, sizeof *norm, compare);
    exam->flow_lower[i] = norm[n / 4];
    exam->flow_median[i] = norm[n / 2];
    exam->flow_upper[i] = norm[n - 1 - n / 4];
  }
  lanes_free(lanes);
  following_free(&with);
}

/* ---- both ----------------------------------------------------------------------------------- */

static int steps_back(int timesteps) { return timesteps < EXAM_STEPS ? timesteps : EXAM_STEPS; }

/* Also counts the memory of a window, which lanes have for reading ahead. */
static void count_lanes(const Window *window) { window_free(window_new(window->T, window->B)); }

size_t exam_memory(const Shape *shape, int timesteps, const Kernels *kernels) {
  alloc_count_begin();
  Calibration calibration = calibration_new(shape, kernels);
  count_lanes(calibration.window);
  calibration_free(&calibration);
  const size_t first = alloc_count_end();
  alloc_count_begin();
  Following following = following_new(shape, steps_back(timesteps));
  count_lanes(following.window);
  following_free(&following);
  const size_t second = alloc_count_end();
  return sizeof(Exam) + (first > second ? first : second);
}

Exam *exam_new(Span span, const Shape *shape, const Weights *weights, int timesteps, int threads,
               const Kernels *kernels, const ExamStop *stop) {
  Exam *exam = alloc_new(1, sizeof *exam);
  exam->k = shape->k < EXAM_K ? shape->k : EXAM_K;
  calibrate(exam, span, shape, weights, threads, kernels, stop);
  follow(exam, span, shape, weights, steps_back(timesteps), stop);
  return exam;
}
