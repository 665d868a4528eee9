/* corpus: all bases of the input at 2 bits each, and the lengths of their segments.
 *
 * A segment is a maximal run of A, C, G, T within a record; in a circular record it continues over
 * the end. Segments are stored end to end, so only their lengths are kept, in as few bytes as each
 * needs: reads of 30 bases cost 0.28 byte a base, a genome 0.25. */
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
  uint8_t *lengths; /* of the segments: 7 bits a byte, low first, top bit set on all but the last */
  size_t lengths_size, lengths_room;
} Corpus;

/* How a file is read. */
typedef struct {
  int min_quality;     /* bases of lower quality end a segment, as ambiguous ones do */
  Lowercase lowercase; /* ambiguous: lower-case bases end a segment too */
  uint64_t min_length; /* shorter segments are left out */
  bool circular;       /* all records are circles, not only those whose header says so */
  int turn;   /* first bases of a circle that are read again after its last, KMER_MAX at most */
  Tail *tail; /* records the end of the file; NULL: none */
  Records *records; /* those of the whole corpus are collected there; NULL: not */
  Watch watch;      /* sees the part of the file that is read, and the bases of the corpus */
} Reading;

/* The identity of a file: digests of the names of its records, of the positions of their segments,
 * and of the bases. It does not depend on compression, lines, case, descriptions or which ambiguous
 * letter ends a segment. */
typedef struct {
  uint64_t names, places, bases;
} SeqDigest;

/* The content of a file, for the user to check, and the part of it that is not in the corpus. */
typedef struct {
  uint64_t records, circular;           /* circular: of the records, those read as such */
  uint64_t letter[128];                 /* of sequences, in upper case, U as T */
  uint64_t lowercase;                   /* bases, of either kind of letter */
  uint64_t longest, n50;                /* of records, all their letters counted */
  uint64_t segments;                    /* in the corpus */
  uint64_t low_quality;                 /* bases below min_quality that are not masked */
  uint64_t short_segments, short_bases; /* below min_length */
  uint64_t turned; /* bases that are in the corpus twice: circles are read over their ends */
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

/* Gives the bases of rank 0, which are trimmed, to all ranks: one copy on each node. From then on
 * they are only read. */
void corpus_share(Corpus *corpus);

size_t corpus_memory(const Corpus *corpus); /* bytes */

/* All letters, those of ambiguous codes and gaps included. */
uint64_t counts_letters(const SeqCounts *counts);

/* The counts that users see, with their names in tables and in run.json. */
enum { COUNTS_COLUMNS = 16 };
typedef struct {
  const char *name;
  uint64_t value;
} Count;
void counts_list(const SeqCounts *counts, Count list[COUNTS_COLUMNS]);

#endif
