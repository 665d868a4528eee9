#include "sequence/steps.h"

#include "base/alloc.h"
#include "sequence/tokenizer.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct Steps {
  int k, s;
  StepsWish wish;
  SeqFile *file; /* NULL: a span is open */
  SeqFile *mate; /* with pairs: the other file, which has the next record; else NULL */
  const char *path, *mate_path; /* with pairs */
  bool second;                  /* the record is the second of a pair */
  /* The position in a span: */
  const Span *span;
  SegmentCursor cursor;
  Segment segment;       /* its remaining bases */
  const Stretch *before; /* the last stretch read; NULL: none of this file */
  /* Kept letters of the record, or of the run of bases at its end: */
  char *letters;
  size_t n_letters, room;
  /* State of the record, or of its reverse complement: */
  Tokenizer tokenizer;
  uint64_t read; /* letters, including those past the end of a circle */
  uint64_t next; /* the position after tokenizer.next */
};

Steps *steps_new(int k, int s, StepsWish wish) {
  Steps *steps = alloc_new(1, sizeof *steps);
  steps->k = k;
  steps->s = s;
  steps->wish = wish;
  if (s == 1) steps->wish.to_end = false; /* every k-mer is read then */
  if (wish.stretch == 0) steps->wish.stretch = STEPS_STRETCH;
  assert(steps->wish.stretch >= STEPS_LEAST);
  return steps;
}

void steps_free(Steps *steps) {
  free(steps->letters);
  free(steps);
}

static SeqFile *open_file(const Steps *steps, const char *path, Why *why) {
  SeqFile *file = seqfile_open(path, why);
  if (!file) return NULL;
  seqfile_mark_lowercase(file, steps->wish.lowercase);
  seqfile_turn_circles(file, steps->k, steps->wish.all_circles);
  return file;
}

int steps_open(Steps *steps, const char *path, Why *why) {
  steps->before = NULL;
  steps->file = open_file(steps, path, why);
  return steps->file ? 0 : -1;
}

int steps_open_pairs(Steps *steps, const char *first, const char *second, Why *why) {
  if (steps_open(steps, second, why) != 0) return -1;
  steps->mate = open_file(steps, first, why);
  steps->path = second;
  steps->mate_path = first;
  steps->second = true;
  if (!steps->mate) steps_close(steps);
  return steps->mate ? 0 : -1;
}

void steps_open_span(Steps *steps, const Span *span) {
  steps->before = NULL;
  steps->span = span;
  steps->cursor = (SegmentCursor){0};
  steps->segment = (Segment){0};
}

void steps_close(Steps *steps) {
  seqfile_close(steps->file);
  seqfile_close(steps->mate);
  steps->file = steps->mate = NULL;
}

const SeqFile *steps_file(const Steps *steps) { return steps->file; }

const SeqFile *steps_mate(const Steps *steps) { return steps->mate; }

/* ---- stretches ------------------------------------------------------------------------------- */

void stretch_init(Stretch *stretch) {
  *stretch = (Stretch){.x = alloc_new(STEPS_MAX, sizeof *stretch->x),
                       .y = alloc_new(STEPS_MAX, sizeof *stretch->y),
                       .restart = alloc_new(STEPS_MAX, sizeof *stretch->restart),
                       .position = alloc_new(STEPS_MAX, sizeof *stretch->position)};
}

/* A name with a reference count. Different threads read and release stretches. */
struct SharedName {
  atomic_int holders;
  char text[];
};

void stretch_drop_name(Stretch *stretch) {
  if (stretch->shared && atomic_fetch_sub(&stretch->shared->holders, 1) == 1) free(stretch->shared);
  stretch->shared = NULL;
  stretch->name = NULL;
}

static void set_name(Stretch *stretch, const SeqFile *file) {
  size_t n = 0;
  const char *name = file ? seqfile_name(file, &n) : "";
  stretch_drop_name(stretch);
  stretch->shared = alloc_new(sizeof *stretch->shared + n + 1, 1);
  atomic_init(&stretch->shared->holders, 1);
  stretch->name = memcpy(stretch->shared->text, name, n);
}

static void share_name(Stretch *stretch, const Stretch *before) {
  if (stretch == before) return;
  stretch_drop_name(stretch);
  atomic_fetch_add(&before->shared->holders, 1);
  stretch->shared = before->shared;
  stretch->name = before->name;
}

void stretch_clear(Stretch *stretch) {
  stretch_drop_name(stretch);
  free(stretch->x);
  free(stretch->y);
  free(stretch->restart);
  free(stretch->position);
}

/* ---- letters -------------------------------------------------------------------------------- */

/* Whether the record continues past its end. */
static bool is_circle(const Steps *steps) {
  return steps->wish.over_ends && seqfile_circular(steps->file);
}

static void keep_letters(Steps *steps, const char *letters, size_t n) {
  steps->letters = alloc_grow(steps->letters, &steps->room, steps->n_letters + n, 1);
  memcpy(steps->letters + steps->n_letters, letters, n);
  steps->n_letters += n;
}

/* The bases at the end of a run (n) that its reverse complement skips to be aligned. In the run,
 * k-mers end at bases k + is, from 1; those of the reverse complement at n - skipped - k + 1 - js.
 */
static size_t skipped_bases(const Steps *steps, size_t n) {
  const size_t s = (size_t)steps->s, k = (size_t)steps->k;
  const size_t distances[] = {[STEPS_ALIGNED_ADDED] = s, /* modulo s, of the ends */
                              [STEPS_ALIGNED_ENDS] = s + 1,
                              [STEPS_ALIGNED_NEXT] = s - 1};
  if (steps->wish.alignment == STEPS_UNALIGNED || n < k) return 0;
  return (n + distances[steps->wish.alignment] + 2 * k * (s - 1)) % s;
}

/* Skips these bases in all kept runs but the last. Returns their number in the last run, which a
 * circle reads at its end. */
static size_t skip_bases(Steps *steps) {
  size_t run = 0, skipped = 0;
  for (size_t i = 0; i <= steps->n_letters; i++) {
    if (i < steps->n_letters && kmer_base((unsigned char)steps->letters[i]) < KMER_BREAK) {
      run++;
      continue;
    }
    skipped = skipped_bases(steps, run);
    if (i < steps->n_letters) memset(steps->letters + i - skipped, 'N', skipped);
    run = 0;
  }
  return skipped;
}

/* Reads the record and keeps its last run of bases, from the base on from which k-mers end with the
 * record. */
static int keep_last_run(Steps *steps, Why *why) {
  const size_t k = (size_t)steps->k;
  const ptrdiff_t n = seqfile_last_run(steps->file, &steps->letters, &steps->room, why);
  if (n < 0) return -1;
  size_t run = (size_t)n;
  steps->n_letters = run;
  if (run > k) run -= (run - k) % (size_t)steps->s;
  steps->read = seqfile_letters(steps->file) - run;
  return 0;
}

/* Copies up to n more of the kept letters; reversed: from the last one on, and around a circle. */
static size_t next_kept(const Steps *steps, bool reversed, char *letters, size_t n) {
  const size_t kept = steps->n_letters, k = (size_t)steps->k, turn = kept < k ? kept : k;
  const size_t at = kept + (size_t)(steps->read - seqfile_letters(steps->file));
  const size_t end = reversed && is_circle(steps) ? kept + turn : kept;
  if (n > end - at) n = end - at;
  for (size_t i = at; i < at + n; i++)
    letters[i - at] = steps->letters[reversed ? kept - 1 - i % kept : i];
  return n;
}

/* Copies up to n more letters of the span, with an N between its segments. */
static size_t next_of_span(Steps *steps, char *letters, size_t n) {
  Segment *segment = &steps->segment;
  if (segment->length == 0) {
    if (!segments_next(steps->span, &steps->cursor, segment)) return 0;
    if (steps->read > 0) {
      *letters = 'N';
      return 1;
    }
  }
  if (n > segment->length) n = (size_t)segment->length;
  for (size_t i = 0; i < n; i++)
    letters[i] = "ACGT"[corpus_base(steps->span->corpus, segment->start + i)];
  segment->start += n;
  segment->length -= n;
  return n;
}

/* Reads up to n more letters of the record, or of its reverse complement; 0: it has ended. */
static ptrdiff_t next_letters(Steps *steps, bool reversed, char *letters, size_t n, Why *why) {
  if (!steps->file) return (ptrdiff_t)next_of_span(steps, letters, n);
  if (reversed || steps->wish.to_end) return (ptrdiff_t)next_kept(steps, reversed, letters, n);
  const ptrdiff_t got = seqfile_read(steps->file, letters, n, why);
  if (got > 0 && steps->wish.both_strands) keep_letters(steps, letters, (size_t)got);
  if (got != 0 || !is_circle(steps)) return got;
  return (ptrdiff_t)seqfile_turn(steps->file, letters, n);
}

/* ---- letters to steps ----------------------------------------------------------------------- */

/* Adds the tokenizer's token. */
static void push_step(Stretch *stretch, const Steps *steps) {
  const int i = stretch->n++;
  stretch->x[i] = steps->tokenizer.x;
  stretch->y[i] = steps->tokenizer.y;
  stretch->restart[i] = steps->tokenizer.restart;
  stretch->position[i] = steps->next;
  stretch->tokens += steps->tokenizer.y >= 0;
}

static void push_letter(Stretch *stretch, Steps *steps, unsigned char letter) {
  Tokenizer *tokenizer = &steps->tokenizer;
  const int base = kmer_base(letter);
  const bool token =
      base < KMER_BREAK ? tokenizer_base(tokenizer, base) : tokenizer_break(tokenizer);
  if (token) push_step(stretch, steps);
  steps->read++;
  if (tokenizer->missing == 0) steps->next = steps->read + 1;
}

static void end_record(Stretch *stretch, Steps *steps) {
  stretch->ended = true;
  stretch->circular = is_circle(steps);
  stretch->last = steps->tokenizer.next;
  if (tokenizer_break(&steps->tokenizer)) push_step(stretch, steps);
}

/* Maps positions beyond the end of a circular record to its beginning. */
static void turn_positions(Stretch *stretch) {
  for (int i = stretch->n - 1; i >= 0 && stretch->position[i] > stretch->length; i--)
    stretch->position[i] -= stretch->length;
}

/* Reads letters until the record ends, or there may be no room for another step. */
static int fill_stretch(Steps *steps, Stretch *stretch, Why *why) {
  const int most = stretch->warmup + steps->wish.stretch - 1;
  char letters[512];
  ptrdiff_t n = 1;
  while (n > 0 && stretch->n < most) {
    const size_t room = (size_t)(most - stretch->n);
    n = next_letters(steps, stretch->reversed, letters,
                     room < sizeof letters ? room : sizeof letters, why);
    if (n < 0) return -1;
    for (ptrdiff_t i = 0; i < n; i++) push_letter(stretch, steps, (unsigned char)letters[i]);
  }
  if (n == 0) end_record(stretch, steps);
  const uint64_t length = steps->file ? seqfile_letters(steps->file) : steps->read;
  const bool turned = steps->read > length;
  stretch->letters = length;
  stretch->length = turned ? length : steps->read;
  stretch->bases = steps->file ? seqfile_bases(steps->file) : 0;
  if (turned) turn_positions(stretch);
  return 1;
}

/* ---- records -------------------------------------------------------------------------------- */

static void begin_record(Steps *steps, Stretch *stretch, bool reversed) {
  steps->tokenizer = tokenizer_new(steps->k, steps->s, reversed);
  steps->read = 0;
  stretch->first = true;
  stretch->reversed = reversed;
  stretch->warmup = 0;
}

static void continue_record(Stretch *stretch, const Stretch *before) {
  const size_t from = (size_t)before->n - STEPS_WARMUP, n = STEPS_WARMUP;
  share_name(stretch, before);
  memmove(stretch->x, before->x + from, n * sizeof *stretch->x);
  memmove(stretch->restart, before->restart + from, n * sizeof *stretch->restart);
  memset(stretch->position, 0, n * sizeof *stretch->position);
  for (size_t i = 0; i < n; i++) stretch->y[i] = -1;
  stretch->restart[0] = true;
  stretch->first = false;
  stretch->reversed = before->reversed;
  stretch->warmup = STEPS_WARMUP;
}

static void swap_files(Steps *steps) {
  SeqFile *file = steps->file;
  const char *path = steps->path;
  steps->file = steps->mate;
  steps->mate = file;
  steps->path = steps->mate_path;
  steps->mate_path = path;
  steps->second = !steps->second;
}

/* Moves to the next record, which is in the other file. Returns as seqfile_next does. */
static int next_of_pair(Steps *steps, Why *why) {
  swap_files(steps);
  int more = seqfile_next(steps->file, why);
  if (more != 0) return more;
  if (!steps->second && (more = seqfile_next(steps->mate, why)) <= 0) return more;
  return fail(why,
              "%s: has more records than '%s'; both files must have the reads of the pairs in the "
              "same order",
              steps->mate_path, steps->path);
}

/* As seqfile_next. */
static int next_record(Steps *steps, Stretch *stretch, Why *why) {
  int more = steps->before == NULL;
  if (steps->file) more = steps->mate ? next_of_pair(steps, why) : seqfile_next(steps->file, why);
  if (more <= 0) return more;
  set_name(stretch, steps->file);
  steps->n_letters = 0;
  begin_record(steps, stretch, false);
  return steps->wish.to_end && keep_last_run(steps, why) < 0 ? -1 : 1;
}

/* A reverse complement, and the rest of a last run, come from kept letters and need no waiting. */
bool steps_wait(const Steps *steps) {
  const Stretch *before = steps->before;
  const bool turns = steps->wish.both_strands && before && before->ended != before->reversed;
  const bool kept = steps->wish.to_end && before && !before->ended;
  const bool next = !before || before->ended;
  return steps->file && !turns && !kept &&
         seqfile_waits(steps->mate && next ? steps->mate : steps->file);
}

int steps_read(Steps *steps, Stretch *stretch, Why *why) {
  const Stretch *before = steps->before;
  int more = 1;
  if (before && !before->ended) {
    continue_record(stretch, before);
  } else if (before && steps->wish.both_strands && !before->reversed) {
    share_name(stretch, before);
    begin_record(steps, stretch, true);
    steps->read = skip_bases(steps);
  } else {
    more = next_record(steps, stretch, why);
  }
  if (more <= 0) return more;
  steps->before = stretch;
  stretch->n = stretch->warmup;
  stretch->last = -1;
  stretch->ended = stretch->circular = false;
  stretch->tokens = 0;
  return fill_stretch(steps, stretch, why);
}
