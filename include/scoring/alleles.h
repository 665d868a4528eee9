/* alleles: the loss of alleles, which replace some bases of a sequence.
 *
 * An allele is read on one strand of its segment, from the first token that adds one of its bases
 * to the token that adds the last of the `window` bases behind it. The state before these tokens
 * comes from a chain over the unchanged sequence. Chains belong to tiles of ALLELES_TILE tokens,
 * counted from the beginning of the strand. The chain of a tile starts with state zero,
 * ALLELES_TILE tokens before the tile or at the beginning of the strand. The loss of an allele thus
 * depends only on its place, and the alleles of a tile share one chain.
 *
 * Chains, and then alleles, are computed side by side by products that compute each row alone. The
 * result does not depend on the other alleles or on the number of threads. */
#ifndef ALLELES_H
#define ALLELES_H

#include "model/model.h"
#include "sequence/genome.h"

enum { ALLELES_TILE = 1 << 10 }; /* tokens */

typedef struct {
  const RecordSegment *segment;
  uint64_t at;          /* the first base that it replaces, counted from the first of the segment */
  uint64_t replaced;    /* number of replaced bases */
  const uint8_t *bases; /* (n) 0..3, as the segment is stored */
  uint32_t n;
  bool reversed; /* whether to read it on the reverse complement */
  /* The result: */
  uint32_t tokens; /* 0: fewer than k bases before it, or too few behind it for a stride */
  double nats;     /* the sum of J of the tokens */
} Allele;

typedef struct Alleles Alleles;

/* The model is borrowed. window: bases behind an allele to include, fewer at the end of a
 * segment. */
Alleles *alleles_new(const Model *model, uint32_t window, int threads, const Kernels *kernels);
void alleles_free(Alleles *alleles);

/* Computes the results of alleles (n) in segments of a corpus. */
void alleles_run(Alleles *alleles, const Corpus *corpus, Allele *allele, size_t n);

/* The number of bases that the tokens of an allele cover. */
uint64_t alleles_bases(const Alleles *alleles, const Allele *allele);

#endif
