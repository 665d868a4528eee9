/* Digests change with the bytes, their order and their number. */
#include "sequence/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static void a_flipped_bit_or_another_length_gives_another_digest(void **state) {
  (void)state;
  unsigned char bytes[40] = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (size_t n = 0; n <= sizeof bytes; n++) {
    const uint64_t whole = digest_bytes(0, bytes, n);
    if (n > 0) assert_true(digest_bytes(0, bytes, n - 1) != whole);
    for (size_t bit = 0; bit < 8 * n; bit++) {
      bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
      assert_true(digest_bytes(0, bytes, n) != whole);
      bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_true(digest_bytes(0, bytes, n) == whole);
  }
}

static void the_number_of_zeros_changes_the_digest(void **state) {
  (void)state;
  static const unsigned char zeros[16];
  assert_true(digest_bytes(0, zeros, 8) != digest_bytes(0, zeros, 9));
  assert_true(digest_number(0, 0) != digest_number(digest_number(0, 0), 0));
  assert_true(digest_bytes(0, zeros, 0) != 0);
}

static void order_changes_the_digest(void **state) {
  (void)state;
  assert_true(digest_number(digest_number(0, 1), 2) != digest_number(digest_number(0, 2), 1));
  assert_true(digest_bytes(digest_bytes(0, "ab", 2), "c", 1) !=
              digest_bytes(digest_bytes(0, "a", 1), "bc", 2));
}

static void one_hundred_thousand_numbers_have_as_many_digests(void **state) {
  (void)state;
  enum { N = 100000, BITS = 22 };
  static unsigned char seen[1 << BITS];
  int collisions = 0;
  for (uint64_t i = 0; i < N; i++) {
    unsigned char *bucket = &seen[digest_number(0, i) >> (64 - BITS)];
    collisions += *bucket;
    *bucket = 1;
  }
  /* by chance N^2 / 2^23 = 1192 share their top 22 bits */
  assert_true(collisions >= 800 && collisions <= 1600);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_flipped_bit_or_another_length_gives_another_digest),
      cmocka_unit_test(the_number_of_zeros_changes_the_digest),
      cmocka_unit_test(order_changes_the_digest),
      cmocka_unit_test(one_hundred_thousand_numbers_have_as_many_digests),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
