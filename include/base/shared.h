/* shared: blocks of memory that the ranks of a node share. Only builds with MPI have this module.
 */
#ifndef SHARED_H
#define SHARED_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes over the data of rank 0, `size` bytes from alloc (the others give NULL), and returns the
 * same bytes on every rank, in memory of its node. Collective: `node` has the ranks of a node, and
 * `leaders` the first one of each node (MPI_COMM_NULL for the others), rank 0 before all. */
void *shared_new(void *data, size_t size, MPI_Comm node, MPI_Comm leaders);

/* Frees a block; false if shared_new did not make it. */
bool shared_free(void *block);

#endif
