#include "fail.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

int fail(Why *why, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why->text, sizeof why->text, format, arguments);
  va_end(arguments);
  for (char *c = why->text; *c; c++)
    if (iscntrl((unsigned char)*c)) *c = '?'; /* names come from files: no escape sequences */
  return -1;
}
