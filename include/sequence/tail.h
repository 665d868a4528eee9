/* tail: the records at the end of a file, from the base at which it is split for validation.
 *
 * The position of the split is known only at the end of the file, and a pipe cannot be read twice.
 * But it only moves forward as bases are read, so the records before it can be dropped now and
 * then. The others take a few bytes each, and their names are kept as long as they take less than
 * TAIL_NAMES bytes in total. */
#ifndef TAIL_H
#define TAIL_H

#include <stddef.h>
#include <stdint.h>

enum { TAIL_NAMES = 1 << 21 };

/* The number of bases before the last `fraction` of all bases. */
uint64_t tail_split(uint64_t bases, double fraction);

typedef struct Tail Tail;

/* For a split before the last `fraction` of the bases. */
Tail *tail_new(double fraction);
void tail_free(Tail *tail); /* NULL is allowed */

/* Add a record as it is read: its segments, each with the number of letters (gap) since the
 * previous segment or the beginning of the record; then its name of n bytes and its number of
 * letters. A circle's last segment has more bases than there are letters. */
void tail_segment(Tail *tail, uint64_t gap, uint64_t bases);
void tail_record(Tail *tail, const char *name, size_t n, uint64_t letters);

/* The end of a file, without records that have no bases. Records are numbered in the file, from 1,
 * and letters are counted from 1. */
typedef struct {
  uint64_t records;            /* 0: none, and only turned is set */
  uint64_t first, from, to;    /* the record in which the part begins; its letters there */
  uint64_t last, last_to;      /* the last record, and its last letter */
  uint64_t whole, whole_first; /* number of records entirely in the part; the first of them */
  uint64_t turned;             /* bases of circles that are read again after their last letter */
  char *first_name, *last_name, *whole_name; /* NULL: not kept */
} TailPart;

/* The part from this base on, which must not be before the split; to be freed with
 * tailpart_free. */
TailPart tail_part(const Tail *tail, uint64_t base);
void tailpart_free(TailPart *part);

#endif
