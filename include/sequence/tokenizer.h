/* tokenizer: bases to tokens.
 *
 * A token is a k-mer x and the k-mer y that ends s bases after it. A segment of n bases has (n-k)/s
 * tokens with a y; its last k-mer is one more token, without a y. Training, validation, prediction,
 * prompts and the Markov counts all read their k-mers here. The functions are in the header because
 * they are called for each base. */
#ifndef TOKENIZER_H
#define TOKENIZER_H

#include "sequence/kmer.h"

#include <stdbool.h>

typedef struct {
  int k, s, mask;
  bool reversed; /* bases come from the end of a sequence, and the complement of each is read */
  int kmer;      /* the last k bases, or the bases since the break if they are fewer */
  int missing;   /* bases until the next k-mer ends */
  int next;      /* the last k-mer, which has no y yet; -1: none since the break */
  bool first;    /* next is the first of its segment */
  /* The current token: */
  int x, y;     /* y is -1: the segment ended */
  bool restart; /* x is the first of its segment */
} Tokenizer;

/* Reads a break, which ends the segment. True if its last k-mer, without a y, is a token. */
static inline bool tokenizer_break(Tokenizer *t) {
  t->x = t->next;
  t->y = -1;
  t->restart = t->first;
  t->kmer = 0;
  t->missing = t->k;
  t->next = -1;
  return t->x >= 0;
}

/* Reads the next base, 0..3. True if it completes a k-mer and thus the token of the previous
 * one. */
static inline bool tokenizer_base(Tokenizer *t, int base) {
  if (t->missing == 0) t->missing = t->s;
  t->kmer = (t->kmer << 2 | (t->reversed ? 3 - base : base)) & t->mask;
  if (--t->missing > 0) return false;
  t->x = t->next;
  t->y = t->next = t->kmer;
  t->restart = t->first;
  t->first = t->x < 0;
  return t->x >= 0;
}

static inline Tokenizer tokenizer_new(int k, int s, bool reversed) {
  return (Tokenizer){
      .k = k, .s = s, .mask = kmer_count(k) - 1, .reversed = reversed, .missing = k, .next = -1};
}

#endif
