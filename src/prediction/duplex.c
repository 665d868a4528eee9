#include "prediction/duplex.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  uint64_t *position; /* (n) */
  char *result;       /* (n) */
  size_t n, position_room, result_room;
} Strand;

struct Duplex {
  size_t bytes;
  Strand strand[2]; /* forward, reverse */
};

Duplex *duplex_new(size_t bytes) {
  Duplex *duplex = alloc_new(1, sizeof *duplex);
  duplex->bytes = bytes;
  return duplex;
}

void duplex_free(Duplex *duplex) {
  for (int i = 0; duplex && i < 2; i++) {
    free(duplex->strand[i].position);
    free(duplex->strand[i].result);
  }
  free(duplex);
}

void duplex_add(Duplex *duplex, bool reversed, uint64_t position, const void *result) {
  Strand *strand = &duplex->strand[reversed];
  const size_t n = strand->n++, size = sizeof *strand->position;
  strand->position = alloc_grow(strand->position, &strand->position_room, strand->n, size);
  strand->result = alloc_grow(strand->result, &strand->result_room, strand->n, duplex->bytes);
  strand->position[n] = position;
  memcpy(strand->result + n * duplex->bytes, result, duplex->bytes);
}

bool duplex_empty(const Duplex *duplex) {
  return duplex->strand[0].n == 0 && duplex->strand[1].n == 0;
}

/* ---- in order ------------------------------------------------------------------------------- */

/* A walk through a strand, upwards. */
typedef struct {
  const Strand *strand;
  bool reversed;
  size_t at;   /* in the order of the walk, 0..n */
  size_t from; /* the first place of the walk */
} Walk;

static size_t place_of(const Walk *walk, size_t at) {
  const size_t n = walk->strand->n, place = (walk->from + at) % n;
  return walk->reversed ? n - 1 - place : place;
}

/* The next position; UINT64_MAX: there is none. */
static uint64_t next_position(const Walk *walk) {
  if (walk->at == walk->strand->n) return UINT64_MAX;
  return walk->strand->position[place_of(walk, walk->at)];
}

/* Where positions fall, a circle was read over its end: the walk begins there. */
static Walk begin_walk(const Strand *strand, bool reversed) {
  Walk walk = {.strand = strand, .reversed = reversed};
  for (size_t i = 1; i < strand->n; i++)
    if (strand->position[place_of(&walk, i)] < strand->position[place_of(&walk, i - 1)]) {
      walk.from = i;
      break;
    }
  return walk;
}

/* The result for the position, if it is the next one; the walk moves on. */
static const void *take_result(Walk *walk, uint64_t position, size_t bytes) {
  if (next_position(walk) != position) return NULL;
  return walk->strand->result + place_of(walk, walk->at++) * bytes;
}

int duplex_take(Duplex *duplex, DuplexTake *take, void *context, Why *why) {
  Walk forward = begin_walk(&duplex->strand[0], false);
  Walk reverse = begin_walk(&duplex->strand[1], true);
  int rc = 0;
  while (rc == 0) {
    const uint64_t one = next_position(&forward), other = next_position(&reverse);
    const uint64_t position = one < other ? one : other;
    if (position == UINT64_MAX) break;
    const void *result = take_result(&forward, position, duplex->bytes);
    rc = take(context, position, result, take_result(&reverse, position, duplex->bytes), why);
  }
  duplex->strand[0].n = duplex->strand[1].n = 0;
  return rc;
}
