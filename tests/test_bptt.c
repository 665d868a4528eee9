/* The fast network against the reference: loss, states and gradient, over random shapes. */
#include "base/cpu.h"
#include "net/bptt.h"
#include "net/matrix.h"
#include "reference.h"
#include "scratch.h"
#include "sequence/kmer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

typedef struct {
  Shape shape;
  int T, B;
  Weights *w;
  Gradient *gradient;
  Window *window;
  Reference *reference, *reference_gradient;
  double *h0, *hT; /* (B,D) */
} Case;

static double random_real(void) { return rand() / (double)RAND_MAX - 0.5; }

/* The seed of a case, from its own parameters. It does not depend on other cases or on the
 * activation. */
static unsigned seed_of(const int *parameters, int n) {
  uint32_t seed = 2166136261u; /* FNV-1a */
  for (int i = 0; i < n; i++) seed = (seed ^ (uint32_t)parameters[i]) * 16777619u;
  return seed;
}

static Case case_new(int k, int s, int d, int D, int phi, int full, int T, int B) {
  const int parameters[] = {k, s, d, D, phi, full, T, B};
  Case c = {.T = T, .B = B};
  srand(seed_of(parameters, 8));
  c.shape = shape_new(k, s, d, D, (Activation)phi, full ? SOFTMAX_FULL : SOFTMAX_FOLLOWERS);
  c.w = weights_new(&c.shape);
  c.gradient = gradient_new(&c.shape, T * B);
  c.window = window_new(T, B);
  c.reference = reference_new(k, s, d, D, phi, full);
  c.reference_gradient = reference_new(k, s, d, D, phi, full);
  c.h0 = calloc((size_t)(B * D), sizeof *c.h0);
  c.hT = calloc((size_t)(B * D), sizeof *c.hT);
  for (size_t i = 0; i < c.w->size; i++) c.w->L[i] = (float)(2 * random_real());
  for (int i = 0; i < D * D; i++) c.w->H[i] *= (float)(1 / sqrt(D)); /* or relu explodes */
  reference_set(c.reference, c.w->L, c.w->U, c.w->b2);
  return c;
}

static void case_free(Case *c) {
  weights_free(c->w);
  gradient_free(c->gradient);
  window_free(c->window);
  reference_free(c->reference);
  reference_free(c->reference_gradient);
  free(c->h0);
  free(c->hT);
}

static void fill_window(const Case *c, bool first) {
  Window *w = c->window;
  w->tokens = 0;
  for (int i = 0; i < c->T * c->B; i++) {
    int follow = 1 << 2 * c->shape.s;
    w->x[i] = rand() % c->shape.V;
    w->y[i] = rand() % 6 == 0
                  ? -1
                  : w->x[i] % (1 << 2 * (c->shape.k - c->shape.s)) * follow + rand() % follow;
    w->restart[i] = (first && i < c->B) || rand() % 6 == 0;
    w->tokens += w->y[i] >= 0;
  }
  if (w->tokens > 0) return;
  w->y[0] = kmer_followers(w->x[0], c->shape.k, c->shape.s);
  w->tokens = 1;
}

/* Copies rows (n,width) of `from` to their places in `to`; rows NULL: all n rows. */
static void place_rows(float *to, const float *from, size_t width, const Touched *rows, int n) {
  for (int i = 0; i < (rows ? rows->n : n); i++)
    memcpy(to + (size_t)(rows ? rows->row[i] : i) * width, from + (size_t)i * width,
           width * sizeof *to);
}

/* Expands the gradient to all rows. */
static Weights *all_rows(const Case *c) {
  const Gradient *g = c->gradient;
  const size_t n = (size_t)c->shape.n, D = (size_t)c->shape.D;
  Weights *all = weights_new(&c->shape);
  place_rows(all->L, g->dw->L, (size_t)c->shape.d, g->L, c->shape.V);
  memcpy(all->H, g->dw->H, (size_t)(all->U - all->H) * sizeof(float));
  place_rows(all->U, g->dw->U, n * D, g->U, c->shape.V / c->shape.n);
  place_rows(all->b2, g->dw->b2, n, g->U, c->shape.V / c->shape.n);
  return all;
}

/* Adds up the squares of the difference from the reference's gradient, and of that gradient. */
static void compare(const Case *c, double *errors, double *squares) {
  const double n = (double)c->window->tokens;
  Reference *fast = reference_new(c->shape.k, c->shape.s, c->shape.d, c->shape.D, 0, 0);
  Weights *all = all_rows(c);
  reference_set(fast, all->L, all->U, all->b2);
  *errors = *squares = 0;
  for (size_t i = 0; i < fast->size; i++) {
    double right = c->reference_gradient->L[i] / n;
    *errors += pow(fast->L[i] - right, 2);
    *squares += right * right;
  }
  reference_free(fast);
  weights_free(all);
}

/* Checks two consecutive windows, which carry states, on one CPU level. */
static void check_case(int k, int s, int d, int D, int phi, int full, int T, int B, int threads,
                       const Kernels *kernels) {
  Case c = case_new(k, s, d, D, phi, full, T, B);
  Bptt *bptt = bptt_new(&c.shape, T, B, threads, kernels);
  for (int i = 0; i < 2; i++) {
    fill_window(&c, i == 0);
    ReferenceWindow window = {T, B, c.window->x, c.window->y, c.window->restart, c.h0};
    double errors, squares;
    double J = reference_run(c.reference, &window, c.hT, c.reference_gradient);
    const WindowLoss *loss = bptt_run(bptt, c.gradient, c.w, c.window, NULL);
    compare(&c, &errors, &squares);
    if (sqrt(errors / squares) >= 1e-5)
      print_message("k=%d s=%d d=%d D=%d phi=%d full=%d T=%d B=%d %s: error %g\n", k, s, d, D, phi,
                    full, T, B, kernels->level, sqrt(errors / squares));
    assert_true(sqrt(errors / squares) < 1e-5);
    assert_true(squares > 1e-12);
    assert_true(fabs(loss->loss - J) < 1e-5 * J);
    assert_int_equal(loss->tokens, c.window->tokens);
    memcpy(c.h0, c.hT, (size_t)(B * D) * sizeof *c.h0);
  }
  bptt_free(bptt);
  case_free(&c);
}

static int has_row(const Touched *touched, int row) {
  for (int i = 0; i < touched->n; i++)
    if (touched->row[i] == row) return 1;
  return 0;
}

/* Checks idle lanes: one lane of five reads a sequence, which begins with k-mer 0 or has no A. */
static void check_idle(int k, int full, int reads_0) {
  enum { T = 4, B = 5 };
  Case c = case_new(k, 1, 5, 6, 0, full, T, B);
  Corpus *corpus = scratch_corpus(reads_0 ? "AAAAAAAACGTC" : "CCGTCGGTCCGT");
  Range all = {0, corpus->bases};
  Lanes *lanes =
      lanes_new((Span){corpus, &all, 1, 1}, (LanesWish){k, 1, B, T, STRANDS_FORWARD, 0, 1});
  Bptt *bptt = bptt_new(&c.shape, T, B, 1, kernels_best());
  assert_int_equal(lanes_next(lanes, c.window), 1);
  bptt_run(bptt, c.gradient, c.w, c.window, NULL);
  const Gradient *g = c.gradient;
  if (g->L) assert_int_equal(has_row(g->L, 0), reads_0);
  if (g->U) assert_int_equal(has_row(g->U, 0), reads_0);
  Weights *rows = all_rows(&c);
  double square = 0;
  for (int i = 0; i < c.shape.d; i++) square += pow(rows->L[i], 2);
  assert_int_equal(square > 0, reads_0);
  weights_free(rows);
  bptt_free(bptt);
  lanes_free(lanes);
  corpus_free(corpus);
  case_free(&c);
}

static void an_idle_lane_reads_no_kmer(void **state) {
  (void)state;
  for (int reads_0 = 0; reads_0 < 2; reads_0++)
    for (int full = 0; full < 2; full++) {
      check_idle(5, full, reads_0); /* the gradient has touched rows only */
      check_idle(2, full, reads_0); /* it has all rows */
    }
}

/* Checks the i-th random shape. */
static void check_shape(int i, int phi) {
  srand(seed_of(&i, 1));
  const int k = 1 + rand() % 4, s = 1 + rand() % k, full = rand() % 2;
  const int d = 1 + rand() % 9, D = 1 + rand() % 37, T = 1 + rand() % 9, B = 1 + rand() % 40;
  const int threads = 1 + rand() % 3;
  const Kernels *kernels = kernels_level(rand() % 3);
  check_case(k, s, d, D, phi, full, T, B, threads, kernels ? kernels : kernels_best());
}

static void gradient_equals_the_reference_for_random_shapes(void **state) {
  (void)state;
  for (int phi = 0; phi < ACTIVATIONS; phi++)
    for (int i = 0; i < 100; i++) check_shape(i, phi);
}

static void gradient_equals_the_reference_at_the_limits(void **state) {
  (void)state;
  for (int form = 0; form < 6 && kernels_level(form / 2); form++)
    for (int phi = 0; phi < ACTIVATIONS; phi++) {
      const int full = form % 2;
      const Kernels *kernels = kernels_level(form / 2);
      check_case(1, 1, 1, 1, phi, full, 1, 1, 1, kernels);  /* the smallest sizes */
      check_case(1, 1, 5, 7, phi, full, 1, 33, 2, kernels); /* T=1, V < T*B */
      for (int B = 15; B <= 17; B++) { /* around V = T*B, and around V/n = T*B */
        check_case(2, 1, 3, 5, phi, full, 1, B, 1, kernels);
        check_case(3, 1, 3, 5, phi, full, 1, B, 2, kernels);
      }
      check_case(4, 1, 5, 7, phi, full, 20, 1, 2, kernels);    /* one lane, V > T*B */
      check_case(5, 2, 3, 16, phi, full, 4, 17, 3, kernels);   /* V=1024 */
      check_case(2, 1, 4, 130, phi, full, 40, 18, 2, kernels); /* longer sums */
      check_case(2, 1, 3, 300, phi, full, 3, 9, 1, kernels);   /* dU in two strips */
      check_case(1, 1, 3, 1030, phi, full, 2, 9, 2, kernels);  /* G too */
      check_case(3, 1, 9, 33, phi, full, 30, 50, 2, kernels);  /* a table, an incomplete block */
    }
}

static void timestep_losses_add_up(void **state) {
  (void)state;
  Case c = case_new(2, 1, 3, 5, ACTIVATION_SIGMOID, 0, 6, 20);
  Bptt *bptt = bptt_new(&c.shape, c.T, c.B, 1, kernels_best());
  fill_window(&c, true);
  const WindowLoss *loss = bptt_run(bptt, c.gradient, c.w, c.window, NULL);
  double sum = 0;
  for (int t = 0; t < c.T; t++) {
    uint64_t labels = 0;
    for (int b = 0; b < c.B; b++) labels += c.window->y[t * c.B + b] >= 0;
    assert_int_equal(loss->timestep_tokens[t], labels);
    sum += loss->timestep_loss[t];
  }
  assert_true(fabs(sum - loss->loss) < 1e-12 * sum);
  bptt_free(bptt);
  case_free(&c);
}

/* Computes loss and gradient of two windows with this many threads. */
static void run_twice(Case *c, int threads, const Kernels *kernels, float *gradients,
                      double *losses) {
  Bptt *bptt = bptt_new(&c->shape, c->T, c->B, threads, kernels);
  srand(11);
  for (int i = 0; i < 2; i++) {
    fill_window(c, i == 0);
    losses[i] = bptt_run(bptt, c->gradient, c->w, c->window, NULL)->loss;
    Weights *all = all_rows(c);
    memcpy(gradients + (size_t)i * c->w->size, all->L, c->w->size * sizeof(float));
    weights_free(all);
  }
  bptt_free(bptt);
}

static void compare_threads(int k, int full, const Kernels *kernels) {
  Case c = case_new(k, 1, 16, 64, ACTIVATION_SIGMOID, full, 32, 70);
  size_t n = 2 * c.w->size;
  float *one = calloc(n, sizeof *one), *many = calloc(n, sizeof *many);
  double loss_one[2], loss_many[2];
  run_twice(&c, 1, kernels, one, loss_one);
  for (int threads = 2; threads <= 5; threads++) {
    run_twice(&c, threads, kernels, many, loss_many);
    assert_memory_equal(one, many, n * sizeof *one);
    assert_memory_equal(loss_one, loss_many, sizeof loss_one);
  }
  free(one);
  free(many);
  case_free(&c);
}

static void threads_do_not_change_a_bit(void **state) {
  (void)state;
  for (int level = 0; level < CPU_LEVELS && kernels_level(level); level++) {
    compare_threads(4, 0, kernels_level(level));
    compare_threads(4, 1, kernels_level(level));
    compare_threads(7, 0, kernels_level(level)); /* few rows of L and U are touched */
  }
}

static void saved_states_continue_identically(void **state) {
  (void)state;
  srand(12);
  Case c = case_new(3, 1, 4, 9, ACTIVATION_TANH, 0, 5, 21);
  Bptt *bptt = bptt_new(&c.shape, c.T, c.B, 1, kernels_best());
  Bptt *other = bptt_new(&c.shape, c.T, c.B, 1, kernels_best());
  float *h = calloc((size_t)(c.B * c.shape.D), sizeof *h);
  fill_window(&c, true);
  bptt_run(bptt, NULL, c.w, c.window, NULL);
  bptt_save(bptt, h);
  bptt_restore(other, h);
  fill_window(&c, false);
  double loss = bptt_run(bptt, NULL, c.w, c.window, NULL)->loss;
  assert_true(bptt_run(other, NULL, c.w, c.window, NULL)->loss == loss);
  bptt_restore(other, h); /* in place of the states after that window */
  assert_true(bptt_run(other, NULL, c.w, c.window, NULL)->loss == loss);
  memset(h, 0, (size_t)(c.B * c.shape.D) * sizeof *h);
  bptt_restore(other, h);
  assert_true(bptt_run(other, NULL, c.w, c.window, NULL)->loss != loss);
  free(h);
  bptt_free(bptt);
  bptt_free(other);
  case_free(&c);
}

static int start(void **state) {
  Why why;
  (void)state;
  return matrix_start(8, &why);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradient_equals_the_reference_for_random_shapes),
      cmocka_unit_test(gradient_equals_the_reference_at_the_limits),
      cmocka_unit_test(timestep_losses_add_up),
      cmocka_unit_test(threads_do_not_change_a_bit),
      cmocka_unit_test(saved_states_continue_identically),
      cmocka_unit_test(an_idle_lane_reads_no_kmer),
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
