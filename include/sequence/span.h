/* span: ranges of a corpus, and the segments in them.
 *
 * The training data and the validation data are spans: every file is split into two ranges. */
#ifndef SPAN_H
#define SPAN_H

#include "sequence/corpus.h"

typedef struct {
  uint64_t begin, end; /* bases begin .. end-1 */
} Range;

/* Ascending ranges without common bases. Only the ranges of a sample (span_sample) may share
 * segments. */
typedef struct {
  const Corpus *corpus;
  Range *ranges; /* (n) */
  size_t n, room;
} Span;

typedef struct {
  uint64_t start, length; /* bases */
} Segment;

/* A place in the list of a span's segments, zero at first. It is small, because many are kept. */
typedef struct {
  uint64_t base;
  size_t offset; /* into corpus->lengths */
  size_t range;
} SegmentCursor;

void span_free(Span *span);

/* Appends a range, unless it is empty. */
void span_add(Span *span, uint64_t begin, uint64_t end);

/* Gives the ranges of rank 0 to all ranks. */
void span_share(Span *span);

uint64_t span_bases(const Span *span);

/* The number of tokens (tokenizer.h) in a segment, and in all segments of a span. */
uint64_t segment_tokens(const Segment *segment, int k, int s);
uint64_t span_tokens(const Span *span, int k, int s);

/* The first `bases` bases of a span, as a new span. */
Span span_head(const Span *span, uint64_t bases);

/* A sample of a span, as a new span: this many stretches of `length` bases, spread evenly. The span
 * has more bases than all stretches together. */
Span span_sample(const Span *span, uint64_t stretches, uint64_t length);

/* The parts of a corpus' records that are in a span, numbered by the bases of the span: its first
 * base is 0, and the gaps between its ranges do not count. The span must not be a sample. To be
 * freed with records_free. */
Records *span_records(const Span *span, const Records *records);

/* Sets *segment to the next segment of the span, cut to its ranges; false when there are no
 * more. */
bool segments_next(const Span *span, SegmentCursor *cursor, Segment *segment);

#endif
