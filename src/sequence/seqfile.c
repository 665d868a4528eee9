#include "sequence/seqfile.h"

#include "base/alloc.h"
#include "sequence/foreign.h"
#include "sequence/title.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_STEP = 1 << 17 };

/* The place in the file: before the first record, between two records, in a sequence. */
typedef enum { FIRST, BETWEEN, SEQUENCE } Place;

struct SeqFile {
  Input *input;
  Text text;
  Place place;
  bool fastq;
  HeaderLine header; /* without its '>' or '@' */
  size_t name_length;
  size_t nameless_line;    /* see SeqNotes */
  uint64_t length;         /* letters of this record parsed so far */
  uint64_t letters, bases; /* of this record, returned so far */
  size_t width; /* bases in the last line of only bases; the next line usually has as many */

  bool all_circles;
  size_t turn;         /* bases to read past the end of a circle */
  char head[KMER_MAX]; /* (head_size) the first bases of this record, up to a break, turn at most */
  size_t head_size, head_room, head_read;
  bool at_base; /* the last letter read is a base */

  Quality quality;
  Lowercase lowercase;
  uint64_t masked; /* bases marked as lower case */
  char *kept;      /* letters of this record to be marked; kept_at..kept_end are not yet returned */
  size_t kept_at, kept_end, kept_room;
};

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* ---- sequence ------------------------------------------------------------------------------- */

static int fail_sam(const SeqFile *f, Why *why) {
  return fail(why, "%s: is SAM; convert it with samtools fastq", input_name(f->input));
}

static int bad_letter(const SeqFile *f, Why *why) {
  const Text *text = &f->text;
  const char c = text->bytes[text->at];
  char problem[256];
  if (f->fastq && foreign_is_sam(f->header.bytes)) return fail_sam(f, why);
  if (f->fastq && c == '@' && text->line_start)
    return text_fail(text, why, "'@' where its sequence or its '+' line is expected");
  if (c > ' ' && c < 127)
    snprintf(problem, sizeof problem, "'%c' is not a nucleotide code%s", c,
             foreign_letter(c, text->line_start));
  else
    snprintf(problem, sizeof problem, "byte 0x%02x (%s) inside the sequence", (unsigned char)c,
             isspace((unsigned char)c) ? "white space" : "no letter");
  return text_fail(text, why, problem);
}

/* Called after the last letter of the record. */
static int end_sequence(SeqFile *f, Why *why) {
  Text *text = &f->text;
  f->place = BETWEEN;
  if (!f->fastq) return 0;
  if (text->at == text->end && foreign_is_sam(f->header.bytes)) return fail_sam(f, why);
  if (text->at == text->end)
    return text_fail(text, why, "ends early: there is no '+' line and no quality");
  if (quality_read(&f->quality, text, f->kept, f->length, why) < 0) return -1;
  text->may_end = 0;
  return 0;
}

/* Reads bases up to a break, a line end or the end of the room; whole lines if as wide as the
 * last. */
static size_t read_bases(SeqFile *f, char *letters, size_t room) {
  Text *text = &f->text;
  const char *from = text->bytes + text->at;
  if (text->line_start && f->width > 0) {
    size_t lines = text->loops->copy_lines(letters, from, room, f->width);
    text->at += lines * (f->width + 1);
    text->line += lines;
    if (lines > 0) return lines * f->width;
  }
  size_t run = text->loops->copy_bases(letters, from, room);
  if (run > 0 && text->line_start) f->width = run < room && from[run] == '\n' ? run : 0;
  text->line_start = text->line_start && run == 0;
  text->at += run;
  return run;
}

/* Reads breaks up to a base, the end of the line or the end of the room. */
static size_t read_breaks(SeqFile *f, char *letters, size_t room) {
  Text *text = &f->text;
  const char *from = text->bytes + text->at;
  size_t run = 0;
  while (run < room && kmer_base((unsigned char)from[run]) == KMER_BREAK)
    run += text->loops->range_run(from + run, room - run, from[run],
                                  from[run]); /* mostly a long run of N */
  memcpy(letters, from, run);
  text->line_start = text->line_start && run == 0;
  text->at += run;
  return run;
}

/* Reads up to n letters of one kind from the text, unmarked; ends the record after its last
 * letter. */
static ptrdiff_t read_letters(SeqFile *f, char *letters, size_t n, Why *why) {
  Text *text = &f->text;
  const char mark = f->fastq ? '+' : '>';
  size_t bases = 0, breaks = 0; /* one of these stays 0 */
  int more;
  while ((more = text_more(text, why)) > 0 && bases + breaks < n) {
    const char c = text->bytes[text->at];
    size_t room = smaller(n - bases - breaks, text->end - text->at), run;
    if (c == '\n' || c == '\r') {
      if (text_end_line(text, why) < 0) return -1;
    } else if (text->line_start && c == mark) {
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
      text->at++;
      text->line_start = false;
    }
  }
  if (more < 0) return -1;
  f->length += bases + breaks;
  return bases + breaks > 0 ? (ptrdiff_t)(bases + breaks) : end_sequence(f, why);
}

/* Whether the quality of a record marks letters. */
static bool marks_low(const SeqFile *f) { return f->fastq && f->quality.low > 0; }

/* Appends letters of one kind to the kept ones. Returns as read_letters does. */
static ptrdiff_t keep_more(SeqFile *f, Why *why) {
  f->kept = alloc_grow(f->kept, &f->kept_room, f->kept_end + KEPT_STEP, 1);
  char *letters = f->kept + f->kept_end;
  const ptrdiff_t n = read_letters(f, letters, f->kept_room - f->kept_end, why);
  if (n <= 0) return n;
  if (f->lowercase == LOWERCASE_AMBIGUOUS)
    f->masked += f->text.loops->mark_lowercase(letters, (size_t)n);
  f->kept_end += (size_t)n;
  return n;
}

/* Reads letters to be marked: all letters of a record with its quality, if quality marks
 * letters. */
static int keep_letters(SeqFile *f, Why *why) {
  f->kept_at = f->kept_end = 0;
  ptrdiff_t n = keep_more(f, why);
  while (n > 0 && marks_low(f)) n = keep_more(f, why);
  return n < 0 ? -1 : 0;
}

/* Copies the next kept letters of one kind. */
static ptrdiff_t read_kept(SeqFile *f, char *letters, size_t n) {
  const char *from = f->kept + f->kept_at;
  size_t room = smaller(n, f->kept_end - f->kept_at);
  size_t run = f->text.loops->copy_bases(letters, from, room);
  if (run == 0)
    for (; run < room && kmer_base((unsigned char)from[run]) >= KMER_BREAK; run++)
      letters[run] = from[run];
  f->kept_at += run;
  return (ptrdiff_t)run;
}

static ptrdiff_t read_some(SeqFile *f, char *letters, size_t n, Why *why) {
  const bool kept = f->kept_at < f->kept_end;
  const bool marks = f->lowercase == LOWERCASE_AMBIGUOUS || marks_low(f);
  if (!kept && f->place != SEQUENCE) return 0;
  if (!kept && !marks) return read_letters(f, letters, n, why);
  if (!kept && keep_letters(f, why) < 0) return -1;
  return read_kept(f, letters, n);
}

/* Counts n letters of one kind, and remembers the first bases of the record. */
static void count_letters(SeqFile *f, const char *letters, size_t n) {
  f->at_base = kmer_base((unsigned char)*letters) < KMER_BREAK;
  f->letters += n;
  if (f->at_base)
    f->bases += n;
  else
    f->head_room = f->head_size;
  n = smaller(n, f->head_room - f->head_size);
  memcpy(f->head + f->head_size, letters, n);
  f->head_size += n;
}

ptrdiff_t seqfile_read(SeqFile *f, char *letters, size_t n, Why *why) {
  ptrdiff_t got = read_some(f, letters, n, why);
  if (got > 0) count_letters(f, letters, (size_t)got);
  return got;
}

ptrdiff_t seqfile_last_run(SeqFile *f, char **bases, size_t *room, Why *why) {
  char letters[4096];
  size_t run = 0;
  ptrdiff_t n;
  while ((n = seqfile_read(f, letters, sizeof letters, why)) > 0) {
    if (f->at_base) {
      *bases = alloc_grow(*bases, room, run + (size_t)n, 1);
      memcpy(*bases + run, letters, (size_t)n);
    }
    run = f->at_base ? run + (size_t)n : 0;
  }
  return n < 0 ? -1 : (ptrdiff_t)run;
}

size_t seqfile_turn(SeqFile *f, char *letters, size_t n) {
  n = f->at_base ? smaller(n, f->head_size - f->head_read) : 0;
  memcpy(letters, f->head + f->head_read, n);
  f->head_read += n;
  return n;
}

/* ---- records -------------------------------------------------------------------------------- */

static int start_record(SeqFile *f, Why *why) {
  Text *text = &f->text;
  const size_t line = text->line;
  text->at++;
  text->record = NULL;
  text->may_end = f->fastq ? SIZE_MAX : line + 2;
  if (text_read_header(text, &f->header, why) < 0) return -1;
  text->record = f->header.bytes;
  f->name_length = title_name_length(f->header.bytes);
  if (f->name_length == 0 && f->nameless_line == 0) f->nameless_line = line;
  f->place = SEQUENCE;
  f->length = f->letters = f->bases = 0;
  f->head_size = f->head_read = 0;
  f->head_room = f->turn;
  f->at_base = false;
  return 1;
}

/* Reports a file without a header. It looks only at the first line and thus does not wait for more
 * input from a terminal. */
static int no_header(SeqFile *f, Why *why) {
  char first[FOREIGN_ROOM];
  size_t n = 0;
  int more = 1;
  bool text = false;
  while (n < sizeof first && (more = text_more(&f->text, why)) > 0) {
    const char c = first[n++] = f->text.bytes[f->text.at++];
    if (c == '\n' && text) break;
    text |= !isspace((unsigned char)c);
  }
  if (more < 0) return -1;
  if (foreign_fail(input_name(f->input), first, n, input_format(f->input), why) != 0) return -1;
  const bool comment = *first == ';' || *first == '#';
  char problem[128];
  snprintf(problem, sizeof problem,
           "neither '>' (FASTA) nor '@' (FASTQ) where the first header is expected%s",
           comment ? foreign_letter(*first, true) : "; give FASTA or FASTQ");
  return text_fail(&f->text, why, problem);
}

/* Moves past the letters of this record that were not read. */
static int skip_letters(SeqFile *f, Why *why) {
  char letters[4096];
  while (f->place == SEQUENCE || f->kept_at < f->kept_end)
    if (seqfile_read(f, letters, sizeof letters, why) < 0) return -1;
  return 0;
}

/* Checks the '>' or '@' of the next record. A sequence of FASTA ends only at a '>'. */
static int check_mark(SeqFile *f, char mark, Why *why) {
  if (f->place == FIRST) {
    f->fastq = mark == '@';
    return mark == '>' || mark == '@' ? 0 : no_header(f, why);
  }
  if (!f->fastq || mark == '@') return 0;
  if (mark == '>')
    return text_fail(&f->text, why,
                     "after it, '>' where '@' must stand: FASTA and FASTQ in one file; give the "
                     "two as separate files");
  return text_fail(&f->text, why,
                   "after it, text where '@' must stand: its quality is not as long as its "
                   "sequence, or the file is damaged");
}

int seqfile_next(SeqFile *f, Why *why) {
  if (skip_letters(f, why) < 0) return -1;
  const int more = text_skip_empty_lines(&f->text, why);
  if (more == 0 && f->place == FIRST)
    return fail(why, "%s: %s; there is no sequence to read", input_name(f->input),
                f->text.line == 1 ? "is empty" : "holds empty lines only");
  if (more <= 0) return more;
  if (check_mark(f, f->text.bytes[f->text.at], why) < 0) return -1;
  return start_record(f, why);
}

/* Whether the record ends in the available text: in FASTA where the next one begins, in FASTQ with
 * its fourth line, unless its lines are wrapped. */
static bool ends_in_hand(const SeqFile *f) {
  if (f->text.at == f->text.end) return false;
  const char *at = f->text.bytes + f->text.at, *end = f->text.bytes + f->text.end;
  if (!f->fastq) return memmem(at, (size_t)(end - at), "\n>", 2) != NULL;
  int lines = 0;
  while (lines < 4 && (at = memchr(at, '\n', (size_t)(end - at)))) {
    at++;
    lines++;
  }
  return lines == 4;
}

bool seqfile_waits(const SeqFile *f) {
  const size_t ENOUGH = 1 << 16;
  return f->text.end - f->text.at < ENOUGH && !ends_in_hand(f) && input_waits(f->input);
}

const char *seqfile_name(const SeqFile *f, size_t *n) {
  *n = f->name_length;
  return f->header.bytes;
}

bool seqfile_circular(const SeqFile *f) {
  return f->all_circles ||
         (!f->fastq && f->name_length < f->header.length && title_circular(f->header.bytes));
}

/* ---- files ---------------------------------------------------------------------------------- */

SeqFile *seqfile_open(const char *path, Why *why) {
  Input *input = input_open(path, why);
  if (!input) return NULL;
  SeqFile *f = alloc_new(1, sizeof *f);
  f->input = input;
  f->text = text_new(input);
  f->quality = quality_new();
  return f;
}

void seqfile_close(SeqFile *f) {
  if (!f) return;
  input_close(f->input);
  quality_free(&f->quality);
  free(f->header.bytes);
  free(f->kept);
  free(f);
}

void seqfile_mark_low(SeqFile *f, int quality) {
  assert(f->place == FIRST);
  f->quality.low = quality;
}

void seqfile_mark_lowercase(SeqFile *f, Lowercase lowercase) {
  assert(f->place == FIRST);
  f->lowercase = lowercase;
}

void seqfile_turn_circles(SeqFile *f, int turn, bool all) {
  assert(f->place == FIRST && turn >= 0 && turn <= KMER_MAX);
  f->turn = (size_t)turn;
  f->all_circles = all;
}

SeqNotes seqfile_notes(const SeqFile *f) {
  return (SeqNotes){.bytes = input_bytes(f->input),
                    .crc32 = input_crc32(f->input),
                    .masked = f->masked,
                    .has_quality = f->fastq,
                    .end_block_missing = f->text.end_block_missing,
                    .phred64 = quality_is_phred64(&f->quality),
                    .nameless_line = f->nameless_line};
}

double seqfile_part(const SeqFile *f) { return input_part(f->input); }
uint64_t seqfile_letters(const SeqFile *f) { return f->letters; }
uint64_t seqfile_bases(const SeqFile *f) { return f->bases; }
