#include "fail.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants those before it */
#include <cmocka.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_remedy_fits_its_cause),
      cmocka_unit_test(a_long_name_leaves_room_for_the_cause),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
