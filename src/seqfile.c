#include "seqfile.h"

#include "alloc.h"
#include "kmer.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER = 1 << 17, HEADER_MAX = 1 << 20, MAGIC_MAX = 4 };

typedef enum { FIRST, BETWEEN, SEQUENCE } Place; /* before any record, between two, in a sequence */

struct SeqFile {
  char *path;
  int fd;
  unsigned char *raw; /* (BUFFER) bytes as stored, raw_at..raw_end not yet used */
  size_t raw_at, raw_end;
  uint64_t raw_bytes;
  uint32_t raw_crc;
  bool gzip, in_member; /* in_member: the gzip member's trailer is still to come */
  z_stream z;
  char *text; /* (BUFFER) what the file says, at..end not yet parsed */
  size_t at, end;

  size_t line;     /* of text[at], from 1 */
  bool line_start; /* text[at] is the first of its line */
  Place place;
  bool fastq;
  char *header; /* this record's header line without its mark, growing, zero-terminated */
  size_t header_length, header_room;
  char *name;      /* its first word */
  uint64_t length; /* letters of this record so far */
};

/* ---- bytes ---------------------------------------------------------------------------------- */

/* Appends what one read() gives to the raw bytes: 1 some, 0 the end. */
static int raw_read(SeqFile *f, Why *why) {
  ssize_t n;
  do n = read(f->fd, f->raw + f->raw_end, BUFFER - f->raw_end);
  while (n < 0 && errno == EINTR);
  if (n < 0) return fail(why, "%s: cannot be read: %s", f->path, strerror(errno));
  f->raw_crc = (uint32_t)crc32(f->raw_crc, f->raw + f->raw_end, (uInt)n);
  f->raw_end += (size_t)n, f->raw_bytes += (uint64_t)n;
  return n > 0;
}

/* Whether raw bytes are left, after reading some where there were none. */
static int raw_more(SeqFile *f, Why *why) {
  if (f->raw_at < f->raw_end) return 1;
  f->raw_at = f->raw_end = 0;
  return raw_read(f, why);
}

/* Between two gzip members, or after the last: 1 a member follows, 0 the file ends here. */
static int gzip_member(SeqFile *f, Why *why) {
  int rest = raw_more(f, why);
  if (rest <= 0) return rest;
  if (f->raw[f->raw_at] == 0x1f) {
    f->in_member = true;
    return inflateReset(&f->z) == Z_OK ? 1 : fail(why, "%s: zlib cannot start again", f->path);
  }
  while ((rest = raw_more(f, why)) > 0)
    if (f->raw[f->raw_at++] != 0)
      return fail(why,
                  "%s: after line %zu, the end of its gzip data, other bytes follow; "
                  "the file is damaged or two files were joined",
                  f->path, f->line);
  return rest;
}

static int gzip_more(SeqFile *f, Why *why) {
  while (f->end == 0) {
    int rest = f->in_member ? 1 : gzip_member(f, why);
    if (rest <= 0) return rest;
    if ((rest = raw_more(f, why)) < 0) return -1;
    if (rest == 0)
      return fail(why,
                  "%s: line %zu: the gzip data ends early; the file was cut short, fetch it "
                  "again",
                  f->path, f->line);
    f->z.next_in = f->raw + f->raw_at, f->z.avail_in = (uInt)(f->raw_end - f->raw_at);
    f->z.next_out = (unsigned char *)f->text, f->z.avail_out = BUFFER;
    int rc = inflate(&f->z, Z_NO_FLUSH);
    f->raw_at = f->raw_end - f->z.avail_in;
    f->end = BUFFER - f->z.avail_out;
    if (rc == Z_STREAM_END) f->in_member = false;
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
      return fail(why, "%s: line %zu: the gzip data is damaged (%s); fetch it again", f->path,
                  f->line, f->z.msg ? f->z.msg : "zlib gives no reason");
  }
  return 1;
}

/* Whether text is left to parse, after making some where there was none. */
static int more(SeqFile *f, Why *why) {
  if (f->at < f->end) return 1;
  f->at = f->end = 0;
  if (f->gzip) return gzip_more(f, why);
  int rest = raw_more(f, why);
  if (rest <= 0) return rest;
  f->end = f->raw_end - f->raw_at;
  memcpy(f->text, f->raw + f->raw_at, f->end);
  f->raw_at = f->raw_end;
  return 1;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static int at_line(const SeqFile *f, Why *why, const char *problem) {
  return fail(why, "%s: line %zu, record '%.100s': %s", f->path, f->line, f->name, problem);
}

static const char lone_return[] =
    "a carriage return inside a line; convert the file's line ends to LF";

/* At a '\n', or a '\r' that a '\n' or the end must follow: goes over it. */
static int end_line(SeqFile *f, Why *why) {
  if (f->text[f->at] == '\r') {
    f->at++;
    int rest = more(f, why);
    if (rest < 0) return -1;
    if (rest > 0 && f->text[f->at] != '\n') return at_line(f, why, lone_return);
    if (rest == 0) return 0;
  }
  f->at++, f->line++, f->line_start = true;
  return 0;
}

/* Appends the rest of the line to the header from `from` on, and goes over its end. */
static int read_header(SeqFile *f, size_t from, Why *why) {
  int rest;
  size_t line = f->line;
  f->header_length = from;
  while ((rest = more(f, why)) > 0) {
    char *newline = memchr(f->text + f->at, '\n', f->end - f->at);
    size_t n = newline ? (size_t)(newline - f->text) - f->at : f->end - f->at;
    if (f->header_length + n > HEADER_MAX)
      return fail(why, "%s: line %zu: a header longer than a megabyte; is this a sequence file?",
                  f->path, f->line);
    if (f->header_length + n + 1 > f->header_room)
      f->header = alloc_resize(f->header, f->header_room = 2 * (f->header_length + n + 1), 1);
    memcpy(f->header + f->header_length, f->text + f->at, n);
    f->header_length += n, f->at += n;
    if (newline) break;
  }
  if (rest < 0) return -1;
  if (memchr(f->header + from, 0, f->header_length - from))
    return fail(why, "%s: line %zu: a zero byte in the header; the file is damaged or no text",
                f->path, f->line);
  if (rest > 0) f->at++, f->line++;
  f->line_start = true;
  if (f->header_length > from && f->header[f->header_length - 1] == '\r') f->header_length--;
  f->header[f->header_length] = 0;
  if (memchr(f->header + from, '\r', f->header_length - from))
    return fail(why, "%s: line %zu: %s", f->path, line, lone_return);
  return 0;
}

static int skip_empty_lines(SeqFile *f, Why *why) {
  int rest;
  while ((rest = more(f, why)) > 0 && (f->text[f->at] == '\n' || f->text[f->at] == '\r'))
    if (end_line(f, why) < 0) return -1;
  return rest;
}

/* ---- records -------------------------------------------------------------------------------- */

static int start_record(SeqFile *f, Why *why) {
  f->at++;
  if (f->header_room == 0) f->header = alloc_resize(f->header, f->header_room = 256, 1);
  if (read_header(f, 0, why) < 0) return -1;
  size_t n = strcspn(f->header, " \t");
  f->name = alloc_resize(f->name, n + 1, 1);
  memcpy(f->name, f->header, n), f->name[n] = 0;
  f->place = SEQUENCE, f->length = 0;
  return 1;
}

int seqfile_next(SeqFile *f, Why *why) {
  char unread[4096];
  ptrdiff_t n;
  while (f->place == SEQUENCE)
    if ((n = seqfile_read(f, unread, sizeof unread, why)) < 0) return -1;
  int rest = skip_empty_lines(f, why);
  if (rest == 0 && f->place == FIRST)
    return fail(why, "%s: holds empty lines only; there is no sequence to read", f->path);
  if (rest <= 0) return rest;
  char mark = f->text[f->at];
  if (f->place == FIRST) {
    if (mark != '>' && mark != '@')
      return fail(why,
                  "%s: line %zu: neither '>' (FASTA) nor '@' (FASTQ) where the first header "
                  "must stand",
                  f->path, f->line);
    f->fastq = mark == '@';
  } else if (mark != (f->fastq ? '@' : '>')) {
    return at_line(f, why,
                   f->fastq ? "after it, text where '@' must stand: its quality is longer "
                              "than its sequence, or the file is damaged"
                            : "text where '>' must stand");
  }
  return start_record(f, why);
}

static int bad_letter(SeqFile *f, Why *why) {
  unsigned char c = (unsigned char)f->text[f->at];
  if (strchr("EFILPQJOZXefilpqjozx*", c) && c)
    return fail(why,
                "%s: line %zu, record '%.100s': '%c' is no nucleotide code; this looks like "
                "protein, and only DNA or RNA can be read",
                f->path, f->line, f->name, c);
  if (c > ' ' && c < 127)
    return fail(why, "%s: line %zu, record '%.100s': '%c' is no nucleotide code", f->path, f->line,
                f->name, c);
  return fail(why, "%s: line %zu, record '%.100s': byte 0x%02x (%s) inside the sequence", f->path,
              f->line, f->name, c, isspace(c) ? "white space" : "no letter");
}

/* After the sequence of a FASTQ record: the '+' line and as much quality as there was sequence. */
static int read_quality(SeqFile *f, Why *why) {
  uint64_t quality = 0;
  int rest;
  size_t title = f->header_length, plus_line = f->line;
  f->at++;
  if (read_header(f, title + 1, why) < 0) return -1;
  f->header[title] = 0;
  if (f->header_length > title + 1 && strcmp(f->header, f->header + title + 1) != 0)
    return f->line = plus_line,
           at_line(f, why, "the '+' line repeats another title than the '@' line has");
  f->header_length = title;
  while (quality < f->length) {
    if ((rest = skip_empty_lines(f, why)) < 0) return -1;
    if (rest == 0) return at_line(f, why, "ends early: its quality is shorter than its sequence");
    for (; f->at < f->end && f->text[f->at] >= '!' && f->text[f->at] <= '~'; f->at++)
      if (++quality > f->length) return at_line(f, why, "its quality is longer than its sequence");
    if (f->at < f->end && f->text[f->at] != '\n' && f->text[f->at] != '\r')
      return at_line(f, why, "a byte outside '!'..'~' in the quality");
  }
  if (f->length == 0) return 0; /* its quality line, if there is one, is empty */
  if ((rest = more(f, why)) <= 0) return rest;
  if (f->text[f->at] != '\n' && f->text[f->at] != '\r')
    return at_line(f, why, "its quality is longer than its sequence");
  return end_line(f, why);
}

ptrdiff_t seqfile_read(SeqFile *f, char *letters, size_t n, Why *why) {
  size_t out = 0;
  int rest;
  if (f->place != SEQUENCE) return 0;
  while (out < n && (rest = more(f, why)) != 0) {
    if (rest < 0) return -1;
    char c = f->text[f->at];
    if (f->line_start && c == (f->fastq ? '+' : '>')) {
      if (out > 0) return (ptrdiff_t)out;
      f->place = BETWEEN;
      return f->fastq ? read_quality(f, why) : 0;
    }
    if (c == '\n' || c == '\r') {
      if (end_line(f, why) < 0) return -1;
      continue;
    }
    if (!f->fastq && (c == ' ' || c == '\t')) {
      f->at++, f->line_start = false;
      continue;
    }
    size_t before = out;
    while (out < n && f->at < f->end && kmer_base((unsigned char)f->text[f->at]) != KMER_INVALID)
      letters[out++] = f->text[f->at++];
    if (out == before) return bad_letter(f, why);
    f->line_start = false, f->length += out - before;
  }
  if (out == 0 && n > 0) {
    f->place = BETWEEN;
    if (f->fastq) return at_line(f, why, "ends early: there is no '+' line and no quality");
  }
  return (ptrdiff_t)out;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* What the first bytes say about a file that is neither text nor gzip. */
static const char *foreign(const unsigned char *b, size_t n) {
  if (n >= 3 && !memcmp(b, "BZh", 3)) return "is compressed with bzip2; pipe it through bzcat";
  if (n >= 4 && !memcmp(b,
                        "\xfd"
                        "7zX",
                        4))
    return "is compressed with xz; pipe it through xzcat";
  if (n >= 4 && !memcmp(b, "\x28\xb5\x2f\xfd", 4))
    return "is compressed with zstd; pipe it through zstdcat";
  if (n >= 4 && !memcmp(b, "PK\3\4", 4)) return "is a zip archive; unpack it first";
  if (n >= 2 && (!memcmp(b, "\xff\xfe", 2) || !memcmp(b, "\xfe\xff", 2)))
    return "is UTF-16 text; convert it to ASCII first";
  if (n >= 3 && !memcmp(b, "\xef\xbb\xbf", 3))
    return "begins with a byte order mark; save it as plain ASCII";
  return NULL;
}

static int look(SeqFile *f, Why *why) {
  struct stat about;
  if (f->fd < 0) return fail(why, "%s: cannot be opened: %s", f->path, strerror(errno));
  if (fstat(f->fd, &about) == 0 && S_ISDIR(about.st_mode))
    return fail(why, "%s: is a directory; give the sequence files in it", f->path);
  int rest = 1;
  while (rest > 0 && f->raw_end < MAGIC_MAX)
    rest = raw_read(f, why); /* a pipe may give single bytes */
  if (rest < 0) return -1;
  if (f->raw_end == 0) return fail(why, "%s: is empty; there is no sequence to read", f->path);
  if (f->raw_end >= 2 && f->raw[0] == 0x1f && f->raw[1] == 0x8b) {
    if (inflateInit2(&f->z, 15 + 16) != Z_OK) return fail(why, "%s: zlib cannot start", f->path);
    f->gzip = f->in_member = true;
    return 0;
  }
  const char *problem = foreign(f->raw, f->raw_end);
  return problem ? fail(why, "%s: %s", f->path, problem) : 0;
}

SeqFile *seqfile_open(const char *path, Why *why) {
  SeqFile *f = alloc_new(1, sizeof *f);
  bool standard_input = strcmp(path, "-") == 0;
  f->path = alloc_new(strlen(path) + 32, 1);
  strcpy(f->path, standard_input ? "standard input" : path);
  f->raw = alloc_new(BUFFER, 1), f->text = alloc_new(BUFFER, 1), f->name = alloc_new(1, 1);
  f->line = 1, f->line_start = true;
  f->fd = standard_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
  if (look(f, why) == 0) return f;
  seqfile_close(f);
  return NULL;
}

void seqfile_close(SeqFile *f) {
  if (!f) return;
  if (f->fd >= 0) close(f->fd);
  if (f->gzip) inflateEnd(&f->z);
  free(f->path), free(f->raw), free(f->text), free(f->header), free(f->name), free(f);
}

const char *seqfile_name(const SeqFile *f) { return f->name; }
uint64_t seqfile_bytes(const SeqFile *f) { return f->raw_bytes; }
uint32_t seqfile_crc32(const SeqFile *f) { return f->raw_crc; }
