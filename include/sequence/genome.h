/* genome: a reference sequence in memory: the bases of files, at 2 bits each, and the names and
 * places of their records. */
#ifndef GENOME_H
#define GENOME_H

#include "sequence/corpus.h"

typedef struct {
  Corpus *corpus;
  Records *records; /* of the whole corpus, including those without bases */
} Genome;

Genome genome_new(void);
void genome_free(Genome *genome);

/* Appends the records of a file ("-": standard input). Circles are read as linear records. */
int genome_read(Genome *genome, const char *path, SeqNotes *notes, Why *why);

/* Called once all files are read, before the first genome_find. */
void genome_end(Genome *genome);

/* The number of records with this name; sets *record to the first of them. */
size_t genome_find(const Genome *genome, const char *name, const Record **record);

/* The name of a record, borrowed. */
const char *genome_name(const Genome *genome, const Record *record);

/* The segment that contains this letter of the record, counted from 0; NULL: the letter is
 * ambiguous or beyond the end. */
const RecordSegment *genome_segment(const Genome *genome, const Record *record, uint64_t letter);

/* The base at a letter, 0..3, or KMER_BREAK if no segment contains it. */
int genome_base(const Genome *genome, const Record *record, uint64_t letter);

/* One strand of a segment, whose bases are counted from its own beginning. */
typedef struct {
  const Corpus *corpus;
  uint64_t start, length; /* of the segment, in the corpus */
  bool reversed;          /* read as reverse complement */
} GenomeStrand;

static inline int genome_strand_base(const GenomeStrand *strand, uint64_t i) {
  return strand->reversed ? 3 - corpus_base(strand->corpus, strand->start + strand->length - 1 - i)
                          : corpus_base(strand->corpus, strand->start + i);
}

#endif
