/* Each CPU level's loops over letters, at lengths that are not a multiple of any vector. */
#include "base/cpu.h"
#include "sequence/letters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

#define FOR_EACH_LEVEL(loops)                                                                      \
  for (const Letters *loops, **once = &loops; once; once = NULL)                                   \
    for (int level = 0; level < CPU_LEVELS && (loops = letters_level(level)); level++)

/* n letters at the end of a block, where a sanitizer detects reads past the end. */
static char *random_letters(size_t n, const char *of) {
  char *letters = malloc(n);
  for (size_t i = 0; i < n; i++) letters[i] = of[(size_t)rand() % strlen(of)];
  return letters;
}

/* Runs of characters end at the first character of another kind: tests every byte at every
 * place. */
static void runs_end_at_the_first_other_character(void **state) {
  (void)state;
  static const char *const of[] = {"ACGTUacgtu", "ACGT >@+\t~\x7f\xff", "!+;@I~", "N"};
  FOR_EACH_LEVEL(loops) {
    for (int kind = 0; kind < 4; kind++)
      for (int c = 0; c < 256; c++)
        for (size_t n = 1; n < 200; n += 1 + n / 5) {
          size_t at = (size_t)rand() % n, wanted = n, run;
          char *text = random_letters(n, of[kind]), *copy = malloc(n);
          text[at] = (char)c;
          if (kind == 0 && !(c && strchr(of[0], c))) wanted = at;
          if (kind == 1 && (c == '\n' || c == '\r' || c == 0)) wanted = at;
          if (kind == 2 && (c < '!' || c > '~')) wanted = at;
          if (kind == 3 && at > 0 && c != 'N') wanted = at;
          if (kind == 3 && at == 0 && c != 'N') wanted = 1;
          if (kind == 0) run = loops->copy_bases(copy, text, n);
          if (kind == 1) run = loops->copy_line(copy, text, n);
          if (kind == 2) {
            run = loops->range_run(text, n, '!', '~');
            memcpy(copy, text, n);
          }
          if (kind == 3) {
            run = loops->range_run(text, n, *text, *text);
            memcpy(copy, text, n);
          }
          assert_int_equal(run, wanted);
          assert_memory_equal(copy, text, run);
          free(text);
          free(copy);
        }
  }
}

static void whole_lines_are_copied_up_to_the_last(void **state) {
  (void)state;
  static const size_t rest[] = {0, 14, 30, 62}; /* one less than a vector reads beyond a line */
  FOR_EACH_LEVEL(loops) {
    for (size_t width = 1; width < 150; width++)
      for (int form = 0; form < 12; form++) {
        const int broken = form % 3;
        const size_t lines = 9, n = lines * (width + 1) + rest[form / 3],
                     bad = (size_t)rand() % lines;
        char *text = random_letters(n, "ACGTacgt"), *copy = malloc(n), *letters = malloc(n);
        for (size_t i = 0; i < lines; i++) {
          memcpy(letters + i * width, text + i * (width + 1), width);
          text[i * (width + 1) + width] = '\n';
        }
        if (broken == 1) text[bad * (width + 1) + (size_t)rand() % width] = 'N';
        if (broken == 2) text[bad * (width + 1) + width] = 'A';
        size_t got = loops->copy_lines(copy, text, n, width);
        assert_true(got <= (broken ? bad : lines));
        assert_true((got + 1) * (width + 1) + 64 > n || (broken && got == bad));
        assert_memory_equal(copy, letters, got * width);
        free(text);
        free(copy);
        free(letters);
      }
  }
}

/* Tests every byte at every place: only bit 7 of lower-case bases is set. */
static void lower_case_is_marked(void **state) {
  (void)state;
  FOR_EACH_LEVEL(loops) {
    for (int c = 0; c < 256; c++)
      for (size_t n = 1; n < 200; n += 1 + n / 5) {
        char *letters = random_letters(n, "ACGTacgtNn-."), *before = malloc(n);
        size_t lower = 0;
        letters[(size_t)rand() % n] = (char)c;
        memcpy(before, letters, n);
        const size_t marked = loops->mark_lowercase(letters, n);
        for (size_t i = 0; i < n; i++) {
          const bool mark = before[i] && strchr("acgtu", before[i]);
          assert_int_equal(letters[i] & 0xff, (before[i] & 0xff) + (mark ? 0x80 : 0));
          lower += mark;
        }
        assert_int_equal(marked, lower);
        free(letters);
        free(before);
      }
  }
}

static void letters_are_packed_and_counted(void **state) {
  (void)state;
  static const char of[] = "ACGTUacgtu";
  static const char *const from[] = {of, "c", "g", "t"}; /* of one letter: the highest sums */
  FOR_EACH_LEVEL(loops) {
    for (size_t i = 0; i < 4; i++)
      for (size_t n = 1; n < 9000; n = n * 3 / 2 + 1) {
        size_t whole = (n + 7) / 8 * 8;
        uint64_t count[5] = {0};
        char *letters = random_letters(whole, from[i]);
        uint8_t *packed = malloc(whole / 4);
        memset(letters + n, 'A', whole - n);
        LetterCounts counts = loops->pack_bases(packed, letters, n);
        for (size_t j = 0; j < whole; j++) {
          int base = (int)(strchr(of, letters[j]) - of) % 5;
          if (base == 4) base = 3; /* U is T */
          assert_int_equal(packed[j / 4] >> 2 * (j % 4) & 3, base);
          if (j < n) {
            count[base]++;
            count[4] += letters[j] >= 'a';
          }
        }
        assert_int_equal(counts.A, count[0]);
        assert_int_equal(counts.C, count[1]);
        assert_int_equal(counts.G, count[2]);
        assert_int_equal(counts.T, count[3]);
        assert_int_equal(counts.lower, count[4]);
        free(letters);
        free(packed);
      }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_end_at_the_first_other_character),
      cmocka_unit_test(whole_lines_are_copied_up_to_the_last),
      cmocka_unit_test(lower_case_is_marked),
      cmocka_unit_test(letters_are_packed_and_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
