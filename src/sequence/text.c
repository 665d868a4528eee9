#include "sequence/text.h"

#include "base/alloc.h"
#include "sequence/title.h"

enum { HEADER_STEP = 4096, HEADER_MAX = 1 << 20 };

Text text_new(Input *input) {
  return (Text){.input = input, .loops = letters_best(), .line = 1, .line_start = true};
}

int text_fail(const Text *text, Why *why, const char *problem) {
  const char *name = input_name(text->input);
  if (!text->record) return fail(why, "%s: line %zu: %s", name, text->line, problem);
  const int n = (int)title_name_length(text->record);
  return fail(why, "%s: line %zu, record '%.*s': %s", name, text->line, n < 100 ? n : 100,
              text->record, problem);
}

/* For BGZF without its end block: returns 0 if the text ends with a whole record. */
static int check_end(Text *text, Why *why) {
  if (text->last != '\n' || text->line < text->may_end)
    return text_fail(text, why,
                     "BGZF's end block is missing and the text ends inside a record; the file was "
                     "cut short, fetch it again");
  text->end_block_missing = true;
  return 0;
}

int text_read(Text *text, Why *why) {
  Why cause;
  if (text->end > 0) text->last = text->bytes[text->end - 1];
  const ptrdiff_t n = input_next(text->input, &text->bytes, &cause);
  text->at = 0;
  text->end = n > 0 ? (size_t)n : 0;
  if (n < 0) return text_fail(text, why, cause.text);
  if (n == 0 && input_unfinished(text->input)) return check_end(text, why);
  return n > 0;
}

int text_end_line(Text *text, Why *why) {
  static const char lone_return[] =
      "a carriage return inside a line; convert the line ends with tr '\\r' '\\n'";
  if (text->bytes[text->at] == '\r') {
    text->at++;
    const int more = text_more(text, why);
    if (more <= 0) return more;
    if (text->bytes[text->at] != '\n') return text_fail(text, why, lone_return);
  }
  text->at++;
  text->line++;
  text->line_start = true;
  return 0;
}

int text_skip_empty_lines(Text *text, Why *why) {
  int more;
  while ((more = text_more(text, why)) > 0 && text_at_line_end(text))
    if (text_end_line(text, why) < 0) return -1;
  return more;
}

static void make_room(HeaderLine *header, size_t n) {
  header->bytes = alloc_grow(header->bytes, &header->room, header->length + n + 1, 1);
}

int text_read_header(Text *text, HeaderLine *header, Why *why) {
  int more;
  header->length = 0;
  make_room(header, 0);
  while ((more = text_more(text, why)) > 0) {
    size_t most = HEADER_MAX + 1 - header->length;
    if (most > HEADER_STEP) most = HEADER_STEP;
    if (most > text->end - text->at) most = text->end - text->at;
    make_room(header, most);
    const char *from = text->bytes + text->at;
    const size_t n = text->loops->copy_line(header->bytes + header->length, from, most);
    header->length += n;
    text->at += n;
    if (header->length > HEADER_MAX)
      return text_fail(text, why,
                       "a header longer than a megabyte; this is hardly a sequence file");
    if (n < most) break;
  }
  header->bytes[header->length] = 0;
  if (more <= 0) return more;
  if (text->bytes[text->at] == 0)
    return text_fail(text, why,
                     "a zero byte in the header; the file is damaged, UTF-16 or not text");
  return text_end_line(text, why);
}
