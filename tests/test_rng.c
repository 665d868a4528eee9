#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The first numbers of SplitMix64 from the state 1234567, from its reference implementation (S.
 * Vigna, splitmix64.c; rosettacode.org has the same numbers). */
static void the_generator_is_splitmix64(void **state) {
  (void)state;
  static const uint64_t numbers[] = {6457827717110365317u, 3203168211198807973u,
                                     9817491932198370423u, 4593380528125082431u,
                                     16408922859458223821u};
  Rng rng = {1234567};
  for (int i = 0; i < 5; i++) assert_true(rng_next(&rng) == numbers[i]);
}

static void the_same_seed_and_stream_give_the_same_numbers(void **state) {
  (void)state;
  Rng a = rng_new(42, 3), b = rng_new(42, 3);
  for (int i = 0; i < 1000; i++) assert_true(rng_next(&a) == rng_next(&b));
}

/* 12 x 12 generators with neighbouring seeds and streams: no number occurs twice. */
static int ascending(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void other_seeds_and_streams_give_other_numbers(void **state) {
  (void)state;
  enum { SIDE = 12, EACH = 200, ALL = SIDE * SIDE * EACH };
  uint64_t *numbers = malloc(ALL * sizeof *numbers), *to = numbers;
  for (uint64_t seed = 0; seed < SIDE; seed++)
    for (uint64_t stream = 0; stream < SIDE; stream++) {
      Rng rng = rng_new(seed, stream);
      for (int i = 0; i < EACH; i++) *to++ = rng_next(&rng);
    }
  qsort(numbers, ALL, sizeof *numbers, ascending);
  for (int i = 1; i < ALL; i++) assert_true(numbers[i] != numbers[i - 1]);
  free(numbers);
}

/* A million numbers have the mean 1/2 and variance 1/12 of uniform numbers within four standard
 * errors, and each tenth of [0,1) has a tenth of them. */
static void uniform_numbers_are_uniform(void **state) {
  (void)state;
  const int N = 1000000;
  Rng rng = rng_new(1, 1);
  double sum = 0, squares = 0, product = 0, before = 0;
  int tenths[10] = {0};
  for (int i = 0; i < N; i++) {
    double x = rng_uniform(&rng);
    assert_true(x >= 0 && x < 1);
    sum += x;
    squares += (x - 0.5) * (x - 0.5);
    product += (x - 0.5) * before;
    before = x - 0.5;
    tenths[(int)(10 * x)]++;
  }
  assert_true(fabs(sum / N - 0.5) < 4 * sqrt(1.0 / 12 / N));
  assert_true(fabs(squares / N - 1.0 / 12) < 4 * sqrt(1.0 / 180 / N));
  assert_true(fabs(product / N) < 4 * sqrt(1.0 / 144 / N)); /* neighbours are independent */
  for (int i = 0; i < 10; i++) assert_true(abs(tenths[i] - N / 10) < 4 * sqrt(N * 0.09));
}

static const uint64_t sizes[] = {1, 2, 3, 4, 5, 64, 65, 1000, 65537};
enum { SIZES = sizeof sizes / sizeof *sizes, KEYS = 6 };

static void a_permutation_takes_every_place_once(void **state) {
  (void)state;
  for (int n = 0; n < SIZES; n++)
    for (uint64_t key = 0; key < KEYS; key++) {
      unsigned char *taken = calloc(sizes[n], 1);
      for (uint64_t i = 0; i < sizes[n]; i++) {
        uint64_t place = rng_permute(i, sizes[n], key << 40);
        assert_true(place < sizes[n]);
        assert_int_equal(taken[place]++, 0);
      }
      free(taken);
    }
}

/* A random permutation keeps one entry in place on average, for any n; two permutations agree in
 * one entry on average. */
static void keys_give_orders_of_their_own(void **state) {
  (void)state;
  for (int n = 0; n < SIZES; n++)
    for (uint64_t key = 1; sizes[n] >= 64 && key <= KEYS; key++) {
      int kept = 0, agree = 0;
      for (uint64_t i = 0; i < sizes[n]; i++) {
        uint64_t place = rng_permute(i, sizes[n], key);
        kept += place == i;
        agree += place == rng_permute(i, sizes[n], key - 1);
      }
      assert_true(kept < 10 && agree < 10);
    }
}

/* All six orders of three occur about equally often. */
static void all_orders_of_three_occur(void **state) {
  (void)state;
  enum { N = 6000 };
  int counts[27] = {0}, orders = 0;
  for (uint64_t key = 0; key < N; key++)
    counts[rng_permute(0, 3, key) * 9 + rng_permute(1, 3, key) * 3 + rng_permute(2, 3, key)]++;
  for (int i = 0; i < 27; i++) {
    if (counts[i] == 0) continue;
    assert_true(counts[i] >= 850 && counts[i] <= 1150); /* five standard deviations of 29 */
    orders++;
  }
  assert_int_equal(orders, 6);
}

static void large_numbers_are_permuted_too(void **state) {
  (void)state;
  static const uint64_t n = 3000000000u;
  for (uint64_t i = 0; i < 1000; i++) {
    uint64_t place = rng_permute(n - 1 - i, n, 7);
    assert_true(place < n);
    assert_true(place != rng_permute(i, n, 7));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_generator_is_splitmix64),
      cmocka_unit_test(the_same_seed_and_stream_give_the_same_numbers),
      cmocka_unit_test(other_seeds_and_streams_give_other_numbers),
      cmocka_unit_test(uniform_numbers_are_uniform),
      cmocka_unit_test(a_permutation_takes_every_place_once),
      cmocka_unit_test(keys_give_orders_of_their_own),
      cmocka_unit_test(all_orders_of_three_occur),
      cmocka_unit_test(large_numbers_are_permuted_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
