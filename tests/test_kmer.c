#include "sequence/kmer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The IUPAC codes: U is T, the other letters stand for several bases; - and . are gaps. */
static void every_byte_is_a_base_a_break_or_invalid(void **state) {
  (void)state;
  static const char bases[] = "AaCcGgTtUu", breaks[] = "RYSWKMBDHVNryswkmbdhvn-.";
  static const int codes[] = {0, 0, 1, 1, 2, 2, 3, 3, 3, 3};
  int valid = 0;
  for (int letter = 0; letter < 256; letter++) {
    const char *base = memchr(bases, letter, sizeof bases - 1);
    const void *gap = memchr(breaks, letter, sizeof breaks - 1);
    int wanted = gap ? KMER_BREAK : KMER_INVALID;
    if (base) wanted = codes[base - bases];
    assert_int_equal(kmer_base((unsigned char)letter), wanted);
    valid += kmer_base((unsigned char)letter) != KMER_INVALID;
  }
  assert_int_equal(valid, 10 + 24);
}

static void there_are_4_to_the_k_kmers(void **state) {
  (void)state;
  static const int counts[] = {1,     4,     16,     64,      256,     1024,    4096,
                               16384, 65536, 262144, 1048576, 4194304, 16777216};
  for (int k = 0; k <= KMER_MAX; k++) assert_int_equal(kmer_count(k), counts[k]);
}

/* Moves to the next word of k letters in alphabetical order. */
static int next_word(char *word, int k) {
  for (int i = k - 1; i >= 0; i--) {
    const char *place = strchr("ACGT", word[i]);
    word[i] = "CGTA"[place - "ACGT"];
    if (word[i] != 'A') return 1;
  }
  return 0;
}

static int code(const char *word, int k) {
  int kmer = 0;
  for (int i = 0; i < k; i++) kmer = 4 * kmer + kmer_base((unsigned char)word[i]);
  return kmer;
}

static void text_is_alphabetical_and_ends_in_a_zero(void **state) {
  (void)state;
  for (int k = 1; k <= 6; k++) {
    char word[8] = "AAAAAA", text[8];
    int kmer = 0;
    word[k] = 0;
    do {
      memset(text, '?', sizeof text);
      kmer_text(text, kmer, k);
      assert_string_equal(text, word);
      assert_int_equal(code(word, k), kmer++);
    } while (next_word(word, k));
    assert_int_equal(kmer, kmer_count(k));
  }
  char text[16];
  kmer_text(text, (1 << 24) - 1, 12);
  assert_string_equal(text, "TTTTTTTTTTTT");
  kmer_text(text, 0x1b1b1b, 12); /* 00 01 10 11, three times */
  assert_string_equal(text, "ACGTACGTACGT");
  kmer_text(text, 0, 0);
  assert_string_equal(text, "");
}

/* y can follow x when y begins with all of x but its first s letters. */
static void followers_are_the_kmers_that_overlap(void **state) {
  (void)state;
  for (int k = 1; k <= 4; k++)
    for (int s = 1; s <= k; s++)
      for (int x = 0; x < kmer_count(k); x++)
        for (int y = 0; y < kmer_count(k); y++) {
          char a[8], b[8];
          kmer_text(a, x, k);
          kmer_text(b, y, k);
          int overlaps = strncmp(a + s, b, (size_t)(k - s)) == 0;
          int first = kmer_followers(x, k, s);
          assert_int_equal(y >= first && y < first + kmer_count(s), overlaps);
        }
}

static void followers_are_right_for_the_longest_kmers(void **state) {
  (void)state;
  assert_int_equal(kmer_followers((1 << 24) - 1, 12, 12), 0);
  assert_int_equal(kmer_followers(code("ACGTACGTACGT", 12), 12, 1), code("CGTACGTACGTA", 12));
  assert_int_equal(kmer_followers(code("ACGTACGTACGT", 12), 12, 11), code("TAAAAAAAAAAA", 12));
  assert_int_equal(kmer_followers(code("TTTTTTTTTTTT", 12), 12, 11), code("TAAAAAAAAAAA", 12));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_byte_is_a_base_a_break_or_invalid),
      cmocka_unit_test(there_are_4_to_the_k_kmers),
      cmocka_unit_test(text_is_alphabetical_and_ends_in_a_zero),
      cmocka_unit_test(followers_are_the_kmers_that_overlap),
      cmocka_unit_test(followers_are_right_for_the_longest_kmers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
