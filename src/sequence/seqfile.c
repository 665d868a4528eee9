#include "sequence/seqfile.h"

#include "base/alloc.h"
#include "io/input.h"
#include "sequence/foreign.h"
#include "sequence/kmer.h"
#include "sequence/letters.h"
#include "sequence/title.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_STEP = 4096, HEADER_MAX = 1 << 20, KEPT_STEP = 1 << 17 };

/* Before the first record; between two; in a header, a sequence or a quality. */
typedef enum { FIRST, BETWEEN, HEADER, SEQUENCE, QUALITY } Place;

struct SeqFile {
  Input *input;
  const Letters *loops;
  const char *text; /* at..end not yet parsed */
  size_t at, end;
  size_t line;     /* of text[at], from 1 */
  bool line_start; /* text[at] is the first of its line */
  char last;       /* byte of the text before this, once there is such text */
  Place place;
  bool fastq;

  char *header; /* without its mark, growing, zero-terminated; '+' titles are put behind it */
  size_t header_length, header_room;
  size_t header_line;
  size_t name_length;
  uint64_t length; /* letters of this record so far */

  bool all_circles;
  size_t turn;         /* bases that a circle is read over its end */
  char head[KMER_MAX]; /* (head_size) the first bases of this record, up to a break, turn at most */
  size_t head_size, head_room, head_read;
  bool at_base; /* the last letter read is a base */

  size_t width; /* bases in the last line that held bases only: the next has as many, mostly */

  int low;    /* quality below which letters are marked, 0: none are */
  char *kept; /* letters of this record that wait for their quality; then kept_at..kept_end */
  size_t kept_at, kept_end, kept_room;
  char least, most; /* quality characters that were looked at */

  bool end_block_missing;
  size_t nameless_line; /* as in SeqNotes */
};

static int at_line(const SeqFile *f, Why *why, const char *problem) {
  const char *name = input_name(f->input);
  if (f->place == FIRST || f->place == HEADER)
    return fail(why, "%s: line %zu: %s", name, f->line, problem);
  int n = (int)title_name_length(f->header);
  return fail(why, "%s: line %zu, record '%.*s': %s", name, f->line, n < 100 ? n : 100, f->header,
              problem);
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* ---- lines ---------------------------------------------------------------------------------- */

/* Where BGZF has no end block: 0 if the text ends with a whole record. */
static int check_end(SeqFile *f, Why *why) {
  const bool inside = f->fastq ? f->place != BETWEEN : f->line == f->header_line + 1;
  if (f->last != '\n' || inside)
    return at_line(f, why,
                   "BGZF's end block is missing and the text ends inside a record; the file was "
                   "cut short, fetch it again");
  f->end_block_missing = true;
  return 0;
}

static int read_text(SeqFile *f, Why *why) {
  Why cause;
  if (f->end > 0) f->last = f->text[f->end - 1];
  const ptrdiff_t n = input_next(f->input, &f->text, &cause);
  f->at = 0;
  f->end = n > 0 ? (size_t)n : 0;
  if (n < 0) return at_line(f, why, cause.text);
  if (n == 0 && input_unfinished(f->input)) return check_end(f, why);
  return n > 0;
}

/* Whether there is text to parse, after reading more if needed. */
static inline int more(SeqFile *f, Why *why) { return f->at < f->end ? 1 : read_text(f, why); }

static const char lone_return[] =
    "a carriage return inside a line; convert the line ends with tr '\\r' '\\n'";

/* At a '\n', or a '\r' that a '\n' or the end must follow: goes over it. */
static int end_line(SeqFile *f, Why *why) {
  if (f->text[f->at] == '\r') {
    f->at++;
    int rest = more(f, why);
    if (rest < 0) return -1;
    if (rest > 0 && f->text[f->at] != '\n') return at_line(f, why, lone_return);
    if (rest == 0) return 0;
  }
  f->at++;
  f->line++;
  f->line_start = true;
  return 0;
}

/* Reads the rest of the line into the header from `from` on, and goes over its end. */
static int read_header(SeqFile *f, size_t from, Why *why) {
  const size_t too_long = from + HEADER_MAX + 1;
  int rest;
  f->header_length = from;
  while ((rest = more(f, why)) > 0) {
    size_t room = smaller(smaller(too_long - f->header_length, f->end - f->at), HEADER_STEP);
    if (f->header_length + room >= f->header_room)
      f->header = alloc_resize(f->header, f->header_room = 2 * (f->header_length + room) + 1, 1);
    size_t n = f->loops->copy_line(f->header + f->header_length, f->text + f->at, room);
    f->header_length += n;
    f->at += n;
    if (f->header_length == too_long)
      return at_line(f, why, "a header longer than a megabyte; is this a sequence file?");
    if (n < room) break;
  }
  f->header[f->header_length] = 0;
  if (rest <= 0) return rest;
  if (f->text[f->at] == 0)
    return at_line(f, why, "a zero byte in the header; the file is damaged, or UTF-16, or no text");
  return end_line(f, why);
}

static int skip_empty_lines(SeqFile *f, Why *why) {
  int rest;
  while ((rest = more(f, why)) > 0 && (f->text[f->at] == '\n' || f->text[f->at] == '\r'))
    if (end_line(f, why) < 0) return -1;
  return rest;
}

/* ---- quality -------------------------------------------------------------------------------- */

/* The '+' line: empty, or the title again, of which the first word is enough. */
static int read_plus(SeqFile *f, Why *why) {
  const size_t title = f->header_length, line = f->line;
  f->at++;
  if (f->at < f->end && f->text[f->at] == '\n') return end_line(f, why);
  if (read_header(f, title + 1, why) < 0) return -1;
  const char *again = f->header + title + 1;
  f->header_length = title;
  if (title_is_blank(again) || title_same_name(f->header, again)) return 0;
  f->line = line;
  return at_line(f, why,
                 "the '+' line repeats another name than the '@' line has; where each record has "
                 "four lines, sed '3~4s/.*/+/' empties the '+' lines");
}

static void mark_low(SeqFile *f, const char *quality, size_t from, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (quality[i] - '!' < f->low) f->kept[from + i] = (char)(f->kept[from + i] | SEQFILE_LOW);
    if (quality[i] < f->least) f->least = quality[i];
    if (quality[i] > f->most) f->most = quality[i];
  }
}

/* Illumina's Phred+64 has ';' (-5) to 'j' (42), and no file is without a base of 27, '['. As
 * Phred+33 these are 26 to 73: sequencers reach 50, 'S', or a little more, and PacBio's, with up to
 * 93, have '~' in every file. */
static bool is_phred64(const SeqFile *f) {
  return f->least >= ';' && f->most > 'Z' && f->most <= 'j';
}

/* After the sequence of a FASTQ record: the '+' line and as much quality as there was sequence. */
static int read_quality(SeqFile *f, Why *why) {
  static const char no_quality[] = "a byte outside '!'..'~' in the quality";
  static const char longer[] = "its quality is longer than its sequence";
  static const char joined[] =
      "its quality is longer than its sequence; a line end is missing before "
      "its '@' or '>', if files were joined: awk 1 FILE... joins them with it";
  static const char misfit[] = "the lines of its quality do not add up to the length of its "
                               "sequence: one is too short or too long";
  uint64_t left = f->length;
  size_t first_line = 0;
  int rest;
  if (read_plus(f, why) < 0) return -1;
  while (left > 0) {
    if ((rest = skip_empty_lines(f, why)) < 0) return -1;
    if (rest == 0) return at_line(f, why, "ends early: its quality is shorter than its sequence");
    const size_t room = f->end - f->at, n = smaller(room, (size_t)left);
    /* To the end of the line: only there a short one is faster than a byte at a time. */
    const size_t run = smaller(f->loops->range_run(f->text + f->at, room, '!', '~'), n);
    if (left == f->length) first_line = f->line;
    if (f->low > 0) mark_low(f, f->text + f->at, (size_t)(f->length - left), run);
    left -= run;
    f->at += run;
    if (run < n && f->text[f->at] != '\n' && f->text[f->at] != '\r')
      return at_line(f, why, no_quality);
  }
  if (f->length == 0) return 0; /* its quality line, if there is one, is empty */
  if ((rest = more(f, why)) <= 0) return rest;
  if (f->text[f->at] == '\n' || f->text[f->at] == '\r') return end_line(f, why);
  if (f->text[f->at] < '!' || f->text[f->at] > '~') return at_line(f, why, no_quality);
  if (f->text[f->at] == '@' || f->text[f->at] == '>') return at_line(f, why, joined);
  return at_line(f, why, f->line == first_line ? longer : misfit);
}

/* ---- sequence ------------------------------------------------------------------------------- */

static int no_fastq(const SeqFile *f, Why *why) {
  return fail(why, "%s: is SAM; convert it with samtools fastq", input_name(f->input));
}

static int bad_letter(SeqFile *f, Why *why) {
  const char c = f->text[f->at];
  char problem[256];
  if (f->fastq && foreign_is_sam(f->header)) return no_fastq(f, why);
  if (f->fastq && c == '@' && f->line_start)
    return at_line(f, why, "'@' where its sequence or its '+' line is expected");
  if (c > ' ' && c < 127)
    snprintf(problem, sizeof problem, "'%c' is no nucleotide code%s", c,
             foreign_letter(c, f->line_start));
  else
    snprintf(problem, sizeof problem, "byte 0x%02x (%s) inside the sequence", (unsigned char)c,
             isspace((unsigned char)c) ? "white space" : "no letter");
  return at_line(f, why, problem);
}

/* The record's last letter was read. */
static int end_sequence(SeqFile *f, Why *why) {
  f->place = f->fastq ? QUALITY : BETWEEN;
  if (!f->fastq) return 0;
  if (f->at == f->end && foreign_is_sam(f->header)) return no_fastq(f, why);
  if (f->at == f->end) return at_line(f, why, "ends early: there is no '+' line and no quality");
  if (read_quality(f, why) < 0) return -1;
  f->place = BETWEEN;
  return 0;
}

/* Bases from here on to a break, the end of the line or of the room; of whole lines where they
 * are as wide as the last. */
static size_t read_bases(SeqFile *f, char *letters, size_t room) {
  const char *text = f->text + f->at;
  if (f->line_start && f->width > 0) {
    size_t lines = f->loops->copy_lines(letters, text, room, f->width);
    f->at += lines * (f->width + 1);
    f->line += lines;
    if (lines > 0) return lines * f->width;
  }
  size_t run = f->loops->copy_bases(letters, text, room);
  if (run > 0 && f->line_start) f->width = run < room && text[run] == '\n' ? run : 0;
  f->line_start = f->line_start && run == 0;
  f->at += run;
  return run;
}

/* Breaks from here on to a base, the end of the line or of the room. */
static size_t read_breaks(SeqFile *f, char *letters, size_t room) {
  const char *text = f->text + f->at;
  size_t run = 0;
  while (run < room && kmer_base((unsigned char)text[run]) == KMER_BREAK)
    run += f->loops->range_run(text + run, room - run, text[run],
                               text[run]); /* of N, mostly, and long */
  memcpy(letters, text, run);
  f->line_start = f->line_start && run == 0;
  f->at += run;
  return run;
}

/* What seqfile_read gives where no letter is marked. */
static ptrdiff_t read_letters(SeqFile *f, char *letters, size_t n, Why *why) {
  const char mark = f->fastq ? '+' : '>';
  size_t bases = 0, breaks = 0; /* one of them stays 0 */
  int rest;
  while ((rest = more(f, why)) > 0 && bases + breaks < n) {
    char c = f->text[f->at];
    size_t room = smaller(n - bases - breaks, f->end - f->at), run;
    if (c == '\n' || c == '\r') {
      if (end_line(f, why) < 0) return -1;
    } else if (f->line_start && c == mark) {
      break;
    } else if (breaks == 0 && (run = read_bases(f, letters + bases, room)) > 0) {
      bases += run;
    } else if (bases == 0 && (run = read_breaks(f, letters + breaks, room)) > 0) {
      breaks += run;
    } else if (bases + breaks > 0) {
      break;
    } else if (f->fastq || (c != ' ' && c != '\t')) {
      return bad_letter(f, why);
    } else {
      f->at++;
      f->line_start = false;
    }
  }
  if (rest < 0) return -1;
  f->length += bases + breaks;
  return bases + breaks > 0 ? (ptrdiff_t)(bases + breaks) : end_sequence(f, why);
}

/* Reads the whole record and its quality, which marks letters. */
static int keep_record(SeqFile *f, Why *why) {
  ptrdiff_t n = 1;
  for (f->kept_at = f->kept_end = 0; n > 0; f->kept_end += n > 0 ? (size_t)n : 0) {
    if (f->kept_room < f->kept_end + KEPT_STEP)
      f->kept = alloc_resize(f->kept, f->kept_room = 2 * f->kept_end + KEPT_STEP, 1);
    n = read_letters(f, f->kept + f->kept_end, f->kept_room - f->kept_end, why);
  }
  return (int)n;
}

/* The next letters of one kind of those that were kept. */
static ptrdiff_t read_kept(SeqFile *f, char *letters, size_t n) {
  const char *from = f->kept + f->kept_at;
  size_t room = smaller(n, f->kept_end - f->kept_at);
  size_t run = f->loops->copy_bases(letters, from, room);
  if (run == 0)
    for (; run < room && kmer_base((unsigned char)from[run]) >= KMER_BREAK; run++)
      letters[run] = from[run];
  f->kept_at += run;
  return (ptrdiff_t)run;
}

static ptrdiff_t read_some(SeqFile *f, char *letters, size_t n, Why *why) {
  if (f->place == SEQUENCE && f->fastq && f->low > 0 && keep_record(f, why) < 0) return -1;
  if (f->kept_at < f->kept_end) return read_kept(f, letters, n);
  return f->place == SEQUENCE ? read_letters(f, letters, n, why) : 0;
}

/* Remembers the first bases of the record; the n letters are of one kind. */
static void add_head(SeqFile *f, const char *letters, size_t n) {
  f->at_base = kmer_base((unsigned char)*letters) < KMER_BREAK;
  if (!f->at_base) f->head_room = f->head_size;
  n = smaller(n, f->head_room - f->head_size);
  memcpy(f->head + f->head_size, letters, n);
  f->head_size += n;
}

ptrdiff_t seqfile_read(SeqFile *f, char *letters, size_t n, Why *why) {
  ptrdiff_t got = read_some(f, letters, n, why);
  if (got > 0) add_head(f, letters, (size_t)got);
  return got;
}

size_t seqfile_turn(SeqFile *f, char *letters, size_t n) {
  n = f->at_base ? smaller(n, f->head_size - f->head_read) : 0;
  memcpy(letters, f->head + f->head_read, n);
  f->head_read += n;
  return n;
}

/* ---- records -------------------------------------------------------------------------------- */

static int start_record(SeqFile *f, Why *why) {
  f->at++;
  f->place = HEADER;
  f->header_line = f->line;
  if (read_header(f, 0, why) < 0) return -1;
  f->name_length = title_name_length(f->header);
  if (f->name_length == 0 && f->nameless_line == 0) f->nameless_line = f->header_line;
  f->place = SEQUENCE;
  f->length = 0;
  f->head_size = f->head_read = 0;
  f->head_room = f->turn;
  f->at_base = false;
  return 1;
}

/* Recognises a file without a header. It needs only the first line, so that it does not wait for
 * more from a terminal. */
static int no_header(SeqFile *f, Why *why) {
  char first[FOREIGN_ROOM];
  size_t n = 0;
  int rest = 1;
  bool text = false;
  while (n < sizeof first && (rest = more(f, why)) > 0) {
    const char c = first[n++] = f->text[f->at++];
    if (c == '\n' && text) break;
    text |= !isspace((unsigned char)c);
  }
  if (rest < 0) return -1;
  if (foreign_fail(input_name(f->input), first, n, input_format(f->input), why) != 0) return -1;
  const bool comment = *first == ';' || *first == '#';
  char problem[128];
  snprintf(problem, sizeof problem,
           "neither '>' (FASTA) nor '@' (FASTQ) where the first header is expected%s",
           comment ? foreign_letter(*first, true) : "");
  return at_line(f, why, problem);
}

int seqfile_next(SeqFile *f, Why *why) {
  char unread[4096];
  ptrdiff_t n;
  while (f->place == SEQUENCE || f->kept_at < f->kept_end)
    if ((n = seqfile_read(f, unread, sizeof unread, why)) < 0) return -1;
  int rest = skip_empty_lines(f, why);
  if (rest == 0 && f->place == FIRST)
    return fail(why, "%s: %s; there is no sequence to read", input_name(f->input),
                f->line == 1 ? "is empty" : "holds empty lines only");
  if (rest <= 0) return rest;
  char mark = f->text[f->at];
  if (f->place == FIRST) {
    if (mark != '>' && mark != '@') return no_header(f, why);
    f->fastq = mark == '@';
  } else if (f->fastq && mark == '>') {
    return at_line(f, why,
                   "after it, '>' where '@' must stand: FASTA and FASTQ in one file; give the two "
                   "as separate files");
  } else if (f->fastq && mark != '@') { /* FASTA's sequence ends at a '>' only */
    return at_line(f, why,
                   "after it, text where '@' must stand: its quality is not as long as its "
                   "sequence, or the file is damaged");
  }
  return start_record(f, why);
}

/* Whether the record ends in the text in hand: FASTA's where the next one begins, FASTQ's with its
 * fourth line, unless its lines are cut. */
static bool ends_in_hand(const SeqFile *f) {
  const char *text = f->text + f->at, *end = f->text + f->end;
  if (!f->fastq) return memmem(text, (size_t)(end - text), "\n>", 2) != NULL;
  int lines = 0;
  while (lines < 4 && (text = memchr(text, '\n', (size_t)(end - text)))) {
    text++;
    lines++;
  }
  return lines == 4;
}

bool seqfile_waits(const SeqFile *f) {
  const size_t ENOUGH = 1 << 16;
  return f->end - f->at < ENOUGH && !ends_in_hand(f) && input_waits(f->input);
}

const char *seqfile_name(const SeqFile *f, size_t *n) {
  *n = f->name_length;
  return f->header;
}

bool seqfile_circular(const SeqFile *f) {
  return f->all_circles ||
         (!f->fastq && f->name_length < f->header_length && title_circular(f->header));
}

/* ---- files ---------------------------------------------------------------------------------- */

SeqFile *seqfile_open(const char *path, Why *why) {
  Input *input = input_open(path, why);
  if (!input) return NULL;
  SeqFile *f = alloc_new(1, sizeof *f);
  f->input = input;
  f->loops = letters_best();
  f->header = alloc_new(HEADER_STEP, 1);
  f->header_room = HEADER_STEP;
  f->line = 1;
  f->line_start = true;
  f->least = '~';
  return f;
}

void seqfile_close(SeqFile *f) {
  if (!f) return;
  input_close(f->input);
  free(f->header);
  free(f->kept);
  free(f);
}

void seqfile_mark_low(SeqFile *f, int quality) {
  assert(f->place == FIRST);
  f->low = quality;
}

void seqfile_turn_circles(SeqFile *f, int turn, bool all) {
  assert(f->place == FIRST && turn >= 0 && turn <= KMER_MAX);
  f->turn = (size_t)turn;
  f->all_circles = all;
}

SeqNotes seqfile_notes(const SeqFile *f) {
  return (SeqNotes){f->end_block_missing, is_phred64(f), f->nameless_line};
}

bool seqfile_has_quality(const SeqFile *f) { return f->fastq; }
double seqfile_part(const SeqFile *f) { return input_part(f->input); }
uint64_t seqfile_bytes(const SeqFile *f) { return input_bytes(f->input); }
uint32_t seqfile_crc32(const SeqFile *f) { return input_crc32(f->input); }
