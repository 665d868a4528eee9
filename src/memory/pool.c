#include "memory/pool.h"

#include "base/alloc.h"
#include "sequence/kmer.h"

#include <stdlib.h>

/* The largest numbers of errors in 64 bases with which a place is accepted, and with which a
 * pointer is kept. A place is also accepted if m + EXCESS consecutive bases are equal, so a short
 * read can find its place. */
enum { ACCEPTED = 24, KEPT = 44, EXCESS = 4 };
enum {
  DEPTH = 2, /* places tried after each base, per strand */
  DELAY = 4  /* bases between a seed and its look-up, while memory is prefetched */
};

struct Pool {
  const Memory *memory;
  Memory *own;
  const Recall *recall;
  Shape shape;
  uint64_t seed;    /* bit i: the i-th newest base counts in a seed */
  int64_t ignored;  /* base in memory, -1: none */
  uint64_t last[2]; /* the last 64 bases, newest lowest, the older 32 in last[1] */
  int n_last;       /* those of the segment, at most 64 */
  Pointer pointer[POOL_POINTERS];
  int n;
};

/* One bit for each of 32 pairs of bits: 1 if the pair is not 0. */
static uint64_t differing(uint64_t difference) {
  uint64_t bits = (difference | difference >> 1) & 0x5555555555555555;
  bits = (bits | bits >> 1) & 0x3333333333333333;
  bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
  bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
  return (bits | bits >> 16) & 0xffffffff;
}

static int count(uint64_t errors) { return __builtin_popcountll(errors); }

Pool *pool_new(const Memory *memory, Memory *own, const Recall *recall, const Shape *shape) {
  Pool *pool = alloc_new(1, sizeof *pool);
  pool->memory = memory;
  pool->own = own;
  pool->recall = recall;
  pool->shape = *shape;
  pool->ignored = -1;
  pool->seed = differing(memory_seed(memory->m));
  return pool;
}

void pool_free(Pool *pool) { free(pool); }

void pool_copy(Pool *pool, const Pool *from) { *pool = *from; }

void pool_ignore(Pool *pool, int64_t base) { pool->ignored = base; }

static const Memory *memory_of(const Pool *pool, bool own) {
  return own ? pool->own : pool->memory;
}

static bool is_ignored(const Pool *pool, bool own, int64_t place) {
  return !own && pool->ignored >= 0 && llabs(memory_at(place) - pool->ignored) < POOL_NEAR;
}

/* ---- new pointers ---------------------------------------------------------------------------- */

static bool pointed_to(const Pool *pool, bool own, int64_t place) {
  for (int i = 0; i < pool->n; i++)
    if (pool->pointer[i].place == place && pool->pointer[i].own == own) return true;
  return false;
}

/* Loads the bases after a pointer's place. */
static void fetch(const Memory *memory, Pointer *pointer) {
  const int n = memory_count_after(memory, pointer->place);
  pointer->ahead = memory_after(memory, pointer->place);
  pointer->n_ahead = n < 32 ? n : 32;
}

/* A slot for a pointer with this many errors. A full pool drops its first pointer with the most
 * errors if that has more errors; otherwise NULL. */
static Pointer *room_for(Pool *pool, int errors) {
  if (pool->n < POOL_POINTERS) return &pool->pointer[pool->n++];
  Pointer *worst = NULL;
  for (int i = 0; i < pool->n; i++) {
    if (pool->pointer[i].n_errors <= errors) continue;
    worst = &pool->pointer[i];
    errors = worst->n_errors;
  }
  return worst;
}

/* A mask of the bases before a place that differ from the last bases read. Bases outside the
 * segment, in memory or in the sequence, count as different. */
static uint64_t errors_before(const Pool *pool, const Memory *memory, int64_t place) {
  uint64_t before[2];
  memory_before(memory, place, before);
  const uint64_t errors =
      differing(before[0] ^ pool->last[0]) | differing(before[1] ^ pool->last[1]) << 32;
  const int there = memory_count_before(memory, place);
  const int n = there < pool->n_last ? there : pool->n_last;
  return n < 64 ? errors | UINT64_MAX << n : errors;
}

/* Adds a pointer to a place if the bases before it are similar to the last ones. False: the place
 * has another seed with the same hash. */
static bool try_place(Pool *pool, bool own, int64_t place) {
  const Memory *memory = memory_of(pool, own);
  const uint64_t errors = errors_before(pool, memory, place);
  if (errors & pool->seed << DELAY) return false;
  const int length = errors == 0 ? 64 : __builtin_ctzll(errors);
  if (count(errors) > ACCEPTED && length < memory->m + EXCESS) return true;
  if (pointed_to(pool, own, place)) return true;
  Pointer *pointer = room_for(pool, count(errors));
  if (!pointer) return true;
  *pointer = (Pointer){.place = place,
                       .errors = errors,
                       .n_errors = count(errors),
                       .length = (uint32_t)length,
                       .own = own};
  fetch(memory, pointer);
  return true;
}

/* The m bases, or their reverse complement, that end `ago` bases ago. */
static uint64_t seed_bases(const Pool *pool, int ago, bool reversed) {
  const uint64_t bases = pool->last[0] >> 2 * ago;
  return reversed ? memory_other_strand(bases) >> (64 - 2 * pool->memory->m) : bases;
}

/* Tries the newest places of the seed of DELAY bases ago. */
static void look_up(Pool *pool, bool own, bool reversed) {
  const Memory *memory = memory_of(pool, own);
  memory_prefetch_newest(memory, seed_bases(pool, 0, reversed));
  memory_prefetch_entry(memory, memory_newest(memory, seed_bases(pool, DELAY / 2, reversed)));
  uint32_t entry = memory_newest(memory, seed_bases(pool, DELAY, reversed));
  int tried = 0;
  for (int visits = 0; entry && visits < POOL_VISITS && tried < DEPTH; visits++) {
    const int64_t place = memory_place(memory, entry, reversed) + DELAY;
    entry = memory->earlier[entry];
    if (reversed != (place < 0) || is_ignored(pool, own, place)) continue;
    if (try_place(pool, own, place)) tried++;
  }
}

static void look_up_strands(Pool *pool, bool own) {
  look_up(pool, own, false);
  if (memory_of(pool, own)->both_strands) look_up(pool, own, true);
}

/* ---- pointers that go on --------------------------------------------------------------------- */

/* Moves a pointer over the base that it guessed. False: its segment ends there. */
static bool advance(const Pool *pool, Pointer *pointer) {
  const Memory *memory = memory_of(pool, pointer->own);
  pointer->ahead >>= 2;
  pointer->n_ahead--;
  if (pointer->n_ahead >= pool->shape.s) {
    pointer->place++;
    return true;
  }
  pointer->place = memory_next(memory, pointer->place);
  if (pointer->place == MEMORY_NOWHERE) return false;
  fetch(memory, pointer);
  return true;
}

/* Updates the errors of a pointer after this base. False: it has too many. */
static bool judge(Pointer *pointer, int base) {
  const bool wrong = (int)(pointer->ahead & 3) != base;
  pointer->errors = pointer->errors << 1 | wrong;
  pointer->n_errors = count(pointer->errors);
  pointer->length = wrong ? 0 : pointer->length + 1;
  return pointer->n_errors <= KEPT;
}

/* Moves all pointers past the base read. */
static void follow(Pool *pool, int base) {
  int i = 0;
  while (i < pool->n) {
    Pointer *pointer = &pool->pointer[i];
    if (judge(pointer, base) && advance(pool, pointer) &&
        !is_ignored(pool, pointer->own, pointer->place))
      i++;
    else
      *pointer = pool->pointer[--pool->n];
  }
}

static void read_base(Pool *pool, int base) {
  if (pool->own) memory_append(pool->own, base, pool->n_last == 0);
  follow(pool, base);
  pool->last[1] = pool->last[1] << 2 | pool->last[0] >> 62;
  pool->last[0] = pool->last[0] << 2 | (uint64_t)base;
  if (pool->n_last < 64) pool->n_last++;
  if (pool->n_last < pool->memory->m + DELAY) return;
  look_up_strands(pool, false);
  if (pool->own) look_up_strands(pool, true);
}

void pool_read(Pool *pool, int x, bool restart) {
  if (restart) pool->n = pool->n_last = 0;
  for (int i = restart ? pool->shape.k : pool->shape.s; i > 0; i--)
    read_base(pool, x >> 2 * (i - 1) & 3);
}

void pool_ignore_now(Pool *pool, int64_t base) {
  int i = 0;
  pool_ignore(pool, base);
  while (i < pool->n) {
    if (is_ignored(pool, pool->pointer[i].own, pool->pointer[i].place))
      pool->pointer[i] = pool->pointer[--pool->n];
    else
      i++;
  }
}

/* ---- evidence -------------------------------------------------------------------------------- */

/* The number of the follower to which a pointer points. */
static int guess(const Pointer *pointer, int s) {
  if (pointer->n_ahead < s) return -1;
  int follower = 0;
  for (int i = 0; i < s; i++) follower = follower << 2 | (int)(pointer->ahead >> 2 * i & 3);
  return follower;
}

/* Adds odds to the vote for entry j. */
static void add_vote(Vote *votes, int *n, int j, float odds) {
  int i = 0;
  while (i < *n && votes[i].j != j) i++;
  if (i == *n) votes[(*n)++] = (Vote){j, 0};
  votes[i].s += odds;
}

int pool_evidence(Pool *pool, Vote *votes, int *n) {
  const int s = pool->shape.s, followers = kmer_count(s);
  const int kmer = (int)(pool->last[0] & (uint64_t)(kmer_count(pool->shape.k) - 1));
  const int first = kmer_followers(kmer, pool->shape.k, s) - softmax_first(kmer, &pool->shape);
  int pointers = 0;
  float best = 0, all = 0, most = 0;
  *n = 0;
  for (int i = 0; i < pool->n; i++) {
    Pointer *pointer = &pool->pointer[i];
    pointer->state = recall_state(pointer->length, pointer->errors);
    const int follower = guess(pointer, s);
    pointer->guess = follower < 0 ? -1 : first + follower;
    if (follower < 0) continue;
    const float odds = pool->recall->odds[pointer->state];
    add_vote(votes, n, pointer->guess, odds);
    if (odds > best) best = odds;
    pointers++;
  }
  for (int i = 0; i < *n; i++) {
    all += votes[i].s;
    if (votes[i].s > most) most = votes[i].s;
    votes[i].s = recall_evidence(votes[i].s, followers);
  }
  return pointers == 0 ? 0 : recall_class(best, pointers, all, most, followers);
}

Evidence pool_weighted(Pool *pool, Vote *votes) {
  int n;
  const int c = pool_evidence(pool, votes, &n);
  for (int i = 0; i < n; i++) votes[i].s *= pool->recall->w[c];
  return (Evidence){pool->recall->a[c], n, votes};
}

const Pointer *pool_pointers(const Pool *pool, int *n) {
  *n = pool->n;
  return pool->pointer;
}
