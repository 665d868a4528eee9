/* The reference's gradient against central differences of its own loss. */
#include "net/activation.h"
#include "net/kernels.h"
#include "reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { T = 5, B = 3, D = 4 };

static double random_real(void) { return rand() / (double)RAND_MAX - 0.5; }

/* Returns the relative error of the whole gradient, and its norm. */
static double error_of_gradient(Reference *net, const ReferenceWindow *window, double *length) {
  const double step = 1e-5;
  Reference *g = reference_new(net->k, net->s, net->d, net->D, net->phi, net->full);
  double errors = 0, squares = 0;
  reference_run(net, window, NULL, g);
  for (size_t i = 0; i < net->size; i++) {
    double kept = net->L[i];
    net->L[i] = kept + step;
    double above = reference_run(net, window, NULL, NULL);
    net->L[i] = kept - step;
    double below = reference_run(net, window, NULL, NULL);
    net->L[i] = kept;
    errors += pow((above - below) / (2 * step) - g->L[i], 2);
    squares += pow(g->L[i], 2);
  }
  reference_free(g);
  *length = sqrt(squares);
  return sqrt(errors / squares);
}

static void gradient_is_the_slope_of_the_loss(void **state) {
  (void)state;
  int x[T * B], y[T * B];
  bool restart[T * B];
  double h0[B * D], length;
  srand(1);
  for (int k = 1; k <= 2; k++)
    for (int s = 1; s <= k; s++)
      for (int phi = 0; phi < ACTIVATIONS; phi++)
        for (int full = 0; full < 2; full++) {
          Reference *net = reference_new(k, s, 3, D, phi, full);
          for (size_t i = 0; i < net->size; i++) net->L[i] = 2 * random_real();
          for (int i = 0; i < B * D; i++) h0[i] = random_real();
          for (int i = 0; i < T * B; i++) { /* y = the end of x and s new bases */
            int follow = 1 << 2 * s, shared = 1 << 2 * (k - s);
            x[i] = rand() % net->V;
            y[i] = rand() % 5 == 0 ? -1 : x[i] % shared * follow + rand() % follow;
            restart[i] = rand() % 5 == 0;
          }
          ReferenceWindow window = {T, B, x, y, restart, h0};
          double error = error_of_gradient(net, &window, &length);
          assert_true(error < 1e-7);
          assert_true(length > 0.1);
          reference_free(net);
        }
}

static void misprinted_gradient_is_not_the_slope(void **state) {
  (void)state;
  const int x[] = {0, 3, 1, 2}, y[] = {3, 1, 2, 2};
  const bool restart[] = {1, 0, 0, 0};
  const double h0[D] = {0};
  double length;
  srand(2);
  Reference *net = reference_new(1, 1, 3, D, ACTIVATION_SIGMOID, 1);
  for (size_t i = 0; i < net->size; i++) net->L[i] = 2 * random_real();
  ReferenceWindow window = {4, 1, x, y, restart, h0};
  assert_true(error_of_gradient(net, &window, &length) < 1e-7);
  net->misprint = 1;
  assert_true(error_of_gradient(net, &window, &length) > 1e-2);
  reference_free(net);
}

static void loss_equals_a_calculation_by_hand(void **state) {
  /* k=1, d=D=1, sigmoid, two timesteps, x = A C, y = C G; all weights 0 but L[A]=1, H=2, I=1,
   * U[C]=1. h(1) = sigma(1) = 0.7310586, J(1) = ln(3 + e^0.7310586) - 0.7310586 = 0.8937168;
   * h(2) = sigma(1.4621172) = 0.8118563, J(2) = ln(3 + e^0.8118563) = 1.6586251. */
  (void)state;
  const int x[] = {0, 1}, y[] = {1, 2};
  const bool restart[] = {1, 0};
  const double h0[] = {9}; /* unused: the lane restarts */
  Reference *net = reference_new(1, 1, 1, 1, ACTIVATION_SIGMOID, 1);
  net->L[0] = 1;
  net->H[0] = 2;
  net->I[0] = 1;
  net->U[1] = 1;
  ReferenceWindow window = {2, 1, x, y, restart, h0};
  double J = reference_run(net, &window, NULL, NULL);
  assert_true(fabs(J - 2.5523418567) < 1e-9);
  reference_free(net);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gradient_is_the_slope_of_the_loss),
                                     cmocka_unit_test(misprinted_gradient_is_not_the_slope),
                                     cmocka_unit_test(loss_equals_a_calculation_by_hand)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
