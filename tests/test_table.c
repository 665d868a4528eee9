/* The rows of a table, byte by byte. */
#include "io/table.h"

#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static char *path;
static char text[1 << 18];
static Output *output;
static Why why;

static Table *begin(TableForm form, int n) {
  static const char *const columns[] = {"a", "b.c", "d_1", "e"};
  output = output_open(path, &why);
  assert_non_null(output);
  return table_new(output, form, columns, n);
}

/* What was written. */
static const char *end(Table *table) {
  assert_int_equal(table_flush(table, &why), 0);
  table_free(table);
  assert_int_equal(output_close(output, &why), 0);
  text[scratch_read(path, text, sizeof text - 1)] = 0;
  return text;
}

static void put_two_rows(Table *table) {
  table_text(table, "x\"y");
  table_whole(table, 0);
  table_fixed(table, 1.25, 1);
  table_text(table, "ACGT");
  table_end(table);
  table_text(table, "");
  table_none(table, 1);
  table_fixed_or_none(table, -NAN, 2);
  table_fixed_or_none(table, 0.1, 2);
  table_end(table);
}

static void the_same_rows_are_written_in_three_formats(void **state) {
  (void)state;
  Table *table = begin(TABLE_TSV, 4);
  put_two_rows(table);
  assert_string_equal(end(table), "a\tb.c\td_1\te\nx\"y\t0\t1.3\tACGT\n\tNA\tNA\t0.10\n");
  table = begin(TABLE_BARE, 4);
  put_two_rows(table);
  assert_string_equal(end(table), "x\"y\t0\t1.3\tACGT\n\tNA\tNA\t0.10\n");
  table = begin(TABLE_JSONL, 4);
  put_two_rows(table);
  assert_string_equal(end(table), "{\"a\":\"x\\u0022y\",\"b.c\":0,\"d_1\":1.3,\"e\":\"ACGT\"}\n"
                                  "{\"a\":\"\",\"b.c\":null,\"d_1\":null,\"e\":0.10}\n");
}

static void a_name_does_not_break_a_row(void **state) {
  (void)state;
  Table *table = begin(TABLE_BARE, 1);
  table_text(table, "a\tb\nc\x1b[1m");
  table_end(table);
  assert_string_equal(end(table), "a\\tb\\nc\x1b[1m\n");
  table = begin(TABLE_JSONL, 1);
  table_text(table, "a\tb\nc\x1b[1m");
  table_end(table);
  assert_string_equal(end(table), "{\"a\":\"a\\u0009b\\u000ac\\u001b[1m\"}\n");
}

static void a_table_without_rows_has_its_header(void **state) {
  (void)state;
  assert_string_equal(end(begin(TABLE_TSV, 2)), "a\tb.c\n");
  assert_string_equal(end(begin(TABLE_BARE, 2)), "");
  assert_string_equal(end(begin(TABLE_JSONL, 2)), "");
}

static const char *fixed(double value, int decimals, TableForm form) {
  Table *table = begin(form, 1);
  table_fixed(table, value, decimals);
  table_end(table);
  return end(table);
}

static void numbers_are_rounded_as_printf_rounds(void **state) {
  (void)state;
  char right[64];
  srand(1);
  for (int i = 0; i < 300; i++) {
    const double value = ldexp((double)rand() / RAND_MAX - 0.5, rand() % 30 - 8);
    snprintf(right, sizeof right, "%.*f\n", i % 7, value);
    if (right[0] == '-' && strspn(right, "-0.\n") == strlen(right)) /* no -0 */
      memmove(right, right + 1, strlen(right));
    assert_string_equal(fixed(value, i % 7, TABLE_BARE), right);
  }
  assert_string_equal(fixed(-0.00001, 4, TABLE_BARE), "0.0000\n");
  assert_string_equal(fixed(-1.5, 0, TABLE_BARE), "-2\n");
  assert_string_equal(fixed(3e300, 6, TABLE_BARE), "3e+300\n");
  assert_string_equal(fixed(-INFINITY, 6, TABLE_BARE), "-Inf\n");
  assert_string_equal(fixed(INFINITY, 6, TABLE_JSONL), "{\"a\":null}\n");
}

static void a_small_probability_keeps_its_digits(void **state) {
  (void)state;
  static const double p[] = {1, 0.25, 0.001, 0.00012345678, 1e-30, 0};
  Table *table = begin(TABLE_BARE, 1);
  for (int i = 0; i < 6; i++) {
    table_probability(table, p[i]);
    table_end(table);
  }
  assert_string_equal(end(table), "1.000000\n0.250000\n0.001000\n0.0001235\n1e-30\n0.000000\n");
}

/* JSON is UTF-8: bytes that are not a character are escaped one by one. */
static void names_are_escaped_in_json(void **state) {
  (void)state;
  static const struct {
    const char *name, *json;
  } rows[] = {{"a\\b", "a\\u005cb"},
              {"\x1f\x7f", "\\u001f\\u007f"},
              {"\xc3\xa9", "\xc3\xa9"},
              {"\xf0\x9f\xa7\xac", "\xf0\x9f\xa7\xac"},
              {"\xe9t\xe9", "\\u00e9t\\u00e9"},          /* Latin-1 */
              {"\xed\xa0\x80", "\\u00ed\\u00a0\\u0080"}, /* half of a pair of UTF-16 */
              {"\xc0\xaf", "\\u00c0\\u00af"},            /* overlong */
              {"\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080"},
              {"\xe2\x82", "\\u00e2\\u0082"}}; /* truncated */
  char right[128];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Table *table = begin(TABLE_JSONL, 1);
    table_text(table, rows[i].name);
    table_end(table);
    snprintf(right, sizeof right, "{\"a\":\"%s\"}\n", rows[i].json);
    assert_string_equal(end(table), right);
  }
}

static void a_text_of_any_length_is_complete(void **state) {
  (void)state;
  for (size_t n = (1 << 16) - 4; n < (1 << 16) + 4; n++) {
    char *name = malloc(n + 1);
    memset(name, 'x', n);
    name[n] = 0;
    Table *table = begin(TABLE_BARE, 2);
    for (int i = 0; i < 2; i++) {
      table_text(table, name);
      table_whole(table, 7);
      table_end(table);
    }
    end(table);
    assert_int_equal(strlen(text), 2 * (n + 3));
    assert_memory_equal(text + n, "\t7\nx", 4);
    assert_memory_equal(text + 2 * n + 3, "\t7\n", 4);
    free(name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_rows_are_written_in_three_formats),
                                     cmocka_unit_test(a_name_does_not_break_a_row),
                                     cmocka_unit_test(a_table_without_rows_has_its_header),
                                     cmocka_unit_test(numbers_are_rounded_as_printf_rounds),
                                     cmocka_unit_test(a_small_probability_keeps_its_digits),
                                     cmocka_unit_test(names_are_escaped_in_json),
                                     cmocka_unit_test(a_text_of_any_length_is_complete)};
  path = scratch_path("table.tsv");
  int rc = cmocka_run_group_tests(tests, NULL, NULL);
  free(path);
  return rc;
}
