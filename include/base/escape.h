/* escape: external text, escaped character by character for JSON, HTML, a row of a table, or a
 * terminal. A byte that is not UTF-8 becomes the character of that number in JSON, and U+FFFD in
 * HTML. A control character becomes U+FFFD in HTML, and one '?' per byte on a terminal. In a row a
 * tab, a line feed and a carriage return become \t, \n and \r; nothing else changes. In octal a
 * backslash, and each byte of a control character or that is not UTF-8, becomes \ and three digits,
 * as in the quotes $'..' of a shell, so that nothing is lost. */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stddef.h>
#include <stdio.h>

enum { ESCAPE_ROOM = 8 };

/* The first character of text, which is not empty, escaped where it must be; returns its number of
 * bytes in text. */
typedef size_t Escape(char escaped[ESCAPE_ROOM], const char *text);
Escape escape_json, escape_html, escape_row, escape_screen, escape_octal;

void escape_put(FILE *out, const char *text, Escape *escape); /* a whole text */

/* Escapes a whole text in place for a terminal. */
void escape_line(char *text);

/* The number of bytes of a control character at the beginning of text (ASCII, or U+0080 to U+009F
 * in UTF-8), which could move a terminal's cursor or break a row; 0 if there is none. */
int escape_control(const char *text);

#endif
