/* Steps of each optimizer against numbers worked out by hand from the formulas in update.h. */
#include "net/optimizer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static const Shape *shape(void) {
  static Shape tiny;
  tiny = shape_new(1, 1, 2, 3, ACTIVATION_SIGMOID, SOFTMAX_FULL);
  return &tiny;
}

/* Takes two steps with rate 0.1 and gradients 0.5 and -0.25, from 1 for every weight. */
static void after_two_steps(OptimizerKind kind, double first, double second) {
  Weights *w = weights_new(shape()), *g = weights_new(shape());
  Optimizer *optimizer = optimizer_new(kind, shape(), 0);
  for (size_t i = 0; i < w->size; i++) {
    w->L[i] = 1;
    g->L[i] = 0.5f;
  }
  double norm = optimizer_step(optimizer, w, &(Gradient){.dw = g}, 0.1, 0, 2, kernels_best());
  assert_true(fabs(norm - 0.5 * sqrt((double)w->size)) < 1e-9);
  for (size_t i = 0; i < w->size; i++) assert_true(fabs((double)w->L[i] - first) < 2e-7);
  for (size_t i = 0; i < g->size; i++) g->L[i] = -0.25f;
  optimizer_step(optimizer, w, &(Gradient){.dw = g}, 0.1, 0, 2, kernels_best());
  for (size_t i = 0; i < w->size; i++) assert_true(fabs((double)w->L[i] - second) < 2e-7);
  assert_int_equal(optimizer->steps, 2);
  optimizer_free(optimizer);
  weights_free(w);
  weights_free(g);
}

static void optimizer_steps_equal_those_calculated_by_hand(void **state) {
  static const struct {
    double first, second;
  } right[OPTIMIZERS] = {
      /* 1 - 0.05, then + 0.025 */
      [OPTIMIZER_SGD] = {0.95, 0.975},
      /* m = 0.5, then 0.9*0.5 - 0.25 = 0.2 */
      [OPTIMIZER_MOMENTUM] = {0.95, 0.93},
      /* v = 0.25: 0.1*0.5/0.5; then v = 0.3125: 0.1*0.25/0.5590170 */
      [OPTIMIZER_ADAGRAD] = {0.9, 0.9447214},
      /* v = 0.0025: 0.1*0.5/(0.05 + 1e-8); then v = 0.0031: 0.1*0.25/0.05567764 */
      [OPTIMIZER_RMSPROP] = {0.0000002, 0.4490134},
      /* Step 1: m/(1-0.9) = 0.5, v/(1-0.999) = 0.25: w = 1 - 0.1.
       * Step 2: m = 0.9*0.05 - 0.025 = 0.02, /0.19 = 0.1052632;
       *         v = 0.999*0.00025 + 0.0000625 = 0.00031225, /0.001999 = 0.1562031, root 0.3952254.
       */
      [OPTIMIZER_ADAM] = {0.9, 0.8733663}};
  (void)state;
  for (int kind = 0; kind < OPTIMIZERS; kind++)
    after_two_steps((OptimizerKind)kind, right[kind].first, right[kind].second);
}

/* One weight goes 0, 1, 3, 6, 10, 15 by sgd with gradients -1, -2, ... */
static void the_average_is_over_the_later_half(void **state) {
  (void)state;
  Weights *w = weights_new(shape()), *g = weights_new(shape());
  Optimizer *optimizer = optimizer_new(OPTIMIZER_SGD, shape(), 250);
  optimizer_average(optimizer, w);
  const double average[] = {1, 1 + 2 / 1.5, 4.166667, 6.5,
                            9.333333}; /* each + (w - it) / 1, 1.5, 2, .. */
  for (int t = 1; t <= 5; t++) {
    g->L[4] = (float)-t;
    optimizer_step(optimizer, w, &(Gradient){.dw = g}, 1, 0, 2, kernels_best());
    assert_true(fabs((double)optimizer->average->L[4] - average[t - 1]) < 1e-5);
  }
  assert_true((double)w->L[4] == 15);
  for (int t = 6; t <= 4000; t++) { /* the weight stays, and the average approaches it */
    g->L[4] = 0;
    optimizer_step(optimizer, w, &(Gradient){.dw = g}, 1, 0, 2, kernels_best());
  }
  assert_true(fabs((double)optimizer->average->L[4] - 15) < 1e-3);
  g->L[4] = -1000; /* and 1/250 of a late step reaches it */
  optimizer_step(optimizer, w, &(Gradient){.dw = g}, 1, 0, 2, kernels_best());
  assert_true(fabs((double)optimizer->average->L[4] - 19) < 1e-2);
  assert_true(optimizer->average->L[3] == 0);
  optimizer_free(optimizer);
  weights_free(w);
  weights_free(g);
}

static void clipping_scales_to_the_norm(void **state) {
  (void)state;
  Weights *w = weights_new(shape()), *g = weights_new(shape());
  Optimizer *optimizer = optimizer_new(OPTIMIZER_SGD, shape(), 0);
  g->L[0] = 3;
  g->L[5] = 4;
  double norm = optimizer_step(optimizer, w, &(Gradient){.dw = g}, 1, 1, 1, kernels_best());
  assert_true(fabs(norm - 5) < 1e-12);
  assert_true(fabs((double)w->L[0] + 0.6) < 1e-7 && fabs((double)w->L[5] + 0.8) < 1e-7);
  optimizer_step(optimizer, w, &(Gradient){.dw = g}, 1, 10, 1,
                 kernels_best()); /* short enough: as it is */
  assert_true(fabs((double)w->L[0] + 3.6) < 1e-6);
  optimizer_step(optimizer, w, &(Gradient){.dw = g}, 1, 4, 1, kernels_best()); /* a little longer */
  assert_true(fabs((double)w->L[0] + 3.6 + 2.4) < 1e-6);
  optimizer_step(optimizer, w, &(Gradient){.dw = g}, 1, 5.5, 1, kernels_best());
  assert_true(fabs((double)w->L[0] + 6 + 3) < 1e-5);
  optimizer_free(optimizer);
  weights_free(w);
  weights_free(g);
}

static void a_gradient_that_is_not_finite_changes_nothing(void **state) {
  (void)state;
  const float bad[] = {NAN, INFINITY, -INFINITY};
  for (int kind = OPTIMIZER_ADAM; kind < OPTIMIZERS; kind++)
    for (int i = 0; i < 3; i++) {
      Weights *w = weights_new(shape()), *before = weights_new(shape()), *g = weights_new(shape());
      Optimizer *optimizer = optimizer_new((OptimizerKind)kind, shape(), 0);
      weights_init(w, shape(), 3);
      memcpy(before->L, w->L, w->size * sizeof(float));
      g->b2[1] = bad[i];
      double norm = optimizer_step(optimizer, w, &(Gradient){.dw = g}, 0.1, 1, 2, kernels_best());
      assert_true(!isfinite(norm));
      assert_memory_equal(w->L, before->L, w->size * sizeof(float));
      assert_int_equal(optimizer->steps, 0);
      optimizer_free(optimizer);
      weights_free(w);
      weights_free(before);
      weights_free(g);
    }
}

/* In a dictionary of 64, only k-mers 9 and 4 and the followers of two groups occur. */
static void the_sign_of_a_zero_in_the_gradient_does_not_matter(void **state) {
  (void)state;
  for (int kind = OPTIMIZER_ADAM; kind < OPTIMIZERS; kind++) {
    float m[2] = {0};
    for (int i = 0; i < 2; i++) {
      Weights *w = weights_new(shape()), *g = weights_new(shape());
      Optimizer *optimizer = optimizer_new((OptimizerKind)kind, shape(), 0);
      g->L[0] = i == 0 ? 0.0f : -0.0f;
      if (optimizer->m) optimizer->m->L[0] = -0.0f; /* underflow */
      optimizer_step(optimizer, w, &(Gradient){.dw = g}, 0.1, 1, 1, kernels_best());
      if (optimizer->m) m[i] = optimizer->m->L[0];
      optimizer_free(optimizer);
      weights_free(w);
      weights_free(g);
    }
    assert_memory_equal(&m[0], &m[1], sizeof *m);
  }
}

static void untouched_rows_keep_their_weights_and_moments(void **state) {
  (void)state;
  Shape large = shape_new(3, 1, 2, 3, ACTIVATION_SIGMOID, SOFTMAX_FOLLOWERS);
  Weights *w = weights_new(&large), *dw = weights_new_rows(&large, 3, 2 * 4);
  Optimizer *optimizer = optimizer_new(OPTIMIZER_MOMENTUM, &large, 0);
  Touched L = {.rows = 64, .n = 2, .row = (int[]){4, 9}};
  Touched U = {.rows = 16, .n = 2, .row = (int[]){0, 15}};
  for (size_t i = 0; i < dw->size; i++) dw->L[i] = 1;
  dw->L[4] = dw->L[5] = NAN; /* space for a third row, which is unused */
  for (int step = 0; step < 2; step++) {
    double norm = optimizer_step(optimizer, w, &(Gradient){dw, &L, &U}, 0.1, 0, 2, kernels_best());
    assert_true(fabs(norm - sqrt(2 * 2 + 9 + 6 + 3 + 8 * 3 + 8)) < 1e-6);
  }
  for (size_t i = 0; i < w->size; i++) { /* 0.1 (1 + 1.9) */
    const size_t U0 = (size_t)(w->U - w->L), b0 = (size_t)(w->b2 - w->L);
    bool moved = true;
    if (i < 128) moved = i / 2 == 4 || i / 2 == 9;
    if (i >= U0) moved = (i - U0) / 12 == 0 || (i - U0) / 12 == 15;
    if (i >= b0) moved = (i - b0) / 4 == 0 || (i - b0) / 4 == 15;
    assert_true(fabs((double)w->L[i] - (moved ? -0.29 : 0)) < 1e-7);
    assert_true(fabs((double)optimizer->m->L[i] - (moved ? 1.9 : 0)) < 1e-6);
  }
  optimizer_free(optimizer);
  weights_free(w);
  weights_free(dw);
}

/* The same over more floats than a job has, with and without listed rows. */
static void jobs_cover_every_weight_once(void **state) {
  (void)state;
  enum { ROWS = 3000 };
  Shape large = shape_new(7, 1, 100, 100, ACTIVATION_SIGMOID, SOFTMAX_FOLLOWERS);
  Touched L = {.rows = large.V, .n = ROWS, .row = malloc(ROWS * sizeof(int))};
  for (int i = 0; i < ROWS; i++) L.row[i] = 5 * i + 2;
  for (int few = 0; few < 2; few++) {
    Weights *w = weights_new(&large), *dw = weights_new_rows(&large, few ? ROWS : large.V, large.V);
    Optimizer *optimizer = optimizer_new(OPTIMIZER_SGD, &large, 0);
    Gradient gradient = {dw, few ? &L : NULL, NULL};
    for (size_t i = 0; i < dw->size; i++)
      dw->L[i] = (float)(1 + i % 1000); /* different at each place */
    optimizer_step(optimizer, w, &gradient, 1, 0, 3, kernels_best());
    for (int v = 0, row = 0; v < large.V; v++) {
      const int touched = !few || (row < ROWS && L.row[row] == v);
      for (int i = 0; i < large.d; i++)
        assert_true(w->L[v * large.d + i] == (touched ? -dw->L[row * large.d + i] : 0));
      row += touched;
    }
    for (size_t i = 0; i < (size_t)(w->L + w->size - w->H); i++) assert_true(w->H[i] == -dw->H[i]);
    optimizer_free(optimizer);
    weights_free(w);
    weights_free(dw);
  }
  free(L.row);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(optimizer_steps_equal_those_calculated_by_hand),
      cmocka_unit_test(the_average_is_over_the_later_half),
      cmocka_unit_test(clipping_scales_to_the_norm),
      cmocka_unit_test(a_gradient_that_is_not_finite_changes_nothing),
      cmocka_unit_test(the_sign_of_a_zero_in_the_gradient_does_not_matter),
      cmocka_unit_test(untouched_rows_keep_their_weights_and_moments),
      cmocka_unit_test(jobs_cover_every_weight_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
