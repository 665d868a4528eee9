/* Records, their segments and names, written down by hand. */
#include "sequence/span.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static const char text[] = ">one first\nACGTNNACG\n"
                           ">empty\nNNN\n"
                           ">ring circular=true\nAACCNGGTTT\n"
                           ">one\nTTTTT\n"
                           ">on\nG\n";

static Corpus *corpus;
static Records *records;

static int read_text(void **state) {
  (void)state;
  char *path = scratch_path("records.fa");
  scratch_write(path, text, strlen(text));
  SeqCounts counts;
  Why why;
  records = records_new();
  corpus = corpus_new();
  const Reading reading = {.turn = 3, .records = records};
  if (corpus_read(corpus, path, &reading, &counts, &why) != 0) fail_msg("%s", why.text);
  free(path);
  return 0;
}

static int free_all(void **state) {
  (void)state;
  corpus_free(corpus);
  records_free(records);
  return 0;
}

/* Checks for these records: "name letters: start+length at position, ..." with an O for a
 * circle. */
static void assert_records(const Records *found, const char *wanted) {
  char line[512] = "";
  for (size_t r = 0; r < found->n; r++) {
    const Record *record = &found->record[r];
    sprintf(line + strlen(line), "%s %d%s:", found->names + record->name, (int)record->letters,
            record->circular ? " O" : "");
    for (uint64_t i = 0; i < record->segments; i++) {
      const RecordSegment *segment = &found->segment[record->first_segment + i];
      sprintf(line + strlen(line), " %d+%d@%d", (int)segment->start, (int)segment->length,
              (int)segment->position);
    }
    strcat(line, "; ");
  }
  assert_string_equal(line, wanted);
}

static void a_corpus_knows_the_records_of_its_segments(void **state) {
  (void)state;
  assert_records(records,
                 "one 9: 0+4@0 4+3@6; ring 10 O: 7+4@0 11+8@5; one 5: 19+5@0; on 1: 24+1@0; ");
  assert_int_equal(records->bases, corpus->bases);
  assert_int_equal(record_turned(records, &records->record[0]), 0);
  assert_int_equal(record_turned(records, &records->record[1]), 3);
}

static void excluded_segments_are_in_no_record(void **state) {
  (void)state;
  static const char short_ones[] =
      ">a\nACNGGGGGNTTTT\n>b\nACNNGT\n>c circular=true\nACGTANCNGTACG\n";
  char *path = scratch_path("short.fa");
  scratch_write(path, short_ones, strlen(short_ones));
  SeqCounts counts;
  Why why;
  Corpus *kept = corpus_new();
  Records *found = records_new();
  const Reading reading = {.min_length = 4, .turn = 3, .records = found};
  if (corpus_read(kept, path, &reading, &counts, &why) != 0) fail_msg("%s", why.text);
  assert_records(found, "a 13: 0+5@3 5+4@9; c 13 O: 9+5@0 14+8@8; ");
  assert_int_equal(found->bases, kept->bases);
  corpus_free(kept);
  records_free(found);
  free(path);
}

/* Checks the records of these ranges. */
static void assert_cut(const Range *ranges, size_t n, const char *wanted) {
  Span span = {.corpus = corpus};
  for (size_t i = 0; i < n; i++) span_add(&span, ranges[i].begin, ranges[i].end);
  Records *cut = span_records(&span, records);
  assert_records(cut, wanted);
  assert_int_equal(cut->bases, span_bases(&span));
  records_free(cut);
  span_free(&span);
}

static void a_span_has_the_records_that_are_in_it(void **state) {
  (void)state;
  assert_cut((Range[]){{0, 25}}, 1,
             "one 9: 0+4@0 4+3@6; ring 10 O: 7+4@0 11+8@5; one 5: 19+5@0; on 1: 24+1@0; ");
  assert_cut((Range[]){{2, 5}}, 1, "one 9: 0+2@2 2+1@6; ");
  assert_cut((Range[]){{5, 19}, {20, 22}}, 2,
             "one 9: 0+2@7; ring 10 O: 2+4@0 6+8@5; one 5: 14+2@1; ");
  assert_cut((Range[]){{0, 2}, {24, 25}}, 2, "one 9: 0+2@0; on 1: 2+1@0; ");
  assert_cut(NULL, 0, "");
}

static void a_cut_circle_is_linear(void **state) {
  (void)state;
  assert_cut((Range[]){{7, 18}}, 1, "ring 10: 0+4@0 4+7@5; ");
  assert_cut((Range[]){{8, 19}}, 1, "ring 10: 0+3@1 3+8@5; ");
  assert_cut((Range[]){{11, 19}}, 1, "ring 10: 0+8@5; ");
}

static void every_base_is_at_a_letter(void **state) {
  (void)state;
  for (uint64_t base = 0; base < records->bases; base++) {
    const RecordPlace place = records_place(records, base);
    const Record *record = &records->record[place.record];
    const char *letters = strchr(strstr(text, place.record == 1 ? ">ring" : ">one"), '\n') + 1;
    if (place.record == 2) letters = "TTTTT";
    if (place.record == 3) letters = "G";
    assert_true(place.letter < record->letters);
    assert_int_equal(letters[place.letter], "ACGT"[corpus_base(corpus, base)]);
    const bool turned = base >= 16 && base < 19; /* the circle's first bases again */
    assert_int_equal(records_base(records, place), turned ? base - 9 : base);
  }
}

static void other_letters_have_no_base(void **state) {
  (void)state;
  assert_int_equal(records_base(records, (RecordPlace){0, 4}), -1);
  assert_int_equal(records_base(records, (RecordPlace){0, 5}), -1);
  assert_int_equal(records_base(records, (RecordPlace){0, 6}), 4);
  assert_int_equal(records_base(records, (RecordPlace){0, 9}), -1);
  assert_int_equal(records_base(records, (RecordPlace){1, 4}), -1);
  assert_int_equal(records_base(records, (RecordPlace){1, 10}), -1);
  assert_int_equal(records_base(records, (RecordPlace){3, UINT64_MAX}), -1);
}

static void records_are_found_by_name(void **state) {
  (void)state;
  const size_t *found;
  records_sort(records);
  assert_int_equal(records_named(records, "one", 3, &found), 2);
  assert_int_equal(found[0], 0);
  assert_int_equal(found[1], 2);
  assert_int_equal(records_named(records, "one", 2, &found), 1);
  assert_int_equal(found[0], 3);
  assert_int_equal(records_named(records, "ring", 4, &found), 1);
  assert_int_equal(found[0], 1);
  static const char *const none[] = {"", "o", "ones", "empty", "rinG", "a", "z"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    assert_int_equal(records_named(records, none[i], strlen(none[i]), &found), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_corpus_knows_the_records_of_its_segments),
      cmocka_unit_test(excluded_segments_are_in_no_record),
      cmocka_unit_test(a_span_has_the_records_that_are_in_it),
      cmocka_unit_test(a_cut_circle_is_linear),
      cmocka_unit_test(every_base_is_at_a_letter),
      cmocka_unit_test(other_letters_have_no_base),
      cmocka_unit_test(records_are_found_by_name),
  };
  return cmocka_run_group_tests(tests, read_text, free_all);
}
