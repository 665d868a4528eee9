#include "fail.h"

#include <ctype.h>
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
