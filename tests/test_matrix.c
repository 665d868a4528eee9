/* Products by BLAS, in one thread and in several at the same time. */
#include "net/matrix.h"

#include "base/parallel.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { SIZE = 160, THREADS = 8, ROUNDS = 1500 };

static float A[SIZE * SIZE], W[SIZE * SIZE], C[SIZE * SIZE];

static void fill(float *a) {
  for (int i = 0; i < SIZE * SIZE; i++) a[i] = (float)(rand() / (double)RAND_MAX - 0.5);
}

static void products_are_right(void **state) {
  static const int sizes[] = {1, 4, 33, SIZE};
  (void)state;
  for (int form = 0; form < 4 * 4 * 4 * 2; form++) {
    const int m = sizes[form % 4], n = sizes[form / 4 % 4], k = sizes[form / 16 % 4];
    const bool add = form / 64;
    float before[SIZE * SIZE];
    fill(C);
    memcpy(before, C, sizeof C);
    matrix_multiply_ta(C, A, W, m, n, k, add);
    for (int i = 0; i < m * n; i++) {
      double right = add ? (double)before[i] : 0;
      for (int j = 0; j < k; j++) right += (double)A[j * m + i / n] * (double)W[j * n + i % n];
      assert_true(fabs((double)C[i] - right) < 1e-5);
    }
  }
}

static atomic_int wrong;

static void multiply_again(void *context, int i) {
  float *mine = malloc(sizeof C);
  (void)context;
  (void)i;
  for (int round = 0; round < ROUNDS; round++) {
    matrix_multiply_ta(mine, A, W, SIZE, SIZE, SIZE, false);
    if (memcmp(mine, C, sizeof C) != 0) atomic_fetch_add(&wrong, 1);
  }
  free(mine);
}

/* With an OpenBLAS built without threads, one product in a thousand was wrong. */
static void threads_can_multiply_at_the_same_time(void **state) {
  (void)state;
  matrix_multiply_ta(C, A, W, SIZE, SIZE, SIZE, false);
  parallel_run(THREADS, THREADS, multiply_again, NULL);
  assert_int_equal(wrong, 0);
}

static int start(void **state) {
  Why why;
  (void)state;
  fill(A);
  fill(W);
  return matrix_start(THREADS, &why);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(products_are_right),
                                     cmocka_unit_test(threads_can_multiply_at_the_same_time)};
  return cmocka_run_group_tests(tests, start, NULL);
}
