/* escape: external text, escaped character by character for JSON, HTML, a row of a table, or a
 * terminal.
 *
 *   JSON      a byte that is not UTF-8 becomes the character with that number
 *   HTML      a control character, or a byte that is not UTF-8, becomes U+FFFD
 *   terminal  each byte of a control character becomes '?'
 *   row       tab, line feed and carriage return become \t, \n and \r; the rest is unchanged
 *   octal     a backslash, and each byte of a control character or that is not UTF-8, becomes \ and
 *             three digits, as in the quotes $'..' of a shell; nothing is lost */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stddef.h>
#include <stdio.h>

enum { ESCAPE_ROOM = 8 };

/* Escapes the first character of text, which is not empty, if necessary. Returns the number of
 * bytes that it takes in text. */
typedef size_t Escape(char escaped[ESCAPE_ROOM], const char *text);
Escape escape_json, escape_html, escape_row, escape_screen, escape_octal;

void escape_put(FILE *out, const char *text, Escape *escape); /* writes a whole text */

/* Escapes a whole text in place for a terminal. */
void escape_line(char *text);

/* The number of bytes of a control character at the beginning of text (ASCII, or U+0080 to U+009F
 * in UTF-8), which could move a terminal's cursor or break a row; 0 if there is none. */
int escape_control(const char *text);

#endif
