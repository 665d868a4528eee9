#include "sequence/span.h"

#include "base/alloc.h"
#include "base/ranks.h"
#include "sequence/varint.h"

#include <stdlib.h>
#include <string.h>

void span_free(Span *span) {
  free(span->ranges);
  *span = (Span){.corpus = NULL};
}

void span_add(Span *span, uint64_t begin, uint64_t end) {
  if (begin == end) return;
  span->ranges = alloc_grow(span->ranges, &span->room, span->n + 1, sizeof *span->ranges);
  span->ranges[span->n++] = (Range){begin, end};
}

void span_share(Span *span) {
  ranks_broadcast(&span->n, sizeof span->n);
  span->ranges = alloc_grow(span->ranges, &span->room, span->n, sizeof *span->ranges);
  ranks_broadcast(span->ranges, span->n * sizeof *span->ranges);
}

uint64_t span_bases(const Span *span) {
  uint64_t sum = 0;
  for (size_t i = 0; i < span->n; i++) sum += span->ranges[i].end - span->ranges[i].begin;
  return sum;
}

/* Appends the bases from .. to-1 of a span, numbered without its gaps. */
static void add_part(Span *part, const Span *span, uint64_t from, uint64_t to) {
  uint64_t before = 0;
  for (size_t i = 0; i < span->n; i++) {
    const uint64_t start = span->ranges[i].begin, after = before + span->ranges[i].end - start;
    const uint64_t begin = from > before ? from : before, end = to < after ? to : after;
    if (begin < end) span_add(part, start + begin - before, start + end - before);
    before = after;
  }
}

Span span_head(const Span *span, uint64_t bases) {
  Span head = {.corpus = span->corpus};
  add_part(&head, span, 0, bases);
  return head;
}

Span span_sample(const Span *span, uint64_t stretches, uint64_t length) {
  Span sample = {.corpus = span->corpus};
  const uint64_t bases = span_bases(span);
  for (uint64_t i = 0; i < stretches; i++) {
    const uint64_t from = i * bases / stretches;
    add_part(&sample, span, from, from + length);
  }
  return sample;
}

uint64_t segment_tokens(const Segment *segment, int k, int s) {
  return segment->length < (uint64_t)k ? 0 : (segment->length - (uint64_t)k) / (uint64_t)s;
}

uint64_t span_tokens(const Span *span, int k, int s) {
  SegmentCursor cursor = {0};
  Segment segment;
  uint64_t sum = 0;
  while (segments_next(span, &cursor, &segment)) sum += segment_tokens(&segment, k, s);
  return sum;
}

bool segments_next(const Span *span, SegmentCursor *cursor, Segment *segment) {
  while (cursor->range < span->n && cursor->offset < span->corpus->lengths_size) {
    const Range *range = &span->ranges[cursor->range];
    if (cursor->base >= range->end) {
      cursor->range++;
      continue;
    }
    size_t next = cursor->offset;
    uint64_t begin = cursor->base, end = begin + varint_get(span->corpus->lengths, &next);
    if (end > range->end) { /* the next range may begin in this segment */
      cursor->range++;
      end = range->end;
    } else {
      cursor->base = end;
      cursor->offset = next;
    }
    if (begin < range->begin) begin = range->begin;
    if (begin >= end) continue;
    *segment = (Segment){begin, end - begin};
    return true;
  }
  return false;
}

/* The part of a segment that is in the span, in the range *at or one that follows. */
static RecordSegment cut_segment(const Span *span, size_t *at, const RecordSegment *whole) {
  const uint64_t whole_end = whole->start + whole->length;
  RecordSegment part = {0};
  while (*at < span->n && span->ranges[*at].end <= whole->start) ++*at;
  if (*at == span->n || span->ranges[*at].begin >= whole_end) return part;
  const Range *range = &span->ranges[*at];
  part.start = whole->start > range->begin ? whole->start : range->begin;
  part.position = whole->position + (part.start - whole->start);
  part.length = (whole_end < range->end ? whole_end : range->end) - part.start;
  return part;
}

Records *span_records(const Span *span, const Records *records) {
  Records *cut = records_new();
  size_t at = 0;
  for (size_t r = 0; r < records->n; r++) {
    const Record *record = &records->record[r];
    const RecordSegment *segment = &records->segment[record->first_segment];
    bool first = false, last = false; /* the record is in the span as a whole */
    for (uint64_t i = 0; i < record->segments; i++) {
      const RecordSegment part = cut_segment(span, &at, &segment[i]);
      last = part.length == segment[i].length;
      if (i == 0) first = last;
      if (part.length > 0) records_segment(cut, part.position, part.length);
    }
    const char *name = records->names + record->name;
    records_end(cut, name, strlen(name), record->letters, record->circular && first && last);
  }
  return cut;
}
