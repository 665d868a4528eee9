#include "fail.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fail_control(const char *text) {
  const unsigned char *c = (const unsigned char *)text;
  if (iscntrl(c[0])) return c[0] != 0;
  return c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0 ? 2 : 0;
}

int fail(Why *why, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why->text, sizeof why->text, format, arguments);
  va_end(arguments);
  for (char *c = why->text; *c; c++) /* names come from files: no escape sequences */
    memset(c, '?', (size_t)fail_control(c));
  return -1;
}

/* ---- causes that the operating system gives ------------------------------------------------- */

/* What helps, by cause; NULL: the remedy at the end of the table. */
static const struct {
  int error;
  const char *reading, *writing;
} remedies[] = {
    {ENOENT, "check the path", "create its directory first"},
    {EACCES, "check the permissions of the file and of its directories",
     "check the permissions, or name another place"},
    {EPERM, "check the permissions of the file and of its directories",
     "check the permissions, or name another place"},
    {ENOTDIR, "check the path: a part of it is not a directory",
     "check the path: a part of it is not a directory"},
    {EISDIR, "name a file", "remove that directory, or name another place"},
    {EEXIST, NULL, "remove it, or name another place"},
    {ENOTEMPTY, NULL, "remove it, or name another place"},
    {ENAMETOOLONG, "use a shorter path", "use a shorter path"},
    {ELOOP, "correct the symbolic link", "remove the symbolic link, or name another place"},
    {ENOSPC, NULL, "make room, or name another place"},
    {EDQUOT, NULL, "make room within the disk quota, or name another place"},
    {EFBIG, NULL, "raise the limit on the size of files (ulimit -f), or name another place"},
    {EROFS, NULL, "name a place that is not mounted read-only"},
    {EMFILE, "raise the limit on open files (ulimit -n)",
     "raise the limit on open files (ulimit -n)"},
    {ENFILE, "close other programs, or try again later",
     "close other programs, or try again later"},
    {ENOMEM, "free memory, or raise the limit on it", "free memory, or raise the limit on it"},
    {EIO, "check the disk, or read a copy on another one",
     "check the disk, or name a place on another one"},
    {ESTALE, "the network file system has lost it: try again",
     "the network file system has lost it: try again, or name another place"},
    {EBUSY, "end the program that uses it", "end the program that uses it"},
    {ETXTBSY, NULL, "end the program that runs it"},
    {EBADF, "it is closed: name a file", "it is closed: redirect it to a file"},
    {EPIPE, NULL, "let the program that reads it run to its end"},
    {0, "try again, or name another file", "try again, or name another place"}};

static const char *remedy(int error, int writing) {
  enum { LAST = sizeof remedies / sizeof *remedies - 1 };
  int at = 0;
  while (at < LAST && remedies[at].error != error) at++;
  const char *found = writing ? remedies[at].writing : remedies[at].reading;
  if (found) return found;
  return writing ? remedies[LAST].writing : remedies[LAST].reading;
}

static __attribute__((format(printf, 4, 0))) int fail_with(Why *why, int error, int writing,
                                                           const char *format, va_list arguments) {
  char what[sizeof why->text * 3 / 4]; /* room is left for the cause */
  vsnprintf(what, sizeof what, format, arguments);
  return fail(why, "%s: %s; %s", what, strerror(error), remedy(error, writing));
}

int fail_reading(Why *why, int error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_with(why, error, 0, format, arguments);
  va_end(arguments);
  return -1;
}

int fail_writing(Why *why, int error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_with(why, error, 1, format, arguments);
  va_end(arguments);
  return -1;
}
