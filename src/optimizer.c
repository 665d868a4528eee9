#include "optimizer.h"

#include "alloc.h"
#include "parallel.h"

#include <math.h>
#include <stdlib.h>

enum { CHUNK = 1 << 14 };

int optimizer_moments(OptimizerKind kind) { return kind == ADAM ? 2 : kind == SGD ? 0 : 1; }

double optimizer_default_rate(OptimizerKind kind) {
  static const double rates[] = {
      [ADAM] = 0.003, [SGD] = 0.5, [MOMENTUM] = 0.1, [RMSPROP] = 0.001, [ADAGRAD] = 0.03};
  return rates[kind];
}

static int count_chunks(size_t floats) { return (int)((floats + CHUNK - 1) / CHUNK); }

Optimizer *optimizer_new(OptimizerKind kind, const Shape *shape) {
  Optimizer *optimizer = alloc_new(1, sizeof *optimizer);
  optimizer->kind = kind;
  optimizer->squares = alloc_new((size_t)count_chunks(shape_parameters(shape)), sizeof(double));
  if (kind == ADAM || kind == MOMENTUM) optimizer->m = weights_new(shape);
  if (kind == ADAM || kind == RMSPROP || kind == ADAGRAD) optimizer->v = weights_new(shape);
  return optimizer;
}

void optimizer_free(Optimizer *optimizer) {
  if (!optimizer) return;
  weights_free(optimizer->m), weights_free(optimizer->v);
  free(optimizer->squares), free(optimizer);
}

/* One step, for the threads. Weights are cut into chunks; L is where their block begins. */
typedef struct {
  const Optimizer *optimizer;
  Weights *w;
  const Weights *gradient;
  UpdateRule rule;
  const Kernels *kernels;
} Step;

static size_t chunk_size(const Step *step, int i) {
  size_t left = step->gradient->size - (size_t)i * CHUNK;
  return left < CHUNK ? left : CHUNK;
}

static void square_job(void *context, int i) {
  Step *step = context;
  step->optimizer->squares[i] =
      step->kernels->sum_of_squares(step->gradient->L + (size_t)i * CHUNK, chunk_size(step, i));
}

static void update_job(void *context, int i) {
  const Step *step = context;
  const Kernels *kernels = step->kernels;
  size_t from = (size_t)i * CHUNK, n = chunk_size(step, i);
  float *w = step->w->L + from;
  const float *g = step->gradient->L + from;
  float *m = step->optimizer->m ? step->optimizer->m->L + from : NULL;
  float *v = step->optimizer->v ? step->optimizer->v->L + from : NULL;
  switch (step->optimizer->kind) {
  case ADAM: kernels->adam(w, g, m, v, n, step->rule); break;
  case SGD: kernels->sgd(w, g, n, step->rule); break;
  case MOMENTUM: kernels->momentum(w, g, m, n, step->rule); break;
  case RMSPROP: kernels->rmsprop(w, g, v, n, step->rule); break;
  case ADAGRAD: kernels->adagrad(w, g, v, n, step->rule); break;
  }
}

static UpdateRule make_rule(const Optimizer *optimizer, double rate, double scale) {
  const double beta1 = 0.9, beta2 = optimizer->kind == ADAM ? 0.999 : 0.99;
  const double t = (double)optimizer->steps;
  UpdateRule rule = {.rate = (float)rate,
                     .scale = (float)scale,
                     .beta1 = (float)beta1,
                     .beta2 = (float)beta2,
                     .gain1 = (float)(1 - beta1),
                     .gain2 = (float)(1 - beta2),
                     .epsilon = 1e-8f,
                     .unbias2 = 1};
  if (optimizer->kind == ADAM) {
    rule.rate = (float)(rate / (1 - pow(beta1, t)));
    rule.unbias2 = (float)(1 / (1 - pow(beta2, t)));
  }
  return rule;
}

double optimizer_step(Optimizer *optimizer, Weights *w, const Weights *gradient, double rate,
                      double clip, int threads, const Kernels *kernels) {
  int chunks = count_chunks(w->size);
  Step step = {.optimizer = optimizer, .w = w, .gradient = gradient, .kernels = kernels};
  parallel_run(threads, chunks, square_job, &step);
  double squares = 0;
  for (int i = 0; i < chunks; i++) squares += optimizer->squares[i];
  double norm = sqrt(squares);
  if (!isfinite(norm)) return norm;
  optimizer->steps++;
  step.rule = make_rule(optimizer, rate, clip > 0 && norm > clip ? clip / norm : 1);
  parallel_run(threads, chunks, update_job, &step);
  return norm;
}
