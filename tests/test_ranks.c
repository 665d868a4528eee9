/* Ranks add, agree and copy with the results of one process. tests/CMakeLists.txt runs this test
 * alone and under mpirun. */
#include "base/ranks.h"

#include "base/alloc.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { MOST = 40 /* blocks */ };

/* Element i of block b: numbers of many sizes, whose sums depend on the order. */
static double element(int b, size_t i) {
  const uint64_t mixed = (i * MOST + (uint64_t)b + 1) * 0x9e3779b97f4a7c15u;
  return ((double)(mixed >> 40) - (1 << 23)) / (double)(1 + (mixed & 0xfff));
}

/* The sum of element i of blocks first..last-1, of floats or of doubles. The sum of two
 * floats is that of two doubles, rounded. */
static double tree(int first, int last, size_t i, bool floats) {
  const int middle = first + (last - first + 1) / 2;
  const double sum = last - first == 1
                         ? element(first, i)
                         : tree(first, middle, i, floats) + tree(middle, last, i, floats);
  return floats ? (double)(float)sum : sum;
}

static void check_sums(int blocks, size_t n) {
  int first, last;
  ranks_share(blocks, &first, &last);
  float *a = alloc_floats(n);
  double *b = alloc_new(n, sizeof *b);
  for (size_t i = 0; i < n; i++) {
    a[i] = (float)tree(first, last, i, true);
    b[i] = tree(first, last, i, false);
  }
  ranks_add(a, n);
  ranks_add_doubles(b, n);
  for (size_t i = 0; i < n; i++) {
    assert_true((double)a[i] == tree(0, blocks, i, true));
    assert_true(b[i] == tree(0, blocks, i, false));
  }
  free(a);
  free(b);
}

static void sums_are_those_of_one_process(void **state) {
  static const size_t lengths[] = {1, 2, 3, 97, 4096, 4097, 5000, 100003};
  (void)state;
  for (int blocks = ranks_count(); blocks <= MOST; blocks += 7)
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) check_sums(blocks, lengths[l]);
}

static void shares_cover_all_blocks_in_order(void **state) {
  (void)state;
  for (int blocks = ranks_count(); blocks <= MOST; blocks++) {
    int first, last, *ends = alloc_new((size_t)ranks_count(), sizeof *ends);
    ranks_share(blocks, &first, &last);
    ends[ranks_mine()] = last;
    ranks_gather(ends, (size_t)ranks_mine() * sizeof *ends, sizeof *ends);
    assert_int_equal(first, ranks_mine() == 0 ? 0 : ends[ranks_mine() - 1]);
    assert_true(last > first);
    assert_int_equal(ends[ranks_count() - 1], blocks);
    free(ends);
  }
}

/* Each node of the tree sends the ranks below it, 0, 1, .. */
static void partners_swap_what_their_nodes_have(void **state) {
  (void)state;
  int list[64] = {ranks_mine()}, other[64];
  size_t n = 1;
  for (int level = 0; level < ranks_levels(); level++) {
    const size_t size = n * sizeof *list;
    ranks_swap(level, list, size, other, size);
    if (other[0] < list[0]) memmove(list + n, list, size);
    memcpy(other[0] < list[0] ? list : list + n, other, size);
    n *= 2;
  }
  assert_int_equal(n, ranks_count());
  for (int i = 0; i < ranks_count(); i++) assert_int_equal(list[i], i);
}

static void sizes_of_partners_may_differ(void **state) {
  (void)state;
  const bool odd = ranks_mine() % 2;
  char sum[64], other[64] = {0};
  if (ranks_levels() == 0) return;
  memset(sum, 7, sizeof sum);
  ranks_swap(0, sum, odd ? 3 : 64, other, odd ? 64 : 3);
  for (int i = 0; i < 64; i++) assert_int_equal(other[i], odd || i < 3 ? 7 : 0);
}

static void decisions_are_those_of_all(void **state) {
  (void)state;
  const int last = ranks_count() - 1;
  Agreement agreement = {.signal = ranks_mine() == last ? 15 : 0,
                         .save = ranks_mine() == last,
                         .now = 100 - ranks_mine()};
  ranks_agree(&agreement);
  assert_int_equal(agreement.signal, 15);
  assert_true(agreement.save);
  assert_true(agreement.now == 100);
}

static void no_rank_saves_or_stops_if_none_asks(void **state) {
  (void)state;
  Agreement agreement = {.now = 5 + ranks_mine()};
  ranks_agree(&agreement);
  assert_int_equal(agreement.signal, 0);
  assert_false(agreement.save);
  assert_true(agreement.now == 5);
}

static void the_outcome_is_that_of_the_first_failed_rank(void **state) {
  (void)state;
  Why why = {""};
  assert_int_equal(ranks_outcome(0, &why), 0);
  const int last = ranks_count() - 1;
  if (ranks_mine() == last) (fail)(&why, "rank %d has no memory", last);
  assert_int_equal(ranks_outcome(ranks_mine() == last ? -1 : 0, &why), -1);
  char text[64], name[64];
  snprintf(text, sizeof text, "rank %d has no memory", last);
  snprintf(name, sizeof name, "rank %d on ", last);
  assert_non_null(strstr(why.text, text));
  assert_int_equal(strncmp(why.text, name, strlen(name)) == 0, last > 0);
}

static void all_ranks_receive_the_data_of_the_first(void **state) {
  (void)state;
  char text[] = "........";
  if (ranks_first()) strcpy(text, "ACGTACGT");
  ranks_broadcast(text, sizeof text);
  assert_string_equal(text, "ACGTACGT");
}

static void published_memory_is_visible_to_all_ranks(void **state) {
  (void)state;
  enum { SIZE = 100001 };
  unsigned char *published[2];
  for (int k = 0; k < 2; k++) {
    unsigned char *data = ranks_first() ? alloc_new(SIZE, 1) : NULL;
    for (int i = 0; data && i < SIZE; i++) data[i] = (unsigned char)(i * 7 + k);
    published[k] = ranks_publish(data, SIZE);
  }
  for (int i = 0; i < SIZE; i++)
    for (int k = 0; k < 2; k++) assert_int_equal(published[k][i], (unsigned char)(i * 7 + k));
  ranks_withdraw(published[0]);
  ranks_withdraw(published[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shares_cover_all_blocks_in_order),
      cmocka_unit_test(sums_are_those_of_one_process),
      cmocka_unit_test(partners_swap_what_their_nodes_have),
      cmocka_unit_test(sizes_of_partners_may_differ),
      cmocka_unit_test(decisions_are_those_of_all),
      cmocka_unit_test(no_rank_saves_or_stops_if_none_asks),
      cmocka_unit_test(the_outcome_is_that_of_the_first_failed_rank),
      cmocka_unit_test(all_ranks_receive_the_data_of_the_first),
      cmocka_unit_test(published_memory_is_visible_to_all_ranks),
  };
  Why why;
  setenv("CMOCKA_TEST_ABORT", "1", 1); /* or the other ranks would wait for one that failed */
  if (ranks_start(&why) != 0) {
    fprintf(stderr, "%s\n", why.text);
    return 1;
  }
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  ranks_end();
  return failed;
}
