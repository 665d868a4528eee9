#include "sequence/genome.h"

#include "base/search.h"

#include <string.h>

Genome genome_new(void) {
  Genome genome = {.corpus = corpus_new(), .records = records_new()};
  genome.records->all = true;
  return genome;
}

void genome_free(Genome *genome) {
  corpus_free(genome->corpus);
  records_free(genome->records);
}

int genome_read(Genome *genome, const char *path, SeqNotes *notes, Why *why) {
  const Reading reading = {.records = genome->records};
  SeqCounts counts;
  if (corpus_read(genome->corpus, path, &reading, &counts, why) != 0) return -1;
  *notes = counts.notes;
  return 0;
}

void genome_end(Genome *genome) {
  corpus_trim(genome->corpus);
  records_sort(genome->records);
}

size_t genome_find(const Genome *genome, const char *name, const Record **record) {
  const size_t *found;
  const size_t n = records_named(genome->records, name, strlen(name), &found);
  if (n > 0) *record = &genome->records->record[*found];
  return n;
}

const char *genome_name(const Genome *genome, const Record *record) {
  return genome->records->names + record->name;
}

const RecordSegment *genome_segment(const Genome *genome, const Record *record, uint64_t letter) {
  if (record->segments == 0) return NULL;
  const RecordSegment *first = &genome->records->segment[record->first_segment];
  const RecordSegment *segment =
      first + search_last(&first->position, record->segments, sizeof *first, letter);
  const bool inside = letter >= segment->position && letter - segment->position < segment->length;
  return inside ? segment : NULL;
}

int genome_base(const Genome *genome, const Record *record, uint64_t letter) {
  const RecordSegment *segment = genome_segment(genome, record, letter);
  if (!segment) return KMER_BREAK;
  return corpus_base(genome->corpus, segment->start + (letter - segment->position));
}
