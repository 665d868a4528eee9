#include "net/softmax.h"

#include "sequence/kmer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants those before it */
#include <cmocka.h>

static float random_real(void) { return (float)rand() / (float)RAND_MAX - 0.5f; }

static Weights *random_weights(const Shape *shape) {
  Weights *w = weights_new(shape);
  for (size_t i = 0; i < w->size; i++) w->L[i] = 3 * random_real();
  return w;
}

static void probabilities_sum_to_one(void **state) {
  (void)state;
  srand(1);
  for (int k = 1; k <= 5; k++)
    for (int s = 1; s <= k; s++)
      for (int softmax = SOFTMAX_FOLLOWERS; softmax <= SOFTMAX_FULL; softmax++) {
        Shape shape = shape_new(k, s, 2, 19, ACTIVATION_SIGMOID, (Softmax)softmax);
        Weights *w = random_weights(&shape);
        float *yhat = calloc((size_t)shape.n, sizeof *yhat), h[19];
        for (int i = 0; i < 19; i++) h[i] = random_real();
        Factors *factors = factors_new(&shape, 1, false, kernels_best()->products);
        factors_set(factors, w, &shape, 1);
        softmax_yhat(yhat, &(int){rand() % shape.V}, h, 1, factors, &shape, kernels_best());
        factors_free(factors);
        double sum = 0;
        for (int i = 0; i < shape.n; i++) {
          assert_true(yhat[i] > 0);
          sum += (double)yhat[i];
        }
        assert_true(fabs(sum - 1) < 1e-6);
        free(yhat);
        weights_free(w);
      }
}

static void loss_is_that_of_yhat(void **state) {
  (void)state;
  enum { ROWS = 150, D = 8 };
  int x[ROWS], y[ROWS];
  float h[ROWS * D];
  double J[ROWS];
  srand(2);
  for (int softmax = SOFTMAX_FOLLOWERS; softmax <= SOFTMAX_FULL; softmax++) {
    Shape shape = shape_new(3, 1, 2, D, ACTIVATION_SIGMOID, (Softmax)softmax);
    Weights *w = random_weights(&shape);
    Factors *factors = factors_new(&shape, ROWS, false, kernels_best()->products);
    float *q = calloc(softmax_logits(&shape, ROWS, false), sizeof *q);
    factors_set(factors, w, &shape, 2);
    float *yhat = calloc((size_t)shape.n, sizeof *yhat);
    for (int i = 0; i < ROWS * D; i++) h[i] = random_real();
    for (int i = 0; i < ROWS; i++) {
      x[i] = rand() % shape.V;
      y[i] = i % 7 == 0 ? -1 : kmer_followers(x[i], 3, 1) + rand() % 4;
    }
    const SoftmaxRows rows = {.rows = ROWS, .x = x, .y = y, .h = h, .J = J, .q = q};
    softmax_loss(&rows, factors, &shape, kernels_best());
    for (int i = 0; i < ROWS; i++) {
      softmax_yhat(yhat, &x[i], h + i * D, 1, factors, &shape, kernels_best());
      double right = y[i] < 0 ? 0 : -log((double)yhat[y[i] - softmax_first(x[i], &shape)]);
      assert_true(fabs(J[i] - right) < 1e-5);
    }
    free(yhat);
    free(q);
    factors_free(factors);
    weights_free(w);
  }
}

static void with_stride_k_followers_are_all(void **state) {
  (void)state;
  Shape followers = shape_new(3, 3, 2, 4, ACTIVATION_TANH, SOFTMAX_FOLLOWERS),
        full = shape_new(3, 3, 2, 4, ACTIVATION_TANH, SOFTMAX_FULL);
  assert_memory_equal(&followers, &full, sizeof full);
  assert_int_equal(followers.n, 64);
  assert_int_equal(shape_new(3, 1, 2, 4, ACTIVATION_TANH, SOFTMAX_FOLLOWERS).n, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(probabilities_sum_to_one),
                                     cmocka_unit_test(loss_is_that_of_yhat),
                                     cmocka_unit_test(with_stride_k_followers_are_all)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
