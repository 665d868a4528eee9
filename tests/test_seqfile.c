#include "sequence/seqfile.h"

#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { ROOM = 1 << 21, BUFFER = 1 << 17 }; /* BUFFER: as in input.c */

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
static bool no_threads;

/* Replaces pthread_create at link time. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *),
                          void *context) {
  return no_threads ? EAGAIN : __real_pthread_create(thread, how, run, context);
}

static const char *path;

/* One gzip member; returns its size. */
static size_t gzip(unsigned char *to, const char *text, size_t n) {
  z_stream z = {.next_in = (unsigned char *)(uintptr_t)text, .avail_in = (uInt)n};
  assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_out = to;
  z.avail_out = ROOM;
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  deflateEnd(&z);
  return z.total_out;
}

/* Reads a file, `n` letters at a time (0: names only), as "name:letters name:letters "; returns -1
 * if it is rejected. */
static int read_all(const char *from, size_t n, char *text, Why *why) {
  SeqFile *file = seqfile_open(from, why);
  char *letters = malloc(n);
  int more = -1;
  *text = 0;
  while (file && (more = seqfile_next(file, why)) > 0) {
    ptrdiff_t got;
    size_t length;
    const char *name = seqfile_name(file, &length);
    text += sprintf(text, "%.*s:", (int)length, name);
    while ((got = n > 0 ? seqfile_read(file, letters, n, why) : 0) > 0) {
      memcpy(text, letters, (size_t)got);
      text += got;
    }
    if ((more = (int)got) < 0) break;
    memcpy(text++, " ", 2);
  }
  seqfile_close(file);
  free(letters);
  return more;
}

static void assert_reads(const char *wanted) {
  static char text[ROOM];
  static const size_t rooms[] = {1, 3, 1 << 16};
  for (size_t i = 0; i < 3; i++) {
    Why why = {""};
    if (read_all(path, rooms[i], text, &why) != 0) fail_msg("%s", why.text);
    assert_string_equal(text, wanted);
  }
}

/* Checks that the file is rejected with a message that contains `part`, the file's name, and line
 * and record if given. */
static void assert_refused(const char *part, int line, const char *record) {
  static char text[ROOM];
  static const size_t rooms[] = {0, 5, 1 << 16};
  char place[64];
  snprintf(place, sizeof place, "line %d%s", line, record ? ", record '" : "");
  if (record) strcat(strcat(place, record), "'");
  for (size_t i = 0; i < 3; i++) {
    Why why = {""};
    if (read_all(path, rooms[i], text, &why) != -1) fail_msg("read where '%s' was awaited", part);
    if (!strstr(why.text, part) || !strstr(why.text, path)) fail_msg("%s: '%s'", part, why.text);
    if (line > 0 && !strstr(why.text, place)) fail_msg("%s: '%s'", place, why.text);
  }
}

/* ---- accepted input ------------------------------------------------------------------------- */

static const struct {
  const char *text, *records;
} accepted[] = {
    {">a\nACGT\n", "a:ACGT "},
    {">a b\nAC\nGT\n>c\td\nG\n", "a:ACGT c:G "},
    {">a\r\nAC\r\nGT\r\n", "a:ACGT "},
    {">a\nACGT", "a:ACGT "},
    {">", ": "},
    {"\n\n>a\n\nAC\n\r\nGT\n\n>b\nA\n\n", "a:ACGT b:A "},
    {">a\n>b\n\n>c\nA\n>d", "a: b: c:A d: "},
    {">\nAC\n> x\nG\n", ":AC :G "},
    {">a>b >c @\nA\n", "a>b:A "},
    {">a\nacgtuU\n", "a:acgtuU "},
    {">a\nNRYSWKMBDHVnryswkmbdhv-.\n", "a:NRYSWKMBDHVnryswkmbdhv-. "},
    {">a\nACG TAC\tG \n  A\n \n", "a:ACGTACGA "},
    {"@a x\nACGT\n+\nIIII\n", "a:ACGT "},
    {"@a x\nACGT\n+a x\nIIII\n@b\nA\n+b\nI\n", "a:ACGT b:A "},
    {"@a\r\nACGT\r\n+a\r\nIIII\r\n@b\r\nA\r\n+\r\nI", "a:ACGT b:A "},
    {"@a\nAC\nGT\n+\nI\nIII\n@b\nA\n+\nI\n", "a:ACGT b:A "},
    {"@a\nAC\n+\n@I\n@b\nG\n+\n+\n@c\nG\n+\n@\n", "a:AC b:G c:G "},
    {"@a\nACGTA\n+\n@b\n+\n>~\n@c\nA\n+\n!\n", "a:ACGTA c:A "},
    {"@a\n\n+\n\n@b\n+\n@c\nA\n+\nI\n@d\n+", "a: b: c:A d: "},
    {"\n@\nA\n+\nI\n\n\n@b\nNn-u\n\n+\n\nIIII\n\n", ":A b:Nn-u "},
    {"@a b\nA\n+a\nI\n@c d\nA\n+c e f\nI\n@\tg\nA\n+ h\nI\n", "a:A c:A :A "},
    {"@a b\nA\n+ \nI\n@c \nC\n+c\t \r\nI\n@ \n+\n", "a:A c:C : "},
};
enum { ACCEPTED = sizeof accepted / sizeof *accepted };

static void every_shape_of_plain_text_is_read(void **state) {
  (void)state;
  for (int i = 0; i < ACCEPTED; i++) {
    scratch_write(path, accepted[i].text, strlen(accepted[i].text));
    assert_reads(accepted[i].records);
  }
}

/* The empty block that ends a BGZF file (SAM specification, 4.1.2). */
static const unsigned char bgzf_end_block[28] = {0x1f, 0x8b, 8,   4,   0, 0, 0,  0, 0, 0xff,
                                                 6,    0,    'B', 'C', 2, 0, 27, 0, 3, 0,
                                                 0,    0,    0,   0,   0, 0, 0,  0};

static void gzip_is_read_in_members_with_empty_blocks_and_padding(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  for (int i = 0; i < ACCEPTED; i++) {
    size_t n = strlen(accepted[i].text);
    scratch_write(path, bytes, gzip(bytes, accepted[i].text, n));
    assert_reads(accepted[i].records);
    for (size_t cut = 0; cut <= n; cut++) {
      size_t size = gzip(bytes, accepted[i].text, cut);
      memcpy(bytes + size, bgzf_end_block, sizeof bgzf_end_block);
      size += sizeof bgzf_end_block;
      size += gzip(bytes + size, accepted[i].text + cut, n - cut);
      memcpy(bytes + size, bgzf_end_block, sizeof bgzf_end_block);
      size += sizeof bgzf_end_block;
      memset(bytes + size, 0, 512);
      scratch_write(path, bytes, size + (cut % 2) * 512);
      assert_reads(accepted[i].records);
    }
  }
}

/* Every byte of two records is once on each side of the end of the buffer. */
static void lines_and_line_ends_straddle_the_buffer(void **state) {
  (void)state;
  static const char *const forms[] = {"\r\nACGT\r\n\r\nNN\r\n>b\r\nGG", /* of FASTA */
                                      "\r\nACGT\r\nNN\r\n+\r\nIIII\r\nII\r\n@b\r\nGG\r\n+b\r\nII"};
  static char text[ROOM], wanted[ROOM];
  for (int form = 0; form < 2; form++)
    for (size_t name = BUFFER - 64; name <= BUFFER; name++) {
      text[0] = ">@"[form];
      memset(text + 1, 'h', name);
      strcpy(text + 1 + name, forms[form]);
      memset(wanted, 'h', name);
      strcpy(wanted + name, ":ACGTNN b:GG ");
      scratch_write(path, text, strlen(text));
      assert_reads(wanted);
    }
}

static void a_record_may_be_longer_than_the_buffer(void **state) {
  (void)state;
  static const size_t widths[] = {60, BUFFER - 1, BUFFER, BUFFER + 1, 400003};
  static char text[ROOM], wanted[ROOM];
  const size_t n = 400003;
  memcpy(wanted, "a:", 2);
  strcpy(wanted + 2 + n, " ");
  for (size_t i = 0; i < n; i++) wanted[2 + i] = "ACGTN"[i * i % 97 % 5];
  for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
    char *to = text + sprintf(text, "@a\n");
    for (size_t i = 0; i < n; i += widths[w])
      to += sprintf(to, "%.*s\n", (int)(n - i < widths[w] ? n - i : widths[w]), wanted + 2 + i);
    to += sprintf(to, "+\n");
    memset(to, '@', n);
    to[n] = '\n';
    scratch_write(path, text, (size_t)(to - text) + n + 1);
    assert_reads(wanted);
  }
}

/* Lines of one width are read many at a time, from the start of a line on. */
static void lines_of_one_width_are_read_and_counted(void **state) {
  (void)state;
  static char text[ROOM], wanted[ROOM];
  for (size_t width = 1; width < 130; width += 1 + width / 8) {
    char *to = text, *letters = wanted;
    for (int record = 0; record < 2; record++) {
      to += sprintf(to, ">%c\n", "ab"[record]);
      letters += sprintf(letters, "%c:", "ab"[record]);
      for (size_t line = 0; line <= 20; line++) {
        if (line == 20) *to++ = *letters++ = 'N'; /* as many bases, but not from the start */
        for (size_t i = 0; i < width; i++) *to++ = *letters++ = "ACGT"[(line + i) * i % 97 % 4];
        *to++ = '\n';
      }
      *letters++ = ' ';
    }
    *letters = 0;
    scratch_write(path, text, (size_t)(to - text));
    assert_reads(wanted);
    *to++ = '!';
    scratch_write(path, text, (size_t)(to - text));
    assert_refused("'!' is not a nucleotide", 45, "b");
  }
}

static void stored_bytes_and_their_crc_are_counted(void **state) {
  (void)state;
  Why why;
  scratch_write(path, ">a\nACGT\n>b\nGGCC\n", 16);
  SeqFile *file = seqfile_open(path, &why);
  while (seqfile_next(file, &why) > 0) continue; /* skips unread letters */
  assert_int_equal(seqfile_notes(file).bytes, 16);
  assert_int_equal(seqfile_notes(file).crc32, 0x612f2c1a); /* python3: zlib.crc32 */
  seqfile_close(file);
}

static void gzip_of_nothing_is_empty(void **state) {
  (void)state;
  unsigned char bytes[64];
  scratch_write(path, bytes, gzip(bytes, "", 0));
  assert_refused("is empty", 0, NULL);
  scratch_write(path, bytes, gzip(bytes, "\n", 1));
  assert_refused("empty lines only", 0, NULL);
  size_t n = gzip(bytes, ">a\nA\n", 6);
  char twice[sizeof bytes];
  memcpy(twice, bytes, n);
  scratch_write(path, bytes, gzip(bytes, twice, n));
  assert_refused("compressed twice: gzip inside gzip", 0, NULL);
}

/* Checks the letters of the records, read n at a time, with marked letters as '?'. */
static void assert_marked(const char *text, int quality, Lowercase lowercase, const char *wanted) {
  char got[256];
  static const size_t rooms[] = {1, 3, 100};
  for (size_t i = 0; i < 3; i++) {
    char letters[100], *to = got;
    ptrdiff_t n = 0;
    Why why = {""};
    scratch_write(path, text, strlen(text));
    SeqFile *file = seqfile_open(path, &why);
    seqfile_mark_low(file, quality);
    seqfile_mark_lowercase(file, lowercase);
    while (seqfile_next(file, &why) > 0) {
      for (; (n = seqfile_read(file, letters, rooms[i], &why)) > 0; to += n)
        for (ptrdiff_t j = 0; j < n; j++) {
          bool marked = (unsigned char)letters[j] & LETTER_MARK;
          to[j] = marked ? '?' : letters[j];
          /* all bases, or all breaks */
          assert_int_equal(!marked && strchr("ACGTUacgtu", letters[j]) != NULL,
                           strchr("ACGTUacgtu", letters[0]) != NULL);
        }
      if (n < 0) break;
      *to++ = ' ';
    }
    *to = 0;
    assert_string_equal(n < 0 ? why.text : got, wanted);
    seqfile_close(file);
  }
}

static void letters_of_low_quality_are_marked(void **state) {
  (void)state;
  static const char reads[] =
      "@a\nACGT\n+\n!+5?\n@b\nACNg\nTT\n+b\n5\n!55!\n5\n@c\n+\n@d\nT\n+\n~\n";
  assert_marked(reads, 0, LOWERCASE_KEEP, "ACGT ACNgTT  T ");
  assert_marked(reads, 1, LOWERCASE_KEEP, "?CGT A?Ng?T  T ");
  assert_marked(reads, 20, LOWERCASE_KEEP, "??GT A?Ng?T  T ");
  assert_marked(reads, 93, LOWERCASE_KEEP, "???? ??????  T ");
  assert_marked(">a\nACGT\n", 93, LOWERCASE_KEEP, "ACGT ");
}

static void lower_case_is_marked(void **state) {
  (void)state;
  static const char text[] = ">a\nACgtN\nnn-Ac\ngT\n>b\n>c\nuUt\n>d\nAC\n";
  assert_marked(text, 0, LOWERCASE_KEEP, "ACgtNnn-AcgT  uUt AC ");
  assert_marked(text, 0, LOWERCASE_AMBIGUOUS, "AC??Nnn-A??T  ?U? AC ");
  static const char reads[] = "@a\nACgtNnAc\n+\nI!I!IIII\n@b\n\n+\n\n@c\nggT\n+\nIII\n";
  assert_marked(reads, 0, LOWERCASE_AMBIGUOUS, "AC??NnA?  ??T ");
  assert_marked(reads, 20, LOWERCASE_AMBIGUOUS, "A???NnA?  ??T ");
}

/* More letters than are kept at a time. */
static void long_runs_of_either_case_are_read_whole(void **state) {
  (void)state;
  enum { LONG = 300000 };
  static char text[4 * LONG + 8], letters[4 * LONG];
  memcpy(text, ">a\n", 3);
  for (int i = 0; i < 4; i++) memset(text + 3 + i * LONG, "AcNg"[i], LONG);
  scratch_write(path, text, 3 + 4 * LONG);
  Why why = {""};
  SeqFile *file = seqfile_open(path, &why);
  seqfile_mark_lowercase(file, LOWERCASE_AMBIGUOUS);
  assert_int_equal(seqfile_next(file, &why), 1);
  ptrdiff_t n = 0, got;
  while ((got = seqfile_read(file, letters + n, (size_t)(4 * LONG - n), &why)) > 0) n += got;
  assert_int_equal(n, 4 * LONG);
  for (int i = 0; i < 4 * LONG; i++)
    assert_int_equal((unsigned char)letters[i], "A\xe3N\xe7"[i / LONG] & 0xff);
  assert_int_equal(seqfile_bases(file), LONG);
  assert_int_equal(seqfile_next(file, &why), 0);
  assert_int_equal(seqfile_notes(file).masked, 2 * LONG);
  seqfile_close(file);
}

static void a_long_record_is_marked_to_its_end(void **state) {
  (void)state;
  enum { LONG = 3 * BUFFER + 5 };
  static char text[ROOM], letters[LONG];
  char *to = text + sprintf(text, "@a\n");
  for (int i = 0; i < LONG; i++) *to++ = "ACGTN"[i * 7L % 97 % 5];
  to += sprintf(to, "\n+\n");
  for (int i = 0; i < LONG; i++) *to++ = "!I"[i * 5L % 89 % 2];
  scratch_write(path, text, (size_t)(to - text));
  Why why = {""};
  SeqFile *file = seqfile_open(path, &why);
  seqfile_mark_low(file, 20);
  assert_int_equal(seqfile_next(file, &why), 1);
  ptrdiff_t n = 0, got;
  while ((got = seqfile_read(file, letters + n, (size_t)(LONG - n), &why)) > 0) n += got;
  assert_int_equal(n, LONG);
  for (int i = 0; i < LONG; i++)
    assert_int_equal((unsigned char)letters[i], (unsigned char)"ACGTN"[i * 7L % 97 % 5] |
                                                    (i * 5L % 89 % 2 == 0 ? LETTER_MARK : 0));
  assert_int_equal(seqfile_next(file, &why), 0);
  seqfile_close(file);
}

static void a_skipped_record_may_have_low_quality(void **state) {
  (void)state;
  Why why = {""};
  scratch_write(path, "@a\nACGT\n+\n!!!!\n@b\nGG\n+\nII\n", 25);
  SeqFile *file = seqfile_open(path, &why);
  char letter;
  seqfile_mark_low(file, 20);
  assert_int_equal(seqfile_next(file, &why), 1);
  assert_int_equal(seqfile_next(file, &why), 1);
  size_t length;
  assert_memory_equal(seqfile_name(file, &length), "b", 1);
  assert_int_equal(length, 1);
  assert_int_equal(seqfile_read(file, &letter, 1, &why), 1);
  assert_int_equal(letter, 'G');
  assert_int_equal(seqfile_next(file, &why), 0);
  seqfile_close(file);
}

static void the_last_bases_of_a_record_are_kept(void **state) {
  (void)state;
  static const char text[] = ">a\nACGNNTT\nGA\n>b\nACN\n>c\nGGC\n";
  static const struct {
    const char *run;
    uint64_t letters, bases;
  } wanted[] = {{"TTGA", 9, 7}, {"", 3, 2}, {"GGC", 3, 3}};
  char *bases = NULL;
  size_t room = 0;
  Why why = {""};
  scratch_write(path, text, sizeof text - 1);
  SeqFile *file = seqfile_open(path, &why);
  for (int i = 0; i < 3; i++) {
    const size_t n = strlen(wanted[i].run);
    assert_int_equal(seqfile_next(file, &why), 1);
    assert_int_equal(seqfile_last_run(file, &bases, &room, &why), n);
    assert_memory_equal(bases, wanted[i].run, n);
    assert_int_equal(seqfile_letters(file), wanted[i].letters);
    assert_int_equal(seqfile_bases(file), wanted[i].bases);
  }
  assert_int_equal(seqfile_next(file, &why), 0);
  seqfile_close(file);
  free(bases);
}

/* At most two bases of a circle, which are returned once, however few are read at a time. */
static void a_circle_continues_with_its_first_bases(void **state) {
  (void)state;
  static const struct {
    const char *record, *turn;
  } cases[] = {{"ACGT", "AC"}, {"G", "G"}, {"ANGT", "A"}, {"NACG", ""}, {"ACGN", ""}, {"", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[64], letters[8];
    Why why = {""};
    scratch_write(path, text, (size_t)sprintf(text, ">a\n%s\n", cases[i].record));
    SeqFile *file = seqfile_open(path, &why);
    seqfile_turn_circles(file, 2, true);
    assert_int_equal(seqfile_next(file, &why), 1);
    while (seqfile_read(file, letters, sizeof letters, &why) > 0) continue;
    const size_t n = seqfile_turn(file, letters, 1);
    const size_t all = n + seqfile_turn(file, letters + n, sizeof letters - n);
    assert_int_equal(all, strlen(cases[i].turn));
    assert_memory_equal(letters, cases[i].turn, all);
    assert_int_equal(seqfile_turn(file, letters, sizeof letters), 0);
    assert_int_equal(seqfile_letters(file), strlen(cases[i].record));
    seqfile_close(file);
  }
}

static void assert_circular(const char *header, bool wanted) {
  char text[128];
  Why why = {""};
  scratch_write(path, text,
                (size_t)sprintf(text, "%s\nA\n%s", header, *header == '@' ? "+\nI\n" : ""));
  SeqFile *file = seqfile_open(path, &why);
  assert_int_equal(seqfile_next(file, &why), 1);
  if (seqfile_circular(file) != wanted) fail_msg("%s", header);
  seqfile_close(file);
}

static void the_header_marks_a_circular_record(void **state) {
  (void)state;
  static const char *const headers[] = {
      ">1 length=5386 depth=1.00x circular=true",
      ">a [organism=phage] [topology=circular] x",
      ">a Topology=Circular",
      ">a\tx=y;circular=TRUE;",
      ">a x=y circular=true",
      ">a circular=Y",
      ">a circular=yes length=9",
      ">a [circ=y]",
      ">a Circ=TRUE",
      ">a CIRCULAR=Yes",
      ">a topology=circular",
      ">a circular=\"true\" length=\"9\"",
      ">a [topology='Circular']",
      ">a Circular=True",
      ">a circ=\"YES\"",
      ">a completeness=complete;Topology=\"CIRCULAR\"",
  };
  static const char around[] = " \t[](){};,|\"'";
  char header[64];
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) assert_circular(headers[i], true);
  for (const char *c = around; *c; c++) {
    sprintf(header, ">a x%ccircular=true%cx", *c, *c);
    assert_circular(header, true);
  }
}

static void other_headers_mark_no_circular_record(void **state) {
  (void)state;
  static const char *const headers[] = {
      ">a circular=no circ=N",
      ">a circular=\"false\"",
      ">a circular=\"truely\"",
      ">a circular=\"\"true\"",
      ">a circular=\"",
      ">a topology=\"linear\"",
      ">a circular=yesterday",
      ">a circ=circular",
      ">a topology=yes",
      ">a short_circ=y",
      ">a circ",
      ">a",
      ">circular=true",
      ">a circular=false",
      ">a circular=true2",
      ">a suggestCircular=true",
      ">a topology=linear circular",
      ">a circular = true",
      ">a =",
      ">topology= circular",
      "@a circular=true",
  };
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) assert_circular(headers[i], false);
}

/* read_all of a descriptor, which it closes, as standard input. */
static int read_standard_input(int in, char *text, Why *why) {
  int kept = dup(STDIN_FILENO);
  dup2(in, STDIN_FILENO);
  close(in);
  int rc = read_all("-", 8, text, why);
  dup2(kept, STDIN_FILENO);
  close(kept);
  return rc;
}

static void a_dash_is_standard_input(void **state) {
  (void)state;
  char text[64];
  Why why = {""};
  scratch_write(path, ">a\nAC!\n", 7);
  assert_int_equal(read_standard_input(open(path, O_RDONLY), text, &why), -1);
  assert_string_equal(why.text, "standard input: line 2, record 'a': '!' is not a nucleotide code");
}

static void interrupt(int number) { (void)number; }

/* Reads a pipe that delivers its first bytes one by one, with interruptions. */
static int read_slow_pipe(const unsigned char *bytes, size_t n, char *text, Why *why) {
  const struct itimerval often = {{0, 3000}, {0, 3000}}, never = {{0, 0}, {0, 0}};
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    for (size_t i = 0; i < n; i++) {
      if (write(ends[1], bytes + i, 1) != 1) _exit(1);
      if (i < 4) usleep(20000);
    }
    _exit(0);
  }
  close(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK); /* possible after another program */
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = interrupt}, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  int rc = read_standard_input(ends[0], text, why);
  setitimer(ITIMER_REAL, &never, NULL);
  signal(SIGALRM, SIG_DFL);
  waitpid(child, NULL, 0);
  return rc;
}

static void a_pipe_may_bring_its_bytes_one_by_one(void **state) {
  (void)state;
  unsigned char bytes[128];
  char text[64];
  Why why = {""};
  size_t n = gzip(bytes, ">a\nACGT\n", 8);
  if (read_slow_pipe(bytes, n, text, &why) != 0) fail_msg("%s", why.text);
  assert_string_equal(text, "a:ACGT ");
  assert_int_equal(read_slow_pipe((const unsigned char *)"%PDF", 4, text, &why), -1);
  assert_non_null(strstr(why.text, "is PDF"));
}

/* By then a thread has read ahead to its limit, and waits. */
static void a_file_may_be_closed_before_its_end(void **state) {
  (void)state;
  static char text[ROOM], letters[BUFFER + 1];
  Why why = {""};
  memset(text, 'A', ROOM);
  memcpy(text, ">a\n", 3);
  scratch_write(path, text, ROOM);
  SeqFile *file = seqfile_open(path, &why);
  assert_int_equal(seqfile_next(file, &why), 1);
  for (size_t n = 0; n < sizeof letters;)
    n += (size_t)seqfile_read(file, letters, sizeof letters, &why);
  usleep(50000);
  alarm(600);
  seqfile_close(file);
  alarm(0);
}

/* ---- rejected input ------------------------------------------------------------------------- */

#define TEXT(literal) literal, sizeof literal - 1
static const struct {
  const char *text;
  size_t size;
  int line; /* 0: not checked */
  const char *record, *part;
} refused[] = {
    {TEXT("ACGT\n>a\nA\n"), 1, NULL, "is expected; give FASTA or FASTQ"},
    {TEXT("\n\nACGT\n"), 3, NULL, "neither '>'"},
    {TEXT("; comment\n>a\nA\n"), 1, NULL, "neither '>'"},
    {TEXT("@a\nACGT\n+\nIIIII\n"), 4, "a", "quality is longer"},
    {TEXT("@a\nAC\n+\nI\nII\n"), 5, "a", "do not add up"},
    {TEXT("@a\nAC\n+\nII\nI\n@b\nA\n+\nI\n"), 5, "a", "quality is not as long"},
    {TEXT("@a\nACGT\n+\nIII\n"), 0, "a", "its sequence; the file was cut short or damaged"},
    {TEXT("@a\nACGT\n+\n\n"), 0, "a", "quality is shorter"},
    {TEXT("@a\nACGT\n+"), 3, "a", "quality is shorter"},
    {TEXT("@a\nACGT\n+\nIII\n@b\nA\n+\nI\n"), 5, "a", "do not add up"},
    {TEXT("@a\nACGT\n+\nII\177I\n"), 4, "a", "outside '!'..'~'"},
    {TEXT("@a\nACGT\n+\nII\200I\n"), 4, "a", "outside '!'..'~'"},
    {TEXT("@a\nACGT\n+\nII I\n"), 4, "a", "outside '!'..'~'"},
    {TEXT("@a\nAC\n+b\nII\n"), 3, "a",
     "another name than the '@' line; if each record has four lines, sed '3~4s/.*/+/'"},
    {TEXT("@ab\nAC\n+a\nII\n"), 3, "ab", "another name"},
    {TEXT("@a\nAC\n+ab\nII\n"), 3, "a", "another name"},
    {TEXT("@\nAC\n+b\nII\n"), 3, "", "another name"},
    {TEXT("@a\nAC\n+b"), 3, "a", "another name"},
    {TEXT("@a\nACGT\n"), 0, "a", "ends early"},
    {TEXT("@a"), 1, "a", "ends early"},
    {TEXT("@a\nACGT\r"), 2, "a", "ends early"},
    {TEXT("@a\nA\n+\nI\n>b\nA\n"), 5, "a", "'@' must stand"},
    {TEXT("@a\nAC\n@b\nGT\n+\nII\n"), 3, "a", "'@' where its sequence"},
    {TEXT("@a\nAC@T\n+\nIIII\n"), 2, "a", "'@' is not a nucleotide"},
    {TEXT(">a\nA\n@b\nA\n"), 3, "a", "'@' is not a nucleotide"},
    {TEXT("@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:9\n"), 0, NULL, "is SAM; convert it with samtools fastq"},
    {TEXT("@SQ\tSN:chr1\tLN:9\nread1\t0\tchr1\t1\n"), 0, NULL, "is SAM"},
    {TEXT("@CO\tx\n"), 0, NULL, "is SAM"},
    {TEXT("<!doctype html>\n<html>"), 0, NULL, "is HTML or XML"},
    {TEXT("\n \t\n  <HTML><head>\n"), 0, NULL, "is HTML or XML"},
    {TEXT("<?xml version=\"1.0\"?><Error>"), 0, NULL, "is HTML or XML"},
    {TEXT(" {\"error\": 404}\n"), 0, NULL, "is JSON"},
    {TEXT("404: Not Found"), 0, NULL, "server's error message"},
    {TEXT("HTTP/1.1 404 Not Found\r\n"), 0, NULL, "server's error message"},
    {TEXT("Error: no such id\n"), 0, NULL, "server's error message"},
    {TEXT("[{\"error\": 404}]\n"), 0, NULL, "is JSON"},
    {TEXT("\357\273\277<!DOCTYPE html>\n"), 0, NULL, "is HTML"},
    {TEXT("%PDF-1.4\n"), 0, NULL, "is PDF"},
    {TEXT("\211HDF\r\n\032\n"), 0, NULL, "is HDF5"},
    {TEXT("\213POD\r\n\032\n"), 0, NULL, "is POD5"},
    {TEXT("NCBI.sra"), 0, NULL, "fasterq-dump"},
    {TEXT("ABIF\0\145"), 0, NULL, "ABI"},
    {TEXT("C'A\032\0\0\0\0"), 0, NULL, "twoBitToFa"},
    {TEXT("CLUSTAL W (1.83) multiple\n"), 0, NULL, "Clustal"},
    {TEXT("# STOCKHOLM 1.0\n"), 0, NULL, "Stockholm"},
    {TEXT("#NEXUS\nbegin data;\n"), 0, NULL, "NEXUS"},
    {TEXT("  5   42\nTurkey    AAGCT\n"), 0, NULL, "PHYLIP"},
    {TEXT("5 42 AAGCT\n"), 1, NULL, "neither '>'"},
    {TEXT("##fileformat=VCFv4.2\n"), 0, NULL, "VCF"},
    {TEXT("##gff-version 3\n"), 0, NULL, "GFF"},
    {TEXT("LZIP\1"), 0, NULL, "lzip -dc"},
    {TEXT("\135\0\0\200\0"), 0, NULL, "lzma; pipe it through xzcat"},
    {TEXT("\004\042\115\030"), 0, NULL, "lz4cat"},
    {TEXT(" \n \t\n"), 0, NULL, "only blanks and empty lines"},
    {TEXT("# from a server\n>a\nA\n"), 1, NULL, "grep -v '^#'"},
    {TEXT("; from a server\n>a\nA\n"), 1, NULL, "grep -v '^;'"},
    {TEXT(">a\nACGT\n;x\nACGT\n"), 3, "a", "grep -v '^;'"},
    {TEXT(">a\n        1 acgtac gtacgt\n"), 2, "a", "remove line numbers"},
    {TEXT(">primer\nACGTIIGC\n"), 2, "primer", "write N if it is inosine"},
    {TEXT("@a\nACGT\n+\nIIII@b x\nAC\n+\nII\n"), 4, "a", "a line end is missing before it"},
    {TEXT("@a\nAC\n+\nI\nIII@b\n"), 5, "a", "do not add up"},
    {TEXT(">a\nACGT\n@b\nAC\n+\nII\n"), 3, "a", "FASTA and FASTQ in one file"},
    {TEXT("@b\nAC\n+\nII\n>a\nACGT\n"), 5, "b", "FASTA and FASTQ in one file"},
    {TEXT("BAM\1\0\0\0\0"), 0, NULL, "is BAM"},
    {TEXT("LOCUS       NC_001416\n"), 0, NULL, "GenBank"},
    {TEXT("ID   X; SV 1;\n"), 0, NULL, "EMBL"},
    {TEXT("@a\nAC GT\n+\nIIIII\n"), 2, "a", "white space"},
    {TEXT(">a\nACGT\nMKEF\n"), 3, "a", "protein"},
    {TEXT(">a\nACGT\n>b\nACT*\n"), 4, "b", "protein"},
    {TEXT(">a\nAC1T\n"), 2, "a", "'1' is not a nucleotide"},
    {TEXT(">a\nAC>b\nA\n"), 2, "a", "a line end is missing before it"},
    {TEXT(">a\nAC\nNN>b\nA\n"), 3, "a", "'>' is not a nucleotide"},
    {TEXT(">a\nAC\n >b\nA\n"), 3, "a", "'>' is not a nucleotide"},
    {TEXT(">a\nAC\177T\n"), 2, "a", "0x7f"},
    {TEXT(">a\nAC\0GT\n"), 2, "a", "0x00"},
    {TEXT(">a\nAC\303\244\n"), 2, "a", "0xc3"},
    {TEXT(">a\nAC\vGT\n"), 2, "a", "0x0b"},
    {TEXT(">a\0b\nAC\n"), 1, NULL, "line 1: a zero byte in the header"},
    {TEXT(">a\nA\n>b\0c\nA\n"), 3, NULL, "line 3: a zero byte in the header"},
    {TEXT(">a\nAC\rGT\r"), 2, "a", "carriage return"},
    {TEXT(">a\n\rACGT\n"), 2, "a", "carriage return"},
    {TEXT(">a\rACGT\rACGT\r"), 1, NULL, "carriage return"},
    {TEXT("@a\nAC\n+\nI\rI\n"), 4, "a", "carriage return"},
    {TEXT(""), 0, NULL, "is empty"},
    {TEXT("\377\376>\0a\0\n\0"), 0, NULL, "UTF-16"},
    {TEXT("\376\377\0>\0a\0\n"), 0, NULL, "UTF-16"},
    {TEXT("\357\273\277>a\nA\n"), 0, NULL, "byte order mark"},
    {TEXT("BZh91AY&SY"), 0, NULL, "bzip2"},
    {TEXT("\3757zXZ\0"), 0, NULL, "xz"},
    {TEXT("\050\265\057\375\0"), 0, NULL, "zstd"},
    {TEXT("PK\003\004\024\0"), 0, NULL, "zip"},
    {TEXT("\037\235\220"), 0, NULL, "zcat"},
    {TEXT("CRAM\3\1"), 0, NULL, "samtools"},
};

static void a_file_without_sequences_is_refused_with_its_position(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    scratch_write(path, refused[i].text, refused[i].size);
    assert_refused(refused[i].part, refused[i].line, refused[i].record);
  }
}

static void a_header_may_have_a_megabyte_and_no_more(void **state) {
  (void)state;
  enum { MEGABYTE = 1 << 20 };
  static char text[2 * MEGABYTE + 64], wanted[MEGABYTE + 16];
  memset(text, 'h', sizeof text);
  memset(wanted, 'h', MEGABYTE);
  text[0] = '>';
  for (size_t n = 4095; n <= 4097; n++) { /* the initial size of the buffer */
    memset(wanted, 'h', n);
    strcpy(wanted + n, ": ");
    scratch_write(path, text, 1 + n);
    assert_reads(wanted);
  }
  memset(wanted, 'h', MEGABYTE);
  text[0] = '@';
  strcpy(wanted + MEGABYTE, ":A ");
  memcpy(text + 1 + MEGABYTE, "\nA\n+", 4);
  strcpy(text + 5 + 2 * MEGABYTE, "\nI\n");
  scratch_write(path, text, strlen(text));
  assert_reads(wanted);
  text[2 * MEGABYTE] = 'x'; /* near the end of the title that '+' repeats */
  scratch_write(path, text, strlen(text));
  assert_refused("another name", 3, NULL);
  text[2 * MEGABYTE] = 'h';
  strcpy(text + 5 + 2 * MEGABYTE, "h\nI\n");
  scratch_write(path, text, strlen(text));
  assert_refused("longer than a megabyte", 3, NULL);
  strcpy(text + 1 + MEGABYTE, "h\nA\n");
  scratch_write(path, text, strlen(text));
  assert_refused("longer than a megabyte", 1, NULL);
}

static void a_directory_and_a_missing_file_are_refused(void **state) {
  (void)state;
  char missing[64];
  Why why;
  assert_null(seqfile_open(scratch_directory(), &why));
  assert_non_null(strstr(why.text, "is a directory"));
  assert_non_null(strstr(why.text, scratch_directory()));
  snprintf(missing, sizeof missing, "%s/none.fa", scratch_directory());
  assert_null(seqfile_open(missing, &why));
  assert_non_null(strstr(why.text, "No such file"));
  assert_non_null(strstr(why.text, missing));
}

static const char records[] = ">a\nACGTTGCA\n>b\nGGATTACA\n";

static void a_cut_gzip_stream_is_an_error(void **state) {
  (void)state;
  unsigned char bytes[256];
  size_t first = gzip(bytes, records, 12), n = first + gzip(bytes + first, records + 12, 12);
  for (size_t cut = 2; cut < n; cut++) {
    scratch_write(path, bytes, cut);
    if (cut != first) assert_refused("ends early", 0, NULL);
  }
  scratch_write(path, bytes, n);
  assert_reads("a:ACGTTGCA b:GGATTACA ");
}

/* Also where a thread reads ahead. */
static void a_long_gzip_stream_that_is_cut_or_changed_is_an_error(void **state) {
  (void)state;
  static char text[ROOM];
  static unsigned char bytes[ROOM];
  srand(6);
  for (size_t i = 3; i < ROOM; i++) text[i] = "ACGT"[rand() % 4];
  memcpy(text, ">a\n", 3);
  size_t n = gzip(bytes, text, ROOM);
  assert_true(n > 3 * BUFFER);
  for (size_t cut = 1; cut < 300; cut += 7) {
    scratch_write(path, bytes, n - cut);
    assert_refused("ends early", 2, "a");
  }
  for (size_t at = n - 8; at < n; at += 3) {
    bytes[at] ^= 1;
    scratch_write(path, bytes, n);
    assert_refused("damaged", 2, "a");
    bytes[at] ^= 1;
  }
  bytes[n] = 'x';
  scratch_write(path, bytes, n + 1);
  assert_refused("other bytes follow", 2, "a");
  memset(bytes + 2 * BUFFER, 0, 64);
  scratch_write(path, bytes, n);
  assert_refused("", 2, "a");
}

static void files_are_read_without_a_thread_to_read_ahead(void **state) {
  (void)state;
  static char text[ROOM], got[ROOM + 8];
  Why why = {""};
  memset(text, 'A', ROOM);
  memcpy(text, ">a\n", 3);
  scratch_write(path, text, ROOM);
  no_threads = true;
  int rc = read_all(path, ROOM, got, &why);
  no_threads = false;
  if (rc != 0) fail_msg("%s", why.text);
  assert_int_equal(strlen(got), 2 + ROOM - 3 + 1);
}

/* A gzip member with an extra field in the header. */
static size_t gzip_with(unsigned char *to, const char *text, unsigned char *extra, size_t n) {
  gz_header header = {.extra = extra, .extra_len = (uInt)n};
  z_stream z = {.next_in = (unsigned char *)(uintptr_t)text, .avail_in = (uInt)strlen(text)};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  assert_int_equal(deflateSetHeader(&z, &header), Z_OK);
  z.next_out = to;
  z.avail_out = 256;
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  deflateEnd(&z);
  return z.total_out;
}

/* A block of BGZF (SAM specification, 4.1). */
static size_t bgzf(unsigned char *to, const char *text) {
  unsigned char extra[] = {'B', 'C', 2, 0, 0, 0};
  const size_t n = gzip_with(to, text, extra, sizeof extra);
  to[16] = (unsigned char)(n - 1); /* size of the block minus 1 */
  return n;
}

/* The notes about a file, which must be readable. */
static SeqNotes notes_of(const char *from, int low) {
  Why why;
  SeqFile *file = seqfile_open(from, &why);
  if (!file) fail_msg("%s", why.text);
  seqfile_mark_low(file, low);
  int more;
  while ((more = seqfile_next(file, &why)) > 0) continue;
  if (more < 0) fail_msg("%s", why.text);
  SeqNotes notes = seqfile_notes(file);
  seqfile_close(file);
  return notes;
}

static void bgzf_without_its_end_block_is_read_if_it_ends_with_a_record(void **state) {
  (void)state;
  unsigned char bytes[1024];
  size_t n = bgzf(bytes, ">a\nACGT\n");
  n += bgzf(bytes + n, ">b\nGG\n");
  scratch_write(path, bytes, n);
  assert_reads("a:ACGT b:GG ");
  assert_true(notes_of(path, 0).end_block_missing);
  size_t end = n + bgzf(bytes + n, "");
  scratch_write(path, bytes, end);
  assert_reads("a:ACGT b:GG ");
  assert_false(notes_of(path, 0).end_block_missing);
  static const unsigned char padding[16];
  memcpy(bytes + n, bgzf_end_block, sizeof bgzf_end_block);
  end = n + sizeof bgzf_end_block;
  memcpy(bytes + end, padding, sizeof padding);
  scratch_write(path, bytes, end + sizeof padding);
  assert_reads("a:ACGT b:GG ");
  assert_false(notes_of(path, 0).end_block_missing);
  memcpy(bytes + n, padding, sizeof padding);
  scratch_write(path, bytes, n + sizeof padding);
  assert_refused("BGZF's end block is missing", 5, "b");
  memcpy(bytes + n, bgzf_end_block, sizeof bgzf_end_block);
  n = end + bgzf(bytes + end, ">c\nT\n"); /* after an end block */
  scratch_write(path, bytes, n);
  assert_true(notes_of(path, 0).end_block_missing);
  n = end + gzip(bytes + end, ">c\nT\n", 5); /* which needs no end block */
  scratch_write(path, bytes, n);
  assert_reads("a:ACGT b:GG c:T ");
  assert_false(notes_of(path, 0).end_block_missing);
  scratch_write(path, bgzf_end_block, sizeof bgzf_end_block);
  assert_refused("is empty", 0, NULL);
  n = bgzf(bytes, "@a\nAC\n+\n");
  n += bgzf(bytes + n, "II\n");
  scratch_write(path, bytes, n);
  assert_reads("a:AC ");
  assert_true(notes_of(path, 0).end_block_missing);
}

/* A pipe, whose content is unknown before it is read. */
static int pipe_with(const void *bytes, size_t n) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], bytes, n), n);
  close(ends[1]);
  return ends[0];
}

/* A text, divided into two blocks after each of its bytes: the second block is lost. */
static void bgzf_cut_between_blocks_inside_a_record_is_an_error(void **state) {
  (void)state;
  static const struct {
    const char *text, *whole; /* '1' if the text up to this byte consists of whole records */
  } texts[] = {{">a\nAC\n>b\nG\n", "00000100001"},
               {">\nAC\n\n>b\nG", "0000110000"},
               {"@a\nAC\n+\nII\n\n@b\n\n+\n", "000000000011000001" /* b is empty */}};
  unsigned char bytes[1024];
  char part[64], text[64];
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (size_t n = 1; n <= strlen(texts[i].whole); n++) {
      snprintf(part, sizeof part, "%.*s", (int)n, texts[i].text);
      const bool whole = texts[i].whole[n - 1] == '1';
      Why why = {""};
      const size_t size = bgzf(bytes, part);
      scratch_write(path, bytes, size);
      for (int piped = 0; piped < 2; piped++) {
        const int rc = piped ? read_standard_input(pipe_with(bytes, size), text, &why)
                             : read_all(path, 3, text, &why);
        if (rc != (whole ? 0 : -1)) fail_msg("'%s': %s", part, why.text);
        if (!whole && !strstr(why.text, "cut short") && !strstr(why.text, "ends early"))
          fail_msg("'%s': %s", part, why.text);
      }
    }
}

/* Opening the file is enough, before hours of reading. */
static void bgzf_that_is_cut_short_is_an_error_when_it_is_opened(void **state) {
  (void)state;
  static const char *const blocks[] = {">a\nACGT\n", ">b\nGG\nNNNNNNNN\nA\n", ">c\nAA", ""};
  unsigned char bytes[1024];
  size_t n = 0, ends[4];
  for (int i = 0; i < 4; i++) ends[i] = n += bgzf(bytes + n, blocks[i]);
  for (size_t cut = 18; cut < n; cut++) {
    Why why = {""};
    scratch_write(path, bytes, cut);
    SeqFile *file = seqfile_open(path, &why);
    if (cut == ends[0] || cut == ends[1]) {
      assert_non_null(file);
      seqfile_close(file);
    } else {
      if (file) fail_msg("%zu bytes: opened", cut);
      assert_non_null(strstr(why.text, cut == ends[2] ? "inside a line" : "is cut short"));
    }
  }
}

static void a_tar_archive_and_razf_are_named(void **state) {
  (void)state;
  unsigned char bytes[1024] = "genome.fa"; /* the name of its first file */
  memcpy(bytes + 257, "ustar", 5);
  scratch_write(path, bytes, sizeof bytes);
  assert_refused("is a tar archive", 0, NULL);
  char text[sizeof bytes];
  memcpy(text, bytes, sizeof bytes);
  scratch_write(path, bytes, gzip(bytes, text, sizeof text));
  assert_refused("is a tar archive", 0, NULL);
  unsigned char extra[] = {'R', 'A', 'Z', 'F', 1, 0x80, 0};
  size_t n = gzip_with(bytes, ">a\nACGT\n", extra, sizeof extra);
  strcpy((char *)bytes + n, "index");
  scratch_write(path, bytes, n + 5);
  assert_refused("RAZF", 0, NULL);
}

static void a_file_compressed_inside_gzip_is_named(void **state) {
  (void)state;
  unsigned char bytes[64];
  scratch_write(path, bytes, gzip(bytes, "<!doctype html>", 15));
  assert_refused("HTML", 0, NULL);
  scratch_write(path, bytes, gzip(bytes, "\377\376>\0a\0\n\0", 8));
  assert_refused("UTF-16", 0, NULL);
  scratch_write(path, bytes, gzip(bytes, "BAM\1\0\0", 6));
  assert_refused("is BAM", 0, NULL);
}

/* A read fails once after some bytes, because the other end of the socket was closed with unread
 * data. */
static int read_torn(const void *bytes, size_t n, char *text, Why *why) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  assert_int_equal(write(ends[0], "x", 1), 1);
  assert_int_equal(write(ends[1], bytes, n), n);
  close(ends[1]);
  return read_standard_input(ends[0], text, why);
}

static void a_read_error_is_reported_at_any_position(void **state) {
  (void)state;
  static const char *const texts[] = {">a b\r\nAC\r\nN G\n\n>b\nGG\n", "ABCDEF",
                                      "@a\r\nAC\nN\r\n+a\nII\r\nI\n@b\nG\n+\nI\n"};
  static const char reset[] = "cannot be read: Connection reset by peer";
  unsigned char bytes[256];
  char text[64];
  Why why;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    size_t n = strlen(texts[i]), size = gzip(bytes, texts[i], n);
    for (size_t cut = 0; cut <= n; cut++) {
      assert_int_equal(read_torn(texts[i], cut, text, &why), -1);
      if (!strstr(why.text, reset)) fail_msg("%.*s: %s", (int)cut, texts[i], why.text);
    }
    for (size_t cut = 0; cut <= size && *texts[i] != 'A'; cut++) {
      assert_int_equal(read_torn(bytes, cut, text, &why), -1);
      if (!strstr(why.text, reset)) fail_msg("gzip, %zu of %zu: %s", cut, size, why.text);
    }
  }
}

static void a_wrong_gzip_trailer_is_an_error(void **state) {
  (void)state;
  unsigned char bytes[256];
  size_t n = gzip(bytes, records, sizeof records - 1);
  for (size_t i = n - 8; i < n; i++) { /* CRC-32, then length */
    bytes[i] ^= 1;
    scratch_write(path, bytes, n);
    assert_refused("damaged", 5, "b"); /* all text before the damage is read first */
    bytes[i] ^= 1;
  }
}

static void bytes_after_the_gzip_data_are_an_error(void **state) {
  (void)state;
  static const char *const garbage[] = {">c\nA\n", "x", "\x1f", "\x1f\x8b", "\x1f\x8bxyz"};
  unsigned char bytes[256];
  for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
    for (size_t zeros = 0; zeros < 3; zeros++) {
      size_t n = gzip(bytes, records, sizeof records - 1);
      memset(bytes + n, 0, zeros);
      strcpy((char *)bytes + n + zeros, garbage[i]);
      scratch_write(path, bytes, n + zeros + strlen(garbage[i]));
      assert_refused(*garbage[i] == '\x1f' ? "" : "other bytes follow", 0, NULL);
    }
}

int main(void) {
  path = scratch_path("a.fa");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_shape_of_plain_text_is_read),
      cmocka_unit_test(gzip_is_read_in_members_with_empty_blocks_and_padding),
      cmocka_unit_test(lines_and_line_ends_straddle_the_buffer),
      cmocka_unit_test(a_record_may_be_longer_than_the_buffer),
      cmocka_unit_test(lines_of_one_width_are_read_and_counted),
      cmocka_unit_test(stored_bytes_and_their_crc_are_counted),
      cmocka_unit_test(gzip_of_nothing_is_empty),
      cmocka_unit_test(letters_of_low_quality_are_marked),
      cmocka_unit_test(lower_case_is_marked),
      cmocka_unit_test(long_runs_of_either_case_are_read_whole),
      cmocka_unit_test(a_long_record_is_marked_to_its_end),
      cmocka_unit_test(a_skipped_record_may_have_low_quality),
      cmocka_unit_test(the_last_bases_of_a_record_are_kept),
      cmocka_unit_test(a_circle_continues_with_its_first_bases),
      cmocka_unit_test(the_header_marks_a_circular_record),
      cmocka_unit_test(other_headers_mark_no_circular_record),
      cmocka_unit_test(a_dash_is_standard_input),
      cmocka_unit_test(a_pipe_may_bring_its_bytes_one_by_one),
      cmocka_unit_test(a_file_may_be_closed_before_its_end),
      cmocka_unit_test(a_file_without_sequences_is_refused_with_its_position),
      cmocka_unit_test(a_header_may_have_a_megabyte_and_no_more),
      cmocka_unit_test(a_directory_and_a_missing_file_are_refused),
      cmocka_unit_test(a_cut_gzip_stream_is_an_error),
      cmocka_unit_test(a_long_gzip_stream_that_is_cut_or_changed_is_an_error),
      cmocka_unit_test(files_are_read_without_a_thread_to_read_ahead),
      cmocka_unit_test(bgzf_without_its_end_block_is_read_if_it_ends_with_a_record),
      cmocka_unit_test(bgzf_cut_between_blocks_inside_a_record_is_an_error),
      cmocka_unit_test(bgzf_that_is_cut_short_is_an_error_when_it_is_opened),
      cmocka_unit_test(a_tar_archive_and_razf_are_named),
      cmocka_unit_test(a_file_compressed_inside_gzip_is_named),
      cmocka_unit_test(a_read_error_is_reported_at_any_position),
      cmocka_unit_test(a_wrong_gzip_trailer_is_an_error),
      cmocka_unit_test(bytes_after_the_gzip_data_are_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
