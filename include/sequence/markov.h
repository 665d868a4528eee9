/* markov: the baseline. The order-m Markov model counts how often each base follows each m-mer, on
 * the strands of the training span that the network reads, and predicts (count + 1) / (all four
 * counts + 4).
 *
 * It is scored on the very bases that the network is scored on: in every segment those after the
 * first k, as many as make whole strides of s. Where a segment has fewer than m bases before a
 * base, the order is as many as there are. An RNN that does not beat it is not worth having. */
#ifndef MARKOV_H
#define MARKOV_H

#include "base/watch.h"
#include "sequence/kmer.h"
#include "sequence/span.h"

enum {
  MARKOV_ORDERS = 12,     /* m = 0..11 */
  MARKOV_SAMPLE = 1 << 29 /* bases */
};

typedef struct {
  int k, s;
  Strands strands;
  uint64_t most; /* bases: of a longer training span so many are counted, in 1024 stretches that are
                    spread evenly */
  Watch watch;
} MarkovWish;

typedef struct {
  double bits_per_base[MARKOV_ORDERS]; /* on the validation span; NAN where it has no tokens */
  int best;                            /* the order with the fewest */
} Markov;

static inline double markov_bits(const Markov *markov) { /* of the best order */
  return markov->bits_per_base[markov->best];
}

size_t markov_memory(void); /* the most bytes that markov_score holds */

Markov markov_score(Span train, Span valid, MarkovWish wish);

#endif
