/* markov: the baseline. The order-m Markov model counts how often each base follows each m-mer on
 * the strands of the training span that the network reads. It predicts (count + 1) / (sum of the
 * four counts + 4), which is Laplace's rule of succession.
 *
 * It is scored on exactly the bases on which the network is scored: in every segment, the bases
 * after the first k, in whole strides of s. If fewer than m bases come before a base in its
 * segment, the order for this base is their number. An RNN that does not beat this model is of no
 * use. */
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
  uint64_t most; /* bases to count at most; in a longer training span, 1024 evenly spread stretches
                    are counted */
  Watch watch;
} MarkovWish;

typedef struct {
  double bits_per_base[MARKOV_ORDERS]; /* on the validation span; NAN if it has no tokens */
  int best;                            /* the order with the fewest bits */
} Markov;

static inline double markov_bits(const Markov *markov) { /* bits per base of the best order */
  return markov->bits_per_base[markov->best];
}

size_t markov_memory(void); /* the largest memory of markov_score, in bytes */

/* Counts on the training span and scores the validation span. Both are borrowed. */
Markov markov_score(Span train, Span valid, MarkovWish wish);

#endif
