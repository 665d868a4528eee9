/* records: the names of the records of a corpus, and the places of its segments in them.
 *
 * They are kept for a memory or a genome. A record takes 40 bytes and its name, a segment 24
 * bytes. */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Segments are stored end to end, record by record. */
typedef struct {
  uint64_t start;    /* its first base, in the corpus */
  uint64_t position; /* its first letter in the record, counted from 0 */
  uint64_t length;
} RecordSegment;

/* The last segment of a circle ends with a copy of the circle's first record_turned bases, which
 * are in the corpus twice. */
typedef struct {
  uint64_t first_segment, segments; /* at least one, unless `all` is set */
  uint64_t letters;                 /* each counted once */
  size_t name;                      /* offset into names */
  bool circular; /* its last segment continues with the base after the repeated ones */
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
  bool all;        /* keep records without segments */
} Records;

Records *records_new(void);
void records_free(Records *records);           /* NULL is allowed */
size_t records_memory(const Records *records); /* bytes */

/* Append a record: its segments one by one, then its end. A record without segments is left out,
 * unless `all` is set; then only records_sort and records_named know such a record. */
void records_segment(Records *records, uint64_t position, uint64_t length);
void records_end(Records *records, const char *name, size_t n, uint64_t letters, bool circular);

/* The number of bases at the end of a record's last segment that repeat its first bases. */
uint64_t record_turned(const Records *records, const Record *record);

/* A record and a letter in it, counted from 0. */
typedef struct {
  size_t record;
  uint64_t letter;
} RecordPlace;

/* The place of a base of the corpus. */
RecordPlace records_place(const Records *records, uint64_t base);

/* The base in the corpus at a letter of a record; -1: no segment contains the letter. */
int64_t records_base(const Records *records, RecordPlace place);

/* Called once all records are complete, before the first records_named. */
void records_sort(Records *records);

/* Sets *found to the indices of the records with this name of n bytes, in the order of the corpus,
 * and returns their number. */
size_t records_named(const Records *records, const char *name, size_t n, const size_t **found);

#endif
