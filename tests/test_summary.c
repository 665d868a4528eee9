/* run.json read into a struct. */
#include "report/summary.h"

#include "report/excerpt.h"
#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static Summary read_text(const char *text) {
  Summary summary;
  Why why = {""};
  char *path = scratch_path("run.json");
  scratch_write(path, text, strlen(text));
  if (summary_read(&summary, path, &why) != 0) fail_msg("%s", why.text);
  free(path);
  return summary;
}

static void each_member_sets_its_field(void **state) {
  (void)state;
  Summary run = read_text(
      "{\"version\": \"1.2\", \"status\": \"done\", \"cpu_level\": \"x86-64-v3\", \"commands\": "
      "[[\"rnntrain\", \"a b\"], [\"rnntrain\"]], \"command\": [\"rnntrain\", \"a b\"],"
      "\"options\": {\"kmer\": 3, \"clip\": 0.5, \"valid\": null, \"quiet\": false, \"odd\": [1]},"
      "\"inputs\": [{\"file\": \"x.fa\", \"use\": \"training\", \"bytes\": 7}],"
      "\"markov\": {\"best_order\": 5}, \"result\": {\"tokens\": 1000000, \"best_step\": 4}}");
  assert_string_equal(run.version, "1.2");
  assert_string_equal(run.status, "done");
  assert_string_equal(run.cpu_level, "x86-64-v3");
  assert_string_equal(run.valid, "");
  assert_true(run.k == 3 && run.clip == 0.5);
  assert_true(run.markov_order == 5 && run.tokens == 1000000 && run.best_step == 4);
  assert_int_equal(run.commands[0].n, 2);
  assert_string_equal(run.commands[0].word[1], "a b");
  assert_int_equal(run.n_commands, 2);
  assert_int_equal(run.commands[1].n, 1);
  assert_int_equal(run.n_options, 5);
  assert_string_equal(run.options[0].name, "kmer");
  assert_string_equal(run.options[0].value, "3");
  assert_string_equal(run.options[2].value, "");
  assert_string_equal(run.options[3].value, "false");
  assert_string_equal(run.options[4].value, "[1]");
  assert_int_equal(run.inputs.n, 1);
  assert_string_equal(run.inputs.name[1], "use");
  assert_string_equal(run.inputs.text[1][0], "training");
  assert_string_equal(run.inputs.name[3], "bytes");
  assert_true(run.inputs.number[3][0] == 7);
  summary_free(&run);
}

static void a_member_missing_or_of_another_type_leaves_its_field(void **state) {
  (void)state;
  Summary run = read_text("{\"status\": 5, \"result\": {\"tokens\": \"x\"}, \"options\": 7,"
                          "\"inputs\": {\"0\": 1}, \"calibration\": [1, {}, {\"observed\": 0.5}]}");
  assert_string_equal(run.status, "");
  assert_string_equal(run.openblas, "");
  assert_true(isnan(run.tokens) && isnan(run.seconds) && isnan(run.k));
  assert_int_equal(run.n_options, 0);
  assert_int_equal(run.n_commands, 1);
  assert_int_equal(run.commands[0].n, 0);
  assert_int_equal(run.inputs.all, 0);
  assert_int_equal(run.calibration.n, 3);
  assert_true(isnan(run.calibration.number[SUMMARY_OBSERVED][1]));
  assert_true(run.calibration.number[SUMMARY_OBSERVED][2] == 0.5);
  summary_free(&run);
}

static void all_rows_of_a_long_list_are_counted_and_the_first_kept(void **state) {
  (void)state;
  enum { MANY = 2 * EXCERPT_KEPT, ROOM = 32 };
  char *text = calloc(MANY + 1, ROOM), *at = text;
  at += sprintf(at, "{\"inputs\": [");
  for (int i = 0; i < MANY; i++) at += sprintf(at, "%s{\"bytes\": %d}", i > 0 ? "," : "", i);
  strcpy(at, "]}");
  Summary run = read_text(text);
  assert_int_equal(run.inputs.all, MANY);
  assert_int_equal(run.inputs.n, EXCERPT_KEPT);
  assert_true(run.inputs.number[3][EXCERPT_KEPT - 1] == EXCERPT_KEPT - 1);
  summary_free(&run);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_member_sets_its_field),
      cmocka_unit_test(a_member_missing_or_of_another_type_leaves_its_field),
      cmocka_unit_test(all_rows_of_a_long_list_are_counted_and_the_first_kept)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
