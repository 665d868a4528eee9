/* The words of the option tables, against the constants for which they stand. */
#include "net/optimizer.h"
#include "net/schedule.h"
#include "prediction/predict_options.h"
#include "run/train_options.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

/* Checks that the words of the option are these (NULL: any); returns their number. */
static int count_words(const Program *program, const char *name, const char *const *words) {
  const Option *option = program->options;
  char word[32];
  int n = 0;
  while (strcmp(option->name, name) != 0) option++;
  assert_int_equal(option->type, OPTION_CHOICE);
  for (; option_choice(option, n, word); n++)
    if (words) assert_string_equal(word, words[n]);
  return n;
}

static void words_match_the_constants(void **state) {
  (void)state;
  assert_int_equal(count_words(&train_program, "softmax", softmax_names), SOFTMAXES);
  assert_int_equal(count_words(&predict_program, "format", NULL), FORMAT_BIGWIG + 1);
}

static void expect_whole_ends(const Program *program) {
  for (const Option *option = program->options; option->name; option++) {
    if (option->type != OPTION_INT && option->type != OPTION_COUNT) continue;
    assert_true(option->min >= 0 && option->min <= option->max);
    assert_true(option->max <= (option->type == OPTION_INT ? INT_MAX : 0x1p53));
    assert_true(option->min == floor(option->min) && option->max == floor(option->max));
  }
}

static void ranges_of_whole_numbers_end_at_whole_numbers(void **state) {
  (void)state;
  expect_whole_ends(&train_program);
  expect_whole_ends(&predict_program);
}

static void every_optimizer_has_a_rate(void **state) {
  (void)state;
  for (int kind = 0; kind < OPTIMIZERS; kind++)
    assert_true(optimizer_default_rate((OptimizerKind)kind) > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(words_match_the_constants),
                                     cmocka_unit_test(ranges_of_whole_numbers_end_at_whole_numbers),
                                     cmocka_unit_test(every_optimizer_has_a_rate)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
