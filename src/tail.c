#include "tail.h"

#include "alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that come at the end and go at the head. */
typedef struct {
  uint8_t *bytes; /* head .. size-1 */
  size_t head, size, room;
} Queue;

/* A record in the queue: whether it is plain (one segment, which is all of it) and how many records
 * without bases stand before it, as one number; then its bases, if it is plain, or else its
 * segments, gap + 1 and bases each, a 0, and its letters. */
typedef struct {
  uint64_t number;     /* in the file */
  uint64_t begin, end; /* bases of the file */
  uint64_t letters;
  bool plain;
  size_t segments, next; /* into places: where its segments begin, and the next record */
  size_t name;           /* into names, if they are kept */
} Record;

struct Tail {
  double fraction;
  Queue places, names;   /* each name with its 0 */
  bool named;            /* names are kept */
  uint64_t bases;        /* of the file so far */
  Record head;           /* the first that is kept; next 0: there is none */
  uint64_t number, base; /* of the record before it, and its end */
  /* The record that is read: */
  size_t begun, begun_name;    /* where it begins in the queues */
  uint64_t empty;              /* records without bases before it */
  uint64_t segments;           /* that it has */
  uint64_t first_gap, letters; /* before its first segment; of its first segment */
};

uint64_t tail_split(uint64_t bases, double fraction) {
  return bases - (uint64_t)((double)bases * fraction);
}

/* ---- queues --------------------------------------------------------------------------------- */

static void make_room(Queue *queue, size_t n) {
  if (queue->size + n <= queue->room) return;
  queue->room = queue->room + queue->room / 2 + n + 64;
  queue->bytes = alloc_resize(queue->bytes, queue->room, 1);
}

static void push(Queue *queue, const void *bytes, size_t n) {
  make_room(queue, n);
  memcpy(queue->bytes + queue->size, bytes, n);
  queue->size += n;
}

/* Seven bits a byte, low first, the top bit set on all but the last. */
static void push_number(Queue *queue, uint64_t number) {
  make_room(queue, 10);
  for (; number >= 128; number >>= 7) queue->bytes[queue->size++] = (uint8_t)(number | 128);
  queue->bytes[queue->size++] = (uint8_t)number;
}

static uint64_t read_number(const Queue *queue, size_t *at) {
  uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const uint8_t byte = queue->bytes[(*at)++];
    number |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return number;
  }
}

/* Uses the room before the head again once it is most of the queue: by so much all of it moves. */
static size_t squeeze(Queue *queue) {
  const size_t moved = queue->head;
  if (moved <= queue->size / 2) return 0;
  memmove(queue->bytes, queue->bytes + moved, queue->size - moved);
  queue->size -= moved;
  queue->head = 0;
  return moved;
}

/* ---- records -------------------------------------------------------------------------------- */

/* The record at a place of the queue, after record `number` and before base `base`. */
static Record read_record(const Tail *tail, size_t at, uint64_t number, uint64_t base,
                          size_t name) {
  const uint64_t first = read_number(&tail->places, &at);
  Record record = {.number = number + first / 2 + 1,
                   .begin = base,
                   .end = base,
                   .plain = first % 2,
                   .segments = at,
                   .name = name};
  if (record.plain) {
    record.letters = read_number(&tail->places, &at);
    record.end += record.letters;
  } else {
    while (read_number(&tail->places, &at) > 0) record.end += read_number(&tail->places, &at);
    record.letters = read_number(&tail->places, &at);
  }
  record.next = at;
  return record;
}

/* NULL: it is not kept. */
static const char *name_of(const Tail *tail, const Record *record) {
  return tail->named ? (const char *)tail->names.bytes + record->name : NULL;
}

/* Where the name of the next record stands. */
static size_t next_name(const Tail *tail, const Record *record) {
  return tail->named ? record->name + strlen(name_of(tail, record)) + 1 : 0;
}

/* Goes on to the next record; false where there is none. */
static bool next_record(const Tail *tail, Record *record) {
  if (record->next == tail->places.size) return false;
  *record = read_record(tail, record->next, record->number, record->end, next_name(tail, record));
  return true;
}

/* Drops the records that the file will not be split in. */
static void drop_records(Tail *tail) {
  const uint64_t split = tail_split(tail->bases, tail->fraction);
  while (tail->head.next > 0 && tail->head.end <= split) {
    tail->number = tail->head.number;
    tail->base = tail->head.end;
    tail->places.head = tail->head.next;
    tail->names.head = next_name(tail, &tail->head);
    if (!next_record(tail, &tail->head)) tail->head.next = 0;
  }
  const size_t moved = squeeze(&tail->places);
  if (tail->head.next > 0) {
    tail->head.segments -= moved;
    tail->head.next -= moved;
  }
  squeeze(&tail->names);
  tail->head.name = tail->names.head;
}

/* ---- reading -------------------------------------------------------------------------------- */

Tail *tail_new(double fraction) {
  Tail *tail = alloc_new(1, sizeof *tail);
  tail->fraction = fraction;
  tail->named = true;
  return tail;
}

void tail_free(Tail *tail) {
  if (!tail) return;
  free(tail->places.bytes);
  free(tail->names.bytes);
  free(tail);
}

void tail_begin(Tail *tail, const char *name) {
  const size_t n = strlen(name) + 1;
  tail->begun = tail->places.size;
  tail->begun_name = tail->names.size;
  tail->segments = 0;
  if (tail->named && tail->names.size - tail->names.head + n > TAIL_NAMES) {
    tail->named = false;
    free(tail->names.bytes);
    tail->names = (Queue){.bytes = NULL};
  }
  if (tail->named) push(&tail->names, name, n);
}

void tail_segment(Tail *tail, uint64_t gap, uint64_t bases) {
  if (tail->segments++ == 0) {
    push_number(&tail->places, 2 * tail->empty);
    tail->first_gap = gap;
    tail->letters = bases;
  }
  push_number(&tail->places, gap + 1);
  push_number(&tail->places, bases);
  tail->bases += bases;
}

void tail_end(Tail *tail, uint64_t letters) {
  if (tail->segments == 0) {
    tail->empty++;
    if (tail->named) tail->names.size = tail->begun_name;
    return;
  }
  if (tail->segments == 1 && tail->first_gap == 0 && tail->letters == letters) {
    tail->places.size = tail->begun;
    push_number(&tail->places, 2 * tail->empty + 1);
  } else {
    push_number(&tail->places, 0);
  }
  push_number(&tail->places, letters);
  tail->empty = 0;
  if (tail->head.next == 0)
    tail->head = read_record(tail, tail->begun, tail->number, tail->base, tail->begun_name);
  drop_records(tail);
}

/* ---- the part ------------------------------------------------------------------------------- */

/* The letter that this base of the record is, from 1; beyond its letters where a circle is read
 * over its end. */
static uint64_t letter_of(const Tail *tail, const Record *record, uint64_t base) {
  uint64_t letter = 1, left = base - record->begin;
  size_t at = record->segments;
  if (record->plain) return letter + left;
  for (;;) {
    letter += read_number(&tail->places, &at) - 1;
    const uint64_t bases = read_number(&tail->places, &at);
    if (left < bases) return letter + left;
    letter += bases;
    left -= bases;
  }
}

static char *copy(const char *name) { return name ? alloc_text(name) : NULL; }

/* Goes on to the record that has the base, or to the next one where it is one that a circle has
 * already; *letter is where the part begins there. */
static bool find_first(const Tail *tail, Record *record, uint64_t base, uint64_t *letter) {
  while (record->end <= base)
    if (!next_record(tail, record)) return false;
  *letter = letter_of(tail, record, base);
  if (*letter <= record->letters) return true;
  if (!next_record(tail, record)) return false;
  *letter = letter_of(tail, record, record->begin);
  return true;
}

TailPart tail_part(const Tail *tail, uint64_t base) {
  TailPart part = {.records = 0};
  Record record = tail->head;
  if (record.next == 0 || !find_first(tail, &record, base, &part.from)) return part;
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
