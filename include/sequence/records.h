/* records: the names of the records of a corpus, and where its segments are in them.
 *
 * Kept only for a memory: it takes the name and 16 bytes for each record, and 16 for each segment.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "sequence/span.h"

/* Segment i begins at letter `position` (from 0) of its record, and at base `start` of the corpus;
 * segments of a record follow each other. */
typedef struct {
  uint64_t start, position, length;
} RecordSegment;

typedef struct {
  uint64_t first_segment;
  uint64_t letters; /* of the record, each counted once */
  size_t name;      /* where its name, which ends with 0, begins in names */
  bool circular;    /* the last segment goes on with the first bases of the first one */
} Record;

typedef struct {
  Record *record; /* (n) */
  size_t n, room;
  RecordSegment *segment; /* (n_segments) */
  size_t n_segments, segment_room;
  char *names;
  size_t names_size, names_room;
} Records;

#endif
