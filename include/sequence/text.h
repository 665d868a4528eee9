/* text: the text of a sequence file, line by line; messages name the line and the record. */
#ifndef TEXT_H
#define TEXT_H

#include "io/input.h"
#include "sequence/letters.h"

typedef struct {
  Input *input; /* borrowed */
  const Letters *loops;
  const char *bytes; /* at..end are not parsed yet */
  size_t at, end;
  char last;          /* the byte before these bytes, if any */
  size_t line;        /* of bytes[at], from 1 */
  bool line_start;    /* bytes[at] is the first of its line */
  const char *record; /* borrowed: the header to name in messages; NULL: none */
  /* BGZF without its end block must end with a whole line, on this line or later. */
  size_t may_end;
  bool end_block_missing; /* the text ended so */
} Text;

/* Text at its first line; input is borrowed. */
Text text_new(Input *input);

/* Fills why with the file, the line, the record and the problem; returns -1. */
int text_fail(const Text *text, Why *why, const char *problem);

/* Reads more bytes once all are parsed. Returns 1: there are some; 0: the text has ended; -1: an
 * error. */
int text_read(Text *text, Why *why);

/* Reads more bytes if none are left to parse. Returns 1, 0 or -1 as text_read does. */
static inline int text_more(Text *text, Why *why) {
  return text->at < text->end ? 1 : text_read(text, why);
}

static inline bool text_at_line_end(const Text *text) {
  return text->bytes[text->at] == '\n' || text->bytes[text->at] == '\r';
}

/* Moves past a line end: '\n', or '\r' before '\n' or the end of the text. Returns 0, or -1. */
int text_end_line(Text *text, Why *why);

/* Moves to the next line that is not empty. Returns 1, 0 or -1 as text_read does. */
int text_skip_empty_lines(Text *text, Why *why);

/* A header line: its bytes (length), none of them 0, followed by a 0. */
typedef struct {
  char *bytes; /* NULL at first; the caller frees them */
  size_t length, room;
} HeaderLine;

/* Reads the rest of the line, at most a megabyte, into header, and moves past its end. Returns 0,
 * or -1 on error. */
int text_read_header(Text *text, HeaderLine *header, Why *why);

#endif
