/* escape: text from outside, character by character, as it may stand in JSON and in HTML. In place
 * of a byte that is no UTF-8 stands, in JSON, the character of that number; in HTML, as of control
 * characters, U+FFFD. */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stddef.h>

enum { ESCAPE_ROOM = 8 };

/* The character that text, which is not empty, begins with, escaped where it must be; gives back
 * how many bytes it has in text. */
size_t escape_json(char escaped[ESCAPE_ROOM], const char *text);
size_t escape_html(char escaped[ESCAPE_ROOM], const char *text);

#endif
