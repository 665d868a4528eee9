/* tail: the records at the end of a file, from the base where it is split for validation.
 *
 * The position of the split is known only at the end of the file, and a pipe cannot be read twice.
 * But it moves forward with every base that is read, never back: so the records before it are
 * dropped now and then. The others take a few bytes each, and their names are kept as long as those
 * take less than TAIL_NAMES bytes. */
#ifndef TAIL_H
#define TAIL_H

#include <stddef.h>
#include <stdint.h>

enum { TAIL_NAMES = 1 << 21 };

/* Of so many bases, those before the last `fraction`. */
uint64_t tail_split(uint64_t bases, double fraction);

typedef struct Tail Tail;

Tail *tail_new(double fraction);
void tail_free(Tail *tail); /* NULL is allowed */

/* Adds a record as it is read: its segments, each with the number of letters since the last one or
 * since the record began (gap); then its name (n) and the number of its letters. A circle's last
 * segment has more bases than there are letters. */
void tail_segment(Tail *tail, uint64_t gap, uint64_t bases);
void tail_record(Tail *tail, const char *name, size_t n, uint64_t letters);

/* The end of a file, without the records that have no bases. Records are numbered in the file, from
 * 1, and letters are counted from 1. */
typedef struct {
  uint64_t records;            /* 0: there are none, and only turned is set */
  uint64_t first, from, to;    /* the record in which it begins; its letters there */
  uint64_t last, last_to;      /* the last record, and its last letter */
  uint64_t whole, whole_first; /* records that are in it as a whole, and the first of them */
  uint64_t turned;             /* bases that circles read again after their last letter */
  char *first_name, *last_name, *whole_name; /* NULL: not kept */
} TailPart;

/* The part from this base on, which is not before the split; to be freed with tailpart_free. */
TailPart tail_part(const Tail *tail, uint64_t base);
void tailpart_free(TailPart *part);

#endif
