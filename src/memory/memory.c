#include "memory/memory.h"

#include "base/alloc.h"
#include "base/signals.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { PADDING = 16 /* bytes of packed on each side */, PADDING_WORDS = 2 /* of begins */ };
enum {
  WORD = 32 /* bases of a uint64_t */,
  SEEN = 64 /* bases visible before and after a place */,
  FIRST_ROOM = 1 << 10
};
enum {
  AHEAD = 16 /* places */,
  LOOK_PLACES = 1 << 16 /* places between two checks for signals */
};

/* ---- sizes -------------------------------------------------------------------------------- */

/* Pairs of bases that count in a seed of m bases. */
static int pairs_of(int m) { return (m + 1) / 3; }

/* There are 16^pairs seeds, at least half the number of bases. */
int memory_choose_m(uint64_t bases) {
  int m = 17;
  while (m < MEMORY_M_MAX && (uint64_t)1 << 4 * pairs_of(m) < bases / 2) m += 3;
  return m;
}

static uint64_t entries(uint64_t bases, int every) { return bases / (uint64_t)every + 1; }

static size_t packed_size(uint64_t bases) { return bases / 4 + 1 + 2 * PADDING; }
static size_t begins_words(uint64_t bases) { return bases / 64 + 1 + 2 * PADDING_WORDS; }

/* As many hashes as entries, rounded up to a power of two, but no more than seeds. */
static int hash_bits(uint64_t bases, int m, int every) {
  int bits = 0;
  while (bits < 4 * pairs_of(m) && (uint64_t)1 << bits < entries(bases, every)) bits++;
  return bits;
}

uint64_t memory_bytes(uint64_t bases, int m, int every) {
  return packed_size(bases) + begins_words(bases) * sizeof(uint64_t) +
         (((uint64_t)1 << hash_bits(bases, m, every)) + entries(bases, every)) * sizeof(uint32_t);
}

int memory_choose_every(uint64_t bases, int m, uint64_t limit) {
  int least = (int)(bases >> 32) + 1, enough = INT_MAX;
  if (memory_bytes(bases, m, enough) > limit) return 0;
  while (least < enough) {
    const int middle = least + (enough - least) / 2;
    if (memory_bytes(bases, m, middle) <= limit)
      enough = middle;
    else
      least = middle + 1;
  }
  return enough;
}

/* ---- bases and the ends of segments -----------------------------------------------------------
 */

static void set_base(Memory *memory, uint64_t i, int base) {
  uint8_t *byte = &memory->packed[i / 4];
  *byte = (uint8_t)(*byte | base << 2 * (i % 4));
}

static void set_begin(Memory *memory, uint64_t i) {
  memory->begins[i / 64] |= (uint64_t)1 << i % 64;
}

static void clear_begin(Memory *memory, uint64_t i) {
  memory->begins[i / 64] &= ~((uint64_t)1 << i % 64);
}

static bool begins(const Memory *memory, uint64_t i) {
  return memory->begins[i / 64] >> i % 64 & 1;
}

/* Bases i .. i+31, the first lowest; i may be less than 0, and end after the last base. */
static uint64_t load(const Memory *memory, int64_t i) {
  const uint8_t *bytes = memory->packed + (i >> 2);
  const int shift = 2 * (int)(i & 3);
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return shift == 0 ? word : word >> shift | (uint64_t)bytes[8] << (64 - shift);
}

/* Bits i .. i+63 of begins; i may be less than 0. */
static uint64_t load_begins(const Memory *memory, int64_t i) {
  const uint64_t *word = memory->begins + (i >> 6);
  const int shift = (int)(i & 63);
  return shift == 0 ? word[0] : word[0] >> shift | word[1] << (64 - shift);
}

uint64_t memory_other_strand(uint64_t word) {
  word = (word >> 2 & 0x3333333333333333) | (word & 0x3333333333333333) << 2;
  word = (word >> 4 & 0x0f0f0f0f0f0f0f0f) | (word & 0x0f0f0f0f0f0f0f0f) << 4;
  return ~__builtin_bswap64(word);
}

/* The number of bases from i on before the first base from `from` on that begins a segment, at most
 * 64. */
static int count_up(const Memory *memory, int64_t i, int64_t from) {
  const uint64_t bits = load_begins(memory, from);
  const int64_t n = bits ? __builtin_ctzll(bits) + from - i : SEEN;
  return n < SEEN ? (int)n : SEEN;
}

/* The number of bases i-1, i-2, ... down to the last base up to `from` that begins a segment, at
 * most 64. */
static int count_down(const Memory *memory, int64_t i, int64_t from) {
  const uint64_t bits = load_begins(memory, from - 63);
  const int64_t n = bits ? i - (from - __builtin_clzll(bits)) : SEEN;
  return n < SEEN ? (int)n : SEEN;
}

/* The 32 bases before a place of the forward strand, newest lowest. */
static uint64_t last_bases(const Memory *memory, int64_t place) {
  return ~memory_other_strand(load(memory, place - WORD));
}

void memory_before(const Memory *memory, int64_t place, uint64_t before[2]) {
  for (int i = 0; i < 2; i++)
    before[i] =
        place < 0 ? ~load(memory, ~place + 1 + i * WORD) : last_bases(memory, place - i * WORD);
}

int memory_count_before(const Memory *memory, int64_t place) {
  return place < 0 ? count_up(memory, ~place + 1, ~place + 1) : count_down(memory, place, place);
}

uint64_t memory_after(const Memory *memory, int64_t place) {
  return place < 0 ? memory_other_strand(load(memory, ~place - WORD + 1)) : load(memory, place);
}

int memory_count_after(const Memory *memory, int64_t place) {
  return place < 0 ? count_down(memory, ~place + 1, ~place) : count_up(memory, place, place + 1);
}

/* ---- circles --------------------------------------------------------------------------------- */

/* The place after the base at `place`, which ends its segment. In a circle, the last segment ends
 * with a copy of the first bases, so the place is after the originals, unless the first segment is
 * too short. */
static int64_t round_circle(const Memory *memory, int64_t place) {
  const Records *records = memory->records;
  if (!records) return MEMORY_NOWHERE;
  const uint64_t base = (uint64_t)memory_at(place);
  const Record *record = &records->record[records_place(records, base).record];
  const RecordSegment *first = &records->segment[record->first_segment];
  const RecordSegment *last = first + record->segments - 1;
  const uint64_t end = last->start + last->length, turned = record_turned(records, record);
  if (!record->circular || turned >= first->length) return MEMORY_NOWHERE;
  if (base != (place < 0 ? first->start : end - 1)) return MEMORY_NOWHERE;
  return place < 0 ? ~(int64_t)(end - turned - 1) : (int64_t)(first->start + turned);
}

int64_t memory_next(const Memory *memory, int64_t place) {
  const int64_t end = place < 0 ? ~place : place + 1;
  return begins(memory, (uint64_t)end) ? round_circle(memory, place) : place + 1;
}

/* ---- the index ------------------------------------------------------------------------------- */

uint64_t memory_seed(int m) { return 0xf3cf3cf3cf3cf3cf & (((uint64_t)1 << 2 * m) - 1); }

/* The counting bases of a seed, packed without gaps: pairs, then twos and fours of pairs. */
static uint64_t seed_of(uint64_t last, int m) {
  uint64_t seed = last & memory_seed(m);
  seed = (seed & 0xf00f00f00f00f) | (seed >> 2 & 0xf00f00f00f00f0);
  seed = (seed & 0xff0000ff) | (seed >> 4 & 0xff0000ff00);
  return (seed & 0xffff) | (seed >> 8 & 0xffff0000);
}

/* The factor is odd and thus permutes the seeds: a hash with all their bits is unique. */
static uint32_t *slot(const Memory *memory, uint64_t last) {
  const int bits = 4 * pairs_of(memory->m);
  const uint64_t hash = seed_of(last, memory->m) * 0x9e3779b97f4a7c15;
  return &memory->newest[(hash & (((uint64_t)1 << bits) - 1)) >> (bits - memory->bits)];
}

uint32_t memory_newest(const Memory *memory, uint64_t last) { return *slot(memory, last); }

void memory_prefetch_newest(const Memory *memory, uint64_t last) {
  __builtin_prefetch(slot(memory, last));
}

void memory_prefetch_entry(const Memory *memory, uint32_t entry) {
  __builtin_prefetch(&memory->earlier[entry]);
  __builtin_prefetch(&memory->packed[(uint64_t)entry * (uint64_t)memory->every / 4]);
}

int64_t memory_place(const Memory *memory, uint32_t entry, bool reversed) {
  const int64_t after = (int64_t)entry * memory->every;
  return reversed ? ~(after - memory->m - 1) : after;
}

/* Adds a place, which is the newest and a multiple of `every`, if it is inside a segment and after
 * at least m of its bases. */
static void index_place(Memory *memory, uint64_t place) {
  if (memory_count_before(memory, (int64_t)place) < memory->m) return;
  const uint64_t entry = place / (uint64_t)memory->every;
  uint32_t *newest = slot(memory, last_bases(memory, (int64_t)place));
  memory->earlier[entry] = *newest;
  *newest = (uint32_t)entry;
}

/* Hashes are in random order, so each is prefetched AHEAD places before it is written. */
static int index_places(Memory *memory, const Watch *watch) {
  const uint64_t every = (uint64_t)memory->every;
  for (uint64_t place = every; place < memory->bases; place += every) {
    const uint64_t ahead = place + AHEAD * every;
    if (place / every % LOOK_PLACES == 0) {
      if (signals_end()) return -1;
      watch_see(watch, (double)place / (double)memory->bases, place);
    }
    if (ahead < memory->bases) memory_prefetch_newest(memory, last_bases(memory, (int64_t)ahead));
    index_place(memory, place);
  }
  return 0;
}

/* ---- memories -------------------------------------------------------------------------------- */

static void new_sequence(Memory *memory, uint64_t room) {
  memory->room = room;
  memory->packed = (uint8_t *)alloc_new(packed_size(room), 1) + PADDING;
  memory->begins = (uint64_t *)alloc_new(begins_words(room), sizeof(uint64_t)) + PADDING_WORDS;
}

static void new_index(Memory *memory) {
  memory->bits = hash_bits(memory->room, memory->m, memory->every);
  memory->newest = alloc_numbers((size_t)1 << memory->bits, sizeof *memory->newest);
  memory->earlier = alloc_numbers(entries(memory->room, memory->every), sizeof *memory->earlier);
}

static void free_sequence(Memory *memory) {
  free(memory->packed - PADDING);
  free(memory->begins - PADDING_WORDS);
}

static void free_index(Memory *memory) {
  free(memory->newest);
  free(memory->earlier);
}

Memory *memory_new(Records *records, int m, int every, bool both_strands) {
  Memory *memory = alloc_new(1, sizeof *memory);
  memory->bases = records->bases;
  memory->records = records;
  memory->both_strands = both_strands;
  memory->m = m;
  memory->every = every;
  new_sequence(memory, memory->bases);
  for (size_t i = 0; i < records->n_segments; i++) set_begin(memory, records->segment[i].start);
  set_begin(memory, memory->bases);
  return memory;
}

/* Copies the bases of a range to base `to` and on, whole bytes of four bases if aligned. */
static void copy_range(Memory *memory, uint64_t to, const Corpus *corpus, Range range) {
  uint64_t base = range.begin;
  while (base < range.end && to % 4 != 0) set_base(memory, to++, corpus_base(corpus, base++));
  const uint8_t *from = corpus->packed + base / 4;
  const int shift = 2 * (int)(base % 4);
  const uint64_t bytes = (range.end - base) / 4;
  for (uint64_t i = 0; i < bytes; i++)
    memory->packed[to / 4 + i] = (uint8_t)(from[i] >> shift | from[i + 1] << (8 - shift));
  base += 4 * bytes;
  to += 4 * bytes;
  while (base < range.end) set_base(memory, to++, corpus_base(corpus, base++));
}

void memory_copy(Memory *memory, const Span *span) {
  uint64_t to = 0;
  for (size_t i = 0; i < span->n; i++) {
    copy_range(memory, to, span->corpus, span->ranges[i]);
    to += span->ranges[i].end - span->ranges[i].begin;
  }
}

int memory_index(Memory *memory, const Watch *watch) {
  new_index(memory);
  return index_places(memory, watch);
}

void memory_free(Memory *memory) {
  if (!memory) return;
  free_sequence(memory);
  free_index(memory);
  records_free(memory->records);
  free(memory);
}

Memory *memory_new_growing(int m, bool both_strands) {
  Memory *memory = alloc_new(1, sizeof *memory);
  memory->both_strands = both_strands;
  memory->m = m;
  memory->every = 1;
  new_sequence(memory, FIRST_ROOM);
  new_index(memory);
  set_begin(memory, 0);
  return memory;
}

/* Doubles the room and makes the index again. */
static void grow(Memory *memory) {
  Memory old = *memory;
  free_index(&old);
  new_sequence(memory, 2 * old.room);
  memory->every = memory_choose_every(memory->room, memory->m, UINT64_MAX);
  new_index(memory);
  memcpy(memory->packed, old.packed, old.room / 4);
  memcpy(memory->begins, old.begins, old.room / 8);
  set_begin(memory, memory->bases);
  index_places(memory, &(Watch){0});
  free_sequence(&old);
}

/* The place before this base can now be indexed, because a pointer there has a base to guess. */
void memory_append(Memory *memory, int base, bool begins_segment) {
  if (memory->bases == memory->room) grow(memory);
  const uint64_t i = memory->bases;
  if (!begins_segment) clear_begin(memory, i);
  if (i % (uint64_t)memory->every == 0) index_place(memory, i);
  set_base(memory, i, base);
  memory->bases++;
  set_begin(memory, memory->bases);
}
