/* wire: messages between ranks. An error of MPI ends the program.
 *
 * A waiting rank polls only for a moment and then sleeps, because the rank that it waits for may
 * share its processor. Only builds with MPI have this module. */
#ifndef WIRE_H
#define WIRE_H

#include <mpi.h>
#include <stddef.h>

/* Ends this rank with an error; the launcher, or their pulse, ends the other ranks. */
_Noreturn void wire_die(const char *text);

/* Ends this rank if an MPI call returned an error code. */
void wire_must(int code);

/* Waits for n pending requests. */
void wire_await(MPI_Request *requests, int n);

/* Sends n bytes to the rank `partner` of `ranks`, and receives m bytes from it. */
void wire_swap(MPI_Comm ranks, int partner, const void *sent, size_t n, void *received, size_t m);

/* Collective in `ranks`: sends bytes of the rank `from` to all; and waits for all. */
void wire_broadcast(void *data, size_t size, int from, MPI_Comm ranks);
void wire_barrier(MPI_Comm ranks);

#endif
