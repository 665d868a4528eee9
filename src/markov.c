#include "markov.h"

#include "alloc.h"
#include "kmer.h"

#include <math.h>
#include <stdlib.h>

/* count[m][x] is how often the (m+1)-mer x occurs: its first m bases are the context. */
typedef uint32_t *Counts[MARKOV_ORDERS];

static size_t entries(int m) { return (size_t)kmer_count(m + 1); }

size_t markov_memory(void) {
  size_t sum = 0;
  for (int m = 0; m < MARKOV_ORDERS; m++) sum += entries(m) * sizeof(uint32_t);
  return sum;
}

/* Counts stop at the largest number rather than start anew at 0. */
static uint32_t add(uint32_t a, uint32_t b) { return a > UINT32_MAX - b ? UINT32_MAX : a + b; }

/* Counts the longest k-mers, and where a segment begins the shorter ones that start it. */
static void count_span(Counts count, Span span) {
  const int longest = MARKOV_ORDERS - 1;
  SegmentCursor cursor = segments_begin();
  Segment segment;
  while (segments_next(&span, &cursor, &segment)) {
    int x = 0;
    for (uint64_t i = 0; i < segment.length; i++) {
      int m = i < (uint64_t)longest ? (int)i : longest;
      x = (x << 2 | corpus_base(span.corpus, segment.start + i)) & (kmer_count(longest + 1) - 1);
      count[m][x] = add(count[m][x], 1);
    }
  }
}

/* Every (m+1)-mer that does not start a segment ends an (m+2)-mer: so from the longest down. */
static void count_shorter(Counts count) {
  for (int m = MARKOV_ORDERS - 2; m >= 0; m--)
    for (size_t x = 0; x < entries(m + 1); x++) {
      uint32_t *shorter = &count[m][x & (entries(m) - 1)];
      *shorter = add(*shorter, count[m + 1][x]);
    }
}

/* Adds what the other strand holds: of each k-mer as many as there are of its complement. */
static void count_other_strand(Counts count) {
  for (int m = 0; m < MARKOV_ORDERS; m++)
    for (int x = 0; x < kmer_count(m + 1); x++) {
      if (count[m][x] == 0) continue; /* if its complement has any, that one sees to both */
      int other = kmer_reverse_complement(x, m + 1);
      if (other < x && count[m][other] > 0) continue; /* done */
      uint32_t both = add(count[m][x], count[m][other]);
      count[m][x] = count[m][other] = both;
    }
}

/* -log2 of the probability that order m gives the last base of the (m+1)-mer x. */
static double bits(Counts count, int m, int x) {
  const uint32_t *row = count[m] + (x & ~3);
  double all = (double)row[0] + row[1] + row[2] + row[3];
  return log2((all + 4) / ((double)count[m][x] + 1));
}

static Markov score_span(Counts count, Span span, int k, int s) {
  Markov markov = {{0}, 0};
  SegmentCursor cursor = segments_begin();
  Segment segment;
  uint64_t bases = 0;
  while (segments_next(&span, &cursor, &segment)) {
    if (segment.length < (uint64_t)k) continue;
    uint64_t end = segment.length - (segment.length - (uint64_t)k) % (uint64_t)s;
    int x = 0;
    for (uint64_t i = 0; i < end; i++) {
      x = (x << 2 | corpus_base(span.corpus, segment.start + i)) & (kmer_count(MARKOV_ORDERS) - 1);
      if (i < (uint64_t)k) continue;
      bases++;
      for (int m = 0; m < MARKOV_ORDERS; m++) {
        int order = i < (uint64_t)m ? (int)i : m;
        markov.bits_per_base[m] += bits(count, order, x & (kmer_count(order + 1) - 1));
      }
    }
  }
  for (int m = 0; m < MARKOV_ORDERS; m++) {
    markov.bits_per_base[m] = bases > 0 ? markov.bits_per_base[m] / (double)bases : NAN;
    if (markov.bits_per_base[m] < markov.bits_per_base[markov.best]) markov.best = m;
  }
  return markov;
}

Markov markov_score(Span train, Span valid, int k, int s) {
  Counts count;
  for (int m = 0; m < MARKOV_ORDERS; m++) count[m] = alloc_new(entries(m), sizeof **count);
  count_span(count, train);
  count_shorter(count);
  count_other_strand(count);
  Markov markov = score_span(count, valid, k, s);
  for (int m = 0; m < MARKOV_ORDERS; m++) free(count[m]);
  return markov;
}
