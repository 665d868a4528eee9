#include "sequence/records.h"

#include "base/alloc.h"
#include "base/search.h"

#include <stdlib.h>
#include <string.h>

Records *records_new(void) { return alloc_new(1, sizeof(Records)); }

void records_free(Records *records) {
  if (!records) return;
  free(records->record);
  free(records->segment);
  free(records->names);
  free(records->by_name);
  free(records);
}

size_t records_memory(const Records *records) {
  return records->room * sizeof *records->record + records->names_room +
         records->segment_room * sizeof *records->segment +
         (records->n + 1) * sizeof *records->by_name;
}

/* ---- making --------------------------------------------------------------------------------- */

void records_segment(Records *records, uint64_t position, uint64_t length) {
  records->segment = alloc_grow(records->segment, &records->segment_room, records->n_segments + 1,
                                sizeof *records->segment);
  records->segment[records->n_segments++] = (RecordSegment){records->bases, position, length};
  records->bases += length;
}

void records_end(Records *records, const char *name, size_t n, uint64_t letters, bool circular) {
  uint64_t first = 0;
  if (records->n > 0) {
    const Record *last = &records->record[records->n - 1];
    first = last->first_segment + last->segments;
  }
  if (first == records->n_segments && !records->all) return;
  records->names = alloc_grow(records->names, &records->names_room, records->names_size + n + 1, 1);
  memcpy(records->names + records->names_size, name, n);
  records->names[records->names_size + n] = 0;
  records->record =
      alloc_grow(records->record, &records->room, records->n + 1, sizeof *records->record);
  records->record[records->n++] =
      (Record){first, records->n_segments - first, letters, records->names_size, circular};
  records->names_size += n + 1;
}

/* ---- places --------------------------------------------------------------------------------- */

uint64_t record_turned(const Records *records, const Record *record) {
  const RecordSegment *last = &records->segment[record->first_segment + record->segments - 1];
  const uint64_t end = last->position + last->length;
  return end < record->letters ? 0 : end - record->letters;
}

RecordPlace records_place(const Records *records, uint64_t base) {
  const size_t i =
      search_last(&records->segment->start, records->n_segments, sizeof *records->segment, base);
  const size_t r =
      search_last(&records->record->first_segment, records->n, sizeof *records->record, i);
  const uint64_t letters = records->record[r].letters;
  const uint64_t letter = records->segment[i].position + (base - records->segment[i].start);
  return (RecordPlace){r, letter < letters ? letter : letter - letters};
}

int64_t records_base(const Records *records, RecordPlace place) {
  const Record *record = &records->record[place.record];
  const RecordSegment *segment = &records->segment[record->first_segment];
  segment += search_last(&segment->position, record->segments, sizeof *segment, place.letter);
  if (place.letter < segment->position || place.letter >= record->letters ||
      place.letter - segment->position >= segment->length)
    return -1;
  return (int64_t)(segment->start + (place.letter - segment->position));
}

/* ---- names ---------------------------------------------------------------------------------- */

/* Compares names, and the numbers of records with equal names. */
typedef struct {
  const char *name;
  size_t record;
} NamedRecord;

static int by_name(const void *a, const void *b) {
  const NamedRecord *x = a, *y = b;
  const int order = strcmp(x->name, y->name);
  if (order != 0) return order;
  return x->record < y->record ? -1 : 1;
}

void records_sort(Records *records) {
  NamedRecord *named = alloc_new(records->n + 1, sizeof *named);
  for (size_t i = 0; i < records->n; i++)
    named[i] = (NamedRecord){records->names + records->record[i].name, i};
  qsort(named, records->n, sizeof *named, by_name);
  records->by_name = alloc_resize(records->by_name, records->n + 1, sizeof *records->by_name);
  for (size_t i = 0; i < records->n; i++) records->by_name[i] = named[i].record;
  free(named);
}

/* Compares record i of by_name with a name (n); returns the sign, like memcmp. */
static int compare(const Records *records, size_t i, const char *name, size_t n) {
  const char *other = records->names + records->record[records->by_name[i]].name;
  const int order = strncmp(other, name, n);
  return order != 0 ? order : other[n] != 0;
}

/* The number of records in by_name with smaller names, or with names smaller or equal. */
static size_t count_before(const Records *records, const char *name, size_t n, bool same_too) {
  size_t begin = 0, end = records->n;
  while (begin < end) {
    const size_t middle = begin + (end - begin) / 2;
    if (compare(records, middle, name, n) < same_too)
      begin = middle + 1;
    else
      end = middle;
  }
  return begin;
}

size_t records_named(const Records *records, const char *name, size_t n, const size_t **found) {
  const size_t first = count_before(records, name, n, false);
  *found = records->by_name + first;
  return count_before(records, name, n, true) - first;
}
