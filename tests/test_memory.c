/* The places and the index of a memory, against a letter-by-letter search in strings. */
#include "memory/memory.h"

#include "scratch.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { LETTERS = 900 };

/* A record of random letters, every fiftieth an N; and its bases, each with the number of its
 * segment. */
typedef struct {
  char text[LETTERS + 8];
  char base[LETTERS];
  int segment[LETTERS];
  int n;
} Sequence;

static Sequence random_sequence(unsigned seed) {
  Sequence sequence = {.text = ">r\n"};
  int segment = 0;
  srand(seed);
  for (int i = 0; i < LETTERS; i++) {
    const char letter = "ACGT"[rand() % 4];
    const bool base = rand() % 50 > 0;
    sequence.text[3 + i] = base ? letter : 'N';
    if (!base) segment++;
    if (!base) continue;
    sequence.base[sequence.n] = letter;
    sequence.segment[sequence.n++] = segment;
  }
  return sequence;
}

static int code(char letter) { return (int)(strchr("ACGT", letter) - "ACGT"); }

/* The base `step` bases after base i, on this strand; -1: it is in another segment. */
static int base_from(const Sequence *sequence, int i, int step, bool reversed) {
  const int at = reversed ? i - step : i + step;
  if (at < 0 || at >= sequence->n || sequence->segment[at] != sequence->segment[i]) return -1;
  return reversed ? 3 - code(sequence->base[at]) : code(sequence->base[at]);
}

static void check_place(const Memory *memory, const Sequence *sequence, int i, bool reversed) {
  const int64_t place = reversed ? ~(int64_t)i : i;
  const uint64_t after = memory_after(memory, place);
  uint64_t before[2];
  memory_before(memory, place, before);
  int n_before = 0, n_after = 0;
  while (n_before < 64 && base_from(sequence, i, -1 - n_before, reversed) >= 0) n_before++;
  while (n_after < 64 && base_from(sequence, i, n_after, reversed) >= 0) n_after++;
  assert_int_equal(memory_count_before(memory, place), n_before);
  assert_int_equal(memory_count_after(memory, place), n_after);
  for (int d = 0; d < n_before; d++)
    assert_int_equal(before[d / 32] >> 2 * (d % 32) & 3, base_from(sequence, i, -1 - d, reversed));
  for (int d = 0; d < n_after && d < 32; d++)
    assert_int_equal(after >> 2 * d & 3, base_from(sequence, i, d, reversed));
  assert_int_equal(memory_base(memory, place), base_from(sequence, i, 0, reversed));
  assert_int_equal(memory_next(memory, place), n_after > 1 ? place + 1 : MEMORY_NOWHERE);
}

static void bases_around_a_position_come_from_its_segment_and_strand(void **state) {
  (void)state;
  for (unsigned seed = 1; seed <= 5; seed++) {
    const Sequence sequence = random_sequence(seed);
    Memory *memory = scratch_memory(sequence.text, 11, 1, true);
    assert_int_equal(memory->bases, sequence.n);
    for (int i = 0; i < sequence.n; i++) {
      check_place(memory, &sequence, i, false);
      check_place(memory, &sequence, i, true);
    }
    memory_free(memory);
  }
}

/* Whether the m bases before base p are in its segment and equal these (newest lowest), except for
 * every third. */
static bool comes_after(const Sequence *sequence, int p, uint64_t last, int m) {
  for (int d = 0; d < m; d++) {
    const int base = base_from(sequence, p, -1 - d, false);
    if (base < 0 || (d % 3 != 2 && base != (int)(last >> 2 * d & 3))) return false;
  }
  return true;
}

/* With as many hashes as seeds there are no other entries. */
static void the_index_has_every_nth_position_after_a_seed_newest_first(void **state) {
  (void)state;
  enum { M = 5 };
  const Sequence sequence = random_sequence(7);
  for (int every = 1; every <= 3; every++) {
    Memory *memory = scratch_memory(sequence.text, M, every, true);
    for (uint64_t last = 0; last < 1 << 2 * M; last++) {
      uint32_t entry = memory_newest(memory, last);
      for (int p = sequence.n - 1; p > 0; p--) {
        if (p % every != 0 || !comes_after(&sequence, p, last, M)) continue;
        assert_int_equal(memory_place(memory, entry, false), p);
        assert_int_equal(memory_place(memory, entry, true), ~(int64_t)(p - M - 1));
        entry = memory->earlier[entry];
      }
      assert_int_equal(entry, 0);
    }
    memory_free(memory);
  }
}

/* The memory gets more bases than it has room for at first. */
static void a_memory_that_grew_equals_one_made_at_once(void **state) {
  (void)state;
  enum { M = 5, TIMES = 3 };
  Sequence sequence = random_sequence(9);
  char text[TIMES * (LETTERS + 1) + 8] = ">r\n";
  Memory *grown = memory_new_growing(M, true);
  for (int t = 0; t < TIMES; t++) {
    strcat(strcat(text, sequence.text + 3), "N");
    for (int i = 0; i < sequence.n; i++)
      memory_append(grown, code(sequence.base[i]),
                    i == 0 || sequence.segment[i] != sequence.segment[i - 1]);
  }
  Memory *memory = scratch_memory(text, M, 1, true);
  assert_int_equal(grown->bases, memory->bases);
  for (int64_t p = -(int64_t)memory->bases; p < (int64_t)memory->bases; p++) {
    const int n = memory_count_before(memory, p);
    uint64_t before[2], before_grown[2];
    memory_before(memory, p, before);
    memory_before(grown, p, before_grown);
    assert_int_equal(memory_count_before(grown, p), n);
    for (int d = 0; d < n; d++)
      assert_int_equal(before_grown[d / 32] >> 2 * (d % 32) & 3,
                       before[d / 32] >> 2 * (d % 32) & 3);
    assert_int_equal(memory_count_after(grown, p), memory_count_after(memory, p));
    assert_int_equal(memory_next(grown, p), memory_next(memory, p));
    assert_int_equal(memory_base(grown, p), memory_base(memory, p));
  }
  for (uint64_t last = 0; last < 1 << 2 * M; last++) {
    uint32_t entry = memory_newest(grown, last);
    for (uint32_t e = memory_newest(memory, last); e; e = memory->earlier[e]) {
      assert_int_equal(entry, e);
      entry = grown->earlier[entry];
    }
    assert_int_equal(entry, 0);
  }
  memory_free(memory);
  memory_free(grown);
}

/* The circle is read past its end: AACCGGTTTGACA AAC. */
static void positions_continue_at_the_origin_of_a_circle(void **state) {
  (void)state;
  Memory *memory = scratch_memory(">before\nACGT\n>ring circular=true\nAACCGGTTTGACA\n>after\nTT\n",
                                  11, 1, true);
  assert_int_equal(memory_next(memory, 4 + 14), 4 + 15);
  assert_int_equal(memory_next(memory, 4 + 15), 4 + 3);
  assert_int_equal(memory_next(memory, ~(4 + 1)), ~(4 + 0));
  assert_int_equal(memory_next(memory, ~(4 + 0)), ~(4 + 12));
  assert_int_equal(memory_next(memory, 3), MEMORY_NOWHERE);
  assert_int_equal(memory_next(memory, ~0), MEMORY_NOWHERE);
  assert_int_equal(memory_next(memory, 4 + 16 + 1), MEMORY_NOWHERE);
  assert_int_equal(memory_next(memory, ~(4 + 16)), MEMORY_NOWHERE);
  memory_free(memory);
}

/* Two segments: AACCGG and TTTGACA AAC. */
static void a_circle_with_a_gap_continues_at_its_origin(void **state) {
  (void)state;
  Memory *memory = scratch_memory(">ring circular=true\nAACCGGNTTTGACA\n", 11, 1, true);
  assert_int_equal(memory->bases, 16);
  assert_int_equal(memory_next(memory, 15), 3);
  assert_int_equal(memory_next(memory, ~0), ~12);
  assert_int_equal(memory_next(memory, 5), MEMORY_NOWHERE);
  assert_int_equal(memory_next(memory, ~6), MEMORY_NOWHERE);
  memory_free(memory);
}

static void a_circle_interrupted_at_its_origin_is_linear(void **state) {
  (void)state;
  const char *text[] = {">r circular=true\nNACCGGTTT\n", ">r circular=true\nACCGGTTTN\n",
                        ">r circular=true\nACNGGTTT\n"};
  for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
    Memory *memory = scratch_memory(text[i], 11, 1, true);
    for (int64_t p = 0; p < (int64_t)memory->bases; p++) {
      const int64_t next = memory_next(memory, p), next_reversed = memory_next(memory, ~p);
      assert_true(next == p + 1 || next == MEMORY_NOWHERE);
      assert_true(next_reversed == ~p + 1 || next_reversed == MEMORY_NOWHERE);
    }
    memory_free(memory);
  }
}

static void the_index_stays_within_its_limit(void **state) {
  (void)state;
  const uint64_t megabases[] = {1, 5, 12, 100, 250, 3000};
  for (size_t i = 0; i < sizeof megabases / sizeof *megabases; i++) {
    const uint64_t bases = megabases[i] * 1000000;
    const int m = memory_choose_m(bases);
    assert_int_equal(memory_choose_every(bases, m, UINT64_MAX), 1);
    assert_true(memory_bytes(bases, m, 1) <= 16 * bases + (64 << 20));
    for (int part = 2; part <= 8; part *= 2) {
      const uint64_t limit = memory_bytes(bases, m, 1) / (uint64_t)part;
      const int every = memory_choose_every(bases, m, limit);
      assert_true(every > 1);
      assert_true(memory_bytes(bases, m, every) <= limit);
      assert_true(memory_bytes(bases, m, every - 1) > limit);
    }
    assert_int_equal(memory_choose_every(bases, m, bases / 4), 0);
    const uint64_t least = memory_bytes(bases, m, INT_MAX); /* found without a billion trials */
    assert_true(memory_bytes(bases, m, memory_choose_every(bases, m, least) - 1) > least);
  }
}

/* Entries are numbers of 32 bits, but places are not. */
static void more_than_2_to_the_32_bases_are_indexed_at_greater_distances(void **state) {
  (void)state;
  const uint64_t bases = (uint64_t)9 << 30;
  const int every = memory_choose_every(bases, memory_choose_m(bases), UINT64_MAX);
  assert_int_equal(every, 3);
  const Memory memory = {.m = 20, .every = every};
  assert_true(memory_place(&memory, UINT32_MAX, false) == 3 * (int64_t)UINT32_MAX);
  assert_true(memory_place(&memory, UINT32_MAX, true) == ~(3 * (int64_t)UINT32_MAX - 21));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bases_around_a_position_come_from_its_segment_and_strand),
      cmocka_unit_test(the_index_has_every_nth_position_after_a_seed_newest_first),
      cmocka_unit_test(a_memory_that_grew_equals_one_made_at_once),
      cmocka_unit_test(positions_continue_at_the_origin_of_a_circle),
      cmocka_unit_test(a_circle_with_a_gap_continues_at_its_origin),
      cmocka_unit_test(a_circle_interrupted_at_its_origin_is_linear),
      cmocka_unit_test(the_index_stays_within_its_limit),
      cmocka_unit_test(more_than_2_to_the_32_bases_are_indexed_at_greater_distances),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
