#include "sequence/markov.h"

#include "base/alloc.h"
#include "sequence/counter.h"
#include "sequence/tokenizer.h"

#include <math.h>

/* count[m] of x is how often the (m+1)-mer x occurs: its first m bases are the context. */
typedef Counter Counts[MARKOV_ORDERS];

static size_t entries(int m) { return (size_t)kmer_count(m + 1); }

static void counts_new(Counts count) {
  for (int m = 0; m < MARKOV_ORDERS; m++) count[m] = counter_new(entries(m));
}

static void counts_free(Counts count) {
  for (int m = 0; m < MARKOV_ORDERS; m++) counter_free(&count[m]);
}

size_t markov_memory(uint64_t bases) {
  Counts count;
  alloc_count_begin();
  counts_new(count);
  for (int m = 0; bases > UINT32_MAX / 2 && m < MARKOV_ORDERS; m++) counter_widen(&count[m]);
  counts_free(count);
  return alloc_count_end();
}

/* The order that has all bases of the segment but the last one as its context. */
static int longest_order(const Tokenizer *tokenizer) {
  return MARKOV_ORDERS - 1 - tokenizer->missing;
}

/* Counts the longest k-mers of a strand, and the shorter ones that begin its segments. */
static void count_strand(Counts count, Span span, bool reversed) {
  SegmentCursor cursor = {0};
  Segment segment;
  while (segments_next(&span, &cursor, &segment)) {
    Tokenizer tokenizer = tokenizer_new(MARKOV_ORDERS, 1, reversed);
    for (uint64_t i = 0; i < segment.length; i++) {
      const uint64_t at = reversed ? segment.length - 1 - i : i;
      tokenizer_base(&tokenizer, corpus_base(span.corpus, segment.start + at));
      counter_add(&count[longest_order(&tokenizer)], (size_t)tokenizer.kmer, 1);
    }
  }
}

/* Every (m+1)-mer that does not start a segment ends an (m+2)-mer: so from the longest down. */
static void count_shorter(Counts count) {
  for (int m = MARKOV_ORDERS - 2; m >= 0; m--)
    for (size_t x = 0; x < entries(m + 1); x++)
      counter_add(&count[m], x & (entries(m) - 1), counter_get(&count[m + 1], x));
}

/* -log2 of the probability that order m gives the last base of the (m+1)-mer x. */
static double bits(Counts count, int m, int x) {
  const size_t first = (size_t)(x & ~3);
  double all = 0;
  for (size_t base = 0; base < 4; base++) all += (double)counter_get(&count[m], first + base);
  return log2((all + 4) / ((double)counter_get(&count[m], (size_t)x) + 1));
}

/* Adds the bits of each order for the last base. */
static void add_bits(Markov *markov, Counts count, const Tokenizer *tokenizer) {
  const int longest = longest_order(tokenizer);
  for (int m = 0; m < MARKOV_ORDERS; m++) {
    const int order = m < longest ? m : longest;
    markov->bits_per_base[m] += bits(count, order, tokenizer->kmer & (kmer_count(order + 1) - 1));
  }
}

static Markov score_span(Counts count, Span span, int k, int s) {
  Markov markov = {{0}, 0};
  SegmentCursor cursor = {0};
  Segment segment;
  while (segments_next(&span, &cursor, &segment)) {
    const uint64_t tokens = segment_tokens(&segment, k, s);
    const uint64_t end = tokens > 0 ? (uint64_t)k + tokens * (uint64_t)s : 0;
    Tokenizer tokenizer = tokenizer_new(MARKOV_ORDERS, 1, false);
    for (uint64_t i = 0; i < end; i++) {
      tokenizer_base(&tokenizer, corpus_base(span.corpus, segment.start + i));
      if (i >= (uint64_t)k) add_bits(&markov, count, &tokenizer);
    }
  }
  const double bases = (double)span_tokens(&span, k, s) * s;
  for (int m = 0; m < MARKOV_ORDERS; m++) {
    markov.bits_per_base[m] = bases > 0 ? markov.bits_per_base[m] / bases : NAN;
    if (markov.bits_per_base[m] < markov.bits_per_base[markov.best]) markov.best = m;
  }
  return markov;
}

Markov markov_score(Span train, Span valid, int k, int s, Strands strands) {
  Counts count;
  counts_new(count);
  count_strand(count, train, false);
  if (strands == STRANDS_BOTH) count_strand(count, train, true);
  count_shorter(count);
  Markov markov = score_span(count, valid, k, s);
  counts_free(count);
  return markov;
}
