/* The records at the end of a file, against a plain list of all of them. */
#include "sequence/tail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

/* Adds a record of letters; n is in no segment. */
static void add(Tail *tail, const char *name, const char *letters) {
  for (const char *at = letters; *at;) {
    const size_t gap = strspn(at, "n"), bases = strspn(at + gap, "ACGT");
    if (bases > 0) tail_segment(tail, gap, bases);
    at += gap + bases;
  }
  tail_record(tail, name, strlen(name), strlen(letters));
}

static void assert_part(const Tail *tail, uint64_t base, const char *wanted) {
  char text[256];
  TailPart part = tail_part(tail, base);
  if (part.records == 0)
    strcpy(text, "nothing");
  else
    snprintf(text, sizeof text, "%s(%d):%d-%d to %s(%d):%d, %d records, %d whole from %s",
             part.first_name, (int)part.first, (int)part.from, (int)part.to, part.last_name,
             (int)part.last, (int)part.last_to, (int)part.records, (int)part.whole,
             part.whole_name ? part.whole_name : "-");
  assert_string_equal(text, wanted);
  tailpart_free(&part);
}

static void a_part_begins_at_a_letter_of_a_record(void **state) {
  (void)state;
  Tail *tail = tail_new(1); /* all of it is kept */
  add(tail, "a", "ACGT");
  add(tail, "none", "nnn");
  add(tail, "b", "nnACGTnnnACn");
  add(tail, "c", "ACGTA");
  add(tail, "empty", "");
  assert_part(tail, 0, "a(1):1-4 to c(4):5, 3 records, 3 whole from a");
  assert_part(tail, 3, "a(1):4-4 to c(4):5, 3 records, 2 whole from b");
  assert_part(tail, 4, "b(3):3-12 to c(4):5, 2 records, 2 whole from b");
  assert_part(tail, 7, "b(3):6-12 to c(4):5, 2 records, 1 whole from c");
  assert_part(tail, 8, "b(3):10-12 to c(4):5, 2 records, 1 whole from c");
  assert_part(tail, 10, "c(4):1-5 to c(4):5, 1 records, 1 whole from c");
  assert_part(tail, 14, "c(4):5-5 to c(4):5, 1 records, 0 whole from -");
  assert_part(tail, 15, "nothing");
  tail_free(tail);
}

static void bases_read_twice_in_a_circle_are_not_letters(void **state) {
  (void)state;
  Tail *tail = tail_new(1);
  tail_segment(tail, 0, 10 + 4);
  tail_record(tail, "circle", 6, 10);
  assert_part(tail, 9, "circle(1):10-10 to circle(1):10, 1 records, 0 whole from -");
  assert_part(tail, 10, "nothing");
  add(tail, "next", "nA");
  assert_part(tail, 12, "next(2):2-2 to next(2):2, 1 records, 1 whole from next");
  tail_free(tail);
}

static void bases_read_twice_in_circles_are_counted(void **state) {
  (void)state;
  static const int wanted[] = {5, 5, 5, 4, 3, 3, 3, 3, 2, 1, 0};
  Tail *tail = tail_new(1);
  tail_segment(tail, 0, 2 + 2);
  tail_record(tail, "short", 5, 2);
  add(tail, "line", "A");
  tail_segment(tail, 1, 1);
  tail_segment(tail, 1, 1 + 3);
  tail_record(tail, "broken", 6, 4);
  add(tail, "ends in n", "Ann");
  for (uint64_t base = 0; base < sizeof wanted / sizeof *wanted; base++) {
    TailPart part = tail_part(tail, base);
    assert_int_equal(part.turned, wanted[base]);
    tailpart_free(&part);
  }
  tail_free(tail);
}

static void records_before_the_split_are_dropped_and_change_nothing(void **state) {
  (void)state;
  static const double fractions[] = {0.01, 0.1, 0.5, 0.9};
  for (int f = 0; f < 4; f++)
    for (int n = 1; n < 20000; n = n * 3 + 1) {
      Tail *all = tail_new(1), *tail = tail_new(fractions[f]);
      uint64_t bases = 0;
      srand(9);
      for (int i = 0; i < n; i++) {
        char name[32], letters[64] = "";
        snprintf(name, sizeof name, "record%d", i);
        for (int j = 0, length = rand() % 30; j < length; j++)
          bases += (letters[j] = "AAAAACGTn"[rand() % 9]) != 'n';
        add(all, name, letters);
        add(tail, name, letters);
      }
      const uint64_t split = tail_split(bases, fractions[f]);
      TailPart right = tail_part(all, split), part = tail_part(tail, split);
      assert_int_equal(part.records, right.records);
      assert_true(part.records > 0 || split == bases);
      if (part.records > 0) {
        assert_string_equal(part.first_name, right.first_name);
        assert_string_equal(part.last_name, right.last_name);
        assert_int_equal(part.first, right.first);
        assert_int_equal(part.from, right.from);
        assert_int_equal(part.to, right.to);
        assert_int_equal(part.last, right.last);
        assert_int_equal(part.whole, right.whole);
        assert_int_equal(part.whole_first, right.whole_first);
      }
      tailpart_free(&right);
      tailpart_free(&part);
      tail_free(all);
      tail_free(tail);
    }
}

static void names_take_no_more_than_their_limit(void **state) {
  (void)state;
  enum { LENGTH = 1 << 20, RECORDS = 12 };
  Tail *tail = tail_new(1);
  char *name = malloc(LENGTH);
  memset(name, 'x', LENGTH);
  name[LENGTH - 1] = 0;
  for (int i = 0; i < RECORDS; i++) add(tail, name, "ACGTACGTA");
  TailPart part = tail_part(tail, 11);
  assert_int_equal(part.first, 2);
  assert_int_equal(part.from, 3);
  assert_int_equal(part.last, RECORDS);
  assert_int_equal(part.whole, RECORDS - 2);
  assert_int_equal(part.whole_first, 3);
  assert_null(part.first_name);
  assert_null(part.whole_name);
  tailpart_free(&part);
  tail_free(tail);
  free(name);
}

static void names_before_the_split_are_dropped_for_others(void **state) {
  (void)state;
  enum { LENGTH = 4000, RECORDS = 3 * TAIL_NAMES / LENGTH };
  Tail *tail = tail_new(0.1);
  char name[LENGTH + 1];
  for (int i = 1; i <= RECORDS; i++) {
    snprintf(name, sizeof name, "%0*d", LENGTH, i);
    add(tail, name, "ACGTACGTAC");
  }
  TailPart part = tail_part(tail, tail_split(10 * RECORDS, 0.1));
  assert_int_equal(part.last, RECORDS);
  assert_int_equal(strlen(part.first_name), LENGTH);
  assert_int_equal(atoi(part.first_name + LENGTH - 9), part.first);
  assert_int_equal(atoi(part.whole_name + LENGTH - 9), part.whole_first);
  assert_int_equal(atoi(part.last_name + LENGTH - 9), RECORDS);
  tailpart_free(&part);
  tail_free(tail);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_part_begins_at_a_letter_of_a_record),
      cmocka_unit_test(bases_read_twice_in_a_circle_are_not_letters),
      cmocka_unit_test(bases_read_twice_in_circles_are_counted),
      cmocka_unit_test(records_before_the_split_are_dropped_and_change_nothing),
      cmocka_unit_test(names_take_no_more_than_their_limit),
      cmocka_unit_test(names_before_the_split_are_dropped_for_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
