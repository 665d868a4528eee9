#include "sequence/quality.h"

#include "sequence/title.h"

#include <stdlib.h>

static const char no_quality[] = "a byte outside '!'..'~' in the quality";

Quality quality_new(void) { return (Quality){.least = '~'}; }

void quality_free(Quality *quality) { free(quality->plus.bytes); }

/* Illumina's Phred+64 ranges from ';' (-5) to 'j' (42), and every file has a base of 27, '[', or
 * more. As Phred+33 these characters are 26 to 73. Sequencers with Phred+33 reach 50, 'S', or a
 * little more; PacBio's, which reach 93, have '~' in every file. */
bool quality_is_phred64(const Quality *quality) {
  return quality->least >= ';' && quality->most > 'Z' && quality->most <= 'j';
}

/* Reads the '+' line: empty, or the header again, whose first word is enough. */
static int read_plus(Quality *quality, Text *text, Why *why) {
  const size_t line = text->line;
  text->at++;
  if (text->at < text->end && text->bytes[text->at] == '\n') return text_end_line(text, why);
  if (text_read_header(text, &quality->plus, why) < 0) return -1;
  const char *again = quality->plus.bytes;
  if (title_is_blank(again) || title_same_name(text->record, again)) return 0;
  text->line = line;
  return text_fail(text, why,
                   "the '+' line has another name than the '@' line; if each record has four "
                   "lines, sed '3~4s/.*/+/' empties the '+' lines");
}

static void mark_low(Quality *quality, char *letters, const char *qualities, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (qualities[i] - '!' < quality->low) letters[i] = (char)(letters[i] | LETTER_MARK);
    if (qualities[i] < quality->least) quality->least = qualities[i];
    if (qualities[i] > quality->most) quality->most = qualities[i];
  }
}

/* Reads as many qualities as there are letters; sets *first_line to the line where they begin. */
static int read_lines(Quality *quality, Text *text, char *letters, uint64_t length,
                      size_t *first_line, Why *why) {
  for (uint64_t read = 0; read < length;) {
    const int more = text_skip_empty_lines(text, why);
    if (more < 0) return -1;
    if (more == 0)
      return text_fail(text, why,
                       "ends early: its quality is shorter than its sequence; the file was cut "
                       "short or damaged, fetch it again");
    if (read == 0) *first_line = text->line;
    const char *from = text->bytes + text->at;
    const size_t room = text->end - text->at;
    const size_t n = room < length - read ? room : (size_t)(length - read);
    /* Search to the end of the line: otherwise a short line would be slower than byte by byte. */
    size_t run = text->loops->range_run(from, room, '!', '~');
    if (run > n) run = n;
    if (quality->low > 0) mark_low(quality, letters + read, from, run);
    read += run;
    text->at += run;
    if (run < n && !text_at_line_end(text)) return text_fail(text, why, no_quality);
  }
  return 0;
}

/* Called after the qualities of all letters: checks that the line ends. */
static int end_quality(Text *text, size_t first_line, Why *why) {
  const int more = text_more(text, why);
  if (more <= 0) return more;
  if (text_at_line_end(text)) return text_end_line(text, why);
  const char next = text->bytes[text->at];
  if (next < '!' || next > '~') return text_fail(text, why, no_quality);
  if (next == '@' || next == '>')
    return text_fail(text, why,
                     "its quality is longer than its sequence; a line end is missing before its "
                     "'@' or '>', if files were joined: awk 1 FILE... joins them with it");
  if (text->line == first_line)
    return text_fail(text, why, "its quality is longer than its sequence");
  return text_fail(text, why,
                   "the lines of its quality do not add up to the length of its sequence: one line "
                   "is too short or too long");
}

int quality_read(Quality *quality, Text *text, char *letters, uint64_t length, Why *why) {
  size_t first_line = 0;
  if (read_plus(quality, text, why) < 0) return -1;
  if (length == 0) return 0; /* the quality line, if any, is empty */
  if (read_lines(quality, text, letters, length, &first_line, why) < 0) return -1;
  return end_quality(text, first_line, why);
}
