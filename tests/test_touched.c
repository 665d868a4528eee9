/* Rows that tokens touch, against what a plain search says. */
#include "net/touched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka wants those before it */
#include <cmocka.h>

static void tokens_come_by_row_and_in_order(void **state) {
  (void)state;
  static const int bits[] = {0, 2, 10, 11, 12, 22, 24};
  srand(1);
  for (int i = 0; i < 7; i++)
    for (int tokens = 1; tokens < 5000; tokens = tokens * 3 + 1) {
      const int rows = 1 << bits[i];
      Touched touched = touched_new(rows, tokens);
      int *x = malloc((size_t)tokens * sizeof *x), seen = 0;
      char *there = calloc((size_t)tokens, 1);
      for (int t = 0; t < tokens; t++) {
        x[t] = t % 5 == 0 ? -1 : rand() % (1 << 24);
        if (t % 3 == 0) x[t] = rand() % 7; /* again and again */
      }
      int reading = 0;
      for (int t = 0; t < tokens; t++) reading += x[t] >= 0;
      touched_set(&touched, x, tokens);
      assert_int_equal(touched.start[0], 0);
      for (int r = 0; r < touched.n; r++) {
        assert_true(r == 0 || touched.row[r] > touched.row[r - 1]);
        assert_true(touched.start[r + 1] > touched.start[r]);
        for (int j = touched.start[r]; j < touched.start[r + 1]; j++, seen++) {
          const int token = touched.order[j];
          assert_true(x[token] >= 0);
          assert_int_equal(x[token] % rows, touched.row[r]);
          assert_true(j == touched.start[r] || token > touched.order[j - 1]);
          assert_int_equal(there[token]++, 0);
        }
      }
      assert_int_equal(seen, reading);
      touched_free(&touched);
      free(x);
      free(there);
    }
}

static void idle_tokens_touch_no_row(void **state) {
  (void)state;
  static const int x[] = {-1, 2, -1, -1, 2, 1, -1};
  Touched touched = touched_new(4, 7);
  touched_set(&touched, x, 7);
  assert_int_equal(touched.n, 2);
  assert_int_equal(touched.row[0], 1);
  assert_int_equal(touched.row[1], 2);
  assert_int_equal(touched.start[2], 3);
  touched_set(&touched, x, 1);
  assert_int_equal(touched.n, 0);
  assert_int_equal(touched.start[0], 0);
  touched_free(&touched);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(tokens_come_by_row_and_in_order),
                                     cmocka_unit_test(idle_tokens_touch_no_row)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
