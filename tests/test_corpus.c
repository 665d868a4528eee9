#include "sequence/span.h"

#include "base/rng.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *path;
static SeqCounts counts;
static Reading reading;
static Why why;

/* Appends the text of a sequence file to a corpus. */
static void append(Corpus *corpus, const char *text) {
  scratch_write(path, text, strlen(text));
  if (corpus_read(corpus, path, &reading, &counts, &why) != 0) fail_msg("%s", why.text);
}

static Corpus *make(const char *text) {
  Corpus *corpus = corpus_new();
  append(corpus, text);
  return corpus;
}

/* A record of n random letters; the caller frees it. */
static char *random_record(size_t n, Rng *rng) {
  char *text = malloc(n + 5);
  memcpy(text, ">a\n", 3);
  for (size_t i = 0; i < n; i++) text[3 + i] = "ACGT"[rng_next(rng) % 4];
  memcpy(text + 3 + n, "\n", 2);
  return text;
}

/* Checks that the segments of the corpus are these "begin+length" pairs. */
static void assert_segments(const Corpus *corpus, const char *wanted) {
  Range all = {0, corpus->bases};
  const Span span = {corpus, &all, 1, 1};
  char text[256] = "";
  SegmentCursor cursor = {0};
  Segment segment;
  while (segments_next(&span, &cursor, &segment))
    sprintf(text + strlen(text), "%llu+%llu ", (unsigned long long)segment.start,
            (unsigned long long)segment.length);
  assert_string_equal(text, wanted);
  assert_int_equal(segments_next(&span, &cursor, &segment), 0);
}

static void bases_are_read_back_unchanged(void **state) {
  (void)state;
  Rng rng = rng_new(1, 0);
  for (size_t n = 1; n < 100000; n = 3 * n + 1) {
    char *text = random_record(n, &rng);
    Corpus *corpus = make(text);
    append(corpus, text); /* begins inside a byte where n % 4 != 0 */
    assert_int_equal(corpus->bases, 2 * n);
    for (size_t i = 0; i < 2 * n; i++)
      assert_int_equal("ACGT"[corpus_base(corpus, i)], text[3 + i % n]);
    corpus_free(corpus);
    free(text);
  }
}

static void lower_case_is_sequence_and_u_is_t(void **state) {
  (void)state;
  static const int wanted[] = {0, 1, 2, 3, 3, 0, 1, 2, 3, 3};
  Corpus *corpus = make(">a\nacgtuACGTU\n");
  assert_int_equal(corpus->bases, 10);
  for (uint64_t i = 0; i < 10; i++) assert_int_equal(corpus_base(corpus, i), wanted[i]);
  assert_segments(corpus, "0+10 ");
  corpus_free(corpus);
}

static void segments_end_at_other_letters_and_at_records(void **state) {
  (void)state;
  static const struct {
    const char *text, *segments;
  } cases[] = {
      {">a\nACGT\n>b\nGG\n", "0+4 4+2 "},
      {">a\nACNGT\n", "0+2 2+2 "},
      {">a\nNNACNNNRGT-\n>b\n.A\n>c\n\n>d\nNN\n", "0+2 2+2 4+1 "},
      {">a\nAC\nGT\n", "0+4 "},
      {">a\nNN\n", ""},
      {"@a\nANC\n+\nIII\n@b\nG\n+\nI\n", "0+1 1+1 2+1 "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Corpus *corpus = make(cases[i].text);
    assert_segments(corpus, cases[i].segments);
    corpus_free(corpus);
  }
}

/* Each byte holds 7 bits of a length. */
static void a_length_takes_as_few_bytes_as_possible(void **state) {
  (void)state;
  static const struct {
    size_t length, bytes;
  } cases[] = {{1, 1}, {127, 1}, {128, 2}, {16383, 2}, {16384, 3}, {2097151, 3}, {3000000, 4}};
  Rng rng = rng_new(2, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *text = random_record(cases[i].length, &rng), wanted[64];
    Corpus *corpus = make(text);
    assert_int_equal(corpus->lengths_size, cases[i].bytes);
    append(corpus, ">b\nACG\n");
    sprintf(wanted, "0+%zu %zu+3 ", cases[i].length, cases[i].length);
    assert_segments(corpus, wanted);
    corpus_free(corpus);
    free(text);
  }
}

static void letters_are_counted_as_written(void **state) {
  (void)state;
  Corpus *corpus = make(">a one\nAAccGUNn\n>b\n\n>c\ny-.tTgACG\n");
  assert_int_equal(counts.records, 3);
  assert_int_equal(counts.letter['A'], 3);
  assert_int_equal(counts.letter['C'], 3); /* one of them upper case */
  assert_int_equal(counts.letter['-'], 1);
  assert_int_equal(counts.letter['G'], 3);
  assert_int_equal(counts.letter['T'], 3); /* of them a U */
  Count list[COUNTS_COLUMNS];
  counts_list(&counts, list);
  assert_string_equal(list[6].name, "ambiguous");
  assert_int_equal(list[6].value, 5);
  assert_int_equal(counts.lowercase, 6); /* c c n y t g */
  assert_int_equal(counts_letters(&counts), 17);
  assert_int_equal(counts.segments, 2);
  assert_int_equal(counts.longest, 9);
  assert_int_equal(counts.notes.bytes, 33);
  assert_int_equal(counts.notes.crc32, 0x9ca6421c); /* python3: zlib.crc32 */
  append(corpus, ">d\nA\n");
  assert_int_equal(counts.records, 1); /* counts are of one file, the corpus is of all */
  assert_int_equal(counts.segments, 1);
  assert_int_equal(corpus->bases, 13);
  corpus_free(corpus);
}

/* Half of all letters are in records at least as long as the N50. */
static void n50_equals_a_calculation_by_hand(void **state) {
  (void)state;
  static const struct {
    size_t lengths[10], n50;
  } cases[] = {
      {{2, 3, 4, 5, 6, 7, 8, 9, 10}, 8}, /* 10+9+8 = 27 of 54 */
      {{1, 1, 1, 1}, 1},
      {{5}, 5},
      {{3, 3, 6}, 6},
      {{20000, 17000, 3000}, 20000},
      {{20000, 16384, 16383, 16383}, 16384}, /* on both sides of the lengths counted in a table */
      {{17000, 16383, 16383, 1000}, 16383},
  };
  Rng rng = rng_new(3, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    static char text[1 << 17];
    *text = 0;
    size_t longest = 0;
    for (const size_t *n = cases[i].lengths; *n; n++) {
      char *record = random_record(*n, &rng);
      strcat(text, record);
      free(record);
      if (*n > longest) longest = *n;
    }
    Corpus *corpus = make(text);
    assert_int_equal(counts.n50, cases[i].n50);
    assert_int_equal(counts.longest, longest);
    corpus_free(corpus);
  }
  Corpus *corpus = make(">a\n>b\n");
  assert_int_equal(counts.n50, 0);
  corpus_free(corpus);
}

/* 0.25 byte per base and one byte per read; buffers may be half as large again. */
static void reads_of_30_bases_take_less_than_0_3_byte_a_base(void **state) {
  (void)state;
  enum { READS = 33333, LETTERS = 30 }; /* the last byte is half used */
  Rng rng = rng_new(4, 0);
  char *text = malloc(READS * (LETTERS + 8)), *to = text;
  for (int read = 0; read < READS; read++) {
    to += sprintf(to, ">r\n");
    for (int i = 0; i < LETTERS; i++) *to++ = "ACGT"[rng_next(&rng) % 4];
    to += sprintf(to, "\n");
  }
  Corpus *corpus = make(text);
  assert_int_equal(corpus->bases, READS * LETTERS);
  assert_int_equal(corpus->lengths_size, READS);
  size_t used = (corpus->bases + 3) / 4 + corpus->lengths_size;
  assert_true((double)used <= 0.3 * (double)corpus->bases);
  assert_true(corpus_memory(corpus) >= used);
  assert_true(corpus_memory(corpus) <= used * 3 / 2 + 8192);
  corpus_trim(corpus);
  assert_true(corpus_memory(corpus) >= used);
  assert_true(corpus_memory(corpus) <= used + 1);
  corpus_free(corpus);
  free(text);
}

static void assert_counts(uint64_t segments, uint64_t low, uint64_t short_segments,
                          uint64_t short_bases) {
  assert_int_equal(counts.segments, segments);
  assert_int_equal(counts.low_quality, low);
  assert_int_equal(counts.short_segments, short_segments);
  assert_int_equal(counts.short_bases, short_bases);
}

/* Checks that the corpus has these bases. */
static void assert_bases(const Corpus *corpus, const char *wanted) {
  assert_int_equal(corpus->bases, strlen(wanted));
  for (size_t i = 0; wanted[i]; i++) assert_int_equal("ACGT"[corpus_base(corpus, i)], wanted[i]);
}

static void bases_of_low_quality_end_a_segment(void **state) {
  (void)state;
  static const char reads[] = "@a\nACGTN\n+\nI5II!\n@b\nuu\n+\n!4\n@c\nGGn\n+\n5I5\n";
  reading = (Reading){.min_quality = 20}; /* '5' */
  Corpus *corpus = make(reads);
  assert_segments(corpus, "0+4 4+2 ");
  assert_counts(2, 2, 0, 0);
  reading.min_quality = 21;
  append(corpus, reads);
  assert_segments(corpus, "0+4 4+2 6+1 7+2 9+1 ");
  assert_bases(corpus, "ACGTGGAGTG");
  assert_counts(3, 4, 0, 0);
  assert_true(counts.notes.has_quality);
  /* The letters are counted nevertheless. */
  assert_int_equal(counts_letters(&counts), 10);
  assert_int_equal(counts.letter['T'], 3);
  assert_int_equal(counts.letter['G'], 3);
  assert_int_equal(counts.letter['N'], 2);
  assert_int_equal(counts.lowercase, 3);
  reading = (Reading){0};
  corpus_free(corpus);
}

static void lower_case_may_end_a_segment(void **state) {
  (void)state;
  reading = (Reading){.lowercase = LOWERCASE_AMBIGUOUS, .turn = 3};
  Corpus *corpus = make(">a circular=true\nACgtTnG\n>b circular=true\naC\n>c\nU\n");
  assert_segments(corpus, "0+2 2+1 3+3 6+1 7+1 "); /* a ends with G and its first two again */
  assert_bases(corpus, "ACTGACCT");
  assert_counts(5, 0, 0, 0);
  assert_int_equal(counts.notes.masked, 3);
  assert_int_equal(counts.lowercase, 4);
  assert_int_equal(counts.turned, 2);
  /* The other bases have low quality. */
  reading.min_quality = 20;
  append(corpus, "@a\nACgtTn\n+\nI!I!I!\n");
  assert_counts(2, 1, 0, 0);
  assert_int_equal(counts.notes.masked, 2);
  assert_int_equal(counts.letter['C'], 1);
  assert_int_equal(counts.letter['G'], 1);
  assert_int_equal(counts.letter['T'], 2);
  assert_int_equal(counts.letter['N'], 1);
  reading = (Reading){0};
  corpus_free(corpus);
}

static void short_segments_are_left_out(void **state) {
  (void)state;
  reading = (Reading){.min_length = 3};
  Corpus *corpus = make(">a\nACNTTTNG\n>b\nGGGG\n>c\nTT\n");
  assert_segments(corpus, "0+3 3+4 ");
  assert_bases(corpus, "TTTGGGG");
  assert_counts(2, 0, 3, 5);
  assert_int_equal(counts.letter['A'], 1);
  assert_int_equal(counts.letter['T'], 5);
  append(corpus, ">d\nCAGNNACGTA\n>e\nC\n"); /* the first begins inside a byte */
  assert_bases(corpus, "TTTGGGGCAGACGTA");
  assert_counts(2, 0, 1, 1);
  reading = (Reading){.min_length = 20000}; /* longer than a packed chunk */
  Rng rng = rng_new(5, 0);
  for (size_t n = 19999; n <= 20000; n++) {
    char *text = random_record(n, &rng);
    append(corpus, text);
    assert_counts(n == 20000, 0, n != 20000, n != 20000 ? n : 0);
    assert_int_equal(counts_letters(&counts), n);
    if (n == 20000) assert_int_equal("ACGT"[corpus_base(corpus, 15)], text[3]);
    free(text);
  }
  assert_int_equal(corpus->bases, 15 + 20000);
  reading = (Reading){0};
  corpus_free(corpus);
}

/* Any number of bases can be packed, and dropped, at any place in a byte. */
static void excluded_segments_leave_no_trace(void **state) {
  (void)state;
  enum { FILES = 400, RECORDS = 11, LONGEST = 200, TURN = 5 };
  static char text[RECORDS * (LONGEST + 8)], wanted[FILES * RECORDS * (LONGEST + TURN) + 1];
  Rng rng = rng_new(6, 0);
  Corpus *corpus = corpus_new();
  size_t bases = 0;
  for (int i = 0; i < FILES; i++) {
    uint64_t segments = 0, shorter = 0, short_bases = 0;
    reading = (Reading){.min_length = i % 2 ? 100 : 0, .circular = i % 4 > 1, .turn = TURN};
    char *to = text;
    for (int record = 0; record < 1 + i % 3 * 5; record++) {
      size_t n = 1 + rng_next(&rng) % LONGEST, turn = n < TURN ? n : TURN;
      if (!reading.circular) turn = 0;
      char *letters = random_record(n, &rng);
      to += sprintf(to, "%s", letters);
      if (n >= reading.min_length) {
        memcpy(wanted + bases, letters + 3, n);
        memcpy(wanted + bases + n, letters + 3, turn);
        bases += n + turn;
        segments++;
      } else {
        shorter++;
        short_bases += n;
      }
      free(letters);
    }
    append(corpus, text);
    assert_counts(segments, 0, shorter, short_bases);
  }
  assert_bases(corpus, wanted);
  reading = (Reading){0};
  corpus_free(corpus);
}

static void a_circle_continues_with_its_first_bases(void **state) {
  (void)state;
  static const struct {
    const char *text, *bases, *segments;
  } cases[] = {
      {">a\nACGTTGCA\n", "ACGTTGCAACG", "0+11 "},
      {">a\nACNTGCA\n", "ACTGCAAC", "0+2 2+6 "}, /* up to the break */
      {">a\nACGTNTGCA\n", "ACGTTGCAACG", "0+4 4+7 "},
      {">a\nNACGTGCA\n", "ACGTGCA", "0+7 "},
      {">a\nACGTGCAN\n", "ACGTGCA", "0+7 "},
      {">a\nTG\n", "TGTG", "0+4 "}, /* once, not until the turn is full */
      {">a\n\n>b\nNN\n", "", ""},
      {">a\nACGTT\n>b\nGGCC\n", "ACGTTACGGGCCGGC", "0+8 8+7 "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    reading = (Reading){.circular = true, .turn = 3};
    Corpus *corpus = make(cases[i].text);
    assert_bases(corpus, cases[i].bases);
    assert_segments(corpus, cases[i].segments);
    assert_int_equal(counts.circular, counts.records);
    corpus_free(corpus);
  }
  reading = (Reading){.turn = 3}; /* only records marked so in their headers */
  Corpus *corpus = make(">a circular=true\nACGTT\n>b\nGGCC\n>c [topology=circular]\nTTT\nAAA\n");
  assert_bases(corpus, "ACGTTACGGGCCTTTAAATTT");
  assert_int_equal(counts.circular, 2);
  assert_int_equal(counts.letter['T'], 5); /* letters of the turn are counted once */
  assert_int_equal(counts_letters(&counts), 15);
  assert_int_equal(counts.longest, 6);
  reading = (Reading){0};
  corpus_free(corpus);
}

/* The bases before the circle fill a packed chunk, up to a few of its first bases. */
static void a_circle_may_begin_where_a_chunk_ends(void **state) {
  (void)state;
  enum { CHUNK = 1 << 14 }; /* as in corpus.c */
  static const char circle[] = ">b circular=true\nACCGTGT\n";
  Rng rng = rng_new(7, 0);
  reading = (Reading){.turn = 4};
  for (size_t n = CHUNK - 5; n <= CHUNK; n++) {
    char *text = random_record(n, &rng);
    text = realloc(text, n + 64);
    strcpy(text + 4 + n, circle);
    Corpus *corpus = make(text);
    assert_int_equal(corpus->bases, n + 11);
    for (size_t i = 0; i < 11; i++)
      assert_int_equal("ACGT"[corpus_base(corpus, n + i)], "ACCGTGTACCG"[i]);
    corpus_free(corpus);
    free(text);
  }
  reading = (Reading){0};
}

static void reading_past_the_origin_does_not_lengthen_a_segment(void **state) {
  (void)state;
  reading = (Reading){.circular = true, .turn = 3, .min_length = 4};
  Corpus *corpus = make(">a\nACGT\n>b\nGGC\n>c\nTTTTNGGG\n>d\nACGNNCCCCA\n>e\nCCCC\n");
  assert_bases(corpus, "ACGTACGTTTTCCCCACCCCCCC"); /* d is not continued: it lost its beginning */
  assert_counts(4, 0, 3, 9);
  assert_int_equal(counts.letter['G'], 7);
  assert_int_equal(counts_letters(&counts), 29);
  reading = (Reading){0};
  corpus_free(corpus);
}

static void an_error_is_passed_on(void **state) {
  (void)state;
  Corpus *corpus = corpus_new();
  scratch_write(path, ">a\nACGT\n>b\nAC!T\n", 16);
  assert_int_equal(corpus_read(corpus, path, &reading, &counts, &why), -1);
  assert_non_null(strstr(why.text, "line 4, record 'b': '!'"));
  assert_int_equal(corpus_read(corpus, "/tmp/none/at/all", &reading, &counts, &why), -1);
  assert_non_null(strstr(why.text, "/tmp/none/at/all"));
  corpus_free(corpus);
}

int main(void) {
  path = scratch_path("a.fa");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bases_are_read_back_unchanged),
      cmocka_unit_test(lower_case_is_sequence_and_u_is_t),
      cmocka_unit_test(segments_end_at_other_letters_and_at_records),
      cmocka_unit_test(a_length_takes_as_few_bytes_as_possible),
      cmocka_unit_test(letters_are_counted_as_written),
      cmocka_unit_test(n50_equals_a_calculation_by_hand),
      cmocka_unit_test(reads_of_30_bases_take_less_than_0_3_byte_a_base),
      cmocka_unit_test(bases_of_low_quality_end_a_segment),
      cmocka_unit_test(lower_case_may_end_a_segment),
      cmocka_unit_test(short_segments_are_left_out),
      cmocka_unit_test(excluded_segments_leave_no_trace),
      cmocka_unit_test(a_circle_continues_with_its_first_bases),
      cmocka_unit_test(a_circle_may_begin_where_a_chunk_ends),
      cmocka_unit_test(reading_past_the_origin_does_not_lengthen_a_segment),
      cmocka_unit_test(an_error_is_passed_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
