/* corpus: all bases of the input, at 2 bits each, and the lengths of its segments.
 *
 * A segment is a maximal run of A, C, G, T within a record; in a circular record it continues past
 * the end. Segments are stored end to end, so only their lengths are kept, as varints (varint.h):
 * reads of 30 bases take 0.28 byte per base, a genome 0.25. */
#ifndef CORPUS_H
#define CORPUS_H

#include "base/fail.h"
#include "base/watch.h"
#include "sequence/records.h"
#include "sequence/seqfile.h"
#include "sequence/tail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint8_t *packed; /* base i in bits 2(i%4) of byte i/4 */
  uint64_t bases;
  size_t packed_room;
  uint8_t *lengths; /* of the segments, as varints */
  size_t lengths_size, lengths_room;
} Corpus;

/* Options for reading a file. */
typedef struct {
  int min_quality;     /* Phred; bases of lower quality end a segment, as ambiguous ones do */
  Lowercase lowercase; /* whether lower-case bases count as ambiguous and end a segment */
  uint64_t min_length; /* bases; shorter segments are left out */
  bool circular;       /* treat all records as circles, not only those marked so in the header */
  int turn;   /* number of first bases of a circle to read again after its last, at most KMER_MAX */
  Tail *tail; /* collects the end of the file; NULL: none */
  Records *records; /* collects the records of the whole corpus; NULL: none */
  Watch watch;      /* receives the part of the file read so far and the bases of the corpus */
} Reading;

/* The identity of a file: digests of the names of its records, of the positions of their segments,
 * and of the bases. It does not depend on compression, line lengths, case, descriptions, or the
 * ambiguous letters that end segments. */
typedef struct {
  uint64_t names, places, bases;
} SeqDigest;

/* Counts of the content of a file, for the user to check, and of the part that is not in the
 * corpus. */
typedef struct {
  uint64_t records, circular;           /* circular: records read as circles */
  uint64_t letter[128];                 /* letters of sequences, by upper-case letter, U as T */
  uint64_t lowercase;                   /* lower-case bases, ambiguous ones included */
  uint64_t longest, n50;                /* record lengths, all letters counted */
  uint64_t segments;                    /* in the corpus */
  uint64_t low_quality;                 /* bases below min_quality, unless masked */
  uint64_t short_segments, short_bases; /* below min_length */
  uint64_t turned; /* bases twice in the corpus: circles are read past their ends */
  SeqDigest digest;
  SeqNotes notes;
} SeqCounts;

Corpus *corpus_new(void);
void corpus_free(Corpus *corpus);

/* Appends a file ("-": standard input) and counts it. After an error the corpus is unusable. */
int corpus_read(Corpus *corpus, const char *path, const Reading *reading, SeqCounts *counts,
                Why *why);

/* 0..3, i < corpus->bases */
static inline int corpus_base(const Corpus *corpus, uint64_t i) {
  return corpus->packed[i / 4] >> 2 * (i % 4) & 3;
}

/* Frees unused room, once all is read. */
void corpus_trim(Corpus *corpus);

/* Gives the trimmed bases of rank 0 to all ranks, one copy per node. From then on they are
 * read-only. */
void corpus_share(Corpus *corpus);

size_t corpus_memory(const Corpus *corpus); /* bytes */

/* All letters, including ambiguous codes and gaps. */
uint64_t counts_letters(const SeqCounts *counts);

/* The counts as shown to users, with their names in tables and in run.json. */
enum { COUNTS_COLUMNS = 16 };
typedef struct {
  const char *name;
  uint64_t value;
} Count;

/* Fills the list of counts. */
void counts_list(const SeqCounts *counts, Count list[COUNTS_COLUMNS]);

#endif
