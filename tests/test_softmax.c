#include "net/softmax.h"

#include "sequence/kmer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka.h requires these first */
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
        softmax_yhat(yhat, &(int){rand() % shape.V}, h, NULL, 1, factors, &shape, kernels_best());
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
      softmax_yhat(yhat, &x[i], h + i * D, NULL, 1, factors, &shape, kernels_best());
      double right = y[i] < 0 ? 0 : -log((double)yhat[y[i] - softmax_first(x[i], &shape)]);
      assert_true(fabs(J[i] - right) < 1e-5);
    }
    free(yhat);
    free(q);
    factors_free(factors);
    weights_free(w);
  }
}

enum { WITH_ROWS = 37, WITH_D = 8 };

/* Rows with evidence, and one row without: a = 1 and no votes. */
typedef struct {
  Shape shape;
  Weights *w;
  Factors *factors;
  int x[WITH_ROWS], y[WITH_ROWS];
  float h[WITH_ROWS * WITH_D];
  Vote votes[WITH_ROWS][3];
  Evidence evidence[WITH_ROWS];
} WithEvidence;

static WithEvidence *with_evidence_new(int s, Softmax softmax) {
  WithEvidence *c = calloc(1, sizeof *c);
  c->shape = shape_new(3, s, 2, WITH_D, ACTIVATION_SIGMOID, softmax);
  c->w = random_weights(&c->shape);
  c->factors = factors_new(&c->shape, WITH_ROWS, false, kernels_best()->products);
  factors_set(c->factors, c->w, &c->shape, 2);
  for (int i = 0; i < WITH_ROWS * WITH_D; i++) c->h[i] = random_real();
  for (int i = 0; i < WITH_ROWS; i++) {
    const int j = rand() % c->shape.n, n = c->shape.n;
    c->x[i] = rand() % c->shape.V;
    c->y[i] = kmer_followers(c->x[i], 3, s) + rand() % kmer_count(s);
    for (int v = 0; v < 3; v++) c->votes[i][v] = (Vote){(j + v) % n, 8 * random_real()};
    c->evidence[i] = (Evidence){i == 0 ? 1 : random_real() + 1, i % 4, c->votes[i]};
  }
  return c;
}

static void with_evidence_free(WithEvidence *c) {
  factors_free(c->factors);
  weights_free(c->w);
  free(c);
}

/* yhat of row i by the equation, in double precision. */
static void yhat_by_equation(double *yhat, const WithEvidence *c, int i) {
  const int first = softmax_first(c->x[i], &c->shape);
  const Evidence *evidence = &c->evidence[i];
  double sum = 0;
  for (int j = 0; j < c->shape.n; j++) {
    double q = (double)c->w->b2[first + j];
    for (int r = 0; r < WITH_D; r++)
      q += (double)c->h[i * WITH_D + r] * (double)c->w->U[(first + j) * WITH_D + r];
    q *= (double)evidence->a;
    for (int v = 0; v < evidence->n; v++)
      if (evidence->votes[v].j == j) q += (double)evidence->votes[v].s;
    sum += yhat[j] = exp(q);
  }
  for (int j = 0; j < c->shape.n; j++) yhat[j] /= sum;
}

static void evidence_equals_the_equation(void **state) {
  (void)state;
  srand(3);
  for (int s = 1; s <= 2; s++)
    for (int softmax = SOFTMAX_FOLLOWERS; softmax <= SOFTMAX_FULL; softmax++) {
      WithEvidence *c = with_evidence_new(s, (Softmax)softmax);
      double J[WITH_ROWS], right[64];
      float *q = calloc(softmax_logits(&c->shape, WITH_ROWS, false), sizeof *q), yhat[64];
      const SoftmaxRows rows = {.rows = WITH_ROWS,
                                .x = c->x,
                                .y = c->y,
                                .h = c->h,
                                .evidence = c->evidence,
                                .J = J,
                                .q = q};
      softmax_loss(&rows, c->factors, &c->shape, kernels_best());
      for (int i = 0; i < WITH_ROWS; i++) {
        yhat_by_equation(right, c, i);
        softmax_yhat(yhat, &c->x[i], c->h + i * WITH_D, &c->evidence[i], 1, c->factors, &c->shape,
                     kernels_best());
        for (int j = 0; j < c->shape.n; j++) assert_true(fabs((double)yhat[j] - right[j]) < 1e-5);
        assert_true(fabs(J[i] + log(right[c->y[i] - softmax_first(c->x[i], &c->shape)])) < 1e-4);
      }
      free(q);
      with_evidence_free(c);
    }
}

/* A memory without evidence changes no bit of the results. */
static void no_evidence_changes_no_bit(void **state) {
  (void)state;
  srand(4);
  for (int s = 1; s <= 2; s++)
    for (int softmax = SOFTMAX_FOLLOWERS; softmax <= SOFTMAX_FULL; softmax++) {
      WithEvidence *c = with_evidence_new(s, (Softmax)softmax);
      double with[WITH_ROWS], without[WITH_ROWS];
      float *q = calloc(softmax_logits(&c->shape, WITH_ROWS, false), sizeof *q);
      SoftmaxRows rows = {.rows = WITH_ROWS, .x = c->x, .y = c->y, .h = c->h, .J = without, .q = q};
      softmax_loss(&rows, c->factors, &c->shape, kernels_best());
      for (int i = 0; i < WITH_ROWS; i++) c->evidence[i] = (Evidence){1, 0, NULL};
      rows.evidence = c->evidence;
      rows.J = with;
      softmax_loss(&rows, c->factors, &c->shape, kernels_best());
      assert_memory_equal(with, without, sizeof with);
      free(q);
      with_evidence_free(c);
    }
}

/* softmax_q and the equation of yhat, without evidence, give softmax_yhat. */
static void logits_are_those_of_yhat(void **state) {
  (void)state;
  srand(5);
  for (int s = 1; s <= 2; s++)
    for (int softmax = SOFTMAX_FOLLOWERS; softmax <= SOFTMAX_FULL; softmax++) {
      WithEvidence *c = with_evidence_new(s, (Softmax)softmax);
      const int n = c->shape.n;
      float q[4 * 64], yhat[4 * 64];
      softmax_q(q, c->x, c->h, 4, c->factors, &c->shape, kernels_best());
      softmax_yhat(yhat, c->x, c->h, NULL, 4, c->factors, &c->shape, kernels_best());
      for (int i = 0; i < 4; i++)
        for (int j = 1; j < n; j++)
          assert_true(fabs(log((double)yhat[i * n + j] / (double)yhat[i * n]) -
                           ((double)q[i * n + j] - (double)q[i * n])) < 1e-4);
      with_evidence_free(c);
    }
}

static void with_stride_k_every_k_mer_is_a_follower(void **state) {
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
                                     cmocka_unit_test(evidence_equals_the_equation),
                                     cmocka_unit_test(no_evidence_changes_no_bit),
                                     cmocka_unit_test(logits_are_those_of_yhat),
                                     cmocka_unit_test(with_stride_k_every_k_mer_is_a_follower)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
