/* lanes: B readers that read the segments of a span side by side, in windows of T tokens each.
 *
 * Segments longer than a lane's share are cut into pieces, which overlap by k bases, so no token is
 * lost. Each epoch deals the pieces out in another order and reads every token once. A lane that
 * ends a piece restarts with h = 0 on the next one, also inside a window, and is idle after the
 * last piece. */
#ifndef LANES_H
#define LANES_H

#include "sequence/kmer.h"
#include "sequence/span.h"

#include <stdbool.h>

/* One window: (T,B) arrays, timestep by timestep. */
typedef struct {
  int T, B;
  int *x;          /* the k-mer read; -1: the lane is idle */
  int *y;          /* the k-mer that follows; -1: no loss at this token (idle, or warm-up) */
  bool *restart;   /* h(t-1) = 0 for this lane */
  int64_t *base;   /* the index in the corpus of the first base that y adds; -1: the lane is idle;
                      NULL unless window_locate was called */
  uint64_t tokens; /* entries of y that are not -1 */
} Window;

/* The k-mer to compute at entry i. An idle lane computes k-mer 0, which has no effect on the
 * results. */
static inline int window_kmer(const Window *window, size_t i) {
  return window->x[i] < 0 ? 0 : window->x[i];
}

/* A window of T timesteps and B lanes, without base. */
Window *window_new(int T, int B);
void window_locate(Window *window); /* makes room for base */
void window_free(Window *window);

typedef struct Lanes Lanes;

typedef struct {
  int k, s, B, T;
  Strands strands; /* STRANDS_BOTH: every other epoch reads each piece as its reverse complement */
  /* > 0 (validation): pieces are dealt in file order, and a piece that begins at a cut first reads
   * this many earlier tokens without loss. The cuts then do not affect the sum of losses. Only with
   * STRANDS_FORWARD. */
  uint64_t warmup;
  uint64_t seed; /* of the order of the pieces */
} LanesWish;

/* Makes lanes at the start of epoch 0. The corpus of the span is borrowed. */
Lanes *lanes_new(Span span, LanesWish wish);
void lanes_free(Lanes *lanes);

uint64_t lanes_pieces(const Lanes *lanes);  /* of one epoch */
uint64_t lanes_windows(const Lanes *lanes); /* about */

/* The tokens of a window as a fraction of the tokens when all lanes that ever have a piece are
 * busy. It is less than 1 at the end of an epoch, when some lanes have no piece left. */
double lanes_filled(const Lanes *lanes, uint64_t tokens);

/* Puts every lane at the start of an epoch. */
void lanes_start(Lanes *lanes, uint64_t epoch);

/* Fills the next window of the epoch; false, without filling it, when the epoch is over. */
bool lanes_next(Lanes *lanes, Window *window);

/* Begins to read ahead the next window of lanes_next while the last one is in use. Returns the
 * number of jobs; the caller runs lanes_read for each of them, on any thread. */
int lanes_ahead(Lanes *lanes);
void lanes_read(Lanes *lanes, int job);

/* The changing state of the lanes, as lanes_state_size numbers, for a checkpoint: the state after
 * the last window of lanes_next. */
size_t lanes_state_size(const Lanes *lanes);
void lanes_save(const Lanes *lanes, uint64_t *state);
int lanes_restore(Lanes *lanes, const uint64_t *state, Why *why);

#endif
