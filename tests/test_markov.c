/* The Markov baseline against an independent count of strings. */
#include "sequence/markov.h"

#include "sequence/kmer.h"

#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { STRETCHES = 1024 /* of a sample */ };

static Span part(const Corpus *corpus, Range *range) { return (Span){corpus, range, 1, 1}; }

static void complement(char *to, const char *from, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = "TGCA"[strchr("ACGT", from[n - 1 - i]) - "ACGT"];
  to[n] = 0;
}

/* The number of occurrences of word in the segments of text, on both strands if both are read. */
static double occurrences(const char *text, const char *word, size_t n, Strands strands) {
  char other[16];
  double count = 0;
  complement(other, word, n);
  for (const char *at = text; *at; at++) {
    count += strncmp(at, word, n) == 0;
    count += strands == STRANDS_BOTH && strncmp(at, other, n) == 0;
  }
  return count;
}

/* Bits per base of order m on `valid`, from the strings. */
static double bits_by_strings(const char *train, const char *valid, int m, int k, int s,
                              Strands strands) {
  double bits = 0, bases = 0;
  for (const char *segment = valid; *segment; segment += strcspn(segment, "N") + 1) {
    int length = (int)strcspn(segment, "N");
    int end = length < k ? 0 : length - (length - k) % s;
    for (int i = k; i < end; i++, bases++) {
      int order = i < m ? i : m;
      char word[16] = "";
      memcpy(word, segment + i - order, (size_t)order + 1);
      double mine = occurrences(train, word, (size_t)order + 1, strands), all = 0;
      for (int base = 0; base < 4; base++) {
        word[order] = "ACGT"[base];
        all += occurrences(train, word, (size_t)order + 1, strands);
      }
      bits -= log2((mine + 1) / (all + 4));
    }
    if (!segment[length]) break;
  }
  return bits / bases;
}

/* Compares for small k, all strides, and one or both strands. */
static void expect_bits_by_strings(const char *train, const char *valid) {
  Corpus *a = scratch_corpus(train), *b = scratch_corpus(valid);
  Range all_a = {0, a->bases}, all_b = {0, b->bases};
  for (int k = 1; k <= 3; k++)
    for (int s = 1; s <= k; s++)
      for (int strands = STRANDS_FORWARD; strands <= STRANDS_BOTH; strands++) {
        const MarkovWish wish = {.k = k, .s = s, .strands = (Strands)strands, .most = a->bases};
        Markov markov = markov_score(part(a, &all_a), part(b, &all_b), wish);
        for (int m = 0; m < MARKOV_ORDERS; m++) {
          double right = bits_by_strings(train, valid, m, k, s, (Strands)strands);
          assert_true(fabs(markov.bits_per_base[m] - right) < 1e-9);
          assert_true(markov.bits_per_base[markov.best] <= markov.bits_per_base[m]);
        }
      }
  corpus_free(a);
  corpus_free(b);
}

static void bits_are_those_of_counted_strings(void **state) {
  (void)state;
  enum { TRAIN = 600, VALID = 120 };
  char text[TRAIN + VALID + 2];
  srand(5);
  for (int i = 0; i < TRAIN + VALID; i++) {
    text[i] = rand() % 40 == 0 ? 'N' : "ACGT"[rand() % 4];
    if (i > 0 && text[i - 1] == 'G' && rand() % 2) text[i] = 'T'; /* T follows G more often */
  }
  text[TRAIN + VALID] = 0;
  char train[TRAIN + 1] = "", valid[VALID + 1];
  memcpy(train, text, TRAIN);
  memcpy(valid, text + TRAIN, VALID + 1);
  expect_bits_by_strings(train, valid);
}

static void palindromes_are_counted_on_both_strands(void **state) {
  (void)state; /* words of 12 bases that are their own reverse complements, and their neighbours */
  expect_bits_by_strings("ACGTACGTACGTACGTNTTTTTTAAAAAACNGAATTCGAATTCGANTTTAAA",
                         "CGTACGTACGTACGGAATTCGAATTCNTTTTTTAAAAAA");
}

static void a_strong_dependence_is_found_at_its_order(void **state) {
  (void)state; /* each base depends only on the two before it: order 2 is enough */
  enum { N = 20000 };
  char *text = calloc(N + 1, 1);
  srand(6);
  for (int i = 0; i < N; i++)
    text[i] = i < 2 || rand() % 20 == 0
                  ? "ACGT"[rand() % 4]
                  : "ACGT"[(7 * (text[i - 1] >> 1) + 3 * (text[i - 2] >> 2)) & 3];
  Corpus *corpus = scratch_corpus(text);
  Range train = {0, N * 4 / 5}, valid = {N * 4 / 5, N};
  const MarkovWish wish = {.k = 4, .s = 1, .strands = STRANDS_BOTH, .most = N};
  Markov markov = markov_score(part(corpus, &train), part(corpus, &valid), wish);
  assert_true(markov.bits_per_base[0] > markov.bits_per_base[2] + 0.1);
  assert_true(markov.best >= 1);
  free(text);
  corpus_free(corpus);
}

/* Copies a sample of 1024 stretches from train, with an N after each and at each N of train. */
static void cut_sample(char *sample, const char *train, int bases, int length) {
  int base = 0;
  for (int i = 0; i < STRETCHES; i++) {
    const int begin = (int)((long)i * bases / STRETCHES);
    while (base < begin) base += *train++ != 'N';
    while (base < begin + length) {
      base += *train != 'N';
      *sample++ = *train++;
    }
    *sample++ = 'N';
  }
  *sample = 0;
}

static void a_sample_of_a_long_span_is_counted(void **state) {
  (void)state;
  enum { TRAIN = 30000, LENGTH = 16, VALID = 20 };
  static char train[TRAIN + 1], sample[2 * TRAIN];
  char valid[VALID + 1] = "";
  srand(7);
  for (int i = 0; i < TRAIN; i++) {
    train[i] = rand() % 40 == 0 ? 'N' : "ACGT"[rand() % 4];
    if (i >= TRAIN / 2 && rand() % 2) train[i] = 'T'; /* more of them in its second half */
  }
  memcpy(valid, train + TRAIN / 2, VALID);
  Corpus *a = scratch_corpus(train), *b = scratch_corpus(valid);
  Range all_a = {0, a->bases}, all_b = {0, b->bases};
  cut_sample(sample, train, (int)a->bases, LENGTH);
  MarkovWish wish = {.k = 3, .s = 1, .strands = STRANDS_BOTH, .most = STRETCHES * LENGTH + 9};
  const Markov part_of_it = markov_score(part(a, &all_a), part(b, &all_b), wish);
  wish.most = a->bases;
  const Markov whole = markov_score(part(a, &all_a), part(b, &all_b), wish);
  for (int m = 0; m < MARKOV_ORDERS; m++) {
    const double right = bits_by_strings(sample, valid, m, 3, 1, STRANDS_BOTH);
    const double right_whole = bits_by_strings(train, valid, m, 3, 1, STRANDS_BOTH);
    assert_true(fabs(part_of_it.bits_per_base[m] - right) < 1e-9);
    assert_true(fabs(whole.bits_per_base[m] - right_whole) < 1e-9);
    assert_true(fabs(right - right_whole) > 1e-5);
  }
  corpus_free(a);
  corpus_free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bits_are_those_of_counted_strings),
                                     cmocka_unit_test(palindromes_are_counted_on_both_strands),
                                     cmocka_unit_test(a_sample_of_a_long_span_is_counted),
                                     cmocka_unit_test(a_strong_dependence_is_found_at_its_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
