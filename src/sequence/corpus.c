#include "sequence/corpus.h"

#include "base/alloc.h"
#include "base/ranks.h"
#include "sequence/digest.h"
#include "sequence/varint.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { STAGE = 1 << 14, PAD = 8 }; /* letters */
enum { LOOK = 1 << 20 };           /* bases between two calls of the watch */

/* ---- N50 ------------------------------------------------------------------------------------ */

/* Counts records by length. Reads have few different lengths, and chromosomes are few. */
enum { SHORT = 1 << 14 };
typedef struct {
  uint64_t shorter[SHORT]; /* records of each length below SHORT */
  uint64_t *longer;        /* the other lengths */
  size_t n_longer, room;
} Lengths;

static void lengths_add(Lengths *lengths, uint64_t length) {
  if (length < SHORT) {
    lengths->shorter[length]++;
    return;
  }
  lengths->longer = alloc_grow(lengths->longer, &lengths->room, lengths->n_longer + 1, 8);
  lengths->longer[lengths->n_longer++] = length;
}

static int descending(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x < y) - (x > y);
}

/* N50: the largest length such that records of at least that length hold half of all letters. */
static uint64_t lengths_n50(Lengths *lengths, uint64_t letters) {
  uint64_t sum = 0;
  if (lengths->n_longer > 0) qsort(lengths->longer, lengths->n_longer, 8, descending);
  for (size_t i = 0; i < lengths->n_longer; i++) {
    sum += lengths->longer[i];
    if (2 * sum >= letters) return lengths->longer[i];
  }
  for (uint64_t length = SHORT - 1; length > 0; length--) {
    sum += length * lengths->shorter[length];
    if (2 * sum >= letters && sum > 0) return length;
  }
  return 0;
}

/* ---- bases ---------------------------------------------------------------------------------- */

Corpus *corpus_new(void) { return alloc_new(1, sizeof(Corpus)); }

void corpus_free(Corpus *corpus) {
  if (!corpus) return;
  ranks_withdraw(corpus->packed);
  ranks_withdraw(corpus->lengths);
  free(corpus);
}

/* Appends n <= STAGE letters, all of them bases; letters has room for PAD more. Unused bits of the
 * last byte are zero. */
static LetterCounts push_bases(Corpus *corpus, char *letters, size_t n, uint64_t *digest,
                               const Letters *loops) {
  uint8_t packed[STAGE / 4 + PAD];
  memset(letters + n, 'A', PAD);
  memset(packed + n / 8 * 2, 0, PAD);
  LetterCounts counts = loops->pack_bases(packed, letters, n);
  *digest = digest_bytes(*digest, packed, (n + 3) / 4);
  size_t byte = (size_t)(corpus->bases / 4), words = (n + 31) / 32;
  int shift = 2 * (int)(corpus->bases % 4);
  corpus->packed = alloc_grow(corpus->packed, &corpus->packed_room, byte + 8 * words + 8, 1);
  uint64_t carry = shift > 0 ? corpus->packed[byte] : 0;
  for (size_t i = 0; i < words; i++) {
    uint64_t word, shifted;
    memcpy(&word, packed + 8 * i, 8);
    shifted = word << shift | carry;
    carry = shift > 0 ? word >> (64 - shift) : 0;
    memcpy(corpus->packed + byte + 8 * i, &shifted, 8);
  }
  memcpy(corpus->packed + byte + 8 * words, &carry, 8);
  corpus->bases += n;
  return counts;
}

/* Removes the last n bases. */
static void drop_bases(Corpus *corpus, uint64_t n) {
  corpus->bases -= n;
  int used = 2 * (int)(corpus->bases % 4);
  corpus->packed[corpus->bases / 4] &= (uint8_t)((1 << used) - 1);
}

static void push_length(Corpus *corpus, uint64_t length) {
  corpus->lengths =
      alloc_grow(corpus->lengths, &corpus->lengths_room, corpus->lengths_size + VARINT_MAX, 1);
  corpus->lengths_size += varint_put(corpus->lengths + corpus->lengths_size, length);
}

void corpus_trim(Corpus *corpus) {
  corpus->packed_room = (size_t)(corpus->bases / 4 + 1);
  corpus->packed = alloc_resize(corpus->packed, corpus->packed_room, 1);
  corpus->lengths_room = corpus->lengths_size;
  corpus->lengths = alloc_resize(corpus->lengths, corpus->lengths_room, 1);
}

void corpus_share(Corpus *corpus) {
  ranks_broadcast(&corpus->bases, sizeof corpus->bases);
  ranks_broadcast(&corpus->packed_room, sizeof corpus->packed_room);
  ranks_broadcast(&corpus->lengths_size, sizeof corpus->lengths_size);
  corpus->lengths_room = corpus->lengths_size;
  corpus->packed = ranks_publish(corpus->packed, corpus->packed_room);
  corpus->lengths = ranks_publish(corpus->lengths, corpus->lengths_size);
}

size_t corpus_memory(const Corpus *corpus) { return corpus->packed_room + corpus->lengths_room; }

/* ---- reading -------------------------------------------------------------------------------- */

/* The state of reading a file. */
typedef struct {
  Corpus *corpus;
  const Reading *reading;
  const Letters *loops;
  SeqCounts *counts;
  size_t staged; /* bases not yet packed and counted */
  char stage[STAGE + PAD];
  uint64_t breaks[256]; /* counts of each letter, marked or not */
  uint64_t letters;     /* of this record */
  uint64_t run;         /* bases since the last break */
  bool head_lost;       /* the first segment was left out, so a circle is not read past its end */
  uint64_t turned;      /* bases read again, past the end of a circle */
  uint64_t kept;      /* letters of this record before the end of its last segment in the corpus */
  Lengths lengths;    /* of records */
  uint64_t next_look; /* bases of the corpus at the next call of the watch */
} Reader;

static LetterCounts pack_stage(Reader *reader) {
  size_t n = reader->staged;
  reader->staged = 0;
  return push_bases(reader->corpus, reader->stage, n, &reader->counts->digest.bases, reader->loops);
}

static void count_stage(Reader *reader) {
  SeqCounts *counts = reader->counts;
  LetterCounts sums = pack_stage(reader);
  counts->letter['A'] += sums.A;
  counts->letter['C'] += sums.C;
  counts->letter['G'] += sums.G;
  counts->letter['T'] += sums.T;
  counts->lowercase += sums.lower;
}

/* Whether the bases since the last break are a segment for the corpus. */
static bool is_segment(const Reader *reader) {
  return reader->run > 0 && reader->run >= reader->reading->min_length;
}

/* Records the place of a segment in its record. */
static void note_segment(Reader *reader) {
  const uint64_t begin = reader->letters + reader->turned - reader->run;
  if (reader->reading->tail) tail_segment(reader->reading->tail, begin - reader->kept, reader->run);
  if (reader->reading->records) records_segment(reader->reading->records, begin, reader->run);
  reader->kept = reader->letters;
}

/* Numbers in the digest of places: the end of a record, or of a run of bases and its length. */
enum { END, CIRCLE_END, RUN, KINDS };

static void digest_place(Reader *reader, int kind) {
  uint64_t *places = &reader->counts->digest.places;
  *places = digest_number(*places, (uint64_t)KINDS * reader->letters + (uint64_t)kind);
  if (kind == RUN) *places = digest_number(*places, reader->run);
}

static void end_segment(Reader *reader) {
  SeqCounts *counts = reader->counts;
  if (is_segment(reader)) {
    push_length(reader->corpus, reader->run);
    note_segment(reader);
    counts->segments++;
  } else if (reader->run > 0) {
    count_stage(reader);
    drop_bases(reader->corpus, reader->run);
    counts->short_segments++;
    counts->short_bases += reader->run;
    if (reader->run == reader->letters) reader->head_lost = true;
  }
  reader->run = 0;
}

static void add_breaks(Reader *reader, const char *letters, size_t n) {
  for (size_t i = 0, run; i < n; i += run) {
    run = 1;
    if (!(letters[i] & LETTER_MARK)) /* mostly a long run of N */
      run = reader->loops->range_run(letters + i, n - i, letters[i], letters[i]);
    reader->breaks[(unsigned char)letters[i]] += run;
  }
}

static void count_breaks(const Reader *reader) {
  SeqCounts *counts = reader->counts;
  for (int i = 0; i < 256; i++) {
    const int letter = i & ~LETTER_MARK, base = kmer_base((unsigned char)letter);
    const uint64_t n = reader->breaks[i];
    if (n == 0) continue;
    counts->letter[base < KMER_BREAK ? "ACGT"[base] : toupper(letter)] += n;
    if (islower(letter)) counts->lowercase += n;
    if (base < KMER_BREAK) counts->low_quality += n;
  }
  counts->low_quality -= counts->notes.masked;
}

/* Continues past the end of a circle with its first bases, which are not counted again. */
static void add_turn(Reader *reader, SeqFile *file) {
  count_stage(reader);
  reader->staged = seqfile_turn(file, reader->stage, STAGE);
  reader->turned = reader->staged;
  reader->run += reader->turned;
  reader->counts->turned += reader->turned;
  pack_stage(reader);
}

static void end_record(Reader *reader, const SeqFile *file, bool circular) {
  SeqCounts *counts = reader->counts;
  uint64_t *names = &counts->digest.names;
  size_t n;
  const char *name = seqfile_name(file, &n);
  *names = digest_bytes(*names, name, n);
  digest_place(reader, circular ? CIRCLE_END : END);
  if (reader->reading->tail) tail_record(reader->reading->tail, name, n, reader->letters);
  if (reader->reading->records)
    records_end(reader->reading->records, name, n, reader->letters, reader->turned > 0);
  counts->records++;
  counts->circular += circular;
  if (reader->letters > counts->longest) counts->longest = reader->letters;
  lengths_add(&reader->lengths, reader->letters);
}

/* Reports the part of the file read to the watch, which takes system calls. */
static void show_part(Reader *reader, const SeqFile *file) {
  const uint64_t bases = reader->corpus->bases;
  if (bases < reader->next_look) return;
  reader->next_look = bases + LOOK;
  watch_see(&reader->reading->watch, seqfile_part(file), bases);
}

/* Adds the current record of the file. */
static int add_record(Reader *reader, SeqFile *file, Why *why) {
  ptrdiff_t n;
  reader->letters = reader->kept = reader->turned = 0;
  reader->head_lost = false;
  for (;;) {
    if (reader->staged == STAGE) {
      count_stage(reader);
      show_part(reader, file);
    }
    char *letters = reader->stage + reader->staged;
    if ((n = seqfile_read(file, letters, STAGE - reader->staged, why)) <= 0) break;
    if (kmer_base((unsigned char)*letters) < KMER_BREAK) {
      reader->staged += (size_t)n;
      reader->run += (uint64_t)n;
    } else {
      if (reader->run > 0) digest_place(reader, RUN);
      add_breaks(reader, letters, (size_t)n);
      end_segment(reader);
    }
    reader->letters += (uint64_t)n;
  }
  if (n < 0) return -1;
  if (reader->run > 0 && reader->run < reader->letters) digest_place(reader, RUN);
  const bool circular = seqfile_circular(file);
  if (circular && !reader->head_lost && is_segment(reader)) add_turn(reader, file);
  end_segment(reader);
  end_record(reader, file, circular);
  return 0;
}

int corpus_read(Corpus *corpus, const char *path, const Reading *reading, SeqCounts *counts,
                Why *why) {
  memset(counts, 0, sizeof *counts);
  SeqFile *file = seqfile_open(path, why);
  if (!file) return -1;
  Reader *reader = alloc_new(1, sizeof *reader);
  int more;
  reader->corpus = corpus;
  reader->reading = reading;
  reader->counts = counts;
  reader->loops = letters_best();
  seqfile_mark_low(file, reading->min_quality);
  seqfile_mark_lowercase(file, reading->lowercase);
  seqfile_turn_circles(file, reading->turn, reading->circular);
  while ((more = seqfile_next(file, why)) > 0)
    if ((more = add_record(reader, file, why)) < 0) break;
  count_stage(reader);
  counts->notes = seqfile_notes(file);
  count_breaks(reader);
  counts->n50 = lengths_n50(&reader->lengths, counts_letters(counts));
  free(reader->lengths.longer);
  free(reader);
  seqfile_close(file);
  return more;
}

/* ---- counts --------------------------------------------------------------------------------- */

uint64_t counts_letters(const SeqCounts *counts) {
  uint64_t sum = 0;
  for (int letter = 0; letter < 128; letter++) sum += counts->letter[letter];
  return sum;
}

void counts_list(const SeqCounts *c, Count list[COUNTS_COLUMNS]) {
  const uint64_t *letter = c->letter, all = counts_letters(c);
  const Count columns[COUNTS_COLUMNS] = {
      {"records", c->records},
      {"bases", all},
      {"A", letter['A']},
      {"C", letter['C']},
      {"G", letter['G']},
      {"T", letter['T']},
      {"ambiguous", all - letter['A'] - letter['C'] - letter['G'] - letter['T']},
      {"lowercase", c->lowercase},
      {"segments", c->segments},
      {"longest", c->longest},
      {"n50", c->n50},
      {"circular", c->circular},
      {"masked", c->notes.masked},
      {"low_quality", c->low_quality},
      {"short_segments", c->short_segments},
      {"short_bases", c->short_bases}};
  memcpy(list, columns, sizeof columns);
}
