#include "prediction/variants.h"

#include "base/alloc.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 1 << 14, BYTES_MAX = 1 << 26 }; /* variants; bytes that end a batch */

Variants *variants_new(VarFile *file, const Genome *genome, Alleles *alleles, int strands) {
  Variants *v = alloc_new(1, sizeof *v);
  v->file = file;
  v->genome = genome;
  v->alleles = alleles;
  v->strands = strands;
  v->variant = alloc_new(BATCH, sizeof *v->variant);
  v->more = 1;
  return v;
}

void variants_free(Variants *v) {
  if (!v) return;
  for (size_t i = 0; i < BATCH; i++) {
    varfile_clear(&v->variant[i].record);
    free(v->variant[i].bases);
  }
  free(v->variant);
  free(v->entry);
  free(v->allele);
  free(v);
}

/* ---- kinds of alleles ------------------------------------------------------------------------ */

static VariantSkip kind_of_letters(const char *letters) {
  VariantSkip kind = VARIANTS_NONE;
  for (; *letters; letters++) {
    const int base = kmer_base((unsigned char)*letters);
    if (base == KMER_INVALID || !isalpha((unsigned char)*letters)) return VARIANTS_SYMBOLIC;
    if (base == KMER_BREAK) kind = VARIANTS_AMBIGUOUS;
  }
  return kind;
}

/* The reason why an allele cannot be scored, judged by its text. */
static VariantSkip kind_of(const char *allele) {
  const size_t n = strlen(allele);
  if (n == 0 || strcmp(allele, ".") == 0) return VARIANTS_MISSING;
  if (strcmp(allele, "*") == 0) return VARIANTS_STAR;
  if (*allele == '<') return VARIANTS_SYMBOLIC;
  if (strpbrk(allele, "[]") || *allele == '.' || allele[n - 1] == '.') return VARIANTS_BREAKEND;
  const VariantSkip kind = kind_of_letters(allele);
  return kind == VARIANTS_NONE && n > VARIANTS_LONGEST ? VARIANTS_LONG : kind;
}

/* ---- the reference -------------------------------------------------------------------------- */

static int find_record(const Variants *v, const VarRecord *variant, const Record **record,
                       Why *why) {
  const size_t n = genome_find(v->genome, variant->name, record);
  if (n == 1) return 0;
  if (n > 1)
    return varfile_fail(v->file, variant, why,
                        "'%.100s' is in the reference %zu times; keep one of them", variant->name,
                        n);
  return varfile_fail(v->file, variant, why,
                      "'%.100s' is not in the reference; give the FASTA file on which these "
                      "variants were called, or rename with bcftools annotate --rename-chrs",
                      variant->name);
}

/* Compares REF with the reference; sets *skip to the reason why the variant cannot be scored. */
static int check_reference(const Variants *v, const VarRecord *variant, const Record *record,
                           VariantSkip *skip, Why *why) {
  const char *ref = *variant->allele;
  const uint64_t begin = (uint64_t)variant->position - 1;
  *skip = kind_of(ref);
  if (variant->position < 1) {
    *skip = VARIANTS_CONTEXT; /* a telomere */
    return 0;
  }
  if (begin + strlen(ref) > record->letters)
    return varfile_fail(v->file, variant, why,
                        "%.100s:%" PRId64 " is beyond the end of the reference, which has %" PRIu64
                        " bases there; give the FASTA file on which these variants were called",
                        variant->name, variant->position, record->letters);
  for (uint64_t i = 0; ref[i] && (*skip == VARIANTS_NONE || *skip == VARIANTS_LONG); i++) {
    const int base = genome_base(v->genome, record, begin + i);
    if (base == KMER_BREAK)
      *skip = VARIANTS_AMBIGUOUS;
    else if (base != kmer_base((unsigned char)ref[i]))
      return varfile_fail(v->file, variant, why,
                          "REF has %c at %.100s:%" PRIu64 ", and the reference has %c; give the "
                          "FASTA file on which these variants were called",
                          ref[i], variant->name, begin + i + 1, "ACGT"[base]);
  }
  return 0;
}

/* ---- a variant ------------------------------------------------------------------------------ */

static void add_entry(Variants *v, VariantSkip skip) {
  v->entry = alloc_grow(v->entry, &v->entry_room, v->entries + 1, sizeof *v->entry);
  v->entry[v->entries++] = (VariantEntry){skip, v->n_alleles};
}

static void add_allele(Variants *v, Allele allele) {
  for (int strand = 0; strand < v->strands; strand++) {
    v->allele = alloc_grow(v->allele, &v->allele_room, v->n_alleles + 1, sizeof *v->allele);
    allele.reversed = strand == 1;
    v->allele[v->n_alleles++] = allele;
  }
}

/* Adds the alleles of a variant with their bases: REF, and the alleles of ALT that can be
 * scored. */
static void add_alleles(Variants *v, Variant *variant, const Record *record) {
  const VarRecord *of = &variant->record;
  const uint64_t letter = (uint64_t)of->position - 1, replaced = strlen(*of->allele);
  const RecordSegment *segment = genome_segment(v->genome, record, letter);
  size_t bases = 0;
  for (int i = 0; i < of->alleles; i++) bases += strlen(of->allele[i]);
  v->bytes += bases;
  variant->bases = alloc_new(bases, 1);
  uint8_t *to = variant->bases;
  for (int i = 0; i < of->alleles; i++) {
    VariantEntry *entry = &v->entry[variant->first + (size_t)i];
    const uint32_t n = (uint32_t)strlen(of->allele[i]);
    entry->allele = v->n_alleles;
    if (entry->skip != VARIANTS_NONE) continue;
    for (uint32_t j = 0; j < n; j++) to[j] = (uint8_t)kmer_base((unsigned char)of->allele[i][j]);
    add_allele(v, (Allele){.segment = segment,
                           .at = letter - segment->position,
                           .replaced = replaced,
                           .bases = to,
                           .n = n});
    to += n;
  }
}

/* Adds a variant that was read. */
static int add_variant(Variants *v, Variant *variant, Why *why) {
  const VarRecord *of = &variant->record;
  const Record *record;
  VariantSkip skip;
  bool any = false;
  if (find_record(v, of, &record, why) != 0) return -1;
  if (check_reference(v, of, record, &skip, why) != 0) return -1;
  variant->first = v->entries;
  add_entry(v, skip);
  for (int i = 1; i < of->alleles; i++) {
    const VariantSkip own = kind_of(of->allele[i]);
    add_entry(v, own != VARIANTS_NONE ? own : skip);
    any |= v->entry[v->entries - 1].skip == VARIANTS_NONE;
  }
  v->bytes += of->bytes;
  if (any) add_alleles(v, variant, record);
  return 0;
}

/* ---- batches -------------------------------------------------------------------------------- */

static void clear_batch(Variants *v) {
  for (size_t i = 0; i < v->n; i++) {
    free(v->variant[i].bases);
    v->variant[i].bases = NULL;
  }
  v->n = v->entries = v->n_alleles = v->bytes = 0;
}

static void read_batch(Variants *v) {
  while (v->more > 0 && v->n < BATCH && v->bytes < BYTES_MAX) {
    Variant *variant = &v->variant[v->n];
    v->more = varfile_read(v->file, &variant->record, &v->broken);
    if (v->more <= 0) return;
    if (add_variant(v, variant, &v->broken) != 0)
      v->more = -1;
    else
      v->n++;
  }
}

/* The reason why an allele has no score, including that it has no tokens. */
static VariantSkip skip_of(const Variants *v, const Variant *variant, int allele) {
  const VariantEntry *entry = &v->entry[variant->first + (size_t)allele];
  if (entry->skip != VARIANTS_NONE) return entry->skip;
  for (int strand = 0; strand < v->strands; strand++)
    if (variants_bases(v, variant, allele, strand) == 0 ||
        variants_bases(v, variant, 0, strand) == 0)
      return VARIANTS_CONTEXT;
  return VARIANTS_NONE;
}

static void count_skipped(Variants *v) {
  for (size_t i = 0; i < v->n; i++) {
    const Variant *variant = &v->variant[i];
    v->skipped[VARIANTS_MISSING] += variant->record.alleles == 1;
    for (int j = 1; j < variant->record.alleles; j++) v->skipped[skip_of(v, variant, j)]++;
  }
}

int variants_next(Variants *v, Why *why) {
  clear_batch(v);
  read_batch(v);
  if (v->n == 0) {
    if (v->more < 0) *why = v->broken;
    return v->more;
  }
  alleles_run(v->alleles, v->genome->corpus, v->allele, v->n_alleles);
  count_skipped(v);
  return 1;
}

/* ---- results -------------------------------------------------------------------------------- */

/* The scored allele; NULL: not scored. */
static const Allele *scored(const Variants *v, const Variant *variant, int allele, int strand) {
  const VariantEntry *entry = &v->entry[variant->first + (size_t)allele];
  if (entry->skip != VARIANTS_NONE || !variant->bases) return NULL;
  const Allele *found = &v->allele[entry->allele + (size_t)strand];
  return found->tokens > 0 ? found : NULL;
}

double variants_bits(const Variants *v, const Variant *variant, int allele, int strand) {
  const Allele *found = scored(v, variant, allele, strand);
  return found ? found->nats * M_LOG2E : NAN;
}

uint64_t variants_bases(const Variants *v, const Variant *variant, int allele, int strand) {
  const Allele *found = scored(v, variant, allele, strand);
  return found ? alleles_bases(v->alleles, found) : 0;
}

double variants_difference(const Variants *v, const Variant *variant, int allele, int strand) {
  return variants_bits(v, variant, allele, strand) - variants_bits(v, variant, 0, strand);
}

double variants_mean_difference(const Variants *v, const Variant *variant, int allele) {
  return (variants_difference(v, variant, allele, 0) + variants_difference(v, variant, allele, 1)) /
         2;
}
