/* Rows that tokens touch, against a plain search. */
#include "net/touched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static void check_order(int rows, int tokens, bool all) {
  Touched touched = touched_new(rows, tokens, all);
  int *x = malloc((size_t)tokens * sizeof *x), seen = 0, reading = 0;
  const int from = tokens / 3;
  char *there = calloc((size_t)tokens, 1);
  for (int t = 0; t < tokens; t++) {
    x[t] = t % 5 == 0 ? -1 : rand() % (1 << 24);
    if (t % 3 == 0) x[t] = rand() % 7; /* again and again */
    reading += t >= from && x[t] >= 0;
  }
  touched_set(&touched, x, from, tokens);
  assert_int_equal(touched.start[0], 0);
  if (all) assert_int_equal(touched.n, rows);
  for (int r = 0; r < touched.n; r++) {
    assert_true(all || r == 0 || touched.row[r] > touched.row[r - 1]);
    assert_true(all || touched.start[r + 1] > touched.start[r]);
    for (int j = touched.start[r]; j < touched.start[r + 1]; j++, seen++) {
      const int token = touched.order[j];
      assert_in_range(token, from, tokens - 1);
      assert_true(x[token] >= 0);
      assert_int_equal(x[token] % rows, all ? r : touched.row[r]);
      assert_true(j == touched.start[r] || token > touched.order[j - 1]);
      assert_int_equal(there[token]++, 0);
    }
  }
  assert_int_equal(seen, reading);
  touched_free(&touched);
  free(x);
  free(there);
}

static void tokens_are_grouped_by_row_in_order(void **state) {
  (void)state;
  static const int bits[] = {0, 2, 10, 11, 12, 22, 24};
  srand(1);
  for (int i = 0; i < 7; i++)
    for (int tokens = 1; tokens < 5000; tokens = tokens * 3 + 1) {
      check_order(1 << bits[i], tokens, false);
      if (bits[i] <= 12) check_order(1 << bits[i], tokens, true);
    }
}

static void idle_tokens_touch_no_row(void **state) {
  (void)state;
  static const int x[] = {-1, 2, -1, -1, 2, 1, -1};
  Touched touched = touched_new(4, 7, false);
  touched_set(&touched, x, 0, 7);
  assert_int_equal(touched.n, 2);
  assert_int_equal(touched.row[0], 1);
  assert_int_equal(touched.row[1], 2);
  assert_int_equal(touched.start[2], 3);
  touched_set(&touched, x, 0, 1);
  assert_int_equal(touched.n, 0);
  assert_int_equal(touched.start[0], 0);
  touched_free(&touched);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(tokens_are_grouped_by_row_in_order),
                                     cmocka_unit_test(idle_tokens_touch_no_row)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
