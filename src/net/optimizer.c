#include "net/optimizer.h"

#include "base/alloc.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 11, PARTS = 4 }; /* floats per job; parts of the weights */

#define ROW(CONSTANT, name, ...) {__VA_ARGS__},
static const struct {
  double rate;
  bool m, v; /* whether it keeps the moments */
  double beta1, beta2;
  bool unbias;
} rows[OPTIMIZERS] = {OPTIMIZER_TABLE(ROW, ROW)};

double optimizer_default_rate(OptimizerKind kind) { return rows[kind].rate; }

static int count_chunks(size_t floats) { return (int)((floats + CHUNK - 1) / CHUNK); }

Optimizer *optimizer_new(OptimizerKind kind, const Shape *shape, int averaged) {
  Optimizer *optimizer = alloc_new(1, sizeof *optimizer);
  optimizer->kind = kind;
  optimizer->averaged = averaged;
  /* Chunks of whole rows are at least half full, except for the last of a part. */
  const int most_chunks = count_chunks(2 * shape_parameters(shape)) + PARTS;
  optimizer->squares = alloc_numbers((size_t)most_chunks, sizeof(double));
  optimizer->shape = *shape;
  if (rows[kind].m) optimizer->m = weights_new(shape);
  if (rows[kind].v) optimizer->v = weights_new(shape);
  if (averaged > 0) optimizer->average = weights_new(shape);
  return optimizer;
}

void optimizer_average(Optimizer *optimizer, const Weights *w) {
  memcpy(optimizer->average->L, w->L, w->size * sizeof(float));
}

void optimizer_free(Optimizer *optimizer) {
  if (!optimizer) return;
  weights_free(optimizer->m);
  weights_free(optimizer->v);
  weights_free(optimizer->average);
  free(optimizer->squares);
  free(optimizer);
}

/* The touched rows, of `width` floats, of a tensor that begins `at` floats into the weights and
 * `from` floats into their gradient. If touched is NULL, the whole tensor is one row. A job is
 * `rows` rows, or a chunk of the single row. */
typedef struct {
  size_t at, from, width;
  const Touched *touched;
  int rows, jobs;
} Part;

/* The parameters of one step for the threads. */
typedef struct {
  const Optimizer *optimizer;
  Weights *w;
  const Weights *gradient;
  Part part[PARTS];
  int parts, jobs;
  UpdateStep by;  /* without moments */
  float approach; /* fraction by which the average approaches the weights */
  const Kernels *kernels;
} Step;

static void add_part(Step *step, const float *w, const float *g, size_t width,
                     const Touched *touched) {
  Part part = {.at = (size_t)(w - step->w->L),
               .from = (size_t)(g - step->gradient->L),
               .width = width,
               .touched = touched,
               .jobs = count_chunks(width)};
  if (touched) {
    part.rows = width < CHUNK ? (int)(CHUNK / width) : 1;
    part.jobs = (touched->n + part.rows - 1) / part.rows;
  }
  step->part[step->parts++] = part;
  step->jobs += part.jobs;
}

/* The order of the weights is L H I b1 U b2. Adjacent tensors without touched rows form one
 * part. */
static void cut_into_parts(Step *step, const Touched *L, const Touched *U) {
  const Shape *shape = &step->optimizer->shape;
  const Weights *w = step->w, *g = step->gradient;
  const float *first = L ? w->H : w->L, *last = U ? w->U : w->L + w->size;
  const size_t n = (size_t)shape->n;
  if (L) add_part(step, w->L, g->L, (size_t)shape->d, L);
  add_part(step, first, L ? g->H : g->L, (size_t)(last - first), NULL);
  if (!U) return;
  add_part(step, w->U, g->U, n * (size_t)shape->D, U);
  add_part(step, w->b2, g->b2, n, U);
}

/* Calls act for each run of floats of job i. */
static void for_each_run(Step *step, int i,
                         void (*act)(Step *step, int i, size_t at, size_t from, size_t n)) {
  const Part *part = step->part;
  int job = i;
  while (job >= part->jobs) job -= part++->jobs;
  if (!part->touched) {
    size_t done = (size_t)job * CHUNK, left = part->width - done;
    act(step, i, part->at + done, part->from + done, left < CHUNK ? left : CHUNK);
    return;
  }
  int first = job * part->rows, last = first + part->rows;
  if (last > part->touched->n) last = part->touched->n;
  for (int row = first; row < last; row++)
    act(step, i, part->at + (size_t)part->touched->row[row] * part->width,
        part->from + (size_t)row * part->width, part->width);
}

static void add_squares(Step *step, int i, size_t at, size_t from, size_t n) {
  (void)at;
  step->optimizer->squares[i] += step->kernels->sum_of_squares(step->gradient->L + from, n);
}

static void update(Step *step, int i, size_t at, size_t from, size_t n) {
  (void)i;
  float *w = step->w->L + at;
  const float *g = step->gradient->L + from;
  UpdateStep by = step->by;
  if (step->optimizer->m) by.m = step->optimizer->m->L + at;
  if (step->optimizer->v) by.v = step->optimizer->v->L + at;
  step->kernels->update[step->optimizer->kind](w, g, n, by);
  if (step->optimizer->average)
    step->kernels->approach(step->optimizer->average->L + at, w, step->approach, n);
}

static void square_job(void *context, int i) {
  Step *step = context;
  step->optimizer->squares[i] = 0;
  for_each_run(step, i, add_squares);
}

static void update_job(void *context, int i) { for_each_run(context, i, update); }

static UpdateStep make_step(const Optimizer *optimizer, double rate, double scale) {
  const double beta1 = rows[optimizer->kind].beta1, beta2 = rows[optimizer->kind].beta2;
  const double t = (double)optimizer->steps;
  UpdateStep by = {.rate = (float)rate,
                   .scale = (float)scale,
                   .beta1 = (float)beta1,
                   .beta2 = (float)beta2,
                   .gain1 = (float)(1 - beta1),
                   .gain2 = (float)(1 - beta2),
                   .epsilon = 1e-8f,
                   .unbias2 = 1};
  if (rows[optimizer->kind].unbias) {
    by.rate = (float)(rate / (1 - pow(beta1, t)));
    by.unbias2 = (float)(1 / (1 - pow(beta2, t)));
  }
  return by;
}

double optimizer_step(Optimizer *optimizer, Weights *w, const Gradient *gradient, double rate,
                      double clip, int threads, const Kernels *kernels) {
  Step step = {.optimizer = optimizer, .w = w, .gradient = gradient->dw, .kernels = kernels};
  cut_into_parts(&step, gradient->L, gradient->U);
  parallel_run(threads, step.jobs, square_job, &step);
  double squares = 0;
  for (int i = 0; i < step.jobs; i++) squares += optimizer->squares[i];
  double norm = sqrt(squares);
  if (!isfinite(norm)) return norm;
  optimizer->steps++;
  step.approach = (float)(1 / fmin(1 + (double)(optimizer->steps - 1) / 2, optimizer->averaged));
  step.by = make_step(optimizer, rate, clip > 0 && norm > clip ? clip / norm : 1);
  parallel_run(threads, step.jobs, update_job, &step);
  return norm;
}
