#include "corpus.h"

#include "alloc.h"
#include "kmer.h"
#include "seqfile.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- N50 ------------------------------------------------------------------------------------ */

/* How many records have each length: reads have few lengths, chromosomes are few. */
enum { SHORT = 1 << 14 };
typedef struct {
  uint64_t shorter[SHORT]; /* records of each length below SHORT */
  uint64_t *longer;        /* the other lengths */
  size_t n_longer, room;
} Lengths;

static void lengths_add(Lengths *lengths, uint64_t length) {
  if (length < SHORT) {
    lengths->shorter[length]++;
    return;
  }
  if (lengths->n_longer == lengths->room)
    lengths->longer = alloc_resize(lengths->longer, lengths->room = 2 * lengths->room + 16, 8);
  lengths->longer[lengths->n_longer++] = length;
}

static int descending(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? 1 : x > y ? -1 : 0;
}

/* The largest length such that records at least that long hold half of all letters. */
static uint64_t lengths_n50(Lengths *lengths, uint64_t letters) {
  uint64_t sum = 0;
  if (lengths->n_longer > 0) qsort(lengths->longer, lengths->n_longer, 8, descending);
  for (size_t i = 0; i < lengths->n_longer; i++)
    if (2 * (sum += lengths->longer[i]) >= letters) return lengths->longer[i];
  for (uint64_t length = SHORT - 1; length > 0; length--)
    if (2 * (sum += length * lengths->shorter[length]) >= letters && sum > 0) return length;
  return 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

Corpus *corpus_new(void) { return alloc_new(1, sizeof(Corpus)); }

void corpus_free(Corpus *corpus) {
  if (!corpus) return;
  free(corpus->packed), free(corpus->lengths), free(corpus);
}

static void push_base(Corpus *corpus, int base) {
  size_t byte = (size_t)(corpus->bases / 4);
  if (byte >= corpus->packed_room) {
    corpus->packed_room += corpus->packed_room / 2 + 4096;
    corpus->packed = alloc_resize(corpus->packed, corpus->packed_room, 1);
  }
  int shift = 2 * (int)(corpus->bases++ % 4);
  if (shift == 0) corpus->packed[byte] = 0;
  corpus->packed[byte] = (uint8_t)(corpus->packed[byte] | base << shift);
}

static void push_length(Corpus *corpus, uint64_t length) {
  if (corpus->lengths_size + 10 > corpus->lengths_room) {
    corpus->lengths_room += corpus->lengths_room / 2 + 64;
    corpus->lengths = alloc_resize(corpus->lengths, corpus->lengths_room, 1);
  }
  for (; length >= 128; length >>= 7)
    corpus->lengths[corpus->lengths_size++] = (uint8_t)(length | 128);
  corpus->lengths[corpus->lengths_size++] = (uint8_t)length;
}

static void end_segment(Corpus *corpus, SeqCounts *counts, uint64_t *run) {
  if (*run == 0) return;
  push_length(corpus, *run);
  counts->segments++;
  *run = 0;
}

/* Appends the letters of the record that the file stands at. */
static int read_record(Corpus *corpus, SeqFile *file, SeqCounts *counts, uint64_t *letters,
                       Why *why) {
  char buffer[1 << 14];
  uint64_t run = 0;
  ptrdiff_t n;
  *letters = 0;
  while ((n = seqfile_read(file, buffer, sizeof buffer, why)) > 0) {
    *letters += (uint64_t)n;
    for (ptrdiff_t i = 0; i < n; i++) {
      unsigned char letter = (unsigned char)buffer[i];
      int base = kmer_base(letter);
      counts->letter[letter]++;
      if (base < KMER_BREAK)
        push_base(corpus, base), run++;
      else
        end_segment(corpus, counts, &run);
    }
  }
  end_segment(corpus, counts, &run);
  return (int)n;
}

int corpus_read(Corpus *corpus, const char *path, SeqCounts *counts, Why *why) {
  memset(counts, 0, sizeof *counts);
  SeqFile *file = seqfile_open(path, why);
  if (!file) return -1;
  Lengths *lengths = alloc_new(1, sizeof *lengths);
  uint64_t letters;
  int more;
  while ((more = seqfile_next(file, why)) > 0) {
    if ((more = read_record(corpus, file, counts, &letters, why)) < 0) break;
    counts->records++;
    lengths_add(lengths, letters);
    if (letters > counts->longest) counts->longest = letters;
  }
  counts->n50 = lengths_n50(lengths, counts_letters(counts));
  counts->bytes = seqfile_bytes(file), counts->crc32 = seqfile_crc32(file);
  free(lengths->longer), free(lengths);
  seqfile_close(file);
  return more;
}

void corpus_trim(Corpus *corpus) {
  corpus->packed_room = (size_t)(corpus->bases / 4 + 1);
  corpus->packed = alloc_resize(corpus->packed, corpus->packed_room, 1);
  corpus->lengths_room = corpus->lengths_size;
  corpus->lengths = alloc_resize(corpus->lengths, corpus->lengths_room, 1);
}

size_t corpus_memory(const Corpus *corpus) { return corpus->packed_room + corpus->lengths_room; }

/* ---- spans and segments --------------------------------------------------------------------- */

Span corpus_all(const Corpus *corpus) { return (Span){corpus, 0, corpus->bases}; }

void corpus_split(const Corpus *corpus, double fraction, Span *first, Span *last) {
  uint64_t cut = corpus->bases - (uint64_t)((double)corpus->bases * fraction);
  *first = (Span){corpus, 0, cut};
  *last = (Span){corpus, cut, corpus->bases};
}

SegmentCursor segments_begin(void) { return (SegmentCursor){0, 0}; }

int segments_next(const Span *span, SegmentCursor *cursor, Segment *segment) {
  const Corpus *corpus = span->corpus;
  while (cursor->offset < corpus->lengths_size && cursor->base < span->end) {
    uint64_t length = 0, begin = cursor->base;
    for (int shift = 0;; shift += 7) {
      uint8_t byte = corpus->lengths[cursor->offset++];
      length |= (uint64_t)(byte & 127) << shift;
      if (byte < 128) break;
    }
    uint64_t end = cursor->base = begin + length;
    if (begin < span->begin) begin = span->begin;
    if (end > span->end) end = span->end;
    if (begin >= end) continue;
    *segment = (Segment){begin, end - begin};
    return 1;
  }
  return 0;
}

/* ---- counts --------------------------------------------------------------------------------- */

uint64_t counts_base(const SeqCounts *counts, int base) {
  uint64_t sum = 0;
  for (int letter = 0; letter < 256; letter++)
    if (counts->letter[letter] > 0 && kmer_base((unsigned char)letter) == base)
      sum += counts->letter[letter];
  return sum;
}

uint64_t counts_ambiguous(const SeqCounts *counts) { return counts_base(counts, KMER_BREAK); }

uint64_t counts_lowercase(const SeqCounts *counts) {
  uint64_t sum = 0;
  for (int letter = 'a'; letter <= 'z'; letter++) sum += counts->letter[letter];
  return sum;
}

uint64_t counts_letters(const SeqCounts *counts) {
  uint64_t sum = 0;
  for (int letter = 0; letter < 256; letter++) sum += counts->letter[letter];
  return sum;
}
