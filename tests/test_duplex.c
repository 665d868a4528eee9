/* The results of both strands meet at their positions. */
#include "prediction/duplex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static char said[256];
static Why why;

static void add(Duplex *duplex, bool reversed, const char *results) {
  for (; *results; results += 2) duplex_add(duplex, reversed, (uint64_t)(*results - '0'), results);
}

/* Notes a position with the results of both strands; '-': none. */
static int take(void *context, uint64_t position, const void *forward, const void *reverse,
                Why *why_) {
  (void)why_;
  const char *one = forward ? forward : "--", *other = reverse ? reverse : "--";
  sprintf(said + strlen(said), "%d%c%c ", (int)position, one[1], other[1]);
  return position == *(const uint64_t *)context ? -1 : 0;
}

static const char *taken(Duplex *duplex, uint64_t last, int rc) {
  *said = 0;
  assert_int_equal(duplex_take(duplex, take, &last, &why), rc);
  assert_true(duplex_empty(duplex));
  return said;
}

static void results_of_both_strands_are_paired_by_position(void **state) {
  (void)state;
  Duplex *duplex = duplex_new(2, 1);
  assert_true(duplex_empty(duplex));
  assert_string_equal(taken(duplex, 0, 0), "");
  add(duplex, false, "3a4b5c8d9e");
  assert_false(duplex_empty(duplex));
  add(duplex, true, "8x7y4z3v2w1u");
  assert_string_equal(taken(duplex, 0, 0), "1-u 2-w 3av 4bz 5c- 7-y 8dx 9e- ");
  add(duplex, false, "2a");
  assert_string_equal(taken(duplex, 0, 0), "2a- ");
  add(duplex, true, "2a");
  assert_string_equal(taken(duplex, 0, 0), "2-a ");
  duplex_free(duplex);
}

/* Past the end of a circle, one strand returns to low positions, the other to high ones. */
static void circles_are_put_in_order(void **state) {
  (void)state;
  Duplex *duplex = duplex_new(2, 1);
  add(duplex, false, "3a4b5c1d2e");
  add(duplex, true, "3v2w1x5y4z");
  assert_string_equal(taken(duplex, 0, 0), "1dx 2ew 3av 4bz 5cy ");
  duplex_free(duplex);
}

/* Positions a stride apart, after a gap in another phase. */
static void strides_and_gaps_are_kept_apart(void **state) {
  (void)state;
  for (int step = 1; step <= 3; step++) {
    Duplex *duplex = duplex_new(2, step);
    add(duplex, false, "1a3b6c8d");
    add(duplex, true, "9z7y6x3w1v");
    assert_string_equal(taken(duplex, 0, 0), "1av 3bw 6cx 7-y 8d- 9-z ");
    duplex_free(duplex);
  }
}

static void an_error_of_the_callback_ends_the_pairing(void **state) {
  (void)state;
  Duplex *duplex = duplex_new(2, 1);
  add(duplex, false, "1a2b3c");
  assert_string_equal(taken(duplex, 2, -1), "1a- 2b- ");
  duplex_free(duplex);
}

/* Many results, larger than a word. */
static int count(void *context, uint64_t position, const void *forward, const void *reverse,
                 Why *why_) {
  uint64_t *n = context;
  (void)why_;
  assert_int_equal(position, ++*n);
  assert_int_equal(*(const uint64_t *)forward, position * 7);
  assert_int_equal(((const uint64_t *)reverse)[2], position * 9);
  return 0;
}

static void many_results_are_kept(void **state) {
  (void)state;
  enum { MANY = 100000 };
  Duplex *duplex = duplex_new(3 * sizeof(uint64_t), 1);
  uint64_t n = 0;
  for (uint64_t i = 1; i <= MANY; i++) duplex_add(duplex, false, i, (uint64_t[]){i * 7, 0, 0});
  for (uint64_t i = MANY; i > 0; i--) duplex_add(duplex, true, i, (uint64_t[]){0, 0, i * 9});
  assert_int_equal(duplex_take(duplex, count, &n, &why), 0);
  assert_int_equal(n, MANY);
  duplex_free(duplex);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(results_of_both_strands_are_paired_by_position),
      cmocka_unit_test(circles_are_put_in_order), cmocka_unit_test(strides_and_gaps_are_kept_apart),
      cmocka_unit_test(an_error_of_the_callback_ends_the_pairing),
      cmocka_unit_test(many_results_are_kept)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
