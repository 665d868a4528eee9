/* A libFuzzer target: seqfile reads any bytes from standard input, and properties that hold for any
 * bytes are checked. The same bytes are read with other sizes of read() and seqfile_read,
 * compressed in each format, damaged, moved to the edge of a buffer, and checked by a second, much
 * simpler reader of plain text. */
#include "sequence/kmer.h"
#include "sequence/seqfile.h"

#include <ctype.h>
#include <errno.h>
#include <sanitizer/allocator_interface.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HAVE_BZIP2
#include <bzlib.h>
#endif
#ifdef HAVE_XZ
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum {
  INPUT_MAX = 4096,
  EDGE = 1 << 18,         /* the size of input.c's buffer, or a multiple */
  BIG = 8 << 20,          /* letters of a record that shows whether memory is bounded */
  MEMORY_MAX = 4 << 20,   /* buffers, and two headers of a megabyte */
  WINDOW_MAX = 136 << 20, /* and zstd's buffers, which crafted input can make that large */
  SWELL = 1032            /* the most bytes that deflate packs into one */
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);
ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);

/* Freed buffers are kept for a while only: their number is large and memory is limited. */
const char *__asan_default_options(void) { return "quarantine_size_mb=16"; }

static void must(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "\nfuzz_seqfile: this must hold: %s\n", what);
  abort();
}

/* ---- seqfile, fed with bytes ---------------------------------------------------------------- */

static size_t read_most;         /* the most bytes per read(); 0: all that are requested */
static int low;                  /* letters of lower quality are marked */
static Lowercase lowercase;      /* lower case is marked, or not */
static uint32_t dice, read_dice; /* another thread may call read() at any time */

static uint32_t roll_of(uint32_t *state) { return (*state = *state * 1664525 + 1013904223) >> 8; }
static uint32_t roll(void) { return roll_of(&dice); }

/* Replaces read() in this program: returns fewer bytes than requested, or is interrupted. */
ssize_t __wrap_read(int fd, void *to, size_t n) {
  if (read_most == 0) return __real_read(fd, to, n);
  if (roll_of(&read_dice) % 16 == 0) {
    errno = EINTR;
    return -1;
  }
  size_t some = 1 + roll_of(&read_dice) % read_most;
  return __real_read(fd, to, some < n ? some : n);
}

typedef struct {
  bool opened;
  int end;        /* 0: read to its end, -1: refused */
  size_t records; /* begun */
  size_t circles;
  uint32_t names;   /* the sum of their CRC-32 */
  uint64_t letters; /* of whole records: a read that fails returns no letters */
  uint32_t crc;     /* the sum of those records' CRC-32 */
  Why why;
} Outcome;

static uint32_t crc_of(const char *name, size_t n) {
  return (uint32_t)crc32(0, (const uint8_t *)name, (uInt)n);
}

/* A marked letter does not count. */
static bool is_base(char letter) { return kmer_base((unsigned char)letter) < KMER_BREAK; }

/* Reads a record's letters, n at a time; adds them if the record is complete. */
static int read_record(Outcome *o, SeqFile *file, size_t n, uint64_t room) {
  char *letters = malloc(n); /* the exact size: the sanitizer detects a byte too many */
  uint64_t sum = o->letters;
  uint32_t crc = 0;
  ptrdiff_t got;
  while ((got = seqfile_read(file, letters, n, &o->why)) > 0) {
    must((size_t)got <= n, "no more letters than asked for");
    bool first = is_base(letters[0]);
    for (ptrdiff_t i = 0; i < got; i++) {
      must(is_base(letters[i]) == first, "bases and breaks do not come out together");
      letters[i] = (char)(letters[i] & ~LETTER_MARK);
      must(kmer_base((unsigned char)letters[i]) != KMER_INVALID, "only bases and breaks come out");
    }
    crc = (uint32_t)crc32(crc, (unsigned char *)letters, (uInt)got);
    sum += (uint64_t)got;
    must(sum <= room, "no more letters come out than went in");
  }
  free(letters);
  char turn[KMER_MAX];
  const size_t turned = got == 0 ? seqfile_turn(file, turn, sizeof turn) : 0;
  for (size_t i = 0; i < turned; i++) must(is_base(turn[i]), "circles continue with bases");
  o->circles += seqfile_circular(file);
  if (got == 0) {
    o->letters = sum;
    o->crc += crc;
  }
  return (int)got;
}

static void check_sentence(const char *text) {
  static const char file[] = "standard input: ";
  must(!strncmp(text, file, strlen(file)) && text[strlen(file)], "an error names file and problem");
  for (; *text; text++) must(!iscntrl((unsigned char)*text), "an error is one line, printable");
}

/* Whether bytes look compressed to the decoder, by the first two, which differ in all formats. */
static bool is_packed(const uint8_t *data, size_t size) {
  static const char *const begins[] = {"\x1f\x8b", "BZ", "\xfd\x37", "\x28\xb5"};
  if (size < 2) return false;
  for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
    if (memcmp(data, begins[i], 2) == 0) return true;
  return (data[0] & 0xf0) == 0x50 && data[1] == 0x2a;
}

/* Reads the whole file, n letters at a time; 0: names only. */
static Outcome read_through(const uint8_t *data, size_t size, size_t n, size_t most) {
  Outcome o = {.end = -1};
  const bool packed = is_packed(data, size), gzip = packed && data[0] == 0x1f;
  uint64_t room = size;
  if (packed) room = gzip ? SWELL * size : UINT64_MAX;
  size_t held = __sanitizer_get_current_allocated_bytes();
  must(ftruncate(STDIN_FILENO, 0) == 0, "a file can be emptied");
  must(pwrite(STDIN_FILENO, data, size, 0) == (ssize_t)size, "a file can be filled");
  lseek(STDIN_FILENO, 0, SEEK_SET);
  read_most = most;
  read_dice = dice;
  SeqFile *file = seqfile_open("-", &o.why);
  if (file) seqfile_turn_circles(file, KMER_MAX, false);
  o.opened = file != NULL;
  if (file) seqfile_mark_low(file, low);
  if (file) seqfile_mark_lowercase(file, lowercase);
  while (file && (o.end = seqfile_next(file, &o.why)) > 0) {
    size_t length;
    const char *name = seqfile_name(file, &length);
    o.records++;
    o.names += crc_of(name, length);
    if (n > 0 && (o.end = read_record(&o, file, n, room)) < 0) break;
  }
  read_most = 0;
  const size_t most_held = packed && !gzip ? WINDOW_MAX : MEMORY_MAX;
  must(__sanitizer_get_current_allocated_bytes() - held < most_held, "memory is bounded");
  if (o.end < 0) check_sentence(o.why.text);
  if (o.end == 0) must(seqfile_notes(file).bytes == size, "all bytes are read");
  if (o.end == 0)
    must(seqfile_notes(file).crc32 == crc32(0, data, (uInt)size), "their CRC-32 is right");
  seqfile_close(file);
  return o;
}

static void must_agree(const Outcome *a, const Outcome *b, const char *what) {
  bool same = a->records == b->records && a->names == b->names && a->letters == b->letters &&
              a->crc == b->crc && a->circles == b->circles &&
              (a->end == 0 || !strcmp(a->why.text, b->why.text));
  if (a->end == b->end && same) return;
  for (int i = 0; i < 2; i++, a = b)
    fprintf(stderr, "\n%zu records, %llu letters, crc %08x %08x: %s", a->records,
            (unsigned long long)a->letters, a->names, a->crc, a->end < 0 ? a->why.text : "read");
  must(false, what);
}

/* ---- a second reader of plain text ---------------------------------------------------------- */

typedef struct {
  const char *at;
  size_t n;
} Line;

/* The lines that are not empty, without line ends; -1: a '\r' inside a line, or a zero. */
static int split(Line *lines, const char *text, size_t size) {
  int count = 0;
  for (size_t start = 0, end; start < size; start = end + 1) {
    for (end = start; end < size && text[end] != '\n';) end++;
    Line line = {text + start, end - start};
    if (line.n > 0 && line.at[line.n - 1] == '\r') line.n--;
    if (memchr(line.at, '\r', line.n) || memchr(line.at, 0, line.n)) return -1;
    if (line.n > 0) lines[count++] = line;
  }
  return count;
}

static void trim(Line *line) {
  while (line->n > 0 && isblank(line->at[line->n - 1])) line->n--;
}

static bool all_in(Line line, const char *allowed) {
  for (size_t i = 0; i < line.n; i++)
    if (!strchr(allowed, line.at[i])) return false;
  return true;
}

/* Whether two lines have the same first word after their marks. */
static bool same_word(Line a, Line b) {
  size_t i = 1;
  for (; i < a.n && i < b.n && !isblank(a.at[i]) && a.at[i] == b.at[i]; i++) continue;
  return (i == a.n || isblank(a.at[i])) && (i == b.n || isblank(b.at[i]));
}

/* Whether the text is valid, and its numbers of records and letters. */
static bool judge(size_t *records, size_t *letters, const char *text, size_t size) {
  static const char fasta[] = " \tACGTUacgtuNRYSWKMBDHVnryswkmbdhv-.";
  const char *fastq = fasta + 2; /* no blanks */
  static Line lines[INPUT_MAX + 1];
  int count = split(lines, text, size), i = 0;
  *records = *letters = 0;
  if (count <= 0) return false;
  if (lines[0].at[0] == '>') {
    for (; i < count; i++) {
      bool header = lines[i].at[0] == '>';
      if (!header && !all_in(lines[i], fasta)) return false;
      *records += header;
      for (size_t j = 0; j < lines[i].n; j++) *letters += !header && !isblank(lines[i].at[j]);
    }
    return true;
  }
  while (i < count) {
    size_t sequence = 0, quality = 0;
    Line title = lines[i++];
    if (title.at[0] != '@') return false;
    for (; i < count && lines[i].at[0] != '+'; sequence += lines[i++].n)
      if (!all_in(lines[i], fastq)) return false;
    if (i == count) return false;
    Line plus = lines[i++];
    trim(&plus);
    if (plus.n > 1 && !same_word(title, plus)) return false;
    for (; i < count && quality < sequence; quality += lines[i++].n)
      for (size_t j = 0; j < lines[i].n; j++)
        if (lines[i].at[j] < '!' || lines[i].at[j] > '~') return false;
    if (quality != sequence) return false;
    ++*records;
    *letters += sequence;
  }
  return true;
}

static void compare_with_judge(const Outcome *o, const uint8_t *data, size_t size) {
  size_t records, letters;
  bool right = judge(&records, &letters, (const char *)data, size);
  bool same = !right || (records == o->records && letters == o->letters);
  if (same && right == (o->end == 0)) return;
  fprintf(stderr, "\nseqfile: %zu records, %llu letters, %s\njudge: %zu records, %zu letters, %s",
          o->records, (unsigned long long)o->letters, o->end < 0 ? o->why.text : "read", records,
          letters, right ? "right" : "wrong");
  must(false, "seqfile and the second reader agree");
}

/* ---- the same text in other forms ------------------------------------------------------------ */

/* One member; returns its size. */
typedef size_t Pack(uint8_t *to, size_t room, const uint8_t *data, size_t size, int level);

static size_t pack_gzip(uint8_t *to, size_t room, const uint8_t *data, size_t size, int level) {
  z_stream z = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)size};
  z.next_out = to;
  z.avail_out = (uInt)room;
  must(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 4, Z_DEFAULT_STRATEGY) == Z_OK, "zlib starts");
  must(deflate(&z, Z_FINISH) == Z_STREAM_END, "it is packed");
  deflateEnd(&z);
  return z.total_out;
}

#ifdef HAVE_BZIP2
static size_t pack_bzip2(uint8_t *to, size_t room, const uint8_t *data, size_t size, int level) {
  unsigned n = (unsigned)room;
  char *from = (char *)(uintptr_t)data;
  must(BZ2_bzBuffToBuffCompress((char *)to, &n, from, (unsigned)size, 1 + level, 0, 0) == BZ_OK,
       "bzip2 packs");
  return n;
}
#endif

#ifdef HAVE_XZ
static size_t pack_xz(uint8_t *to, size_t room, const uint8_t *data, size_t size, int level) {
  size_t n = 0;
  must(lzma_easy_buffer_encode((uint32_t)level, LZMA_CHECK_CRC32, NULL, data, size, to, &n, room) ==
           LZMA_OK,
       "xz packs");
  return n;
}
#endif

#ifdef HAVE_ZSTD
static size_t pack_zstd(uint8_t *to, size_t room, const uint8_t *data, size_t size, int level) {
  ZSTD_CCtx *zstd = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, 1 + level);
  const size_t n = ZSTD_compress2(zstd, to, room, data, size);
  must(!ZSTD_isError(n), "zstd packs");
  ZSTD_freeCCtx(zstd);
  return n;
}
#endif

static Pack *const packs[] = {
    pack_gzip,
#ifdef HAVE_BZIP2
    pack_bzip2,
#endif
#ifdef HAVE_XZ
    pack_xz,
#endif
#ifdef HAVE_ZSTD
    pack_zstd,
#endif
};
enum { PACKS = sizeof packs / sizeof *packs };

/* The distance from the end of a member to a byte of its checksum or footer: bzip2's checksum ends
 * within the byte before the last, and xz's footer ends with two bytes of magic. */
static size_t last_checked(Pack *pack) { return pack == pack_gzip ? 1 + roll() % 8 : 2; }

/* Compressed into 1 to 3 members it gives the same, and damage to the last one is an error. */
static void check_packed(const Outcome *plain, Pack *pack, const uint8_t *data, size_t size) {
  static uint8_t packed[4 * INPUT_MAX];
  size_t at = 0, n = 0, last = 0;
  for (int more = (int)(roll() % 3); more >= 0; more--) {
    size_t part = more == 0 ? size - at : roll() % (size - at + 1);
    last = pack(packed + n, sizeof packed - n, data + at, part, (int)(roll() % 3));
    at += part;
    n += last;
  }
  size_t zeros = pack == pack_gzip ? roll() % 2 * 8 : 0;
  memset(packed + n, 0, zeros);
  Outcome whole = read_through(packed, n + zeros, 4096, 0);
  Outcome pieces = read_through(packed, n + zeros, 7, 20);
  must_agree(&whole, &pieces, "short reads of packed text give the same");
  const bool twice =
      strstr(plain->why.text, "is compressed with"); /* named otherwise in messages */
  if (plain->opened && !twice) must_agree(plain, &whole, "packed and plain read the same");
  switch (roll() % 3) {
  case 0: n -= 1 + roll() % (last - 1); break;
  case 1: packed[n - last_checked(pack)] ^= (uint8_t)(1 << roll() % 8); break;
  case 2:
    packed[n + zeros] = (uint8_t)(1 + roll() % 255);
    n += zeros + 1;
    break;
  }
  whole = read_through(packed, n, 4096, 0);
  must(whole.end < 0, "packed text that was cut, changed or added to is refused");
}

/* After an empty record with a name so long that a buffer ends within the text after it, the text
 * gives the same. */
static void check_edge(const Outcome *plain, const uint8_t *data, size_t size) {
  static char moved[EDGE + INPUT_MAX];
  static uint8_t packed[2 * EDGE];
  bool fasta = data[0] == '>';
  const char *end = fasta ? "\n" : "\n+\n";
  size_t before = EDGE - roll() % (size + 1), name = before - strlen(end), lines = fasta ? 1 : 2;
  for (size_t i = 0; i < name; i++)
    moved[i] = (char)('!' + roll() % 94); /* which deflate compresses little */
  moved[0] = (char)data[0];
  moved[name] = 0;
  Outcome wanted = *plain;
  wanted.records++;
  wanted.names += crc_of(moved + 1, strlen(moved + 1));
  char *line = strstr(wanted.why.text, "line "), *rest;
  if (line) {
    size_t number = strtoul(line + 5, &rest, 10) + lines;
    sprintf(line + 5, "%zu%s", number, plain->why.text + (rest - wanted.why.text));
  }
  memcpy(moved + name, end, strlen(end));
  memcpy(moved + before, data, size);
  const uint8_t *text = (const uint8_t *)moved;
  Outcome o = read_through(text, before + size, 4096, 0);
  must_agree(&wanted, &o, "the edge of a buffer makes no difference");
  size_t n = pack_gzip(packed, sizeof packed, text, before + size, 1);
  o = read_through(packed, n, 4096, roll() % 2 ? 0 : 9000); /* a thread reads the end of it */
  must_agree(&wanted, &o, "the edge of a buffer of unpacked text makes no difference");
  if (roll() % 2)
    n -= 1 + roll() % 64;
  else
    packed[n - 1 - roll() % 8] ^= 1;
  o = read_through(packed, n, 4096, 0);
  must(o.end < 0, "a long gzip file that was cut or changed is refused");
}

/* One record of BIG letters on one line, and as many qualities. */
static void check_big_record(void) {
  static const char head[] = "@a\n", middle[] = "\n+\n";
  size_t n = strlen(head) + strlen(middle) + 2 * (size_t)BIG;
  uint8_t *text = malloc(n);
  memset(text, 'A', n);
  memcpy(text, head, strlen(head));
  memcpy(text + strlen(head) + BIG, middle, strlen(middle));
  Outcome o = read_through(text, n, 4096, 0);
  must(o.end == 0 && o.letters == BIG, "a big record is read");
  free(text);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  int file = memfd_create("input", 0);
  must(file >= 0 && dup2(file, STDIN_FILENO) == STDIN_FILENO, "there is a file to read from");
  close(file);
  check_big_record();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct { size_t n, most; } ways[] = {{1, 0}, {4096, 1}, {7, 9}, {4096, 200}};
  if (size > INPUT_MAX) return 0;
  dice = (uint32_t)crc32(0, data, (uInt)size);
  Outcome whole = read_through(data, size, 4096, 0), o;
  /* libzstd returns less of a damaged frame's text if it has the whole frame. */
  const bool in_parts = is_packed(data, size) && data[0] != 0x1f;
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    o = read_through(data, size, ways[i].n, ways[i].most);
    if (!in_parts || whole.end == 0)
      must_agree(&whole, &o, "the sizes of reads make no difference");
    must(whole.end == o.end, "the sizes of reads do not decide whether it is read");
  }
  low = 1 + (int)(roll() % QUALITY_MAX);
  lowercase = LOWERCASE_AMBIGUOUS;
  o = read_through(data, size, 9, 0);
  low = 0;
  must_agree(&whole, &o, "marks make no difference to letters");
  o = read_through(data, size, 9, 0); /* without quality, letters are kept in parts */
  lowercase = LOWERCASE_KEEP;
  must_agree(&whole, &o, "marks make no difference to letters");
  o = read_through(data, size, 0, 0);
  o.letters = whole.letters;
  o.crc = whole.crc;
  o.circles = whole.circles;
  must_agree(&whole, &o, "letters that are not asked for are checked as well");
  if (is_packed(data, size)) return 0;
  compare_with_judge(&whole, data, size);
  check_packed(&whole, packs[roll() % PACKS], data, size);
  bool begins = size > 0 && (data[0] == '>' || data[0] == '@');
  if (begins && roll() % 16 == 0) check_edge(&whole, data, size);
  return 0;
}
