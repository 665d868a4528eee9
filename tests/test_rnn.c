#include "net/rnn.h"
#include "reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

/* Checks for mean 0 and this standard deviation, within the expected error of sampling, and for no
 * number beyond sqrt(3) standard deviations. */
static void assert_uniform(const float *a, size_t n, double deviation) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) {
    sum += (double)a[i];
    squares += (double)a[i] * (double)a[i];
    assert_true(fabs((double)a[i]) <= deviation * sqrt(3) + 1e-6);
  }
  assert_true(fabs(sum / (double)n) < 5 * deviation / sqrt((double)n));
  assert_true(fabs(sqrt(squares / (double)n) / deviation - 1) < 5 / sqrt((double)n));
}

static double steepest_slope(int phi) {
  double steepest = 0;
  for (int i = -80; i <= 80; i++) steepest = fmax(steepest, reference_slope(phi, i / 16.0));
  return steepest;
}

static void initial_weights_have_their_standard_deviations(void **state) {
  (void)state;
  for (int phi = 0; phi < ACTIVATIONS; phi++) {
    Shape shape = shape_new(3, 1, 16, 64, (Activation)phi, SOFTMAX_FOLLOWERS);
    Weights *w = weights_new(&shape);
    weights_init(w, &shape, 5);
    assert_uniform(w->L, 64 * 16, 1);
    assert_uniform(w->H, 64 * 64, 1 / steepest_slope(phi) / 8);
    assert_uniform(w->I, 16 * 64, 0.5 / 4);
    assert_uniform(w->U, 64 * 64, 0.25 / 8);
    for (int i = 0; i < 64; i++) assert_true(w->b1[i] == 0 && w->b2[i] == 0);
    weights_free(w);
  }
}

static void seeds_give_their_own_weights(void **state) {
  (void)state;
  Shape shape = shape_new(2, 1, 4, 8, ACTIVATION_SIGMOID, SOFTMAX_FULL);
  Weights *a = weights_new(&shape), *b = weights_new(&shape);
  weights_init(a, &shape, 1);
  weights_init(b, &shape, 1);
  assert_memory_equal(a->L, b->L, a->size * sizeof(float));
  weights_init(b, &shape, 2);
  assert_memory_not_equal(a->H, b->H, 64 * sizeof(float));
  weights_free(a);
  weights_free(b);
}

static void sizes_are_those_of_the_equations(void **state) {
  (void)state;
  Shape shape = shape_new(4, 1, 32, 128, ACTIVATION_SIGMOID, SOFTMAX_FOLLOWERS);
  assert_int_equal(shape.V, 256);
  assert_int_equal(shape.n, 4);
  assert_int_equal(shape_parameters(&shape),
                   256 * 32 + 128 * 128 + 32 * 128 + 128 + 128 * 256 + 256);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(initial_weights_have_their_standard_deviations),
      cmocka_unit_test(seeds_give_their_own_weights),
      cmocka_unit_test(sizes_are_those_of_the_equations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
