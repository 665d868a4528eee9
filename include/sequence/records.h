/* records: the names of the records of a corpus, and the places of its segments in them.
 *
 * Kept for a memory or a genome. A record takes its name and 40 bytes, a segment 24. */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Segments stand end to end, those of a record side by side. */
typedef struct {
  uint64_t start;    /* its first base, in the corpus */
  uint64_t position; /* its first letter in the record, counted from 0 */
  uint64_t length;
} RecordSegment;

/* The last segment of a circle ends with the first bases of the circle, which are in the corpus
 * twice: with record_turned of them. */
typedef struct {
  uint64_t first_segment, segments; /* one at least, unless there are all records */
  uint64_t letters;                 /* each counted once */
  size_t name;                      /* offset into names */
  bool circular; /* its last segment continues with the base after the turned ones */
} Record;

typedef struct {
  Record *record; /* (n) */
  size_t n, room;
  RecordSegment *segment; /* (n_segments) */
  size_t n_segments, segment_room;
  char *names; /* each ends with a 0 */
  size_t names_size, names_room;
  uint64_t bases;  /* of all segments */
  size_t *by_name; /* (n) the records in the order of their names; NULL until records_sort */
  bool all;        /* records without segments are not left out */
} Records;

Records *records_new(void);
void records_free(Records *records);           /* NULL is allowed */
size_t records_memory(const Records *records); /* bytes */

/* Appends a record: its segments one by one, then its end. A record without segments is left out,
 * unless `all` is set; then only records_sort and records_named know such a record. */
void records_segment(Records *records, uint64_t position, uint64_t length);
void records_end(Records *records, const char *name, size_t n, uint64_t letters, bool circular);

/* The bases at the end of a record's last segment that are also its first ones. */
uint64_t record_turned(const Records *records, const Record *record);

/* The record of a base and its letter there, counted from 0. */
typedef struct {
  size_t record;
  uint64_t letter;
} RecordPlace;
RecordPlace records_place(const Records *records, uint64_t base);

/* The base at a letter of a record; -1: none, or the letter is in no segment. */
int64_t records_base(const Records *records, RecordPlace place);

/* Before the first records_named, once all records are there. */
void records_sort(Records *records);

/* The records of this name (n): their number, and *found of them, in the order of the corpus. */
size_t records_named(const Records *records, const char *name, size_t n, const size_t **found);

#endif
