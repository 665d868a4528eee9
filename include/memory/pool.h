/* pool: pointers to the places in memory whose last bases are like the last bases read, and the
 * evidence that they give for the next bases.
 *
 * A pool reads one sequence, base by base, and depends on nothing else. Its work per base has a
 * bound, whatever the sequence. */
#ifndef POOL_H
#define POOL_H

#include "memory/memory.h"
#include "memory/recall.h"
#include "net/softmax.h"

enum { POOL_POINTERS = 16, POOL_NEAR = 64 };
enum {
  POOL_VISITS = 16 /* entries of the index that are looked at for a base and strand, at most */
};

typedef struct {
  int64_t place;   /* of the base that it guesses */
  uint64_t errors; /* of the last 64 bases, newest lowest: 1 where it was wrong */
  uint64_t ahead;  /* the bases that come in memory, 2 bits each, next lowest */
  int n_ahead;     /* known of these */
  int n_errors;    /* 1s in errors */
  uint32_t length; /* bases since its last error */
  bool own;        /* the place is in the memory of the record being read */
  int state;       /* u */
  int guess;       /* entry of q; -1: its segment ends before the next k-mer does */
} Pointer;

typedef struct Pool Pool;

/* All are borrowed. own is a growing memory with the same m, to which the pool adds the bases it
 * reads; NULL: it adds them nowhere. */
Pool *pool_new(const Memory *memory, Memory *own, const Recall *recall, const Shape *shape);
void pool_free(Pool *pool);
void pool_copy(Pool *pool, const Pool *from); /* of the same model */

/* Reads the next k-mer, or of the first one of a segment (restart) all its bases. */
void pool_read(Pool *pool, int x, bool restart);

/* Before each pool_read of a sequence that is itself in the memory: the base there that follows the
 * k-mer; -1: none. Until the next call no pointers lead to within POOL_NEAR bases of it. */
void pool_ignore(Pool *pool, int64_t base);

/* The same after pool_read, for a base that its pointers have revealed: drops pointers at once. */
void pool_ignore_now(Pool *pool, int64_t base);

/* The class c, and the evidence s, without w, for followers of the k-mer read last: entries of
 * votes (POOL_POINTERS), *n of them. */
int pool_evidence(Pool *pool, Vote *votes, int *n);

/* The same for the softmax: a[c], and votes (POOL_POINTERS) of w[c] s, which are borrowed. */
Evidence pool_weighted(Pool *pool, Vote *votes);

/* The pointers behind the last evidence, for people and for counting. */
const Pointer *pool_pointers(const Pool *pool, int *n);

#endif
