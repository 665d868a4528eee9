/* Text from outside, as it stands in JSON and in HTML. */
#include "escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants those before it */
#include <cmocka.h>

static char whole[256];

static const char *of(size_t (*escape)(char *, const char *), const char *text) {
  char escaped[ESCAPE_ROOM];
  *whole = 0;
  while (*text) text += escape(escaped, text), strcat(whole, escaped);
  return whole;
}

static void what_means_nothing_stays(void **state) {
  (void)state;
  assert_string_equal(of(escape_json, "chr1 <E. coli>"), "chr1 <E. coli>");
  assert_string_equal(of(escape_html, "chr1|7 100%\\"), "chr1|7 100%\\");
  assert_string_equal(of(escape_html, "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\xac"),
                      "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\xac");
}

static void what_ends_a_string_or_begins_markup_is_escaped(void **state) {
  (void)state;
  assert_string_equal(of(escape_json, "a\"b\\c\nd\x7f"), "a\\u0022b\\u005cc\\u000ad\\u007f");
  assert_string_equal(of(escape_html, "<b a='x' c=\"y\">&amp;"),
                      "&#60;b a=&#39;x&#39; c=&#34;y&#34;&#62;&#38;amp;");
  assert_string_equal(of(escape_html, "a\x1b[1m"), "a\xef\xbf\xbd[1m");
}

static void bytes_that_are_no_utf8_do_not_get_through(void **state) {
  (void)state;
  /* a lone byte, a cut character, an overlong '/', a surrogate */
  assert_string_equal(of(escape_json, "\xff"), "\\u00ff");
  assert_string_equal(of(escape_json, "\xe2\x82"), "\\u00e2\\u0082");
  assert_string_equal(of(escape_html, "\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
  assert_string_equal(of(escape_html, "\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_means_nothing_stays),
      cmocka_unit_test(what_ends_a_string_or_begins_markup_is_escaped),
      cmocka_unit_test(bytes_that_are_no_utf8_do_not_get_through)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
