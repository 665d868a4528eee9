#include "net/rnn.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "net/matrix.h"
#include "sequence/kmer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const softmax_names[SOFTMAXES] = {"followers", "full"};

Shape shape_new(int k, int s, int d, int D, Activation activation, Softmax softmax) {
  Shape shape = {.k = k, .s = s, .V = kmer_count(k), .d = d, .D = D, .activation = activation};
  shape.softmax = s == k ? SOFTMAX_FULL : softmax;
  shape.n = shape.softmax == SOFTMAX_FULL ? shape.V : kmer_count(s);
  return shape;
}

/* Sets the number of floats of each tensor, in the order of the block; returns their sum. */
static size_t tensor_sizes(const Shape *shape, int L_rows, int U_rows, size_t sizes[WEIGHTS]) {
  const size_t d = (size_t)shape->d, D = (size_t)shape->D, U = (size_t)U_rows;
  size_t sum = 0;
  memcpy(sizes, (size_t[WEIGHTS]){(size_t)L_rows * d, D * D, d * D, D, U * D, U},
         WEIGHTS * sizeof *sizes);
  for (int i = 0; i < WEIGHTS; i++) sum += sizes[i];
  return sum;
}

size_t shape_parameters(const Shape *shape) {
  size_t sizes[WEIGHTS];
  return tensor_sizes(shape, shape->V, shape->V, sizes);
}

Weights *weights_new(const Shape *shape) { return weights_new_rows(shape, shape->V, shape->V); }

Weights *weights_new_rows(const Shape *shape, int L_rows, int U_rows) {
  Weights *weights = alloc_new(1, sizeof *weights);
  float **names[WEIGHTS] = {&weights->L,  &weights->H, &weights->I,
                            &weights->b1, &weights->U, &weights->b2};
  size_t sizes[WEIGHTS];
  weights->size = tensor_sizes(shape, L_rows, U_rows, sizes);
  float *next = alloc_floats(weights->size);
  for (int i = 0; i < WEIGHTS; i++) {
    *names[i] = next;
    next += sizes[i];
  }
  return weights;
}

void weights_free(Weights *weights) {
  if (!weights) return;
  free(weights->L);
  free(weights);
}

/* Fills a (n) with numbers uniform over an interval around 0, with this standard deviation. */
static void fill_uniform(float *a, size_t n, double deviation, Rng rng) {
  for (size_t i = 0; i < n; i++) a[i] = (float)(deviation * sqrt(12) * (rng_uniform(&rng) - 0.5));
}

void weights_init(Weights *weights, const Shape *shape, uint64_t seed) {
  size_t V = (size_t)shape->V, d = (size_t)shape->d, D = (size_t)shape->D;
  memset(weights->L, 0, weights->size * sizeof(float));
  fill_uniform(weights->L, V * d, 1, rng_new(seed, 1));
  fill_uniform(weights->H, D * D, activation_rows[shape->activation].H_deviation / sqrt((double)D),
               rng_new(seed, 2));
  fill_uniform(weights->I, d * D, 0.5 / sqrt((double)d), rng_new(seed, 3));
  fill_uniform(weights->U, V * D, 0.25 / sqrt((double)D), rng_new(seed, 4));
}

/* ---- the weights as factors ----------------------------------------------------------------- */

Factors *factors_new(const Shape *shape, int tokens, bool with_backward, const Products *products) {
  const int V = shape->V, d = shape->d, D = shape->D;
  Factors *f = alloc_new(1, sizeof *f);
  f->with_backward = with_backward;
  f->H = packed_new(D, D, products);
  f->I = packed_new(d, D, products);
  if (with_backward) {
    f->HT = packed_new(D, D, products);
    f->IT = packed_new(D, d, products);
  }
  if (shape->softmax == SOFTMAX_FULL) {
    f->U = packed_new(D, V, products);
    if (with_backward) f->UT = packed_new(V, D, products);
  }
  if (V < tokens) f->table = alloc_floats((size_t)V * (size_t)D);
  return f;
}

void factors_free(Factors *f) {
  if (!f) return;
  packed_free(&f->H);
  packed_free(&f->HT);
  packed_free(&f->I);
  packed_free(&f->IT);
  packed_free(&f->U);
  packed_free(&f->UT);
  free(f->table);
  free(f);
}

void factors_begin(Factors *f, const Weights *w) {
  f->w = w;
  packed_set(&f->I, w->I, 0, 1);
  if (f->with_backward) packed_set_transposed(&f->IT, w->I, 0, 1);
}

/* Computes the i-th share of L I + b1. */
static void tabulate(Factors *f, const Shape *shape, int i) {
  const size_t d = (size_t)shape->d, D = (size_t)shape->D;
  const size_t first = (size_t)parallel_share(shape->V, i, FACTORS_JOBS);
  const size_t last = (size_t)parallel_share(shape->V, i + 1, FACTORS_JOBS);
  float *table = f->table + first * D;
  if (first == last) return;
  for (size_t x = 0; x < last - first; x++) memcpy(table + x * D, f->w->b1, D * sizeof *table);
  packed_multiply(table, f->w->L + first * d, &f->I, (int)(last - first), true);
}

void factors_job(Factors *f, const Shape *shape, int i) {
  const Weights *w = f->w;
  packed_set(&f->H, w->H, i, FACTORS_JOBS);
  if (f->with_backward) packed_set_transposed(&f->HT, w->H, i, FACTORS_JOBS);
  if (shape->softmax == SOFTMAX_FULL) { /* w->U is transposed already */
    packed_set_transposed(&f->U, w->U, i, FACTORS_JOBS);
    if (f->with_backward) packed_set(&f->UT, w->U, i, FACTORS_JOBS);
  }
  if (f->table) tabulate(f, shape, i);
}

typedef struct {
  Factors *factors;
  const Shape *shape;
} FactorsJob;

static void run_factors_job(void *context, int i) {
  const FactorsJob *job = context;
  factors_job(job->factors, job->shape, i);
}

void factors_set(Factors *factors, const Weights *w, const Shape *shape, int threads) {
  FactorsJob job = {factors, shape};
  factors_begin(factors, w);
  parallel_run(threads, FACTORS_JOBS, run_factors_job, &job);
}

Factors *factors_forward(const Weights *w, const Shape *shape, bool with_logits, int threads,
                         const Products *products) {
  Shape needed = *shape;
  if (!with_logits) needed.softmax = SOFTMAX_FOLLOWERS; /* with which U is not packed */
  Factors *factors = factors_new(&needed, FACTORS_TOKENS, false, products);
  factors_set(factors, w, &needed, threads);
  return factors;
}

/* ---- the tape ------------------------------------------------------------------------------- */

Tape *tape_new(const Shape *shape, int T, int B, const Factors *factors) {
  Tape *tape = alloc_new(1, sizeof *tape);
  size_t rows = (size_t)T * (size_t)B, d = (size_t)shape->d, D = (size_t)shape->D;
  size_t state = (size_t)B * D;
  tape->T = T;
  tape->B = B;
  tape->x = alloc_numbers(rows, sizeof *tape->x);
  tape->y = alloc_numbers(rows, sizeof *tape->y);
  tape->restart = alloc_numbers(rows, sizeof *tape->restart);
  tape->h = alloc_floats(rows * D + state);
  tape->rows = alloc_floats(state);
  if (!factors->table) tape->e = alloc_floats(rows * d);
  if (!factors->with_backward) return tape;
  tape->dz = alloc_floats(rows * D);
  if (!factors->table) tape->de = alloc_floats(rows * d);
  return tape;
}

void tape_free(Tape *tape) {
  if (!tape) return;
  free(tape->x);
  free(tape->y);
  free(tape->restart);
  free(tape->h);
  free(tape->dz);
  free(tape->e);
  free(tape->de);
  free(tape->rows);
  free(tape);
}

void tape_carry(Tape *tape, const Shape *shape) {
  size_t state = (size_t)tape->B * (size_t)shape->D;
  memcpy(tape->h, tape->h + (size_t)tape->T * state, state * sizeof(float));
}

/* ---- forward and backward ------------------------------------------------------------------- */

/* Returns rows (B,D), or a copy of them with 0 for the lanes that restart at t. */
static const float *without_restarts(const float *rows, Tape *tape, int t, size_t D) {
  const size_t B = (size_t)tape->B;
  const bool *restart = tape->restart + (size_t)t * B;
  if (!memchr(restart, 1, B)) return rows;
  memcpy(tape->rows, rows, B * D * sizeof(float));
  for (size_t b = 0; b < B; b++)
    if (restart[b]) memset(tape->rows + b * D, 0, D * sizeof(float));
  return tape->rows;
}

/* z = e I + b1 for all timesteps. */
static void input_layer(Tape *tape, float *z, const Factors *factors, const Shape *shape) {
  const Weights *w = factors->w;
  const size_t d = (size_t)shape->d, D = (size_t)shape->D;
  const int rows = tape->T * tape->B;
  for (size_t i = 0; i < (size_t)rows; i++) {
    const size_t x = (size_t)tape->x[i];
    memcpy(z + i * D, factors->table ? factors->table + x * D : w->b1, D * sizeof(float));
    if (!factors->table) memcpy(tape->e + i * d, w->L + x * d, d * sizeof(float)); /* e = x L */
  }
  if (!factors->table) packed_multiply(z, tape->e, &factors->I, rows, true);
}

void rnn_forward(Tape *tape, const Factors *factors, const Shape *shape, const Kernels *kernels) {
  const size_t D = (size_t)shape->D, state = (size_t)tape->B * D;
  float *z = tape->h + state; /* becomes h(1..T) in place */
  input_layer(tape, z, factors, shape);
  for (int t = 0; t < tape->T; t++, z += state) { /* h(t) = phi(z(t) + h(t-1) H) */
    packed_multiply(z, without_restarts(z - state, tape, t, D), &factors->H, tape->B, true);
    kernels->activate(z, state, shape->activation);
  }
}

/* dI = e^T dz, db1 = sum of dz, de = dz I^T */
static void input_layer_back(Tape *tape, Weights *gradient, const Factors *factors,
                             const Shape *shape, const Kernels *kernels) {
  const size_t D = (size_t)shape->D, rows = (size_t)tape->T * (size_t)tape->B;
  matrix_multiply_ta(gradient->I, tape->e, tape->dz, shape->d, shape->D, (int)rows, false);
  packed_multiply(tape->de, tape->dz, &factors->IT, (int)rows, false);
  memset(gradient->b1, 0, D * sizeof(float));
  for (size_t i = 0; i < rows; i++) kernels->add(gradient->b1, tape->dz + i * D, D);
}

/* Whether h(t-1) must be left out of a token's part of dH: the token restarts, and its dz is not 0
 * anyway, as in idle lanes. */
static bool cuts_dH(const Tape *tape, int token) {
  const int next = token + tape->B;
  const bool goes_on = next < tape->T * tape->B && !tape->restart[next];
  return tape->restart[token] && (tape->y[token] >= 0 || goes_on);
}

/* The end of the run of tokens from `from` on with at most B cut tokens. Sets their rows of h(t-1)
 * to 0 and keeps the old rows in tape->rows. */
static int take_cut_rows(Tape *tape, int from, size_t D) {
  const int rows = tape->T * tape->B;
  int to = from;
  for (int kept = 0; to < rows; to++) {
    float *h = tape->h + (size_t)to * D;
    if (!cuts_dH(tape, to)) continue;
    if (kept == tape->B) break;
    memcpy(tape->rows + (size_t)kept++ * D, h, D * sizeof *h);
    memset(h, 0, D * sizeof *h);
  }
  return to;
}

static void put_rows_back(Tape *tape, int from, int to, size_t D) {
  const float *kept = tape->rows;
  for (int i = from; i < to; i++) {
    if (!cuts_dH(tape, i)) continue;
    memcpy(tape->h + (size_t)i * D, kept, D * sizeof *kept);
    kept += D;
  }
}

/* dH = h(t-1)^T dz(t), the sum over all tokens; h(t-1) counts as 0 for tokens that restart. */
static void recurrent_layer_back(Tape *tape, float *dH, const Shape *shape) {
  const int D = shape->D, rows = tape->T * tape->B;
  for (int from = 0, to; from < rows; from = to) {
    const size_t at = (size_t)from * (size_t)D;
    to = take_cut_rows(tape, from, (size_t)D);
    matrix_multiply_ta(dH, tape->h + at, tape->dz + at, D, D, to - from, from > 0);
    put_rows_back(tape, from, to, (size_t)D);
  }
}

void rnn_backward(Tape *tape, Weights *gradient, const Factors *factors, const Shape *shape,
                  const Kernels *kernels) {
  const int T = tape->T;
  const size_t D = (size_t)shape->D, state = (size_t)tape->B * D;
  const float *h = tape->h + state;
  for (int t = T - 1; t >= 0; t--) { /* dz(t) = (dq(t) U^T + dz(t+1) H^T) o phi'(z(t)) */
    float *dz = tape->dz + (size_t)t * state;
    if (t < T - 1)
      packed_multiply(dz, without_restarts(dz + state, tape, t + 1, D), &factors->HT, tape->B,
                      true);
    kernels->activate_back(dz, h + (size_t)t * state, state, shape->activation);
  }
  if (!factors->table) input_layer_back(tape, gradient, factors, shape, kernels);
  recurrent_layer_back(tape, gradient->H, shape);
}
