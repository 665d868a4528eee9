/* The split of input files into training and validation. */
#include "sequence/dataset.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { FILES = 3 };

static const char *write_file(int i, const char *text) {
  static const char *const names[FILES] = {"0.fa", "1.fa", "2.fa"};
  static char *paths[FILES];
  if (!paths[i]) paths[i] = scratch_path(names[i]);
  scratch_write(paths[i], text, strlen(text));
  return paths[i];
}

static Dataset read_texts(const char *const *texts, int n, const char *valid, double fraction) {
  static const char *files[FILES + 1];
  Dataset dataset;
  Why why;
  for (int i = 0; i < n; i++) files[i] = write_file(i, texts[i]);
  const char *valid_file = valid ? write_file(n, valid) : NULL;
  if (dataset_read(&dataset, files, n, valid_file, fraction, &(Reading){0}, &why) != 0)
    fail_msg("%s", why.text);
  return dataset;
}

/* Checks the bases of a span, with a space before each range. */
static void assert_bases(const Span *span, const char *wanted) {
  char text[128] = "", *to = text;
  for (size_t i = 0; i < span->n; i++) {
    *to++ = ' ';
    for (uint64_t at = span->ranges[i].begin; at < span->ranges[i].end; at++)
      *to++ = "ACGT"[corpus_base(span->corpus, at)];
  }
  assert_string_equal(text, wanted);
}

static void the_end_of_each_file_validates(void **state) {
  (void)state;
  static const char *const texts[] = {">a\nAAAAACCCCC\n", ">b\nAC\n>c\nNNGTGT\n", ">d\nTTTT\n"};
  static const struct {
    double fraction;
    const char *train, *valid;
  } cases[] = {
      {0, " AAAAACCCCC ACGTGT TTTT", ""},
      {0.1, " AAAAACCCC ACGTGT TTTT", " C"},
      {0.5, " AAAAA ACG TT", " CCCCC TGT TT"},
      {0.75, " AAA AC T", " AACCCCC GTGT TTT"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Dataset dataset = read_texts(texts, 3, NULL, cases[i].fraction);
    assert_bases(&dataset.train, cases[i].train);
    assert_bases(&dataset.valid, cases[i].valid);
    dataset_free(&dataset);
  }
}

static void a_separate_file_is_the_whole_validation(void **state) {
  (void)state;
  static const char *const texts[] = {">a\nAAAAACCCCC\n", ">b\nGTGT\n"};
  Dataset dataset = read_texts(texts, 2, ">v\nTTAATT\n", 0.1);
  assert_bases(&dataset.train, " AAAAACCCCC GTGT");
  assert_bases(&dataset.valid, " TTAATT");
  assert_true(dataset_validates(&dataset, 2));
  assert_false(dataset_validates(&dataset, 1));
  dataset_free(&dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_end_of_each_file_validates),
      cmocka_unit_test(a_separate_file_is_the_whole_validation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
