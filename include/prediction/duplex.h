/* duplex: results for the positions of a record on both strands, side by side. They are kept until
 * both strands have been read. */
#ifndef DUPLEX_H
#define DUPLEX_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Duplex Duplex;

/* For results of so many bytes; most positions are `step` from the one before. */
Duplex *duplex_new(size_t bytes, int step);
void duplex_free(Duplex *duplex); /* NULL is allowed */

/* Adds a copy of the result for a position, in the order in which the strand is read: upwards, or
 * reversed downwards; a circle is read over its end once at most. */
void duplex_add(Duplex *duplex, bool reversed, uint64_t position, const void *result);

bool duplex_empty(const Duplex *duplex);

/* Gets the results for a position; NULL: the strand has none. */
typedef int DuplexTake(void *context, uint64_t position, const void *forward, const void *reverse,
                       Why *why);

/* Calls take for each position that has a result, in order, until it does not return 0. Then there
 * are none. */
int duplex_take(Duplex *duplex, DuplexTake *take, void *context, Why *why);

#endif
