/* duplex: results for the positions of a record on both strands, side by side. Results are kept
 * until both strands have been read. */
#ifndef DUPLEX_H
#define DUPLEX_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Duplex Duplex;

/* For results of this many bytes; most positions are `step` apart. */
Duplex *duplex_new(size_t bytes, int step);
void duplex_free(Duplex *duplex); /* NULL is allowed */

/* Adds a copy of the result for a position, in the order in which the strand is read: ascending, or
 * descending if reversed. A circle is read past its end at most once. */
void duplex_add(Duplex *duplex, bool reversed, uint64_t position, const void *result);

bool duplex_empty(const Duplex *duplex);

/* Receives the results for a position; NULL: the strand has none. Returns 0, or -1 on error. */
typedef int DuplexTake(void *context, uint64_t position, const void *forward, const void *reverse,
                       Why *why);

/* Calls take for each position with a result, in order, until it returns another value than 0, and
 * returns that value. Afterwards the duplex is empty. */
int duplex_take(Duplex *duplex, DuplexTake *take, void *context, Why *why);

#endif
