#include "sequence/tail.h"

#include "base/alloc.h"
#include "sequence/varint.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 1 << 12, GROUP = 256 }; /* bytes before the first drop; records in a group */

typedef struct {
  uint8_t *bytes;
  size_t size, room;
} Buffer;

/* A record as read from the buffer, where it is stored as varints: the number of records without
 * bases before it, its segments (gap + 1, bases), a 0, and its letters. */
typedef struct {
  uint64_t number;     /* in the file */
  uint64_t begin, end; /* bases of the file */
  uint64_t letters;
  size_t segments, next; /* offsets into places of its segments and of the next record */
  size_t name;           /* offset into names, if they are kept */
} Record;

/* The beginning of a group of records. Records are dropped in whole groups. */
typedef struct {
  uint64_t number, base; /* number of the record before the group, and its end */
  size_t place, name;    /* offsets into places and names */
} Mark;

struct Tail {
  double fraction;
  Buffer places, names; /* each name with its 0 */
  Mark *marks;
  size_t n_marks, marks_room;
  size_t drop_at;   /* size of places at which groups are dropped */
  bool named;       /* whether names are kept */
  uint64_t bases;   /* of the file so far */
  uint64_t records; /* records with bases */
  uint64_t number;  /* number of the last record with bases */
  uint64_t empty;   /* records without bases after that one */
  bool has_bases;   /* of the current record */
};

uint64_t tail_split(uint64_t bases, double fraction) {
  return bases - (uint64_t)((double)bases * fraction);
}

/* ---- buffers -------------------------------------------------------------------------------- */

static void make_room(Buffer *buffer, size_t n) {
  buffer->bytes = alloc_grow(buffer->bytes, &buffer->room, buffer->size + n, 1);
}

static void push_number(Buffer *buffer, uint64_t number) {
  make_room(buffer, VARINT_MAX);
  buffer->size += varint_put(buffer->bytes + buffer->size, number);
}

static void drop_bytes(Buffer *buffer, size_t n) {
  buffer->size -= n;
  if (n > 0) memmove(buffer->bytes, buffer->bytes + n, buffer->size);
}

/* ---- records -------------------------------------------------------------------------------- */

/* The record at a mark. */
static Record read_record(const Tail *tail, Mark mark) {
  const uint8_t *places = tail->places.bytes;
  size_t at = mark.place;
  const uint64_t empty = varint_get(places, &at);
  Record record = {.number = mark.number + empty + 1,
                   .begin = mark.base,
                   .end = mark.base,
                   .segments = at,
                   .name = mark.name};
  while (varint_get(places, &at) > 0) record.end += varint_get(places, &at);
  record.letters = varint_get(places, &at);
  record.next = at;
  return record;
}

/* The name of a record; NULL if it is not kept. */
static const char *name_of(const Tail *tail, const Record *record) {
  return tail->named ? (const char *)tail->names.bytes + record->name : NULL;
}

/* Moves to the next record; false after the last one. */
static bool next_record(const Tail *tail, Record *record) {
  if (record->next == tail->places.size) return false;
  const size_t name = tail->named ? record->name + strlen(name_of(tail, record)) + 1 : 0;
  const Mark mark = {record->number, record->end, record->next, name};
  *record = read_record(tail, mark);
  return true;
}

/* Drops the groups before the split. */
static void drop_groups(Tail *tail) {
  const uint64_t split = tail_split(tail->bases, tail->fraction);
  size_t n = 0;
  while (n + 1 < tail->n_marks && tail->marks[n + 1].base <= split) n++;
  const Mark first = tail->marks[n];
  drop_bytes(&tail->places, first.place);
  if (tail->named) drop_bytes(&tail->names, first.name);
  tail->n_marks -= n;
  for (size_t i = 0; i < tail->n_marks; i++) {
    tail->marks[i] = tail->marks[i + n];
    tail->marks[i].place -= first.place;
    tail->marks[i].name -= first.name;
  }
  tail->drop_at = 2 * tail->places.size + PLACES;
}

static void add_mark(Tail *tail) {
  tail->marks = alloc_grow(tail->marks, &tail->marks_room, tail->n_marks + 1, sizeof *tail->marks);
  tail->marks[tail->n_marks++] =
      (Mark){tail->number, tail->bases, tail->places.size, tail->names.size};
}

/* ---- reading -------------------------------------------------------------------------------- */

Tail *tail_new(double fraction) {
  Tail *tail = alloc_new(1, sizeof *tail);
  tail->fraction = fraction;
  tail->drop_at = PLACES;
  tail->named = true;
  return tail;
}

void tail_free(Tail *tail) {
  if (!tail) return;
  free(tail->places.bytes);
  free(tail->names.bytes);
  free(tail->marks);
  free(tail);
}

/* Makes room for a name, or stops keeping names. */
static void make_room_for_name(Tail *tail, size_t n) {
  drop_groups(tail);
  if (tail->names.size + n <= TAIL_NAMES) return;
  tail->named = false;
  free(tail->names.bytes);
  tail->names = (Buffer){.bytes = NULL};
}

static void push_name(Tail *tail, const char *name, size_t n) {
  if (tail->names.size + n + 1 > 2 * TAIL_NAMES) make_room_for_name(tail, n + 1);
  if (!tail->named) return;
  make_room(&tail->names, n + 1);
  memcpy(tail->names.bytes + tail->names.size, name, n);
  tail->names.size += n;
  tail->names.bytes[tail->names.size++] = 0;
}

void tail_segment(Tail *tail, uint64_t gap, uint64_t bases) {
  if (!tail->has_bases) {
    if (tail->records++ % GROUP == 0) add_mark(tail);
    push_number(&tail->places, tail->empty);
    tail->has_bases = true;
  }
  push_number(&tail->places, gap + 1);
  push_number(&tail->places, bases);
  tail->bases += bases;
}

void tail_record(Tail *tail, const char *name, size_t n, uint64_t letters) {
  if (!tail->has_bases) {
    tail->empty++;
    return;
  }
  push_number(&tail->places, 0);
  push_number(&tail->places, letters);
  if (tail->named) push_name(tail, name, n);
  tail->number += tail->empty + 1;
  tail->empty = 0;
  tail->has_bases = false;
  if (tail->places.size >= tail->drop_at) drop_groups(tail);
}

/* ---- the part ------------------------------------------------------------------------------- */

/* The position of a base in its record, from 1; beyond its letters if a circle is read again. */
static uint64_t letter_of(const Tail *tail, const Record *record, uint64_t base) {
  uint64_t letter = 1, left = base - record->begin;
  size_t at = record->segments;
  for (;;) {
    letter += varint_get(tail->places.bytes, &at) - 1;
    const uint64_t bases = varint_get(tail->places.bytes, &at);
    if (left < bases) return letter + left;
    letter += bases;
    left -= bases;
  }
}

static char *copy(const char *name) { return name ? alloc_text(name) : NULL; }

/* Moves to the record with the base, or to the next one if the base is one that a circle repeats;
 * sets *letter to the position at which the part begins. */
static bool find_first(const Tail *tail, Record *record, uint64_t base, uint64_t *letter) {
  while (record->end <= base)
    if (!next_record(tail, record)) return false;
  *letter = letter_of(tail, record, base);
  if (*letter <= record->letters) return true;
  if (!next_record(tail, record)) return false;
  *letter = letter_of(tail, record, record->begin);
  return true;
}

/* The number of bases, from this one on, that circles read again. */
static uint64_t count_turned(const Tail *tail, Record record, uint64_t base) {
  uint64_t sum = 0;
  do {
    if (record.end <= base) continue;
    const uint64_t last = letter_of(tail, &record, record.end - 1), left = record.end - base;
    const uint64_t turned = last > record.letters ? last - record.letters : 0;
    sum += turned < left ? turned : left;
  } while (next_record(tail, &record));
  return sum;
}

TailPart tail_part(const Tail *tail, uint64_t base) {
  TailPart part = {.records = 0};
  if (tail->places.size == 0) return part;
  Record record = read_record(tail, tail->marks[0]);
  part.turned = count_turned(tail, record, base);
  if (!find_first(tail, &record, base, &part.from)) return part;
  part.first = record.number;
  part.to = record.letters;
  part.first_name = copy(name_of(tail, &record));
  const char *whole = NULL;
  bool more = true;
  for (; more; more = next_record(tail, &record)) {
    part.records++;
    if (record.begin >= base && part.whole++ == 0) {
      part.whole_first = record.number;
      whole = name_of(tail, &record);
    }
    part.last = record.number;
    part.last_to = record.letters;
  }
  part.last_name = copy(name_of(tail, &record));
  part.whole_name = copy(whole);
  return part;
}

void tailpart_free(TailPart *part) {
  free(part->first_name);
  free(part->last_name);
  free(part->whole_name);
  *part = (TailPart){.records = 0};
}
