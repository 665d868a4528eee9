/* pool: pointers to the places in memory whose preceding bases are similar to the last bases read,
 * and their evidence for the next bases.
 *
 * A pool reads one sequence, base by base, and depends on nothing else. The work per base is
 * bounded for any sequence. */
#ifndef POOL_H
#define POOL_H

#include "memory/memory.h"
#include "memory/recall.h"
#include "net/softmax.h"

enum { POOL_POINTERS = 16, POOL_NEAR = 64 };
enum {
  POOL_VISITS = 16 /* entries of the index visited per base and strand, at most */
};

typedef struct {
  int64_t place;   /* of the base that the pointer guesses */
  uint64_t errors; /* 1s at wrong guesses among the last 64 bases, newest lowest */
  uint64_t ahead;  /* the next bases in memory, 2 bits each, next lowest */
  int n_ahead;     /* number of known bases in ahead */
  int n_errors;    /* 1s in errors */
  uint32_t length; /* bases since its last error */
  bool own;        /* the place is in the memory of the record being read */
  int state;       /* u */
  int guess;       /* index in q; -1: its segment ends before the next k-mer ends */
} Pointer;

typedef struct Pool Pool;

/* All pointers are borrowed. own is a growing memory with the same m, to which the pool appends the
 * bases that it reads; it may be NULL. */
Pool *pool_new(const Memory *memory, Memory *own, const Recall *recall, const Shape *shape);
void pool_free(Pool *pool);
void pool_copy(Pool *pool, const Pool *from); /* of the same model */

/* Reads the new bases of the next k-mer, or all bases of the first one of a segment (restart). */
void pool_read(Pool *pool, int x, bool restart);

/* Called before each pool_read of a sequence that is itself in the memory, with the base there that
 * follows the k-mer; -1: none. Until the next call, no pointer leads to a place within POOL_NEAR
 * bases of it. */
void pool_ignore(Pool *pool, int64_t base);

/* The same after pool_read, for a base found by its pointers: drops pointers at once. */
void pool_ignore_now(Pool *pool, int64_t base);

/* Returns the class c, and sets the first *n of votes (POOL_POINTERS) to the evidence s, not
 * multiplied by w, for followers of the last k-mer. */
int pool_evidence(Pool *pool, Vote *votes, int *n);

/* The same for the softmax: the result has a[c] and borrows votes (POOL_POINTERS), which are set to
 * w[c] s. */
Evidence pool_weighted(Pool *pool, Vote *votes);

/* The *n pointers behind the last evidence, for display and for counting. */
const Pointer *pool_pointers(const Pool *pool, int *n);

#endif
