#include "sequence/markov.h"

#include "base/alloc.h"
#include "sequence/tokenizer.h"

#include <math.h>
#include <stdlib.h>

enum {
  AHEAD = 64,                             /* k-mers */
  ENDS = 16,                              /* k-mers of 2 bases */
  MIDDLES = 1 << 2 * (MARKOV_ORDERS - 4), /* of the bases between the first 2 and the last 2 */
  STRETCHES = 1024,                       /* of a sample */
  SCORE_WORK = 16,                        /* cost of scoring a base, in counted bases */
  LOW_ORDERS = 8                          /* their tables take 0.7 MB together */
};

/* count[m][x] is the count of the (m+1)-mer x, whose first m bases are the context. 32 bits are
 * enough for both strands of a sample. */
typedef uint32_t *Counts[MARKOV_ORDERS];

static size_t entries(int m) { return (size_t)kmer_count(m + 1); }

static void counts_new(Counts count) {
  for (int m = 0; m < MARKOV_ORDERS; m++) count[m] = alloc_numbers(entries(m), sizeof *count[m]);
}

static void counts_free(Counts count) {
  for (int m = 0; m < MARKOV_ORDERS; m++) free(count[m]);
}

/* The order for which all bases of the segment but the last one are the context. */
static int longest_order(const Tokenizer *tokenizer) {
  return MARKOV_ORDERS - 1 - tokenizer->missing;
}

/* Counts the shorter k-mers at the beginning of a segment, or of its other strand. */
static void count_begin(Counts count, const Corpus *corpus, const Segment *segment, bool reversed) {
  Tokenizer tokenizer = tokenizer_new(MARKOV_ORDERS, 1, reversed);
  for (uint64_t i = 0; i < segment->length && i < MARKOV_ORDERS - 1; i++) {
    const uint64_t at = reversed ? segment->length - 1 - i : i;
    tokenizer_base(&tokenizer, corpus_base(corpus, segment->start + at));
    count[longest_order(&tokenizer)][tokenizer.kmer]++;
  }
}

/* ---- progress ------------------------------------------------------------------------------- */

/* The progress of counting and scoring. Scoring a base takes as long as counting SCORE_WORK
 * bases. */
typedef struct {
  const Watch *watch;
  double all, done; /* all work, and work done, in counted bases */
  uint64_t bases;   /* read so far */
} Work;

static Work work_new(const Watch *watch, const Span *train, const Span *valid) {
  const double counted = (double)span_bases(train), scored = (double)span_bases(valid);
  return (Work){.watch = watch, .all = counted + SCORE_WORK * scored};
}

static void work_add(Work *work, const Segment *segment, int weight) {
  work->bases += segment->length;
  work->done += weight * (double)segment->length;
  watch_see(work->watch, work->done / work->all, work->bases);
}

/* ---- counting ------------------------------------------------------------------------------- */

/* Counts the longest k-mers of a segment. Their counts take 64 MB, so each count is prefetched
 * AHEAD k-mers before it is needed. */
static void count_longest(uint32_t *count, const Corpus *corpus, const Segment *segment) {
  size_t waiting[AHEAD] = {0}, kmer = 0, n = 0;
  for (uint64_t i = 0; i < segment->length; i++) {
    kmer = (kmer << 2 | (size_t)corpus_base(corpus, segment->start + i)) &
           (entries(MARKOV_ORDERS - 1) - 1);
    if (i < MARKOV_ORDERS - 1) continue;
    size_t *place = &waiting[n++ % AHEAD];
    if (n > AHEAD) count[*place]++;
    *place = kmer;
    __builtin_prefetch(&count[kmer], 1);
  }
  for (size_t i = 0; i < n && i < AHEAD; i++) count[waiting[i]]++;
}

static size_t reverse_complement(size_t kmer, int k) {
  size_t other = 0;
  for (int i = 0; i < k; i++, kmer >>= 2) other = other << 2 | (3 - (kmer & 3));
  return other;
}

/* The other strand is counted like a transposition of the table, by tiles that fit into the cache:
 * the first two bases of a k-mer, and its last two, are the last and the first of its reverse
 * complement. */

/* The number of a k-mer in that order: by middle, first and last bases. */
static size_t turn(size_t x) {
  return (x / ENDS % MIDDLES * ENDS + x / (ENDS * MIDDLES)) * ENDS + x % ENDS;
}

/* Adds the counts of a k-mer and of its reverse complement to each other, unless this was already
 * done when the reverse complement was visited. */
static void add_complement(uint32_t *count, size_t x) {
  const size_t other = reverse_complement(x, MARKOV_ORDERS);
  const uint32_t n = count[x], n_other = count[other];
  if (turn(other) < turn(x) && n_other > 0) return;
  count[other] += n;
  if (other != x) count[x] += n_other;
}

/* Adds the longest k-mers of the other strand. */
static void add_other_strand(uint32_t *count) {
  for (size_t middle = 0; middle < MIDDLES; middle++)
    for (size_t first = 0; first < ENDS; first++)
      for (size_t last = 0; last < ENDS; last++) {
        const size_t x = (first * MIDDLES + middle) * ENDS + last;
        if (count[x] > 0) add_complement(count, x);
      }
}

static void count_span(Counts count, Span span, Strands strands, Work *work) {
  uint32_t *longest = count[MARKOV_ORDERS - 1];
  SegmentCursor cursor = {0};
  Segment segment;
  while (segments_next(&span, &cursor, &segment)) {
    count_begin(count, span.corpus, &segment, false);
    if (strands == STRANDS_BOTH) count_begin(count, span.corpus, &segment, true);
    count_longest(longest, span.corpus, &segment);
    work_add(work, &segment, 1);
  }
  if (strands == STRANDS_BOTH) add_other_strand(longest);
}

/* Derives shorter counts from longer ones: every (m+1)-mer not at the start of a segment ends an
 * (m+2)-mer. */
static void count_shorter(Counts count) {
  for (int m = MARKOV_ORDERS - 2; m >= 0; m--)
    for (size_t x = 0; x < entries(m + 1); x++) count[m][x & (entries(m) - 1)] += count[m + 1][x];
}

/* ---- scoring -------------------------------------------------------------------------------- */

/* -log2 of the probability of order m for the last base of the (m+1)-mer x. */
static double bits(const Counts count, int m, size_t x) {
  const size_t first = x & ~(size_t)3;
  double all = 0;
  for (size_t base = 0; base < 4; base++) all += count[m][first + base];
  return log2((all + 4) / ((double)count[m][x] + 1));
}

/* Tables of the bits of low orders, (entries(m)) each. */
typedef struct {
  double *of[LOW_ORDERS];
} LowBits;

static LowBits low_bits_new(const Counts count) {
  LowBits low;
  for (int m = 0; m < LOW_ORDERS; m++) {
    low.of[m] = alloc_new(entries(m), sizeof(double));
    for (size_t x = 0; x < entries(m); x++) low.of[m][x] = bits(count, m, x);
  }
  return low;
}

static void low_bits_free(LowBits *low) {
  for (int m = 0; m < LOW_ORDERS; m++) free(low->of[m]);
}

/* Adds the bits of each order for the last base. */
static void add_bits(Markov *markov, const Counts count, const LowBits *low,
                     const Tokenizer *tokenizer) {
  const int longest = longest_order(tokenizer);
  for (int m = 0; m < MARKOV_ORDERS; m++) {
    const int order = m < longest ? m : longest;
    const size_t x = (size_t)tokenizer->kmer & (entries(order) - 1);
    markov->bits_per_base[m] += order < LOW_ORDERS ? low->of[order][x] : bits(count, order, x);
  }
}

static Markov score_span(const Counts count, Span span, const MarkovWish *wish, Work *work) {
  const int k = wish->k, s = wish->s;
  LowBits low = low_bits_new(count);
  Markov markov = {{0}, 0};
  SegmentCursor cursor = {0};
  Segment segment;
  while (segments_next(&span, &cursor, &segment)) {
    const uint64_t tokens = segment_tokens(&segment, k, s);
    const uint64_t end = tokens > 0 ? (uint64_t)k + tokens * (uint64_t)s : 0;
    Tokenizer tokenizer = tokenizer_new(MARKOV_ORDERS, 1, false);
    for (uint64_t i = 0; i < end; i++) {
      tokenizer_base(&tokenizer, corpus_base(span.corpus, segment.start + i));
      if (i >= (uint64_t)k) add_bits(&markov, count, &low, &tokenizer);
    }
    work_add(work, &segment, SCORE_WORK);
  }
  low_bits_free(&low);
  const double bases = (double)span_tokens(&span, k, s) * s;
  for (int m = 0; m < MARKOV_ORDERS; m++) {
    markov.bits_per_base[m] = bases > 0 ? markov.bits_per_base[m] / bases : NAN;
    if (markov.bits_per_base[m] < markov.bits_per_base[markov.best]) markov.best = m;
  }
  return markov;
}

size_t markov_memory(void) {
  Counts count;
  alloc_count_begin();
  counts_new(count);
  counts_free(count);
  return alloc_count_end();
}

/* The bases of a span to count, as a new span. */
static Span choose_sample(const Span *span, uint64_t most) {
  return span_bases(span) <= most ? span_head(span, most)
                                  : span_sample(span, STRETCHES, most / STRETCHES);
}

Markov markov_score(Span train, Span valid, MarkovWish wish) {
  Counts count;
  Span sample = choose_sample(&train, wish.most);
  Work work = work_new(&wish.watch, &sample, &valid);
  counts_new(count);
  count_span(count, sample, wish.strands, &work);
  count_shorter(count);
  Markov markov = score_span(count, valid, &wish, &work);
  counts_free(count);
  span_free(&sample);
  return markov;
}
