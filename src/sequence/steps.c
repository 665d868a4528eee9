#include "sequence/steps.h"

#include "base/alloc.h"
#include "sequence/tokenizer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The k-mers of a record as they are read: the next one's label is known only after the next. */
struct Steps {
  int k, s;
  StepsWish wish;
  char *letters;          /* of the record, or of its last run of bases, where they are kept */
  size_t n_letters, room; /* that there are, that would fit */
  size_t taken;           /* of those of the last run */
  /* of the record, or of its reverse complement: */
  Tokenizer tokenizer;
  uint64_t next; /* the position after the tokenizer's next */
  uint64_t read; /* letters */
  uint64_t bases;
  int turned; /* first bases of a circle that were read again after its last */
};

Steps *steps_new(int k, int s, StepsWish wish) {
  Steps *steps = alloc_new(1, sizeof *steps);
  steps->k = k;
  steps->s = s;
  steps->wish = wish;
  if (s == 1) steps->wish.to_end = false; /* every k-mer does */
  return steps;
}

void steps_free(Steps *steps) {
  free(steps->letters);
  free(steps);
}

void piece_init(Piece *piece) {
  *piece = (Piece){.x = alloc_new(STEPS_MOST, sizeof *piece->x),
                   .y = alloc_new(STEPS_MOST, sizeof *piece->y),
                   .restart = alloc_new(STEPS_MOST, sizeof *piece->restart),
                   .position = alloc_new(STEPS_MOST, sizeof *piece->position)};
}

/* ---- names ---------------------------------------------------------------------------------- */

/* Pieces are read and handed out by different threads. */
struct SharedName {
  atomic_int holders;
  char text[];
};

void piece_drop_name(Piece *piece) {
  if (piece->shared && atomic_fetch_sub(&piece->shared->holders, 1) == 1) free(piece->shared);
  piece->shared = NULL;
  piece->name = NULL;
}

static void set_name(Piece *piece, const SeqFile *file) {
  size_t n;
  const char *name = seqfile_name(file, &n);
  piece_drop_name(piece);
  piece->shared = alloc_new(sizeof *piece->shared + n + 1, 1);
  atomic_init(&piece->shared->holders, 1);
  piece->name = memcpy(piece->shared->text, name, n);
}

static void share_name(Piece *piece, const Piece *before) {
  if (piece == before) return;
  piece_drop_name(piece);
  atomic_fetch_add(&before->shared->holders, 1);
  piece->shared = before->shared;
  piece->name = before->name;
}

void piece_clear(Piece *piece) {
  piece_drop_name(piece);
  free(piece->x);
  free(piece->y);
  free(piece->restart);
  free(piece->position);
}

/* ---- letters to steps ----------------------------------------------------------------------- */

/* The token that the tokenizer has. */
static void push_step(Piece *piece, const Steps *steps) {
  const int i = piece->n++;
  piece->x[i] = steps->tokenizer.x;
  piece->y[i] = steps->tokenizer.y;
  piece->restart[i] = steps->tokenizer.restart;
  piece->position[i] = steps->next;
  piece->tokens += steps->tokenizer.y >= 0;
}

static void push_letter(Piece *piece, Steps *steps, unsigned char letter) {
  Tokenizer *tokenizer = &steps->tokenizer;
  const int base = kmer_base(letter);
  steps->read++;
  if (base == KMER_BREAK ? tokenizer_break(tokenizer) : tokenizer_base(tokenizer, base))
    push_step(piece, steps);
  if (tokenizer->missing == 0) steps->next = steps->read + 1;
}

/* Whether the record goes on over its end. */
static bool is_circle(const Steps *steps, const SeqFile *file) {
  return steps->wish.over_ends && (steps->wish.all_circles || seqfile_circular(file));
}

static void keep_letters(Steps *steps, const char *letters, size_t n) {
  if (steps->room < steps->n_letters + n)
    steps->letters = alloc_resize(steps->letters, steps->room += steps->room / 2 + n, 1);
  memcpy(steps->letters + steps->n_letters, letters, n);
  steps->n_letters += n;
}

/* Letters from the record's end on, from where it was read to; after its last, where the record
 * is a circle, its first k ones again. */
static size_t turn_letters(Steps *steps, const SeqFile *file, char *letters, size_t n) {
  const size_t length = steps->n_letters, k = (size_t)steps->k;
  const size_t end = length + (is_circle(steps, file) ? length < k ? length : k : 0);
  if (n > end - (size_t)steps->read) n = end - (size_t)steps->read;
  for (size_t i = 0; i < n; i++) {
    const size_t at = ((size_t)steps->read + i) % length;
    letters[i] = steps->letters[length - 1 - at];
  }
  if (steps->read + n > length) steps->turned = (int)(steps->read + n - length);
  return n;
}

/* Reads up to n more letters of the record, all bases or all breaks. */
static ptrdiff_t read_counted(Steps *steps, SeqFile *file, char *letters, size_t n, Why *why) {
  const ptrdiff_t got = seqfile_read(file, letters, n, why);
  if (got > 0 && kmer_base((unsigned char)*letters) != KMER_BREAK) steps->bases += (uint64_t)got;
  return got;
}

/* Up to n more letters of the record; after its last, where it is a circle, its first k ones
 * again. */
static ptrdiff_t read_letters(Steps *steps, SeqFile *file, char *letters, size_t n, Why *why) {
  char head[KMER_MAX];
  ptrdiff_t got = read_counted(steps, file, letters, n, why);
  if (got > 0 && steps->wish.both_strands) keep_letters(steps, letters, (size_t)got);
  if (got != 0 || steps->tokenizer.missing == steps->k || !is_circle(steps, file)) return got;
  int left = seqfile_head(file, head);
  left = (left < steps->k ? left : steps->k) - steps->turned;
  if (n > (size_t)left) n = (size_t)left;
  memcpy(letters, head + steps->turned, n);
  steps->turned += (int)n;
  return (ptrdiff_t)n;
}

/* Reads the record and keeps the letters of the run of bases that it ends with. */
static int keep_last_run(Steps *steps, SeqFile *file, Why *why) {
  const size_t k = (size_t)steps->k;
  char letters[4096];
  uint64_t length = 0;
  ptrdiff_t n;
  steps->n_letters = 0;
  while ((n = read_counted(steps, file, letters, sizeof letters, why)) > 0) {
    if (kmer_base((unsigned char)*letters) == KMER_BREAK)
      steps->n_letters = 0;
    else
      keep_letters(steps, letters, (size_t)n);
    length += (uint64_t)n;
  }
  steps->taken =
      steps->n_letters < k ? steps->n_letters : (steps->n_letters - k) % (size_t)steps->s;
  steps->read = length - (uint64_t)(steps->n_letters - steps->taken);
  return (int)n;
}

/* Up to n more letters of that run. */
static size_t take_letters(Steps *steps, char *letters, size_t n) {
  if (n > steps->n_letters - steps->taken) n = steps->n_letters - steps->taken;
  if (n > 0) memcpy(letters, steps->letters + steps->taken, n);
  steps->taken += n;
  return n;
}

/* Up to n more letters of what is read now. */
static ptrdiff_t next_letters(Steps *steps, const Piece *piece, SeqFile *file, char *letters,
                              size_t n, Why *why) {
  if (piece->reversed) return (ptrdiff_t)turn_letters(steps, file, letters, n);
  if (steps->wish.to_end) return (ptrdiff_t)take_letters(steps, letters, n);
  return read_letters(steps, file, letters, n, why);
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
    n = next_letters(steps, piece, file, letters, most_letters, why);
    if (n < 0) return -1;
    for (ptrdiff_t i = 0; i < n; i++) push_letter(piece, steps, (unsigned char)letters[i]);
  }
  if (n == 0) {
    piece->last = steps->tokenizer.next;
    if (tokenizer_break(&steps->tokenizer)) push_step(piece, steps);
    piece->ended = true;
    piece->circular = is_circle(steps, file);
  }
  piece->length = steps->read - (uint64_t)steps->turned;
  piece->bases = steps->bases;
  if (steps->turned > 0) turn_positions(piece, piece->length);
  return 1;
}

/* ---- pieces --------------------------------------------------------------------------------- */

static void begin_record(Steps *steps, Piece *piece, bool reversed) {
  steps->tokenizer = tokenizer_new(steps->k, steps->s, reversed);
  steps->read = 0;
  steps->turned = 0;
  if (!reversed) {
    steps->n_letters = 0;
    steps->bases = 0;
  }
  piece->first = true;
  piece->reversed = reversed;
  piece->warmup = 0;
}

static void go_on(Piece *piece, const Piece *before) {
  const size_t from = (size_t)before->n - STEPS_WARMUP, n = STEPS_WARMUP;
  share_name(piece, before);
  memmove(piece->x, before->x + from, n * sizeof *piece->x);
  memmove(piece->restart, before->restart + from, n * sizeof *piece->restart);
  memset(piece->position, 0, n * sizeof *piece->position);
  for (size_t i = 0; i < n; i++) piece->y[i] = -1;
  piece->restart[0] = 1;
  piece->first = false;
  piece->reversed = before->reversed;
  piece->warmup = STEPS_WARMUP;
}

/* A reverse complement, and the rest of a last run, are made from letters that were kept. */
bool steps_wait(const Steps *steps, const Piece *before, const SeqFile *file) {
  const bool turns = steps->wish.both_strands && before && before->ended != before->reversed;
  const bool kept = steps->wish.to_end && before && !before->ended;
  return !turns && !kept && seqfile_waits(file);
}

int steps_read(Steps *steps, Piece *piece, const Piece *before, SeqFile *file, Why *why) {
  if (before && !before->ended) {
    go_on(piece, before);
  } else if (before && steps->wish.both_strands && !before->reversed) {
    share_name(piece, before);
    begin_record(steps, piece, true);
  } else {
    int more = seqfile_next(file, why);
    if (more <= 0) return more;
    set_name(piece, file);
    begin_record(steps, piece, false);
    if (steps->wish.to_end && keep_last_run(steps, file, why) < 0) return -1;
  }
  piece->n = piece->warmup;
  piece->last = -1;
  piece->ended = piece->circular = false;
  piece->tokens = 0;
  return fill_piece(steps, piece, file, why);
}
