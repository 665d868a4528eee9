#include "fail.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

int fail(Why *why, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why->text, sizeof why->text, format, arguments);
  va_end(arguments);
  for (unsigned char *c = (unsigned char *)why->text; *c; c++) {      /* names come from files: */
    if (iscntrl(*c)) *c = '?';                                        /* no escape sequences */
    if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) c[0] = c[1] = '?'; /* nor their 8-bit kin */
  }
  return -1;
}
