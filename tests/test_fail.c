#include "base/fail.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h> /* its macro fail is not used: (fail) is the function */

static void a_remedy_fits_its_cause(void **state) {
  (void)state;
  static const struct {
    int error;
    const char *reading, *writing;
  } wanted[] = {{ENOENT, "check the path", "create its directory"},
                {EACCES, "permissions", "permissions"},
                {EPERM, "permissions", "permissions"},
                {ENOTDIR, "not a directory", "not a directory"},
                {EISDIR, "name a file", "remove that directory"},
                {ENOSPC, "another file", "make room"},
                {EDQUOT, "another file", "quota"},
                {EFBIG, "another file", "ulimit -f"},
                {EROFS, "another file", "read-only"},
                {ENAMETOOLONG, "shorter", "shorter"},
                {ELOOP, "symbolic link", "symbolic link"},
                {EMFILE, "ulimit -n", "ulimit -n"},
                {ENOMEM, "memory", "memory"},
                {EIO, "disk", "disk"},
                {ESTALE, "network", "network"},
                {EDOM, "try again", "try again"}};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    Why why;
    const int error = wanted[i].error;
    assert_int_equal(fail_reading(&why, error, "%s: cannot be opened", "x.fa"), -1);
    assert_ptr_equal(strstr(why.text, "x.fa: cannot be opened: "), why.text);
    assert_non_null(strstr(why.text, strerror(error)));
    if (!strstr(strchr(why.text, ';'), wanted[i].reading)) fail_msg("%s", why.text);
    assert_int_equal(fail_writing(&why, error, "%s: cannot be written", "x.fa"), -1);
    assert_ptr_equal(strstr(why.text, "x.fa: cannot be written: "), why.text);
    if (!strstr(strchr(why.text, ';'), wanted[i].writing)) fail_msg("%s", why.text);
  }
}

static void a_long_name_leaves_room_for_the_cause(void **state) {
  (void)state;
  char name[2 * sizeof(Why)];
  Why why;
  memset(name, 'a', sizeof name - 1);
  name[sizeof name - 1] = 0;
  fail_writing(&why, EDQUOT, "%s: cannot be written", name);
  assert_non_null(strstr(why.text, strerror(EDQUOT)));
  assert_non_null(strstr(why.text, "; make room within the disk quota, or name another place"));
}

/* Fills name with n times the character. */
static void repeat(char *name, const char *character, size_t n) {
  *name = 0;
  for (size_t i = 0; i < n; i++) name = stpcpy(name, character);
}

static void a_long_path_keeps_its_ends_and_the_whole_cause(void **state) {
  (void)state;
  static char path[1 << 20], name[1 << 20];
  Why why;
  for (size_t n = 900; n < 1100; n++) {
    repeat(path, "a", n);
    (fail)(&why, "/begin/%s/end.fa: line 3: is broken; mend it", path);
    assert_true(strlen(why.text) < sizeof why.text);
    assert_ptr_equal(strstr(why.text, "/begin/aaaa"), why.text);
    assert_non_null(strstr(why.text, "aaaa/end.fa: line 3: is broken; mend it"));
    const size_t length = n + strlen("/begin//end.fa: line 3: is broken; mend it");
    assert_true((strstr(why.text, "...") != NULL) == (length >= sizeof why.text));
  }
  repeat(name, "n", sizeof name - 1);
  (fail)(&why, "/begin/reads.fq: line 3, record '%s': is broken; mend it", name);
  assert_ptr_equal(strstr(why.text, "/begin/reads.fq: line 3, record 'nnnn"), why.text);
  assert_non_null(strstr(why.text, "nnnn': is broken; mend it"));
  assert_int_equal(strlen(why.text), sizeof why.text - 1);
  fail_reading(&why, ENOENT, "/begin/%s/end.fa: cannot be opened", name);
  assert_ptr_equal(strstr(why.text, "/begin/nnnn"), why.text);
  assert_non_null(
      strstr(why.text, "nnnn/end.fa: cannot be opened: No such file or directory; check"));
}

/* For characters of two to four bytes, and every place of the cut. */
static void no_utf8_character_is_split(void **state) {
  (void)state;
  static const char *const characters[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\xa7\xac"};
  static char path[8192];
  Why why;
  for (size_t c = 0; c < 3; c++)
    for (int shift = 0; shift < 8; shift++) {
      repeat(path, characters[c], 1000);
      (fail)(&why, "%.*s%s: x%.*s", shift, "01234567", path, shift, "01234567");
      const char *dots = strstr(why.text, "...");
      const size_t size = strlen(characters[c]);
      assert_non_null(dots);
      assert_int_equal((size_t)(dots - why.text - shift) % size, 0);
      assert_memory_equal(dots + 3, characters[c], size);
      assert_true(strlen(why.text) > sizeof why.text - 8);
    }
}

static void bytes_that_are_not_text_are_shortened_too(void **state) {
  (void)state;
  static char path[4096];
  Why why;
  repeat(path, "\x80", sizeof path - 1);
  (fail)(&why, "%s: is broken", path);
  assert_non_null(strstr(why.text, "...?"));
  assert_non_null(strstr(why.text, "?: is broken"));
}

static void a_sentence_may_quote_the_one_before(void **state) {
  (void)state;
  Why why = {"cannot be opened"};
  (fail)(&why, "model 'a': %s", why.text);
  assert_string_equal(why.text, "model 'a': cannot be opened");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_remedy_fits_its_cause),
      cmocka_unit_test(a_long_name_leaves_room_for_the_cause),
      cmocka_unit_test(a_long_path_keeps_its_ends_and_the_whole_cause),
      cmocka_unit_test(no_utf8_character_is_split),
      cmocka_unit_test(bytes_that_are_not_text_are_shortened_too),
      cmocka_unit_test(a_sentence_may_quote_the_one_before),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
