#include "sequence/lanes.h"

#include "scratch.h"
#include "sequence/kmer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BASES_MAX = 40000, TOKENS_MAX = 200000 };

/* The bases of the corpus under test, segment after segment, and the segments' lengths. */
static char bases[BASES_MAX + 1];
static size_t lengths[1024], n_lengths;
static Corpus *corpus;

/* Fills the corpus with n segments whose lengths are 1..max; one is long enough to be cut. */
static void make_corpus(size_t n, size_t max, size_t long_one, uint64_t seed) {
  char *path = scratch_path("segments.fa");
  Rng rng = rng_new(seed, 0);
  Why why;
  SeqCounts counts;
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  char *to = bases;
  for (n_lengths = 0; n_lengths < n; n_lengths++) {
    size_t length = n_lengths == n / 2 && long_one ? long_one : 1 + rng_next(&rng) % max;
    lengths[n_lengths] = length;
    assert_true(length <= BASES_MAX - (size_t)(to - bases));
    for (size_t i = 0; i < length; i++) to[i] = "ACGT"[rng_next(&rng) % 4];
    fprintf(out, ">%zu\nNN%.*sN\n", n_lengths, (int)length, to);
    to += length;
  }
  *to = 0;
  fclose(out);
  corpus_free(corpus);
  corpus = corpus_new();
  assert_int_equal(corpus_read(corpus, path, &(Reading){0}, &counts, &why), 0);
  assert_int_equal(counts.segments, n);
  free(path);
}

static Span part(uint64_t begin, uint64_t end) {
  static Range range;
  range = (Range){begin, end};
  return (Span){corpus, &range, 1, 1};
}

static Span whole(void) { return part(0, corpus->bases); }

static int remove_corpus(void **state) {
  (void)state;
  corpus_free(corpus);
  return 0;
}

static int spell(const char *text, int k) {
  int kmer = 0;
  for (int i = 0; i < k; i++) kmer = 4 * kmer + (int)(strchr("ACGT", text[i]) - "ACGT");
  return kmer;
}

static int reverse_complement(int kmer, int k) {
  int other = 0;
  for (int i = 0; i < k; i++) {
    other = 4 * other + 3 - kmer % 4;
    kmer /= 4;
  }
  return other;
}

/* ---- tokens --------------------------------------------------------------------------------- */

typedef struct {
  int x, y;
} Token;

typedef struct {
  Token token[TOKENS_MAX];
  size_t n;
} Tokens;

static void tokens_add(Tokens *tokens, int x, int y) {
  assert_true(tokens->n < TOKENS_MAX);
  tokens->token[tokens->n++] = (Token){x, y};
}

/* Replaces a token by the smaller of itself and its reverse complement. */
static void forget_strand(Tokens *tokens, int k) {
  for (size_t i = 0; i < tokens->n; i++) {
    Token *token = &tokens->token[i];
    int x = reverse_complement(token->y, k), y = reverse_complement(token->x, k);
    if (x < token->x || (x == token->x && y < token->y)) *token = (Token){x, y};
  }
}

static int by_token(const void *a, const void *b) {
  const Token *p = a, *q = b;
  return p->x != q->x ? p->x - q->x : p->y - q->y;
}

static void assert_same_tokens(Tokens *a, Tokens *b) {
  assert_int_equal(a->n, b->n);
  qsort(a->token, a->n, sizeof *a->token, by_token);
  qsort(b->token, b->n, sizeof *b->token, by_token);
  assert_memory_equal(a->token, b->token, a->n * sizeof *a->token);
}

/* Lists every pair of k-mers, s bases apart, in the bases begin..end-1, from the strings. */
static void enumerate(Tokens *tokens, size_t begin, size_t end, int k, int s) {
  size_t from = 0, K = (size_t)k, S = (size_t)s;
  tokens->n = 0;
  for (size_t i = 0; i < n_lengths; from += lengths[i++]) {
    size_t first = from > begin ? from : begin;
    size_t last = from + lengths[i] < end ? from + lengths[i] : end;
    for (size_t at = first; at + K + S <= last; at += S)
      tokens_add(tokens, spell(bases + at, k), spell(bases + at + S, k));
  }
}

/* Runs an epoch, and checks the invariants of each window. */
static void walk(Tokens *tokens, Lanes *lanes, int T, int B, int k, int s, int warmup) {
  Window *window = window_new(T, B);
  uint64_t restarts = 0, silent = 0;
  int *before = malloc((size_t)B * sizeof *before); /* the lane's last k-mer, -1: idle */
  for (int b = 0; b < B; b++) before[b] = -2;
  tokens->n = 0;
  while (lanes_next(lanes, window)) {
    size_t n = tokens->n;
    for (int i = 0; i < T * B; i++) {
      int x = window->x[i], y = window->y[i], restart = window->restart[i], *last = &before[i % B];
      if (x < 0) assert_true(y < 0 && restart); /* idle */
      /* A lane continues by s bases, with the k-mer that was to follow. */
      if (!restart) {
        const int first = kmer_followers(*last, k, s);
        assert_true(x >= first && x < first + kmer_count(s));
      }
      if (!restart && i >= B && window->y[i - B] >= 0) assert_int_equal(x, window->y[i - B]);
      if (y >= 0) tokens_add(tokens, x, y);
      bool idle = x < 0;
      if (*last == -1) assert_true(idle); /* an idle lane stays idle */
      *last = idle ? -1 : x;
      restarts += restart && !idle;
      silent += y < 0 && !idle;
    }
    assert_int_equal(window->tokens, tokens->n - n);
    assert_true(n == 0 || window->tokens > 0 || warmup > 0);
  }
  if (warmup == 0) assert_int_equal(restarts, lanes_pieces(lanes));
  if (warmup == 0) assert_int_equal(silent, 0);
  assert_int_equal(lanes_next(lanes, window), 0);
  free(before);
  window_free(window);
}

static Tokens wanted, got, again;

static const int Bs[] = {1, 3, 16}, Ts[] = {1, 7, 64};

static void an_epoch_yields_every_token_of_the_segments_once(void **state) {
  (void)state;
  make_corpus(150, 60, 9000, 1);
  for (int k = 1; k <= 6; k++)
    for (int s = 1; s <= k; s++)
      for (int i = 0; i < 9; i++)
        for (int both = 0; both < 2; both++) {
          int B = Bs[i / 3], T = Ts[i % 3];
          Lanes *lanes = lanes_new(
              whole(), (LanesWish){k, s, B, T, both ? STRANDS_BOTH : STRANDS_FORWARD, 0, 5});
          for (uint64_t epoch = 0; epoch < 2; epoch++) {
            enumerate(&wanted, 0, corpus->bases, k, s);
            lanes_start(lanes, epoch);
            walk(&got, lanes, T, B, k, s, 0);
            if (both) {
              forget_strand(&wanted, k);
              forget_strand(&got, k);
            }
            assert_same_tokens(&got, &wanted);
          }
          lanes_free(lanes);
        }
}

static void a_warm_up_adds_and_omits_no_token(void **state) {
  (void)state;
  make_corpus(150, 60, 9000, 2);
  for (int k = 1; k <= 6; k += 2)
    for (int s = 1; s <= k; s++)
      for (int i = 0; i < 9; i++) {
        int B = Bs[i / 3], T = Ts[i % 3];
        Lanes *lanes = lanes_new(whole(), (LanesWish){k, s, B, T, STRANDS_FORWARD, 100, 5});
        enumerate(&wanted, 0, corpus->bases, k, s);
        walk(&got, lanes, T, B, k, s, 100);
        assert_same_tokens(&got, &wanted);
        lanes_free(lanes);
      }
}

/* 9001 tokens for three lanes: a piece each, of 3001, 3000 and 3000 tokens. */
static void a_piece_after_a_cut_is_warmed_up(void **state) {
  (void)state;
  make_corpus(1, 0, 9001 + 4, 3);
  Lanes *lanes = lanes_new(whole(), (LanesWish){4, 1, 3, 64, STRANDS_FORWARD, 100, 5});
  Window *window = window_new(64, 3);
  assert_int_equal(lanes_pieces(lanes), 3);
  for (int step = 0; lanes_next(lanes, window); step += 64)
    for (int i = 0; i < 64 * 3; i++) {
      int t = step + i / 3, lane = i % 3, ends = lane == 0 ? 3001 : 3000 + 100;
      bool silent = (lane > 0 && t < 100) || t >= ends;
      assert_int_equal(window->y[i] < 0, silent);
      assert_int_equal(window->restart[i], t == 0 || t >= ends);
    }
  window_free(window);
  lanes_free(lanes);
}

/* Reads this many tokens in four lanes, of which this many are ever busy. */
static void expect_full_until_the_end(uint64_t tokens, uint64_t busy) {
  make_corpus(1, 0, tokens + 4, 3);
  Lanes *lanes = lanes_new(whole(), (LanesWish){4, 1, 4, 50, STRANDS_FORWARD, 0, 5});
  Window *window = window_new(50, 4);
  uint64_t left = tokens;
  for (; lanes_next(lanes, window); left -= window->tokens) {
    const double filled = lanes_filled(lanes, window->tokens);
    assert_true(filled == (double)window->tokens / (double)(busy * 50));
    if (left == tokens) assert_true(filled == 1);
  }
  assert_int_equal(left, 0);
  window_free(window);
  lanes_free(lanes);
}

static void a_window_is_full_while_every_lane_has_a_piece(void **state) {
  (void)state;
  expect_full_until_the_end(39000, 4);
  expect_full_until_the_end(100, 2); /* two pieces of 50 */
}

static void a_span_yields_the_tokens_inside_it(void **state) {
  (void)state;
  make_corpus(50, 200, 5000, 4);
  for (size_t cut = 0; cut <= corpus->bases; cut += corpus->bases / 7) {
    const Range ranges[2] = {{0, cut}, {cut, corpus->bases}};
    for (int i = 0; i < 2; i++) {
      Span span = part(ranges[i].begin, ranges[i].end);
      Lanes *lanes = lanes_new(span, (LanesWish){5, 2, 3, 7, STRANDS_FORWARD, 0, 5});
      enumerate(&wanted, ranges[i].begin, ranges[i].end, 5, 2);
      walk(&got, lanes, 7, 3, 5, 2, 0);
      assert_same_tokens(&got, &wanted);
      lanes_free(lanes);
    }
  }
}

/* ---- order ---------------------------------------------------------------------------------- */

/* Whether a base of the corpus, and those that follow it on its strand, are the last s bases of
 * k-mer y. */
static bool is_added(int64_t base, bool reversed, int y, int s) {
  for (int i = 0; i < s; i++) {
    const int letter = (int)(strchr("ACGT", bases[reversed ? base - i : base + i]) - "ACGT");
    if ((y >> 2 * (s - 1 - i) & 3) != (reversed ? 3 - letter : letter)) return false;
  }
  return true;
}

static void the_bases_that_y_adds_have_positions(void **state) {
  (void)state;
  make_corpus(40, 200, 20000, 6);
  Window *window = window_new(64, 3);
  window_locate(window);
  for (int s = 1; s <= 5; s++)
    for (int epoch = 0; epoch < 2; epoch++) {
      Lanes *lanes = lanes_new(whole(), (LanesWish){5, s, 3, 64, STRANDS_BOTH, 0, 5});
      int forward = 0, reversed = 0;
      lanes_start(lanes, (uint64_t)epoch);
      while (lanes_next(lanes, window))
        for (int i = 0; i < 64 * 3; i++) {
          const int64_t base = window->base[i];
          assert_int_equal(base < 0, window->x[i] < 0);
          if (base < 0) continue;
          const bool there = is_added(base, false, window->y[i], s);
          const bool back = is_added(base, true, window->y[i], s);
          assert_true(there || back);
          forward += there;
          reversed += back;
        }
      assert_true(forward > 1000 / s && reversed > 1000 / s);
      lanes_free(lanes);
    }
  window_free(window);
}

static void every_epoch_and_seed_has_its_own_order(void **state) {
  (void)state;
  make_corpus(150, 60, 9000, 6);
  Lanes *lanes = lanes_new(whole(), (LanesWish){4, 1, 3, 7, STRANDS_FORWARD, 0, 5});
  Lanes *other = lanes_new(whole(), (LanesWish){4, 1, 3, 7, STRANDS_FORWARD, 0, 6});
  walk(&wanted, lanes, 7, 3, 4, 1, 0);
  walk(&got, other, 7, 3, 4, 1, 0);
  assert_memory_not_equal(got.token, wanted.token, wanted.n * sizeof(Token));
  lanes_start(lanes, 1);
  walk(&got, lanes, 7, 3, 4, 1, 0);
  assert_memory_not_equal(got.token, wanted.token, wanted.n * sizeof(Token));
  lanes_start(lanes, 0);
  walk(&again, lanes, 7, 3, 4, 1, 0);
  assert_int_equal(again.n, wanted.n);
  assert_memory_equal(again.token, wanted.token, wanted.n * sizeof(Token));
  lanes_free(lanes);
  lanes_free(other);
}

static void both_strands_are_read_in_turn(void **state) {
  (void)state;
  make_corpus(40, 60, 0, 7);
  Lanes *lanes = lanes_new(whole(), (LanesWish){6, 1, 3, 7, STRANDS_BOTH, 0, 5});
  enumerate(&wanted, 0, corpus->bases, 6, 1);
  walk(&got, lanes, 7, 3, 6, 1, 0);
  lanes_start(lanes, 1);
  walk(&again, lanes, 7, 3, 6, 1, 0);
  for (size_t i = 0; i < again.n; i++) tokens_add(&got, again.token[i].x, again.token[i].y);
  for (size_t i = 0, n = wanted.n; i < n; i++)
    tokens_add(&wanted, reverse_complement(wanted.token[i].y, 6),
               reverse_complement(wanted.token[i].x, 6));
  assert_same_tokens(&got, &wanted); /* in two epochs each piece is read once on each strand */
  lanes_free(lanes);
}

static void an_epoch_without_tokens_has_no_windows(void **state) {
  (void)state;
  make_corpus(5, 4, 0, 8);
  Lanes *lanes = lanes_new(whole(), (LanesWish){6, 1, 3, 7, STRANDS_FORWARD, 0, 5});
  walk(&got, lanes, 7, 3, 6, 1, 0);
  assert_int_equal(got.n, 0);
  lanes_free(lanes);
}

/* ---- state ---------------------------------------------------------------------------------- */

static void lanes_continue_from_a_saved_state_with_the_same_windows(void **state) {
  (void)state;
  make_corpus(60, 300, 3000, 9);
  for (int both = 0; both < 2; both++)
    for (int cut = 0, all = 0; cut <= all; cut += 1 + cut / 4) {
      Strands strands = both ? STRANDS_BOTH : STRANDS_FORWARD;
      Lanes *one = lanes_new(whole(), (LanesWish){5, 2, 3, 17, strands, 0, 5});
      Lanes *two = lanes_new(whole(), (LanesWish){5, 2, 3, 17, strands, 0, 5});
      Window *a = window_new(17, 3), *b = window_new(17, 3);
      uint64_t saved[64];
      Why why;
      assert_true(lanes_state_size(one) <= 64);
      lanes_start(one, 3);
      for (int i = 0; i < cut; i++) assert_int_equal(lanes_next(one, a), 1);
      lanes_save(one, saved);
      assert_int_equal(lanes_restore(two, saved, &why), 0);
      int more, windows = 0;
      for (; (more = lanes_next(one, a)) == lanes_next(two, b) && more; windows++) {
        assert_memory_equal(a->x, b->x, 17 * 3 * sizeof *a->x);
        assert_memory_equal(a->y, b->y, 17 * 3 * sizeof *a->y);
        assert_memory_equal(a->restart, b->restart, 17 * 3 * sizeof *a->restart);
        assert_int_equal(a->tokens, b->tokens);
      }
      assert_int_equal(more, 0);
      if (cut == 0) assert_true((all = windows) > 50);
      assert_int_equal(cut + windows, all);
      window_free(a);
      window_free(b);
      lanes_free(one);
      lanes_free(two);
    }
}

static void a_window_that_is_read_ahead_is_the_next_one(void **state) {
  enum { B = 70, T = 17 };
  (void)state;
  const LanesWish wish = {5, 2, B, T, STRANDS_BOTH, 0, 5};
  make_corpus(300, 60, 9000, 9);
  Lanes *one = lanes_new(whole(), wish), *two = lanes_new(whole(), wish);
  Window *a = window_new(T, B), *b = window_new(T, B);
  uint64_t before[2 + 2 * B], during[2 + 2 * B];
  assert_int_equal(lanes_state_size(one), 2 + 2 * B);
  int more, windows = 0;
  do {
    lanes_save(one, before);
    const int jobs = lanes_ahead(one);
    for (int job = jobs; job-- > 0;) lanes_read(one, job);
    lanes_save(one, during);
    assert_memory_equal(before, during, sizeof before);
    more = lanes_next(two, b);
    assert_int_equal(jobs > 1, more);
    assert_int_equal(lanes_next(one, a), more);
    for (int i = 0; more && i < T * B; i++) {
      assert_int_equal(a->x[i], b->x[i]);
      assert_int_equal(a->y[i], b->y[i]);
      assert_int_equal(a->restart[i], b->restart[i]);
    }
    if (more) assert_int_equal(a->tokens, b->tokens);
    windows += more;
  } while (more);
  assert_true(windows > 10);
  window_free(a);
  window_free(b);
  lanes_free(one);
  lanes_free(two);
}

static void a_state_of_another_input_is_refused(void **state) {
  (void)state;
  make_corpus(60, 300, 3000, 10);
  Lanes *lanes = lanes_new(whole(), (LanesWish){5, 2, 3, 17, STRANDS_FORWARD, 0, 5});
  uint64_t good[64], bad[64];
  Why why = {""};
  lanes_save(lanes, good);
  for (size_t i = 1; i < lanes_state_size(lanes); i++) /* the 0th is the epoch: any number */
    for (int j = 0; j < 2; j++) {
      memcpy(bad, good, sizeof good);
      bad[i] = j ? UINT64_MAX : corpus->bases;
      assert_int_equal(lanes_restore(lanes, bad, &why), -1);
      assert_non_null(strstr(why.text, "not in this input"));
    }
  assert_int_equal(lanes_restore(lanes, good, &why), 0);
  lanes_free(lanes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_epoch_yields_every_token_of_the_segments_once),
      cmocka_unit_test(a_warm_up_adds_and_omits_no_token),
      cmocka_unit_test(a_piece_after_a_cut_is_warmed_up),
      cmocka_unit_test(a_window_is_full_while_every_lane_has_a_piece),
      cmocka_unit_test(a_span_yields_the_tokens_inside_it),
      cmocka_unit_test(the_bases_that_y_adds_have_positions),
      cmocka_unit_test(every_epoch_and_seed_has_its_own_order),
      cmocka_unit_test(both_strands_are_read_in_turn),
      cmocka_unit_test(an_epoch_without_tokens_has_no_windows),
      cmocka_unit_test(lanes_continue_from_a_saved_state_with_the_same_windows),
      cmocka_unit_test(a_window_that_is_read_ahead_is_the_next_one),
      cmocka_unit_test(a_state_of_another_input_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, remove_corpus);
}
