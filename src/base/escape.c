#include "base/escape.h"

#include <ctype.h>
#include <string.h>

/* The number of bytes of the UTF-8 character at the beginning of text; 0 if it is not valid. */
static size_t character(const unsigned char *text) {
  static const struct {
    unsigned char first, last, least, most; /* of the first byte; of the second */
    size_t n;
  } forms[] = {
      {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
      {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
      {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    if (text[0] < forms[i].first || text[0] > forms[i].last) continue;
    if (forms[i].n > 1 && (text[1] < forms[i].least || text[1] > forms[i].most)) return 0;
    for (size_t j = 2; j < forms[i].n; j++)
      if ((text[j] & 0xc0) != 0x80) return 0;
    return forms[i].n;
  }
  return 0;
}

int escape_control(const char *text) {
  const unsigned char *c = (const unsigned char *)text;
  if (iscntrl(c[0])) return c[0] != 0;
  return c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0 ? 2 : 0;
}

/* Copies a character that needs no escape; 0 for others. */
static size_t copy(char escaped[ESCAPE_ROOM], const char *text, const char *special) {
  const unsigned char first = (unsigned char)*text;
  const size_t n = character((const unsigned char *)text);
  if (escape_control(text) > 0 || strchr(special, first)) return 0;
  memcpy(escaped, text, n);
  escaped[n] = 0;
  return n;
}

size_t escape_json(char escaped[ESCAPE_ROOM], const char *text) {
  const size_t n = copy(escaped, text, "\"\\");
  if (n > 0) return n;
  /* A C1 control character has two bytes; the second one is its number. */
  const size_t bytes = escape_control(text) > 1 ? 2 : 1;
  snprintf(escaped, ESCAPE_ROOM, "\\u%04x", (unsigned char)text[bytes - 1]);
  return bytes;
}

size_t escape_html(char escaped[ESCAPE_ROOM], const char *text) {
  static const char special[] = "<>&\"'", unknown[] = "\xef\xbf\xbd" /* U+FFFD */;
  const size_t n = copy(escaped, text, special);
  if (n > 0) return n;
  if (strchr(special, *text))
    snprintf(escaped, ESCAPE_ROOM, "&#%d;", *text);
  else
    strcpy(escaped, unknown);
  return escape_control(text) > 1 ? 2 : 1;
}

size_t escape_row(char escaped[ESCAPE_ROOM], const char *text) {
  static const char breaks[] = "\t\n\r", names[] = "tnr";
  const char *found = strchr(breaks, *text);
  escaped[0] = found ? '\\' : *text;
  escaped[1] = found ? names[found - breaks] : 0;
  escaped[2] = 0;
  return 1;
}

size_t escape_screen(char escaped[ESCAPE_ROOM], const char *text) {
  const size_t n = copy(escaped, text, "");
  if (n > 0) return n;
  strcpy(escaped, "?");
  return 1;
}

size_t escape_octal(char escaped[ESCAPE_ROOM], const char *text) {
  const size_t n = copy(escaped, text, "\\");
  if (n > 0) return n;
  snprintf(escaped, ESCAPE_ROOM, "\\%03o", (unsigned char)*text);
  return 1;
}

void escape_put(FILE *out, const char *text, Escape *escape) {
  char escaped[ESCAPE_ROOM];
  while (*text) {
    text += escape(escaped, text);
    fputs(escaped, out);
  }
}

void escape_line(char *text) {
  char escaped[ESCAPE_ROOM];
  for (size_t n; *text; text += n) {
    n = escape_screen(escaped, text);
    memcpy(text, escaped, n); /* as many bytes as there were */
  }
}
