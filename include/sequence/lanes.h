/* lanes: B readers that walk the segments of a span side by side, T tokens a window.
 *
 * Segments longer than a lane's share are cut into pieces, which share k bases, so that no token is
 * lost; each epoch deals the pieces out in another order, and reads every token once. A lane that
 * ends a piece restarts with h = 0 on the next one, inside a window too, and is idle after the
 * last. */
#ifndef LANES_H
#define LANES_H

#include "sequence/kmer.h"
#include "sequence/span.h"

#include <stdbool.h>

/* One window: (T,B) arrays, timestep by timestep. */
typedef struct {
  int T, B;
  int *x;          /* the k-mer read; -1: the lane is idle */
  int *y;          /* the k-mer that follows; -1: no loss here (idle, or warming up) */
  bool *restart;   /* h(t-1) = 0 for this lane */
  int64_t *base;   /* the base of the corpus that y adds first, -1: the lane is idle; NULL unless
                      window_locate was called */
  uint64_t tokens; /* entries of y that are not -1 */
} Window;

/* The k-mer to compute place i with: an idle lane takes 0, which has no effect on anything. */
static inline int window_kmer(const Window *window, size_t i) {
  return window->x[i] < 0 ? 0 : window->x[i];
}

Window *window_new(int T, int B);
void window_locate(Window *window); /* makes room for base */
void window_free(Window *window);

typedef struct Lanes Lanes;

typedef struct {
  int k, s, B, T;
  Strands strands; /* STRANDS_BOTH: every other epoch reads a piece as its reverse complement */
  /* > 0 (validation): pieces are dealt in file order, and a piece that begins at a cut reads this
   * many tokens before it without loss, so that cuts do not show in the sum of losses. Only with
   * STRANDS_FORWARD. */
  uint64_t warmup;
  uint64_t seed; /* of the order of the pieces */
} LanesWish;

/* At the start of epoch 0. */
Lanes *lanes_new(Span span, LanesWish wish);
void lanes_free(Lanes *lanes);

uint64_t lanes_pieces(const Lanes *lanes);  /* of one epoch */
uint64_t lanes_windows(const Lanes *lanes); /* about */

/* Tokens of a window, as a fraction of those of a window in which all lanes that ever have a piece
 * are busy. Less than 1 at the end of an epoch, when lanes have no piece left. */
double lanes_filled(const Lanes *lanes, uint64_t tokens);

/* Puts every lane at the start of an epoch. */
void lanes_start(Lanes *lanes, uint64_t epoch);

/* The next window of the epoch; false when the epoch is over, and the window is not filled. */
bool lanes_next(Lanes *lanes, Window *window);

/* Begins to read the window that lanes_next will give, while the last one is in use: returns the
 * number of jobs, lanes_read for each of which reads it, from any thread. */
int lanes_ahead(Lanes *lanes);
void lanes_read(Lanes *lanes, int job);

/* All that changes while lanes walk, as lanes_state_size numbers, for a checkpoint: the state after
 * the last window of lanes_next. */
size_t lanes_state_size(const Lanes *lanes);
void lanes_save(const Lanes *lanes, uint64_t *state);
int lanes_restore(Lanes *lanes, const uint64_t *state, Why *why);

#endif
