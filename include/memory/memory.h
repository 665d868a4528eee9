/* memory: a sequence that a model remembers, at 2 bits per base, and an index of its places.
 *
 * A place is a signed number, with which the same code reads both strands. Place p >= 0 is before
 * base p, read forwards; place p < 0 is before base ~p, read as reverse complement. In both cases
 * the next base is memory_base(p), and the place after it is p + 1. No place leads past the end of
 * a segment, except around a circle.
 *
 * The index maps a seed to the places behind it. Every third of the m bases of a seed does not
 * count: 11011011011 for m = 11. Diverged genes differ first in the third bases of their codons.
 * The pattern of a seed is a palindrome, so one index serves both strands. (Seeds with gaps:
 * PatternHunter, Ma et al. 2002; for coding sequence: WABA, Kent and Zahler 2000.) */
#ifndef MEMORY_H
#define MEMORY_H

#include "base/watch.h"
#include "sequence/span.h"

#define MEMORY_NOWHERE INT64_MIN /* no place */
enum { MEMORY_M_MAX = 23 };

typedef struct {
  uint8_t *packed; /* base i in bits 2(i%4) of byte i/4; padded for 64-bit loads on both sides */
  uint64_t bases;
  uint64_t *begins;  /* bit i%64 of i/64: a segment begins at base i; set for i = bases; padded */
  Records *records;  /* names and positions; NULL: the memory of the record being read */
  bool both_strands; /* use places of the reverse complement too */
  /* The index. Entry i is place i * every. */
  int m;             /* bases of a seed */
  int every;         /* bases from one indexed place to the next */
  int bits;          /* of the hash */
  uint32_t *newest;  /* (2^bits) the last entry with this hash; 0: none */
  uint32_t *earlier; /* (entries) the one before with the same hash; 0: none */
  uint64_t room;     /* capacity in bases */
} Memory;

/* The m for a memory of this many bases. */
int memory_choose_m(uint64_t bases);

/* The smallest distance of indexed places for which the memory takes at most `limit` bytes and
 * entries are numbers of 32 bits. 0: the bases alone take more. */
int memory_choose_every(uint64_t bases, int m, uint64_t limit);
uint64_t memory_bytes(uint64_t bases, int m, int every); /* without its records */

/* Makes a memory with room for the bases of these records, and takes ownership of the records. The
 * caller then fills packed, from a model file or by memory_copy, and calls memory_index. */
Memory *memory_new(Records *records, int m, int every, bool both_strands);
void memory_copy(Memory *memory, const Span *span);   /* of the memory's records (span_records) */
int memory_index(Memory *memory, const Watch *watch); /* -1: a signal asked the program to end */
void memory_free(Memory *memory);

/* Makes a memory that grows while a record is read. begins: the base is the first of a segment. */
Memory *memory_new_growing(int m, bool both_strands);
void memory_append(Memory *memory, int base, bool begins);

/* The base after a place. */
static inline int memory_base(const Memory *memory, int64_t place) {
  const uint64_t i = (uint64_t)(place < 0 ? ~place : place);
  const int base = memory->packed[i / 4] >> 2 * (i % 4) & 3;
  return place < 0 ? 3 - base : base;
}

/* The index of the base next to a place, on either strand. */
static inline int64_t memory_at(int64_t place) { return place < 0 ? ~place : place; }

/* The place after the base at `place`; MEMORY_NOWHERE: the segment ends there. */
int64_t memory_next(const Memory *memory, int64_t place);

/* The reverse complement of 32 bases. */
uint64_t memory_other_strand(uint64_t word);

/* The 64 bases before a place, the newest in the lowest bits and the older 32 in before[1]; and the
 * 32 bases after it, the next in the lowest bits. Both are read on the strand of the place. */
void memory_before(const Memory *memory, int64_t place, uint64_t before[2]);
uint64_t memory_after(const Memory *memory, int64_t place);

/* The number of bases before and after a place in its segment, at most 64. */
int memory_count_before(const Memory *memory, int64_t place);
int memory_count_after(const Memory *memory, int64_t place);

/* A mask with 1s at the bases that count in a seed of m bases, the newest in the lowest bits: all
 * but every third base. */
uint64_t memory_seed(int m);

/* The newest entry with the hash of the last m bases, the newest in the lowest bits; 0: none. Other
 * seeds may have the same hash. memory->earlier leads to older entries. */
uint32_t memory_newest(const Memory *memory, uint64_t last);

/* The place after an entry's seed, or (reversed) after its reverse complement. */
int64_t memory_place(const Memory *memory, uint32_t entry, bool reversed);

/* Prefetch the hash that memory_newest reads; and `earlier` and the bases of an entry. */
void memory_prefetch_newest(const Memory *memory, uint64_t last);
void memory_prefetch_entry(const Memory *memory, uint32_t entry);

#endif
