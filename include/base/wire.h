/* wire: messages between ranks. An error of MPI ends the program.
 *
 * A rank that waits polls for a moment only and then sleeps, because the rank that it waits for may
 * share its processor. Only builds with MPI have this module. */
#ifndef WIRE_H
#define WIRE_H

#include <mpi.h>
#include <stddef.h>

/* Ends this rank with an error of its own; the launcher, or the pulse of the others, ends them. */
_Noreturn void wire_die(const char *text);

/* Ends this rank if the code of a call of MPI is that of an error. */
void wire_must(int code);

/* Waits for n calls that were begun. */
void wire_await(MPI_Request *requests, int n);

/* Sends n bytes to the rank `partner` of `ranks`, and receives m. */
void wire_swap(MPI_Comm ranks, int partner, const void *sent, size_t n, void *received, size_t m);

/* Collective in `ranks`: bytes from the rank `from` to all; and a wait for all. */
void wire_broadcast(void *data, size_t size, int from, MPI_Comm ranks);
void wire_barrier(MPI_Comm ranks);

#endif
