/* External text, escaped for JSON and HTML. */
#include "base/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static char whole[256];

static const char *of(size_t (*escape)(char *, const char *), const char *text) {
  char escaped[ESCAPE_ROOM];
  *whole = 0;
  while (*text) {
    text += escape(escaped, text);
    strcat(whole, escaped);
  }
  return whole;
}

static void ordinary_characters_are_not_escaped(void **state) {
  (void)state;
  assert_string_equal(of(escape_json, "chr1 <E. coli>"), "chr1 <E. coli>");
  assert_string_equal(of(escape_html, "chr1|7 100%\\"), "chr1|7 100%\\");
  assert_string_equal(of(escape_html, "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\xac"),
                      "\xc3\xa9\xe2\x82\xac\xf0\x9f\xa7\xac");
}

static void quotes_and_markup_are_escaped(void **state) {
  (void)state;
  assert_string_equal(of(escape_json, "a\"b\\c\nd\x7f"), "a\\u0022b\\u005cc\\u000ad\\u007f");
  assert_string_equal(of(escape_html, "<b a='x' c=\"y\">&amp;"),
                      "&#60;b a=&#39;x&#39; c=&#34;y&#34;&#62;&#38;amp;");
  assert_string_equal(of(escape_html, "a\x1b[1m"), "a\xef\xbf\xbd[1m");
}

static void bytes_that_are_not_utf8_are_escaped_or_replaced(void **state) {
  (void)state;
  /* a lone byte, a cut character, an overlong '/', a surrogate */
  assert_string_equal(of(escape_json, "\xff"), "\\u00ff");
  assert_string_equal(of(escape_json, "\xe2\x82"), "\\u00e2\\u0082");
  assert_string_equal(of(escape_html, "\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
  assert_string_equal(of(escape_html, "\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void check_text(const char *text, size_t (*escape)(char *, const char *),
                       const char *right) {
  char copy[64];
  assert_string_equal(of(escape, text), right);
  if (escape != escape_screen) return;
  escape_line(strcpy(copy, text));
  assert_string_equal(copy, right);
}

static void control_characters_reach_no_terminal(void **state) {
  (void)state;
  /* ESC, DEL, BEL; CSI in UTF-8 and as one byte; a tab, a line feed */
  check_text("\x1b[31m\x7f\a", escape_screen, "?[31m??");
  check_text("a\xc2\x9b"
             "2Jb\x9b",
             escape_screen, "a??2Jb?");
  check_text("a\tb\nc\r\xe2\x82", escape_screen, "a?b?c???");
  check_text("E. coli \xc3\xa9\xe2\x82\xac \\ \"1\"", escape_screen,
             "E. coli \xc3\xa9\xe2\x82\xac \\ \"1\"");
  check_text("a\xc2\x9b"
             "2J",
             escape_json, "a\\u009b2J");
  check_text("a\xc2\x9b"
             "2J",
             escape_html,
             "a\xef\xbf\xbd"
             "2J");
}

static void control_characters_do_not_split_a_row(void **state) {
  (void)state;
  check_text("a\tb\nc\r\x1b\xff\xc2\x9b\\", escape_row, "a\\tb\\nc\\r\x1b\xff\xc2\x9b\\");
  check_text("", escape_row, "");
}

static void octal_escapes_lose_nothing(void **state) {
  (void)state;
  check_text("E. coli \xc3\xa9 '1\".fa", escape_octal, "E. coli \xc3\xa9 '1\".fa");
  check_text("a\tb\\n\n\x7f\xc2\x9b\xff", escape_octal, "a\\011b\\134n\\012\\177\\302\\233\\377");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ordinary_characters_are_not_escaped),
      cmocka_unit_test(quotes_and_markup_are_escaped),
      cmocka_unit_test(control_characters_reach_no_terminal),
      cmocka_unit_test(control_characters_do_not_split_a_row),
      cmocka_unit_test(octal_escapes_lose_nothing),
      cmocka_unit_test(bytes_that_are_not_utf8_are_escaped_or_replaced)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
