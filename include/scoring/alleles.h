/* alleles: the loss of alleles, which replace some bases of a sequence.
 *
 * An allele is read on one strand of its segment, from the first token that adds one of its bases
 * to the token that adds the last of the `window` bases behind it. The state before these tokens
 * comes from a chain over the sequence as it is. Chains belong to tiles of ALLELES_TILE tokens,
 * counted from the beginning of the strand: that of a tile starts from zero ALLELES_TILE tokens
 * before the tile, or where the strand begins. So the loss of an allele depends on its place and on
 * nothing else, and the alleles of a tile share one chain.
 *
 * Chains, and then alleles, are computed side by side by products that work row by row: the result
 * is the same for any company and any number of threads. */
#ifndef ALLELES_H
#define ALLELES_H

#include "model/model.h"
#include "sequence/genome.h"

enum { ALLELES_TILE = 1 << 10 }; /* tokens */

typedef struct {
  const RecordSegment *segment;
  uint64_t at;          /* the first base that it replaces, counted from that of the segment */
  uint64_t replaced;    /* so many */
  const uint8_t *bases; /* (n) 0..3, as the segment is stored */
  uint32_t n;
  bool reversed; /* it is read on the reverse complement */
  /* The result: */
  uint32_t tokens; /* 0: it has fewer than k bases before it, or too few behind it for a stride */
  double nats;     /* the sum of their J */
} Allele;

typedef struct Alleles Alleles;

/* The model is borrowed. window: bases behind an allele, fewer where its segment ends. */
Alleles *alleles_new(const Model *model, uint32_t window, int threads, const Kernels *kernels);
void alleles_free(Alleles *alleles);

/* Computes the results of alleles (n) in segments of a corpus. */
void alleles_run(Alleles *alleles, const Corpus *corpus, Allele *allele, size_t n);

/* The bases of its tokens. */
uint64_t alleles_bases(const Alleles *alleles, const Allele *allele);

#endif
