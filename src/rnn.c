#include "rnn.h"

#include "alloc.h"
#include "kmer.h"
#include "matrix.h"
#include "rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Shape shape_new(int k, int s, int d, int D, Activation activation, Softmax softmax) {
  Shape shape = {.k = k, .s = s, .V = kmer_count(k), .d = d, .D = D, .activation = activation};
  shape.softmax = s == k ? FULL : softmax;
  shape.n = shape.softmax == FULL ? shape.V : kmer_count(s);
  return shape;
}

/* Floats of each tensor, in the order of the block. */
static void tensor_sizes(const Shape *shape, size_t sizes[WEIGHTS]) {
  size_t V = (size_t)shape->V, d = (size_t)shape->d, D = (size_t)shape->D;
  memcpy(sizes, (size_t[WEIGHTS]){V * d, D * D, d * D, D, V * D, V}, WEIGHTS * sizeof *sizes);
}

size_t shape_parameters(const Shape *shape) {
  size_t sizes[WEIGHTS], sum = 0;
  tensor_sizes(shape, sizes);
  for (int i = 0; i < WEIGHTS; i++) sum += sizes[i];
  return sum;
}

Weights *weights_new(const Shape *shape) {
  Weights *weights = alloc_new(1, sizeof *weights);
  float **names[WEIGHTS] = {&weights->L,  &weights->H, &weights->I,
                            &weights->b1, &weights->U, &weights->b2};
  size_t sizes[WEIGHTS];
  tensor_sizes(shape, sizes);
  weights->size = shape_parameters(shape);
  float *next = alloc_floats(weights->size);
  for (int i = 0; i < WEIGHTS; next += sizes[i++]) *names[i] = next;
  return weights;
}

void weights_free(Weights *weights) {
  if (!weights) return;
  free(weights->L), free(weights);
}

/* n numbers uniform over an interval around 0, with this standard deviation. */
static void fill_uniform(float *a, size_t n, double deviation, Rng rng) {
  for (size_t i = 0; i < n; i++) a[i] = (float)(deviation * sqrt(12) * (rng_uniform(&rng) - 0.5));
}

void weights_init(Weights *weights, const Shape *shape, uint64_t seed) {
  /* 1 over the steepest slope of phi: h neither fades nor explodes from step to step. */
  static const double H_scale[] = {[SIGMOID] = 4, [TANH] = 1, [RELU] = 1};
  size_t V = (size_t)shape->V, d = (size_t)shape->d, D = (size_t)shape->D;
  memset(weights->L, 0, weights->size * sizeof(float));
  fill_uniform(weights->L, V * d, 1, rng_new(seed, 1));
  fill_uniform(weights->H, D * D, H_scale[shape->activation] / sqrt((double)D), rng_new(seed, 2));
  fill_uniform(weights->I, d * D, 0.5 / sqrt((double)d), rng_new(seed, 3));
  fill_uniform(weights->U, V * D, 0.25 / sqrt((double)D), rng_new(seed, 4));
}

/* ---- the tape ------------------------------------------------------------------------------- */

/* Floats of e, h, de, dz, r, Ht. */
static void tape_sizes(const Shape *shape, int T, int B, int with_backward, size_t sizes[6]) {
  size_t rows = (size_t)T * (size_t)B, d = (size_t)shape->d, D = (size_t)shape->D;
  size_t state = (size_t)B * D, on = with_backward != 0;
  memcpy(sizes,
         (size_t[6]){rows * d, rows * D + state, on * rows * d, on * rows * D, state, on * D * D},
         6 * sizeof *sizes);
}

size_t tape_memory(const Shape *shape, int T, int B, int with_backward) {
  size_t sizes[6], sum = 0, rows = (size_t)T * (size_t)B;
  tape_sizes(shape, T, B, with_backward, sizes);
  for (int i = 0; i < 6; i++) sum += sizes[i] * sizeof(float);
  return sum + rows * (2 * sizeof(int) + 1);
}

Tape *tape_new(const Shape *shape, int T, int B, int with_backward) {
  Tape *tape = alloc_new(1, sizeof *tape);
  float **names[6] = {&tape->e, &tape->h, &tape->de, &tape->dz, &tape->r, &tape->Ht};
  size_t sizes[6], rows = (size_t)T * (size_t)B;
  tape_sizes(shape, T, B, with_backward, sizes);
  tape->T = T, tape->B = B;
  tape->x = alloc_new(rows, sizeof *tape->x), tape->y = alloc_new(rows, sizeof *tape->y);
  tape->restart = alloc_new(rows, 1);
  for (int i = 0; i < 6; i++)
    if (sizes[i] > 0) *names[i] = alloc_floats(sizes[i]);
  return tape;
}

void tape_free(Tape *tape) {
  if (!tape) return;
  free(tape->x), free(tape->y), free(tape->restart);
  free(tape->e), free(tape->h), free(tape->de), free(tape->dz), free(tape->r), free(tape->Ht);
  free(tape);
}

void tape_carry(Tape *tape, const Shape *shape) {
  size_t state = (size_t)tape->B * (size_t)shape->D;
  memcpy(tape->h, tape->h + (size_t)tape->T * state, state * sizeof(float));
}

/* ---- forward and backward ------------------------------------------------------------------- */

/* Zeroes the rows of a (B,D) matrix whose lanes restart. */
static void clear_restarts(float *rows, const uint8_t *restart, int B, size_t D) {
  for (int b = 0; b < B; b++)
    if (restart[b]) memset(rows + (size_t)b * D, 0, D * sizeof(float));
}

/* C <- beta C + A W, beta 0 or 1, for rnn_forward. */
static void product(float *C, const float *A, const float *W, int rows, int n, int k, int beta,
                    const Tape *tape, const Kernels *kernels) {
  if (tape->dz) {
    matrix_multiply(C, A, W, rows, n, k, (float)beta);
    return;
  }
  if (!beta) memset(C, 0, (size_t)rows * (size_t)n * sizeof *C);
  kernels->multiply_rows(C, A, W, rows, n, k);
}

void rnn_forward(Tape *tape, const Weights *w, const Shape *shape, const Kernels *kernels) {
  const int T = tape->T, B = tape->B, d = shape->d, D = shape->D;
  const size_t row_d = (size_t)d, row_D = (size_t)D, state = (size_t)B * row_D;
  float *z = tape->h + state; /* becomes h(1..T) in place */

  for (size_t i = 0; i < (size_t)T * (size_t)B; i++) { /* e = x L;  z = b1 */
    memcpy(tape->e + i * row_d, w->L + (size_t)tape->x[i] * row_d, row_d * sizeof(float));
    memcpy(z + i * row_D, w->b1, row_D * sizeof(float));
  }
  product(z, tape->e, w->I, T * B, D, d, 1, tape, kernels); /* z += e I */

  for (int t = 0; t < T; t++) { /* h(t) = phi(z(t) + h(t-1) H), h[t] being h(t-1) */
    product(tape->r, tape->h + (size_t)t * state, w->H, B, D, D, 0, tape, kernels);
    clear_restarts(tape->r, tape->restart + (size_t)t * (size_t)B, B, row_D);
    kernels->activate(z + (size_t)t * state, tape->r, state, shape->activation);
  }
}

void rnn_backward(Tape *tape, Weights *gradient, const Weights *w, const Shape *shape,
                  const Kernels *kernels) {
  const int T = tape->T, B = tape->B, d = shape->d, D = shape->D;
  const size_t row_D = (size_t)D, state = (size_t)B * row_D;
  const float *h = tape->h + state;
  float *dz = tape->dz;

  matrix_transpose(tape->Ht, w->H, D, D);
  memset(tape->r, 0, state * sizeof(float)); /* no timestep follows T */
  for (int t = T - 1; t >= 0; t--) {         /* dz(t) = (dq(t) U^T + dz(t+1) H^T) o phi'(z(t)) */
    if (t < T - 1) {
      matrix_multiply(tape->r, dz + (size_t)(t + 1) * state, tape->Ht, B, D, D, 0);
      clear_restarts(tape->r, tape->restart + (size_t)(t + 1) * (size_t)B, B, row_D);
    }
    kernels->activate_back(dz + (size_t)t * state, tape->r, h + (size_t)t * state, state,
                           shape->activation);
  }

  matrix_multiply_ta(gradient->I, tape->e, dz, d, D, T * B, 0); /* dI = e^T dz */
  matrix_multiply_tb(tape->de, dz, w->I, T * B, d, D, 0);       /* de = dz I^T */
  memset(gradient->b1, 0, row_D * sizeof(float));               /* db1 = sum of dz */
  for (size_t i = 0; i < (size_t)T * (size_t)B; i++)
    kernels->add(gradient->b1, dz + i * row_D, row_D);

  clear_restarts(dz, tape->restart, T * B, row_D); /* h(t-1) = 0 there: no part in dH */
  matrix_multiply_ta(gradient->H, tape->h, dz, D, D, T * B, 0); /* dH = h(t-1)^T dz(t) */
}
