#include "cli/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const words[] = {"hidden", "help", "track",     "trace", "adam",
                                    "seed",   "full", "followers", NULL};

static const char *nearest(const char *typed) {
  static Suggestion suggestion;
  suggestion = suggest_new(typed, strlen(typed));
  for (int i = 0; words[i]; i++) suggest_offer(&suggestion, words[i]);
  return suggestion.word;
}

static void edits_are_counted(void **state) {
  (void)state;
  static const struct {
    const char *a, *b;
    size_t edits;
  } pairs[] = {
      {"", "", 0},         {"", "abc", 3},           {"abc", "", 3},      {"seed", "seed", 0},
      {"sed", "seed", 1},  {"seeed", "seed", 1},     {"sead", "seed", 1}, {"esed", "seed", 1},
      {"SEED", "seed", 0}, {"kitten", "sitting", 3}, {"ca", "abc", 3}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    assert_int_equal(suggest_edits(pairs[i].a, strlen(pairs[i].a), pairs[i].b), pairs[i].edits);
  assert_int_equal(suggest_edits("seed=5", 4, "seed"), 0);
}

static void the_nearest_word_is_suggested_or_the_first_of_equals(void **state) {
  (void)state;
  assert_string_equal(nearest("hiden"), "hidden");
  assert_string_equal(nearest("trak"), "track");
  assert_string_equal(nearest("trac"), "track");
  assert_string_equal(nearest("adm"), "adam");
  assert_string_equal(nearest("hlep"), "help");
  assert_string_equal(nearest("Seed"), "seed");
  assert_string_equal(nearest("foll"), "followers");
  assert_string_equal(nearest("fol"), "followers");
}

static void a_distant_word_is_not_suggested(void **state) {
  (void)state;
  assert_string_equal(nearest("frobnicate"), "");
  assert_string_equal(nearest("xyz"), "");
  assert_string_equal(nearest(""), "");
  assert_string_equal(nearest("x"), "");
  assert_string_equal(nearest("hidden-hidden-hidden-hidden-hidden-hidden"), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(edits_are_counted),
      cmocka_unit_test(the_nearest_word_is_suggested_or_the_first_of_equals),
      cmocka_unit_test(a_distant_word_is_not_suggested)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
