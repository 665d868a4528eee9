/* memory: sequence that a model remembers, at 2 bits a base, and an index of the places of its
 * m-mers.
 *
 * A place is a signed number, so that both strands are read by the same code: place p >= 0 is
 * before base p, read forwards; place p < 0 is before base ~p, read as reverse complement. Either
 * way the base that comes next is memory_base(p), and the place after it p + 1. No place leads over
 * the end of a segment, except round a circle. */
#ifndef MEMORY_H
#define MEMORY_H

#include "sequence/span.h"

typedef struct {
  uint8_t *packed; /* base i in bits 2(i%4) of byte i/4; padding on both sides for 64-bit loads */
  uint64_t bases;
  uint64_t *begins;  /* bit i: a segment begins at base i; bit `bases` is set too */
  Records *records;  /* names and positions; NULL: a memory of the record being read */
  bool both_strands; /* places read as reverse complement count too */
  /* The index, newest first: entry i is place i * every. */
  int m;             /* length of the indexed m-mers */
  int every;         /* so many bases from one indexed place to the next */
  int bits;          /* of the hash */
  uint32_t *newest;  /* (2^bits) the last entry with this hash; 0: none */
  uint32_t *earlier; /* (entries) the one before with the same hash; 0: none */
} Memory;

/* m: log4 of the bases, 11 to ...: how the length of the indexed m-mers is chosen. */
int memory_choose_m(uint64_t bases);

/* The smallest distance of indexed places with which the index takes at most `limit` bytes (0: no
 * limit), and entries number at most 2^32. */
int memory_choose_every(uint64_t bases, int m, uint64_t limit);
uint64_t memory_bytes(uint64_t bases, int m, int every); /* that a memory takes */

/* A memory of the bases of these records, which it takes: all A and without an index until packed
 * holds the bases (those of a model file, or with memory_copy) and memory_index has indexed them.
 */
Memory *memory_new(Records *records, int m, int every, bool both_strands);
void memory_copy(Memory *memory, const Span *span); /* whose records they are */
int memory_index(Memory *memory);                   /* -1: a signal that asks to end came */
void memory_free(Memory *memory);

/* A memory that grows while a record is read, and its next base; begins: of a new segment. */
Memory *memory_new_growing(int m, bool both_strands);
void memory_append(Memory *memory, int base, bool begins);

/* The base after a place. */
static inline int memory_base(const Memory *memory, int64_t place) {
  const uint64_t i = (uint64_t)(place < 0 ? ~place : place);
  const int base = memory->packed[i / 4] >> 2 * (i % 4) & 3;
  return place < 0 ? 3 - base : base;
}

#endif
