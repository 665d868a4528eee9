#include "sequence/lanes.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "base/search.h"
#include "sequence/tokenizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_STEP = 64, PIECE_TOKENS = 1024, PIECES_A_LANE = 8, LANES_A_JOB = 16 };

/* The place of every INDEX_STEP-th segment, and the number of its first piece. */
typedef struct {
  SegmentCursor cursor;
  uint64_t first_piece;
} IndexEntry;

typedef struct {
  uint64_t piece; /* the number of all pieces if the lane has none */
  uint64_t at;    /* tokens of the piece read so far, including its warm-up */
  /* The following members depend on the piece: */
  uint64_t tokens, warmup; /* tokens, including the warm-up; tokens of the warm-up */
  uint64_t base;           /* the next base to read */
  Tokenizer tokenizer;
  uint64_t next, last; /* pieces dealt to it for this window, not yet begun: next..last-1 */
} Lane;

struct Lanes {
  Span span;
  LanesWish wish;
  uint64_t tokens, pieces, piece_tokens;
  IndexEntry *index;
  size_t index_size, index_room;
  uint64_t epoch, dealt; /* pieces dealt in this epoch */
  Lane *lane;            /* (B) */
  /* The next window, read ahead: */
  bool begun, over;
  Window *window;
  uint64_t *labels; /* (jobs) */
  uint64_t *before; /* (lanes_state_size) the state before that window */
};

Window *window_new(int T, int B) {
  Window *window = alloc_new(1, sizeof *window);
  size_t n = (size_t)T * (size_t)B;
  window->T = T;
  window->B = B;
  window->x = alloc_numbers(n, sizeof *window->x);
  window->y = alloc_numbers(n, sizeof *window->y);
  window->restart = alloc_numbers(n, sizeof *window->restart);
  return window;
}

void window_locate(Window *window) {
  window->base = alloc_numbers((size_t)window->T * (size_t)window->B, sizeof *window->base);
}

void window_free(Window *window) {
  if (!window) return;
  free(window->x);
  free(window->y);
  free(window->restart);
  free(window->base);
  free(window);
}

/* ---- pieces --------------------------------------------------------------------------------- */

static uint64_t divide_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* The largest length of pieces. Training needs several pieces per lane, so lanes end an epoch at
 * about the same time; but pieces must not be so short that h restarts all the time, unless lanes
 * would be idle. Validation (which warms up) uses as few pieces as lanes, and longer ones if there
 * is little to read, because every cut loses a little of the context. */
static uint64_t choose_piece_tokens(const Lanes *lanes) {
  uint64_t share = divide_up(lanes->tokens, (uint64_t)lanes->wish.B);
  if (lanes->wish.warmup > 0) return larger(share, PIECE_TOKENS);
  uint64_t several = larger(divide_up(share, PIECES_A_LANE), PIECE_TOKENS);
  return larger(smaller(share, several), (uint64_t)lanes->wish.T);
}

static uint64_t pieces_of(const Lanes *lanes, const Segment *segment) {
  return divide_up(segment_tokens(segment, lanes->wish.k, lanes->wish.s), lanes->piece_tokens);
}

static void index_pieces(Lanes *lanes) {
  SegmentCursor cursor = {0}, before = cursor;
  Segment segment;
  for (uint64_t i = 0; segments_next(&lanes->span, &cursor, &segment); i++, before = cursor) {
    if (i % INDEX_STEP == 0) {
      const size_t n = lanes->index_size++;
      lanes->index = alloc_grow(lanes->index, &lanes->index_room, n + 1, sizeof *lanes->index);
      lanes->index[n] = (IndexEntry){before, lanes->pieces};
    }
    lanes->pieces += pieces_of(lanes, &segment);
  }
}

/* The segment of a piece, and the number of the piece in it. */
static Segment find_segment(const Lanes *lanes, uint64_t piece, uint64_t *part) {
  const IndexEntry *entry = lanes->index;
  entry += search_last(&entry->first_piece, lanes->index_size, sizeof *entry, piece);
  SegmentCursor cursor = entry->cursor;
  Segment segment = {0, 0};
  *part = piece - entry->first_piece;
  while (segments_next(&lanes->span, &cursor, &segment)) {
    const uint64_t parts = pieces_of(lanes, &segment);
    if (*part < parts) break;
    *part -= parts;
  }
  return segment;
}

/* ---- lanes ---------------------------------------------------------------------------------- */

/* Moves past n bases without reading them. */
static void skip_bases(Lane *lane, uint64_t n) {
  lane->base = lane->tokenizer.reversed ? lane->base - n : lane->base + n;
}

static inline bool read_base(const Lanes *lanes, Lane *lane) {
  const int base = corpus_base(lanes->span.corpus, lane->base);
  skip_bases(lane, 1);
  return tokenizer_base(&lane->tokenizer, base);
}

/* Tokens first..first+tokens-1 of a segment, including the warm-up. */
typedef struct {
  uint64_t start; /* first base of the segment */
  uint64_t first, tokens, warmup;
} Piece;

static Piece find_piece(const Lanes *lanes, uint64_t number) {
  uint64_t part;
  const Segment segment = find_segment(lanes, number, &part);
  const uint64_t tokens = segment_tokens(&segment, lanes->wish.k, lanes->wish.s);
  const uint64_t parts = pieces_of(lanes, &segment);
  const uint64_t first = tokens / parts * part + smaller(part, tokens % parts);
  const uint64_t warmup = smaller(lanes->wish.warmup, first);
  return (Piece){.start = segment.start,
                 .first = first - warmup,
                 .tokens = tokens / parts + (part < tokens % parts) + warmup,
                 .warmup = warmup};
}

/* Moves a lane to token `at` of a piece. */
static void lane_load(const Lanes *lanes, Lane *lane, uint64_t number, uint64_t at) {
  const uint64_t k = (uint64_t)lanes->wish.k, s = (uint64_t)lanes->wish.s;
  const Piece piece = find_piece(lanes, number);
  const bool reversed = lanes->wish.strands == STRANDS_BOTH && ((number + lanes->epoch) & 1);
  lane->piece = number;
  lane->at = at;
  lane->warmup = piece.warmup;
  lane->tokens = piece.tokens;
  lane->tokenizer = tokenizer_new(lanes->wish.k, lanes->wish.s, reversed);
  lane->base = piece.start + piece.first * s;
  if (reversed) lane->base += lane->tokens * s + k - 1;
  const uint64_t before = at > 0; /* one earlier token, so token `at` is not a restart */
  skip_bases(lane, (at - before) * s);
  for (uint64_t i = 0; i < k + before * s; i++) read_base(lanes, lane);
}

/* The number of the piece that is dealt i-th in the epoch. */
static uint64_t dealt_piece(const Lanes *lanes, uint64_t i) {
  if (lanes->wish.warmup > 0) return i;
  Rng rng = rng_new(lanes->wish.seed, lanes->epoch);
  return rng_permute(i, lanes->pieces, rng_next(&rng));
}

/* Deals to a lane the pieces that it begins within this many tokens. */
static void lane_deal(Lanes *lanes, Lane *lane, uint64_t tokens) {
  uint64_t left = lane->piece < lanes->pieces ? lane->tokens - lane->at : 0;
  lane->next = lanes->dealt;
  while (left < tokens && lanes->dealt < lanes->pieces)
    left += find_piece(lanes, dealt_piece(lanes, lanes->dealt++)).tokens;
  lane->last = lanes->dealt;
}

/* Begins the next piece dealt to a lane, or makes the lane idle. */
static void lane_begin(const Lanes *lanes, Lane *lane) {
  lane->piece = lanes->pieces;
  if (lane->next < lane->last) lane_load(lanes, lane, dealt_piece(lanes, lane->next++), 0);
}

/* The first of the last s bases read. */
static uint64_t first_added(const Lane *lane) {
  const uint64_t s = (uint64_t)lane->tokenizer.s;
  return lane->tokenizer.reversed ? lane->base + s : lane->base - s;
}

/* Reads one token; returns whether it has a label. */
static bool lane_step(const Lanes *lanes, Lane *lane, size_t i) {
  Window *window = lanes->window;
  const bool ended = lane->piece < lanes->pieces && lane->at == lane->tokens;
  window->x[i] = window->y[i] = -1;
  window->restart[i] = true;
  if (window->base) window->base[i] = -1;
  if (ended) lane_begin(lanes, lane);
  if (lane->piece == lanes->pieces) return false; /* idle */
  while (!read_base(lanes, lane)) continue;
  window->x[i] = lane->tokenizer.x;
  window->restart[i] = lane->tokenizer.restart;
  if (window->base) window->base[i] = (int64_t)first_added(lane);
  if (lane->at++ < lane->warmup) return false;
  window->y[i] = lane->tokenizer.y;
  return true;
}

static bool epoch_over(const Lanes *lanes) {
  if (lanes->dealt < lanes->pieces) return false;
  for (int b = 0; b < lanes->wish.B; b++)
    if (lanes->lane[b].piece < lanes->pieces && lanes->lane[b].at < lanes->lane[b].tokens)
      return false;
  return true;
}

static int count_jobs(const Lanes *lanes) {
  return (lanes->wish.B + LANES_A_JOB - 1) / LANES_A_JOB;
}

int lanes_ahead(Lanes *lanes) {
  if (lanes->begun) return 0;
  lanes_save(lanes, lanes->before);
  lanes->begun = true;
  lanes->over = epoch_over(lanes);
  if (lanes->over) return 0;
  for (int b = 0; b < lanes->wish.B; b++)
    lane_deal(lanes, &lanes->lane[b], (uint64_t)lanes->wish.T);
  return count_jobs(lanes);
}

void lanes_read(Lanes *lanes, int job) {
  const int B = lanes->wish.B, first = job * LANES_A_JOB;
  const int last = first + LANES_A_JOB < B ? first + LANES_A_JOB : B;
  uint64_t labels = 0;
  for (int b = first; b < last; b++)
    for (int t = 0; t < lanes->wish.T; t++)
      labels += lane_step(lanes, &lanes->lane[b], (size_t)t * (size_t)B + (size_t)b);
  lanes->labels[job] = labels;
}

bool lanes_next(Lanes *lanes, Window *window) {
  if (window->base && !lanes->window->base) window_locate(lanes->window);
  for (int job = 0, jobs = lanes_ahead(lanes); job < jobs; job++) lanes_read(lanes, job);
  lanes->begun = false;
  if (lanes->over) return false;
  const Window read = *lanes->window;
  *lanes->window = *window;
  *window = read;
  window->tokens = 0;
  for (int job = 0; job < count_jobs(lanes); job++) window->tokens += lanes->labels[job];
  return true;
}

void lanes_start(Lanes *lanes, uint64_t epoch) {
  lanes->epoch = epoch;
  lanes->dealt = 0;
  lanes->begun = false;
  for (int b = 0; b < lanes->wish.B; b++) {
    Lane *lane = &lanes->lane[b];
    lane->piece = lanes->pieces;
    lane_deal(lanes, lane, 1);
    lane_begin(lanes, lane);
  }
}

Lanes *lanes_new(Span span, LanesWish wish) {
  assert(wish.warmup == 0 || wish.strands == STRANDS_FORWARD);
  Lanes *lanes = alloc_new(1, sizeof *lanes);
  lanes->span = span;
  lanes->wish = wish;
  lanes->lane = alloc_new((size_t)wish.B, sizeof *lanes->lane);
  lanes->window = window_new(wish.T, wish.B);
  lanes->labels = alloc_new((size_t)count_jobs(lanes), sizeof *lanes->labels);
  lanes->before = alloc_new(lanes_state_size(lanes), sizeof *lanes->before);
  lanes->tokens = span_tokens(&span, wish.k, wish.s);
  lanes->piece_tokens = choose_piece_tokens(lanes);
  index_pieces(lanes);
  lanes_start(lanes, 0);
  return lanes;
}

void lanes_free(Lanes *lanes) {
  if (!lanes) return;
  free(lanes->index);
  free(lanes->lane);
  window_free(lanes->window);
  free(lanes->labels);
  free(lanes->before);
  free(lanes);
}

uint64_t lanes_pieces(const Lanes *lanes) { return lanes->pieces; }

static uint64_t busy_lanes(const Lanes *lanes) {
  return smaller(lanes->pieces, (uint64_t)lanes->wish.B);
}

double lanes_filled(const Lanes *lanes, uint64_t tokens) {
  return (double)tokens / (double)(busy_lanes(lanes) * (uint64_t)lanes->wish.T);
}

/* Assumes that the last lane to end reads about as much as the others, including warm-ups. */
uint64_t lanes_windows(const Lanes *lanes) {
  if (lanes->tokens == 0) return 0;
  const uint64_t share = divide_up(lanes->tokens, busy_lanes(lanes));
  return divide_up(share + lanes->wish.warmup, (uint64_t)lanes->wish.T);
}

/* ---- state ---------------------------------------------------------------------------------- */

size_t lanes_state_size(const Lanes *lanes) { return 2 + 2 * (size_t)lanes->wish.B; }

void lanes_save(const Lanes *lanes, uint64_t *state) {
  if (lanes->begun) {
    memcpy(state, lanes->before, lanes_state_size(lanes) * sizeof *state);
    return;
  }
  *state++ = lanes->epoch;
  *state++ = lanes->dealt;
  for (int b = 0; b < lanes->wish.B; b++) {
    *state++ = lanes->lane[b].piece;
    *state++ = lanes->lane[b].at;
  }
}

int lanes_restore(Lanes *lanes, const uint64_t *state, Why *why) {
  lanes->begun = false;
  lanes->epoch = *state++;
  lanes->dealt = *state++;
  bool inside = lanes->dealt <= lanes->pieces;
  for (int b = 0; inside && b < lanes->wish.B; b++, state += 2) {
    Lane *lane = &lanes->lane[b];
    lane->piece = lanes->pieces;
    inside = state[0] <= lanes->pieces;
    if (state[0] >= lanes->pieces) continue;
    lane_load(lanes, lane, state[0], 0);
    inside = state[1] <= lane->tokens;
    if (inside) lane_load(lanes, lane, state[0], state[1]);
  }
  return inside ? 0 : fail(why, "the place of a lane is not in this input");
}
