#include "scoring/evidence.h"

#include "base/alloc.h"
#include "memory/pool.h"

#include <stdlib.h>
#include <string.h>

enum { DIFFER_MAX = 12 }; /* differences in the last 32 bases that a copy may have */

struct EvidenceStep {
  float a;
  uint32_t end; /* end of its votes, which begin at the end of those of the previous step */
};

/* The record in memory with the same name, which may be the record being read. */
typedef struct {
  const size_t *named; /* (n) records of this name */
  size_t n;
  size_t record;     /* the one of these being followed */
  uint64_t compared; /* bases */
  uint32_t differs;  /* bit b: the b-th base before the newest differs */
  bool found;        /* whether 32 consecutive bases agreed somewhere */
} Copy;

struct EvidenceReader {
  const Memory *memory;
  int k, s;
  EvidenceUse use;
  Memory *own; /* for EVIDENCE_RECORD */
  Pool *pool;
  Copy copy;
};

/* ---- steps ---------------------------------------------------------------------------------- */

void evidence_clear(EvidenceSteps *steps) {
  free(steps->step);
  free(steps->votes);
}

Evidence evidence_of(const EvidenceSteps *steps, int i) {
  const struct EvidenceStep *step = &steps->step[i];
  const uint32_t first = i > 0 ? step[-1].end : 0;
  return (Evidence){.a = step->a, .n = (int)(step->end - first), .votes = steps->votes + first};
}

/* ---- copies --------------------------------------------------------------------------------- */

/* The base of a record in memory at a letter of the record being read, counted from 0; -1: none. */
static int64_t base_at(const EvidenceReader *reader, size_t record, const Stretch *stretch,
                       int64_t letter) {
  const int64_t letters = (int64_t)stretch->letters;
  if (letter < 0) letter += (int64_t)stretch->length; /* before the beginning of a circle */
  if (stretch->reversed) letter = letters - 1 - letter;
  if (letter < 0) return -1;
  return records_base(reader->memory->records, (RecordPlace){record, (uint64_t)letter});
}

/* Compares the bases that step i adds with those of the copy. */
static void compare_step(EvidenceReader *reader, const Stretch *stretch, int i) {
  const int added = stretch->restart[i] ? reader->k : reader->s;
  const int64_t end = (int64_t)stretch->position[i] - 1;
  Copy *copy = &reader->copy;
  for (int b = added - 1; b >= 0; b--) {
    const int base = stretch->x[i] >> 2 * b & 3;
    const int64_t at = base_at(reader, copy->record, stretch, end - 1 - b);
    const bool same = at >= 0 && memory_base(reader->memory, stretch->reversed ? ~at : at) == base;
    copy->differs = copy->differs << 1 | !same;
  }
  copy->compared += (uint64_t)added;
}

/* The base in memory that corresponds to step i of the record; -1: none, or the bases before it
 * differ. */
static int64_t find_copy(EvidenceReader *reader, const Stretch *stretch, int i) {
  Copy *copy = &reader->copy;
  if (copy->n == 0) return -1;
  compare_step(reader, stretch, i);
  copy->found |= copy->compared >= 32 && copy->differs == 0;
  if (__builtin_popcount(copy->differs) > DIFFER_MAX) return -1;
  return base_at(reader, copy->record, stretch, (int64_t)stretch->position[i] - 1);
}

static int by_number(const void *a, const void *b) {
  const size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

/* Whether this base belongs to a record in memory with the name of the record being read, and
 * corresponds to step i. */
static bool is_copy(const EvidenceReader *reader, size_t record, const Stretch *stretch, int i,
                    int64_t base) {
  const Copy *copy = &reader->copy;
  return bsearch(&record, copy->named, copy->n, sizeof record, by_number) &&
         base_at(reader, record, stretch, (int64_t)stretch->position[i] - 1) == base;
}

/* Among several records with the same name, uses the pointers to find one that differs less from
 * the last bases than the one followed so far. Returns its base for this step; -1: none. */
static int64_t find_better_copy(EvidenceReader *reader, const Stretch *stretch, int i) {
  Copy *copy = &reader->copy;
  int n;
  const Pointer *pointer = pool_pointers(reader->pool, &n);
  const uint32_t known =
      copy->compared < 32 ? ((uint32_t)1 << copy->compared) - 1 : UINT32_MAX; /* bits */
  int64_t found = -1;
  for (int p = 0; p < n; p++) {
    const uint32_t differs = (uint32_t)pointer[p].errors & known;
    if (pointer[p].own || (pointer[p].place < 0) != stretch->reversed) continue;
    if (__builtin_popcount(differs) >= __builtin_popcount(copy->differs)) continue;
    const int64_t base = memory_at(pointer[p].place);
    const size_t record = records_place(reader->memory->records, (uint64_t)base).record;
    if (!is_copy(reader, record, stretch, i, base)) continue;
    copy->record = record;
    copy->differs = differs;
    found = base;
  }
  return found;
}

/* ---- reading -------------------------------------------------------------------------------- */

EvidenceReader *evidence_new(const Memory *memory, const Recall *recall, const Shape *shape,
                             EvidenceUse use, const char *name) {
  EvidenceReader *reader = alloc_new(1, sizeof *reader);
  *reader = (EvidenceReader){.memory = memory, .k = shape->k, .s = shape->s, .use = use};
  if (use == EVIDENCE_RECORD) reader->own = memory_new_growing(memory->m, memory->both_strands);
  reader->pool = pool_new(memory, reader->own, recall, shape);
  Copy *copy = &reader->copy;
  if (*name) copy->n = records_named(memory->records, name, strlen(name), &copy->named);
  if (copy->n > 0) copy->record = copy->named[0];
  return reader;
}

bool evidence_found(const EvidenceReader *reader) { return reader->copy.found; }

void evidence_free(EvidenceReader *reader) {
  if (!reader) return;
  pool_free(reader->pool);
  memory_free(reader->own);
  free(reader);
}

void evidence_read(EvidenceReader *reader, const Stretch *stretch, EvidenceSteps *steps) {
  const bool ignores = reader->use == EVIDENCE_OTHERS;
  uint32_t end = 0;
  steps->step = alloc_grow(steps->step, &steps->step_room, (size_t)stretch->n, sizeof *steps->step);
  for (int i = 0; i < stretch->warmup; i++) steps->step[i] = (struct EvidenceStep){.a = 1};
  for (int i = stretch->warmup; i < stretch->n; i++) {
    steps->votes =
        alloc_grow(steps->votes, &steps->votes_room, end + POOL_POINTERS, sizeof *steps->votes);
    Vote *votes = steps->votes + end;
    const bool follows = ignores || !reader->copy.found; /* otherwise nothing needs the copy */
    int64_t copy = follows ? find_copy(reader, stretch, i) : -1;
    if (ignores) pool_ignore(reader->pool, copy);
    pool_read(reader->pool, stretch->x[i], stretch->restart[i]);
    if (follows && reader->copy.n > 1 && reader->copy.differs != 0) {
      copy = find_better_copy(reader, stretch, i);
      if (ignores && copy >= 0) pool_ignore_now(reader->pool, copy);
    }
    const Evidence evidence = pool_weighted(reader->pool, votes);
    end += (uint32_t)evidence.n;
    steps->step[i] = (struct EvidenceStep){evidence.a, end};
  }
}
