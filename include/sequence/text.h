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
  char last;          /* the byte before these bytes, once there is one */
  size_t line;        /* of bytes[at], from 1 */
  bool line_start;    /* bytes[at] is the first of its line */
  const char *record; /* borrowed: the header that messages name; NULL: none */
  /* Where BGZF has no end block, the text must end with a whole line, on this line or later. */
  size_t may_end;
  bool end_block_missing; /* it did */
} Text;

Text text_new(Input *input);

/* Fails with the file, the line and the record before the problem. */
int text_fail(const Text *text, Why *why, const char *problem);

/* Reads more bytes once all are parsed: 1 there are some, 0 the text has ended, -1 an error. */
int text_read(Text *text, Why *why);

/* Whether there are bytes to parse, after reading more if needed; as text_read. */
static inline int text_more(Text *text, Why *why) {
  return text->at < text->end ? 1 : text_read(text, why);
}

static inline bool text_at_line_end(const Text *text) {
  return text->bytes[text->at] == '\n' || text->bytes[text->at] == '\r';
}

/* Moves past a line end: '\n', or '\r' before '\n' or the end of the text. 0, or -1. */
int text_end_line(Text *text, Why *why);

/* Moves to the next line that is not empty; as text_read. */
int text_skip_empty_lines(Text *text, Why *why);

/* A header line: its bytes (length), without a 0 among them, and one after them. */
typedef struct {
  char *bytes; /* NULL at first; the caller frees them */
  size_t length, room;
} HeaderLine;

/* Reads the rest of the line, a megabyte at most, into header, and moves past its end. 0, or -1. */
int text_read_header(Text *text, HeaderLine *header, Why *why);

#endif
