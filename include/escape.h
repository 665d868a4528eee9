/* escape: text from outside, character by character, as it may stand in JSON, in HTML, in a row
 * of a table, and on a terminal. In place of a byte that is not UTF-8 stands, in JSON, the
 * character of that number; in HTML, as of control characters, U+FFFD; on a terminal, as of a
 * byte of a control character, '?'. In a row a tab, a line feed and a carriage return are \t, \n
 * and \r; nothing else changes. */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stddef.h>

enum { ESCAPE_ROOM = 8 };

/* The character that text, which is not empty, begins with, escaped where it must be; gives back
 * how many bytes it has in text. */
typedef size_t Escape(char escaped[ESCAPE_ROOM], const char *text);
Escape escape_json, escape_html, escape_row, escape_screen;

/* The whole text, in place, as it may stand on a terminal. */
void escape_line(char *text);

/* The bytes of the control character that text begins with, which could move a terminal's cursor or
 * break a table's row: ASCII's and, in UTF-8, those from U+0080 to U+009F; 0: of none. */
int escape_control(const char *text);

#endif
