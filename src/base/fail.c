#include "base/fail.h"

#include "base/alloc.h"
#include "base/escape.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether text may be cut before c: not inside a character in UTF-8. */
static bool is_boundary(const char *c) { return ((unsigned char)*c & 0xc0) != 0x80; }

/* Copies text. If it is too long, "..." replaces its middle: a message begins with the file and
 * ends with the cause and the remedy. */
static void copy_ends(char *to, size_t room, const char *text) {
  enum { LONGEST = 4 }; /* bytes of a character */
  const size_t length = strlen(text);
  if (length < room) {
    memcpy(to, text, length + 1);
    return;
  }
  size_t head = room / 3, tail = length - (room - head - sizeof "...");
  for (int i = 1; i < LONGEST && !is_boundary(text + head); i++) head--;
  for (int i = 1; i < LONGEST && !is_boundary(text + tail); i++) tail++;
  snprintf(to, room, "%.*s...%s", (int)head, text, text + tail);
}

int fail(Why *why, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = alloc_format(format, arguments);
  va_end(arguments);
  copy_ends(why->text, sizeof why->text, text);
  free(text);
  escape_line(why->text); /* names come from files */
  return -1;
}

/* ---- errors of the operating system --------------------------------------------------------- */

/* Remedies by cause; NULL: the last row of the table. */
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

static const char *remedy(int error, bool writing) {
  enum { LAST = sizeof remedies / sizeof *remedies - 1 };
  int at = 0;
  while (at < LAST && remedies[at].error != error) at++;
  const char *found = writing ? remedies[at].writing : remedies[at].reading;
  if (found) return found;
  return writing ? remedies[LAST].writing : remedies[LAST].reading;
}

static __attribute__((format(printf, 4, 0))) int fail_with(Why *why, int error, bool writing,
                                                           const char *format, va_list arguments) {
  char *what = alloc_format(format, arguments);
  fail(why, "%s: %s; %s", what, strerror(error), remedy(error, writing));
  free(what);
  return -1;
}

int fail_reading(Why *why, int error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_with(why, error, false, format, arguments);
  va_end(arguments);
  return -1;
}

int fail_writing(Why *why, int error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_with(why, error, true, format, arguments);
  va_end(arguments);
  return -1;
}
