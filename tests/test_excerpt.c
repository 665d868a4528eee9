/* A JSON text with shortened lists. */
#include "report/excerpt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static char whole[1 << 20];

/* Reads the excerpt of a text in pieces of n bytes. */
static void read_whole(const char *text, size_t n) {
  char copy[1 << 16];
  FILE *file = fmemopen(strcpy(copy, text), strlen(text), "r");
  Excerpt excerpt = {.file = file};
  size_t length = 0, got;
  while ((got = excerpt_read(&excerpt, whole + length, n)) > 0) length += got;
  whole[length] = 0;
  fclose(file);
}

/* {"a": 1, "list": [{...}, ...], "b": [2, 3]} with n objects, which contain confusing
 * characters. */
static char *with_list(int n) {
  char *text = calloc(1 << 16, 1), *at = text;
  at += sprintf(at, "{\"a\": 1, \"list\": [");
  for (int i = 0; i < n; i++)
    at += sprintf(at, "%s{\"x\": [{}, \"]}\\\"\", %d]}", i > 0 ? ", " : "", i % 10);
  sprintf(at, "], \"b\": [2, 3]}");
  return text;
}

static void a_text_without_long_lists_is_unchanged(void **state) {
  (void)state;
  char *text = with_list(EXCERPT_KEPT);
  for (size_t n = 1; n < 100; n += 7) {
    read_whole(text, n);
    assert_string_equal(whole, text);
  }
  free(text);
}

static void the_rest_of_a_long_list_is_zeros(void **state) {
  (void)state;
  static const char end[] = "], \"b\": [2, 3]}";
  char *text = with_list(EXCERPT_KEPT), *more = with_list(EXCERPT_KEPT + 3);
  strcpy(strstr(text, end), ", 0, 0, 0], \"b\": [2, 3]}");
  for (size_t n = 1; n < 100; n += 7) {
    read_whole(more, n);
    assert_string_equal(whole, text);
  }
  free(text);
  free(more);
}

static void a_text_that_is_too_large_is_marked(void **state) {
  (void)state;
  FILE *file = tmpfile();
  for (int i = 0; i < EXCERPT_VALUES_MAX + 2; i++) fputs(i > 0 ? ",0" : "[0", file);
  rewind(file);
  Excerpt excerpt = {.file = file};
  while (excerpt_read(&excerpt, whole, sizeof whole) > 0) continue;
  assert_true(excerpt.too_large);
  fclose(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_text_without_long_lists_is_unchanged),
                                     cmocka_unit_test(the_rest_of_a_long_list_is_zeros),
                                     cmocka_unit_test(a_text_that_is_too_large_is_marked)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
