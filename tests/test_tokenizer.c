/* Tokens, against tokens derived letter by letter. */
#include "sequence/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { LETTERS = 400 };

static int spell(const char *letters, int k) {
  int kmer = 0;
  for (int i = 0; i < k; i++) kmer = 4 * kmer + (int)(strchr("ACGT", letters[i]) - "ACGT");
  return kmer;
}

/* Feeds a letter, or at the end of the text a break. */
static bool feed(Tokenizer *tokenizer, char letter) {
  if (letter == 'N' || letter == 0) return tokenizer_break(tokenizer);
  return tokenizer_base(tokenizer, (int)(strchr("ACGT", letter) - "ACGT"));
}

static void random_text(char text[LETTERS + 1], int breaks) {
  for (int i = 0; i < LETTERS; i++) text[i] = rand() % breaks == 0 ? 'N' : "ACGT"[rand() % 4];
  text[LETTERS] = 0;
}

/* Expects every k-mer of the segment text[from..to-1] in steps of s, the last one without a y. */
static void expect_segment(Tokenizer *tokenizer, const char *text, int from, int to) {
  const int k = tokenizer->k, s = tokenizer->s;
  int tokens = 0;
  for (int i = from; i <= to; i++) {
    if (!feed(tokenizer, i < to ? text[i] : 'N')) continue;
    const char *x = text + from + tokens * s;
    assert_int_equal(tokenizer->x, spell(x, k));
    if (i < to) {
      assert_ptr_equal(x + s + k, text + i + 1); /* as soon as y is complete */
      assert_int_equal(tokenizer->y, spell(x + s, k));
    } else {
      assert_int_equal(tokenizer->y, -1);
    }
    assert_int_equal(tokenizer->restart, tokens == 0);
    tokens++;
  }
  assert_int_equal(tokens, to - from < k ? 0 : (to - from - k) / s + 1);
}

static void tokens_are_the_k_mers_of_each_segment(void **state) {
  (void)state;
  char text[LETTERS + 1];
  srand(1);
  for (int k = 1; k <= KMER_MAX; k++)
    for (int s = 1; s <= k; s++)
      for (int breaks = 5; breaks <= 80; breaks *= 4) {
        Tokenizer tokenizer = tokenizer_new(k, s, false);
        random_text(text, breaks);
        for (int from = 0, to; from < LETTERS; from = to + 1) {
          to = from + (int)strcspn(text + from, "N");
          expect_segment(&tokenizer, text, from, to);
        }
      }
}

static void a_segment_read_backwards_is_its_reverse_complement(void **state) {
  (void)state;
  char text[LETTERS + 1], other[LETTERS + 1];
  srand(2);
  for (int k = 1; k <= KMER_MAX; k++)
    for (int s = 1; s <= k; s++) {
      Tokenizer tokenizer = tokenizer_new(k, s, true);
      int tokens = 0;
      random_text(text, RAND_MAX);
      for (int i = 0; i < LETTERS; i++)
        other[i] = "TGCA"[strchr("ACGT", text[LETTERS - 1 - i]) - "ACGT"];
      for (int i = LETTERS - 1; i >= 0; i--) {
        if (!feed(&tokenizer, text[i])) continue;
        assert_int_equal(tokenizer.x, spell(other + tokens * s, k));
        assert_int_equal(tokenizer.y, spell(other + (tokens + 1) * s, k));
        tokens++;
      }
      assert_int_equal(tokens, (LETTERS - k) / s);
    }
}

/* The Markov counts begin a segment with shorter k-mers. */
static void bases_of_an_unfinished_k_mer_are_kept(void **state) {
  (void)state;
  Tokenizer tokenizer = tokenizer_new(4, 2, false);
  static const char text[] = "GATTACA";
  for (int i = 0; i < 4; i++) {
    feed(&tokenizer, text[i]);
    assert_int_equal(tokenizer.missing, 3 - i);
    assert_int_equal(tokenizer.kmer, spell(text, i + 1));
    assert_int_equal(tokenizer.next, i < 3 ? -1 : spell(text, 4));
  }
  feed(&tokenizer, 'N');
  feed(&tokenizer, 'C');
  assert_int_equal(tokenizer.kmer, spell("C", 1));
  assert_int_equal(tokenizer.missing, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tokens_are_the_k_mers_of_each_segment),
      cmocka_unit_test(a_segment_read_backwards_is_its_reverse_complement),
      cmocka_unit_test(bases_of_an_unfinished_k_mer_are_kept)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
