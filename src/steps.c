#include "steps.h"

#include "alloc.h"

#include <stdlib.h>
#include <string.h>

/* The k-mers of a record as they are read: the next one's label is known only after the next. */
struct Steps {
  int k, s, mask;
  bool over_ends, all_circles, both_strands;
  char *letters;          /* of the record, where both strands are asked for */
  size_t n_letters, room; /* that there are, that would fit */
  /* of the record, or of its reverse complement: */
  int x;         /* the last k bases */
  uint64_t run;  /* bases since the last break */
  int kmer;      /* read but not yet a step, -1: none */
  bool restart;  /* it is the first of its segment */
  uint64_t next; /* the position after it */
  uint64_t read; /* letters */
  int turned;    /* first bases of a circle that were read again after its last */
};

Steps *steps_new(const Shape *shape, bool over_ends, bool all_circles, bool both_strands) {
  Steps *steps = alloc_new(1, sizeof *steps);
  steps->k = shape->k, steps->s = shape->s, steps->mask = shape->V - 1;
  steps->over_ends = over_ends, steps->all_circles = all_circles;
  steps->both_strands = both_strands;
  return steps;
}

void steps_free(Steps *steps) { free(steps->letters), free(steps); }

void piece_init(Piece *piece) {
  *piece = (Piece){.x = alloc_new(STEPS_MOST, sizeof *piece->x),
                   .y = alloc_new(STEPS_MOST, sizeof *piece->y),
                   .restart = alloc_new(STEPS_MOST, sizeof *piece->restart),
                   .position = alloc_new(STEPS_MOST, sizeof *piece->position)};
}

void piece_clear(Piece *piece) {
  free(piece->name), free(piece->x), free(piece->y), free(piece->restart), free(piece->position);
}

/* ---- letters to steps ----------------------------------------------------------------------- */

static void push_step(Piece *piece, Steps *steps, int label) {
  if (steps->kmer < 0) return;
  const int i = piece->n++;
  piece->x[i] = piece->last = steps->kmer, piece->y[i] = label;
  piece->restart[i] = steps->restart;
  piece->position[i] = steps->next;
  piece->tokens += label >= 0;
}

static void push_letter(Piece *piece, Steps *steps, unsigned char letter) {
  const uint64_t k = (uint64_t)steps->k, s = (uint64_t)steps->s;
  const int base = kmer_base(letter);
  steps->read++;
  if (base == KMER_BREAK) {
    push_step(piece, steps, -1);
    steps->run = 0, steps->kmer = -1;
    return;
  }
  steps->x = (steps->x << 2 | base) & steps->mask;
  if (++steps->run < k || (steps->run - k) % s != 0) return;
  push_step(piece, steps, steps->kmer < 0 ? -1 : steps->x);
  steps->kmer = steps->x, steps->restart = steps->run == k, steps->next = steps->read + 1;
}

/* Whether the record goes on over its end. */
static bool is_circle(const Steps *steps, const SeqFile *file) {
  return steps->over_ends && (steps->all_circles || seqfile_circular(file));
}

static void keep_letters(Steps *steps, const char *letters, size_t n) {
  if (steps->room < steps->n_letters + n)
    steps->letters = alloc_resize(steps->letters, steps->room += steps->room / 2 + n, 1);
  memcpy(steps->letters + steps->n_letters, letters, n);
  steps->n_letters += n;
}

/* Letters of the reverse complement, from where it was read to; after its last, where the record
 * is a circle, its first k ones again. */
static size_t turn_letters(Steps *steps, const SeqFile *file, char *letters, size_t n) {
  const size_t length = steps->n_letters, k = (size_t)steps->k;
  const size_t end = length + (is_circle(steps, file) ? length < k ? length : k : 0);
  if (n > end - (size_t)steps->read) n = end - (size_t)steps->read;
  for (size_t i = 0; i < n; i++) {
    const size_t at = ((size_t)steps->read + i) % length;
    const int base = kmer_base((unsigned char)steps->letters[length - 1 - at]);
    letters[i] = base == KMER_BREAK ? 'N' : "TGCA"[base];
  }
  if (steps->read + n > length) steps->turned = (int)(steps->read + n - length);
  return n;
}

/* Up to n more letters of the record; after its last, where it is a circle, its first k ones
 * again. */
static ptrdiff_t read_letters(Steps *steps, SeqFile *file, char *letters, size_t n, Why *why) {
  char head[KMER_MAX];
  ptrdiff_t got = seqfile_read(file, letters, n, why);
  if (got > 0 && steps->both_strands) keep_letters(steps, letters, (size_t)got);
  if (got != 0 || steps->run == 0 || !is_circle(steps, file)) return got;
  int left = seqfile_head(file, head);
  left = (left < steps->k ? left : steps->k) - steps->turned;
  if (n > (size_t)left) n = (size_t)left;
  memcpy(letters, head + steps->turned, n);
  steps->turned += (int)n;
  return (ptrdiff_t)n;
}

/* Positions beyond the record's end are those of its beginning. */
static void turn_positions(Piece *piece, uint64_t length) {
  for (int i = piece->n - 1; i >= 0 && piece->position[i] > length; i--)
    piece->position[i] -= length;
}

/* Reads letters until the record ends, or there may be no room for the step of one more. */
static int fill_piece(Steps *steps, Piece *piece, SeqFile *file, Why *why) {
  const int most = piece->warmup + STEPS_PIECE;
  char letters[512];
  ptrdiff_t n = 1;
  while (n > 0 && piece->n < most - 1) {
    const size_t room = (size_t)(most - 1 - piece->n);
    const size_t most_letters = room < sizeof letters ? room : sizeof letters;
    n = piece->reversed ? (ptrdiff_t)turn_letters(steps, file, letters, most_letters)
                        : read_letters(steps, file, letters, most_letters, why);
    if (n < 0) return -1;
    for (ptrdiff_t i = 0; i < n; i++) push_letter(piece, steps, (unsigned char)letters[i]);
  }
  if (n == 0) {
    push_step(piece, steps, -1);
    piece->ended = true, piece->circular = is_circle(steps, file);
  }
  piece->length = steps->read - (uint64_t)steps->turned;
  if (steps->turned > 0) turn_positions(piece, piece->length);
  return 1;
}

/* ---- pieces --------------------------------------------------------------------------------- */

static void set_name(Piece *piece, const char *name) {
  piece->name = alloc_resize(piece->name, strlen(name) + 1, 1);
  strcpy(piece->name, name);
}

static void begin_record(Steps *steps, Piece *piece, const char *name, bool reversed) {
  steps->run = steps->read = 0, steps->kmer = -1, steps->turned = 0;
  if (!reversed) steps->n_letters = 0;
  set_name(piece, name);
  piece->first = true, piece->reversed = reversed;
  piece->warmup = 0, piece->last = -1;
}

static void go_on(Piece *piece, const Piece *before) {
  const size_t from = (size_t)before->n - STEPS_WARMUP, n = STEPS_WARMUP;
  if (piece != before) set_name(piece, before->name);
  memmove(piece->x, before->x + from, n * sizeof *piece->x);
  memmove(piece->restart, before->restart + from, n * sizeof *piece->restart);
  memset(piece->position, 0, n * sizeof *piece->position);
  for (size_t i = 0; i < n; i++) piece->y[i] = -1;
  piece->restart[0] = 1;
  piece->first = false, piece->reversed = before->reversed;
  piece->warmup = STEPS_WARMUP, piece->last = before->last;
}

/* A reverse complement is made of letters that were kept. */
bool steps_wait(const Steps *steps, const Piece *before, const SeqFile *file) {
  const bool kept = steps->both_strands && before && before->ended != before->reversed;
  return !kept && seqfile_waits(file);
}

int steps_read(Steps *steps, Piece *piece, const Piece *before, SeqFile *file, Why *why) {
  if (before && !before->ended) {
    go_on(piece, before);
  } else if (before && steps->both_strands && !before->reversed) {
    begin_record(steps, piece, seqfile_name(file), true);
  } else {
    int more = seqfile_next(file, why);
    if (more <= 0) return more;
    begin_record(steps, piece, seqfile_name(file), false);
  }
  piece->n = piece->warmup;
  piece->ended = piece->circular = false, piece->tokens = 0;
  return fill_piece(steps, piece, file, why);
}
