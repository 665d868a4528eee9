/* variants: the variants of a file, a batch at a time, and the losses of their alleles. */
#ifndef VARIANTS_H
#define VARIANTS_H

#include "io/varfile.h"
#include "scoring/alleles.h"

enum { VARIANTS_LONGEST = 10000 }; /* bases of an allele to score, at most */

/* The reasons why an allele has no score, as they follow their count in messages. */
// clang-format off
#define VARIANTS_SKIP_TABLE(ROW)                  \
  ROW(NONE,      "scored")                        \
  ROW(MISSING,   "missing")                       \
  ROW(STAR,      "*")                             \
  ROW(SYMBOLIC,  "symbolic")                      \
  ROW(BREAKEND,  "breakends")                     \
  ROW(AMBIGUOUS, "with ambiguous letters")        \
  ROW(LONG,      "longer than 10000 bases")       \
  ROW(CONTEXT,   "too near an end of a sequence")
// clang-format on

#define VARIANTS_SKIP_ENUM(NAME, text) VARIANTS_##NAME,
typedef enum { VARIANTS_SKIP_TABLE(VARIANTS_SKIP_ENUM) VARIANTS_SKIPS } VariantSkip;

/* A record, and the first of the entries of its alleles. */
typedef struct {
  VarRecord record;
  size_t first;
  uint8_t *bases; /* of its alleles */
} Variant;

typedef struct {
  VariantSkip skip;
  size_t allele; /* index of the allele on the first strand; that on the other strand is next */
} VariantEntry;

typedef struct {
  /* Borrowed: */
  VarFile *file;
  const Genome *genome;
  Alleles *alleles;
  int strands; /* 1 or 2 */
  /* The batch: */
  Variant *variant; /* (n) */
  size_t n;
  VariantEntry *entry; /* (entries) of the alleles, variant by variant */
  size_t entries, entry_room;
  Allele *allele; /* (n_alleles) the alleles to score */
  size_t n_alleles, allele_room;
  size_t bytes;                     /* of records and alleles */
  uint64_t skipped[VARIANTS_SKIPS]; /* in all batches; missing: records without an alternative */
  int more;                         /* 1: there may be more; 0: the file has ended; -1: broken */
  Why broken;
} Variants;

/* All pointers are borrowed. strands: 1 or 2. */
Variants *variants_new(VarFile *file, const Genome *genome, Alleles *alleles, int strands);
void variants_free(Variants *variants); /* NULL is allowed */

/* Reads and scores the next batch. Returns 1: there is one; 0: the file has ended; -1: an error,
 * once the variants before it have been returned. */
int variants_next(Variants *variants, Why *why);

/* The bits of an allele of a variant on a strand, and the number of bases that they cover. NaN and
 * 0: the allele has no score. */
double variants_bits(const Variants *variants, const Variant *variant, int allele, int strand);
uint64_t variants_bases(const Variants *variants, const Variant *variant, int allele, int strand);

/* The bits of an allele minus the bits of REF, on one strand or as the mean of both. NaN: no
 * score. */
double variants_difference(const Variants *variants, const Variant *variant, int allele,
                           int strand);
double variants_mean_difference(const Variants *variants, const Variant *variant, int allele);

#endif
