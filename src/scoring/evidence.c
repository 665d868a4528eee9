#include "scoring/evidence.h"

#include "base/alloc.h"
#include "memory/pool.h"

#include <stdlib.h>
#include <string.h>

enum { DIFFER_MAX = 12 }; /* of the last 32 bases, in a copy of a sequence */

struct EvidenceStep {
  float a;
  uint32_t end; /* of its votes, which begin where those of the step before end */
};

/* The record in memory that the record being read may be: it has the same name. */
typedef struct {
  const size_t *named; /* (n) records of this name */
  size_t n, i;         /* i: the one that is followed */
  uint64_t compared;   /* bases */
  uint32_t differs;    /* bit b: of the last 32 bases, number b from the end is another there */
  bool found;          /* somewhere 32 bases were the same */
} Copy;

struct EvidenceReader {
  const Memory *memory;
  const Recall *recall;
  int k, s;
  EvidenceUse use;
  Memory *own; /* EVIDENCE_RECORD */
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

/* The base in memory at a letter of the record as it is read, counted from 0; -1: none. */
static int64_t base_at(const EvidenceReader *reader, const Stretch *stretch, int64_t letter) {
  const Copy *copy = &reader->copy;
  const Records *records = reader->memory->records;
  const int64_t letters = (int64_t)stretch->letters;
  if (letter < 0) letter += (int64_t)stretch->length; /* before the beginning of a circle */
  if (stretch->reversed) letter = letters - 1 - letter;
  if (letter < 0) return -1;
  return records_base(records, (RecordPlace){copy->named[copy->i], (uint64_t)letter});
}

/* Until bases differ, a record is what its name says. */
static void start_comparing(Copy *copy) {
  copy->differs = 0;
  copy->compared = 0;
}

/* Compares the bases that step i adds with those of the copy. */
static void compare_step(EvidenceReader *reader, const Stretch *stretch, int i) {
  const int added = stretch->restart[i] ? reader->k : reader->s;
  const int64_t end = (int64_t)stretch->position[i] - 1;
  Copy *copy = &reader->copy;
  for (int b = added - 1; b >= 0; b--) {
    const int base = stretch->x[i] >> 2 * b & 3;
    const int64_t at = base_at(reader, stretch, end - 1 - b);
    const bool same = at >= 0 && memory_base(reader->memory, stretch->reversed ? ~at : at) == base;
    copy->differs = copy->differs << 1 | !same;
  }
  copy->compared += (uint64_t)added;
}

/* The base in memory that the record has come to with step i; -1: none, or the record is another
 * there. */
static int64_t find_copy(EvidenceReader *reader, const Stretch *stretch, int i) {
  Copy *copy = &reader->copy;
  if (copy->n == 0) return -1;
  compare_step(reader, stretch, i);
  if (__builtin_popcount(copy->differs) > DIFFER_MAX) {
    if (copy->n == 1) return -1;
    copy->i = (copy->i + 1) % copy->n;
    start_comparing(copy);
  }
  copy->found |= copy->compared >= 32 && copy->differs == 0;
  return base_at(reader, stretch, (int64_t)stretch->position[i] - 1);
}

/* ---- reading -------------------------------------------------------------------------------- */

EvidenceReader *evidence_new(const Memory *memory, const Recall *recall, const Shape *shape,
                             EvidenceUse use, const char *name) {
  EvidenceReader *reader = alloc_new(1, sizeof *reader);
  *reader = (EvidenceReader){
      .memory = memory, .recall = recall, .k = shape->k, .s = shape->s, .use = use};
  if (use == EVIDENCE_RECORD) reader->own = memory_new_growing(memory->m, memory->both_strands);
  reader->pool = pool_new(memory, reader->own, recall, shape);
  if (*name)
    reader->copy.n = records_named(memory->records, name, strlen(name), &reader->copy.named);
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
  uint32_t end = 0;
  steps->step = alloc_grow(steps->step, &steps->step_room, (size_t)stretch->n, sizeof *steps->step);
  for (int i = 0; i < stretch->warmup; i++) steps->step[i] = (struct EvidenceStep){.a = 1};
  for (int i = stretch->warmup; i < stretch->n; i++) {
    int n;
    steps->votes =
        alloc_grow(steps->votes, &steps->votes_room, end + POOL_POINTERS, sizeof *steps->votes);
    Vote *votes = steps->votes + end;
    const int64_t copy = find_copy(reader, stretch, i);
    if (reader->use == EVIDENCE_OTHERS) pool_ignore(reader->pool, copy);
    pool_read(reader->pool, stretch->x[i], stretch->restart[i]);
    const int c = pool_evidence(reader->pool, votes, &n);
    for (int v = 0; v < n; v++) votes[v].s *= reader->recall->w[c];
    end += (uint32_t)n;
    steps->step[i] = (struct EvidenceStep){reader->recall->a[c], end};
  }
}
