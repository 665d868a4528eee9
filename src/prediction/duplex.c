#include "prediction/duplex.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Consecutive positions, `step` apart. */
typedef struct {
  uint64_t position; /* the first, in the order of reading */
  size_t from;       /* index of its result */
} Run;

typedef struct {
  Run *run; /* (runs) */
  size_t runs, runs_room;
  char *result; /* (n) */
  size_t n, result_room;
  uint64_t next; /* the position that would continue the last run */
} Strand;

struct Duplex {
  size_t bytes;
  uint64_t step;
  Strand strand[2]; /* forward, reverse */
};

Duplex *duplex_new(size_t bytes, int step) {
  Duplex *duplex = alloc_new(1, sizeof *duplex);
  duplex->bytes = bytes;
  duplex->step = (uint64_t)step;
  return duplex;
}

void duplex_free(Duplex *duplex) {
  for (int i = 0; duplex && i < 2; i++) {
    free(duplex->strand[i].run);
    free(duplex->strand[i].result);
  }
  free(duplex);
}

static void add_run(Strand *strand, uint64_t position) {
  strand->run = alloc_grow(strand->run, &strand->runs_room, strand->runs + 1, sizeof(Run));
  strand->run[strand->runs++] = (Run){position, strand->n};
}

void duplex_add(Duplex *duplex, bool reversed, uint64_t position, const void *result) {
  Strand *strand = &duplex->strand[reversed];
  if (strand->n == 0 || position != strand->next) add_run(strand, position);
  strand->next = reversed ? position - duplex->step : position + duplex->step;
  strand->result = alloc_grow(strand->result, &strand->result_room, strand->n + 1, duplex->bytes);
  memcpy(strand->result + strand->n++ * duplex->bytes, result, duplex->bytes);
}

bool duplex_empty(const Duplex *duplex) {
  return duplex->strand[0].n == 0 && duplex->strand[1].n == 0;
}

/* ---- in order ------------------------------------------------------------------------------- */

/* A walk through a strand in ascending order. */
typedef struct {
  const Duplex *duplex;
  const Strand *strand;
  size_t first; /* the run with which the walk begins */
  size_t run;   /* index of the current run in the walk, 0..runs */
  size_t at;    /* index in that run */
} Walk;

/* The run at an index of the walk. */
static size_t run_of(const Walk *walk, size_t place) {
  const size_t runs = walk->strand->runs, run = (walk->first + place) % runs;
  return walk->strand == walk->duplex->strand ? run : runs - 1 - run;
}

static size_t run_length(const Strand *strand, size_t run) {
  return (run + 1 < strand->runs ? strand->run[run + 1].from : strand->n) - strand->run[run].from;
}

/* The index of the next result in its run, in the order of reading. */
static size_t place_in_run(const Walk *walk) {
  const size_t run = run_of(walk, walk->run);
  if (walk->strand == walk->duplex->strand) return walk->at;
  return run_length(walk->strand, run) - 1 - walk->at;
}

/* The next position; UINT64_MAX: there is none. */
static uint64_t next_position(const Walk *walk) {
  if (walk->run == walk->strand->runs) return UINT64_MAX;
  const uint64_t first = walk->strand->run[run_of(walk, walk->run)].position;
  const uint64_t distance = place_in_run(walk) * walk->duplex->step;
  return walk->strand == walk->duplex->strand ? first + distance : first - distance;
}

/* Begins a walk. If positions decrease from one run to the next, a circle was read past its end,
 * and the walk begins at the later run. */
static Walk begin_walk(const Duplex *duplex, int strand) {
  Walk walk = {.duplex = duplex, .strand = &duplex->strand[strand]};
  uint64_t last = 0;
  for (; walk.run < walk.strand->runs; walk.run++) {
    const uint64_t position = next_position(&walk);
    if (position < last) {
      walk.first = walk.run;
      break;
    }
    last = position;
  }
  walk.run = 0;
  return walk;
}

/* The result for the position, if that is the next one, and then moves on; otherwise NULL. */
static const void *take_result(Walk *walk, uint64_t position) {
  if (next_position(walk) != position) return NULL;
  const size_t run = run_of(walk, walk->run), place = place_in_run(walk);
  if (++walk->at == run_length(walk->strand, run)) {
    walk->at = 0;
    walk->run++;
  }
  return walk->strand->result + (walk->strand->run[run].from + place) * walk->duplex->bytes;
}

int duplex_take(Duplex *duplex, DuplexTake *take, void *context, Why *why) {
  Walk forward = begin_walk(duplex, 0), reverse = begin_walk(duplex, 1);
  int rc = 0;
  while (rc == 0) {
    const uint64_t one = next_position(&forward), other = next_position(&reverse);
    const uint64_t position = one < other ? one : other;
    if (position == UINT64_MAX) break;
    const void *result = take_result(&forward, position);
    rc = take(context, position, result, take_result(&reverse, position), why);
  }
  for (int i = 0; i < 2; i++) duplex->strand[i].n = duplex->strand[i].runs = 0;
  return rc;
}
