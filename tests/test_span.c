/* Ranges of a corpus, and the segments in them, written down by hand. */
#include "sequence/span.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static Corpus *corpus;

/* Segments of 4, 1, 5 and 300 bases, at 0, 4, 5 and 10. */
static int make_corpus(void **state) {
  (void)state;
  char text[512] = "AAAANGNCCCCCN";
  memset(text + strlen(text), 'G', 300);
  corpus = scratch_corpus(text);
  return 0;
}

static int free_corpus(void **state) {
  (void)state;
  corpus_free(corpus);
  return 0;
}

/* Checks that the span of these ranges has these segments, "begin+length". */
static void assert_segments(const Range *ranges, size_t n, const char *wanted) {
  char text[256] = "";
  Span span = {.corpus = corpus};
  for (size_t i = 0; i < n; i++) span_add(&span, ranges[i].begin, ranges[i].end);
  SegmentCursor cursor = {0};
  Segment segment;
  while (segments_next(&span, &cursor, &segment))
    sprintf(text + strlen(text), "%d+%d ", (int)segment.start, (int)segment.length);
  assert_string_equal(text, wanted);
  assert_int_equal(segments_next(&span, &cursor, &segment), 0);
  span_free(&span);
}

static void segments_are_cut_to_a_range(void **state) {
  (void)state;
  assert_segments(&(Range){0, 310}, 1, "0+4 4+1 5+5 10+300 ");
  assert_segments(&(Range){6, 8}, 1, "6+2 ");
  assert_segments(&(Range){4, 10}, 1, "4+1 5+5 ");
  assert_segments(&(Range){3, 11}, 1, "3+1 4+1 5+5 10+1 ");
  assert_segments(&(Range){309, 310}, 1, "309+1 ");
  assert_segments(&(Range){6, 6}, 1, "");
  assert_segments(NULL, 0, "");
}

static void segments_come_range_by_range(void **state) {
  (void)state;
  const Range heads[] = {{0, 4}, {5, 9}, {10, 280}}, tails[] = {{4, 5}, {9, 10}, {280, 310}};
  assert_segments(heads, 3, "0+4 5+4 10+270 ");
  assert_segments(tails, 3, "4+1 9+1 280+30 ");
  const Range distant[] = {{1, 2}, {300, 301}};
  assert_segments(distant, 2, "1+1 300+1 ");
}

static void a_segment_may_have_several_ranges(void **state) {
  (void)state;
  const Range some[] = {{1, 2}, {3, 4}, {6, 7}, {9, 12}, {13, 14}, {300, 310}};
  assert_segments(some, 6, "1+1 3+1 6+1 9+1 10+2 13+1 300+10 ");
}

static void a_sample_has_stretches_that_are_spread_evenly(void **state) {
  (void)state;
  Span span = {.corpus = corpus};
  span_add(&span, 0, 3);
  span_add(&span, 5, 8);
  span_add(&span, 10, 28); /* 24 bases: stretches begin at 0, 6, 12 and 18 */
  const Range wanted[] = {{0, 3}, {5, 6}, {10, 14}, {16, 20}, {22, 26}};
  Span sample = span_sample(&span, 4, 4);
  assert_int_equal(sample.n, 5);
  assert_memory_equal(sample.ranges, wanted, sizeof wanted);
  assert_ptr_equal(sample.corpus, corpus);
  span_free(&sample);
  span_free(&span);
}

static void the_head_of_a_span_has_the_requested_number_of_bases(void **state) {
  (void)state;
  Span span = {.corpus = corpus};
  span_add(&span, 1, 4);
  span_add(&span, 4, 4);
  span_add(&span, 10, 20);
  assert_int_equal(span.n, 2);
  assert_int_equal(span_bases(&span), 13);
  for (uint64_t bases = 0; bases < 20; bases++) {
    Span head = span_head(&span, bases);
    assert_int_equal(span_bases(&head), bases < 13 ? bases : 13);
    assert_int_equal(head.n, (bases > 0) + (bases > 3));
    if (bases > 3) assert_int_equal(head.ranges[1].begin, 10);
    span_free(&head);
  }
  span_free(&span);
}

static void tokens_are_pairs_of_k_mers_within_a_segment(void **state) {
  (void)state;
  Span span = {.corpus = corpus};
  span_add(&span, 0, 310);
  assert_int_equal(span_tokens(&span, 4, 1), 0 + 0 + 1 + 296);
  assert_int_equal(span_tokens(&span, 3, 2), 0 + 0 + 1 + 148);
  assert_int_equal(span_tokens(&span, 1, 1), 3 + 0 + 4 + 299);
  span_free(&span);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(segments_are_cut_to_a_range),
      cmocka_unit_test(tokens_are_pairs_of_k_mers_within_a_segment),
      cmocka_unit_test(segments_come_range_by_range),
      cmocka_unit_test(a_segment_may_have_several_ranges),
      cmocka_unit_test(a_sample_has_stretches_that_are_spread_evenly),
      cmocka_unit_test(the_head_of_a_span_has_the_requested_number_of_bases),
  };
  return cmocka_run_group_tests(tests, make_corpus, free_corpus);
}
