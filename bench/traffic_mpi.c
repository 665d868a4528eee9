/* Stands in front of the functions of MPI that a step of training calls, as the profiling interface
 * of MPI provides. */
#include "traffic.h"

#include "base/clock.h"

#include <mpi.h>

static void count(double start, int messages, int elements, MPI_Datatype type) {
  int size;
  MPI_Type_size(type, &size);
  traffic.messages += messages;
  traffic.bytes += (double)messages * elements * size;
  traffic.seconds += clock_now() - start;
}

int MPI_Sendrecv(const void *sent, int n, MPI_Datatype type, int to, int tag, void *received, int m,
                 MPI_Datatype received_type, int from, int received_tag, MPI_Comm ranks,
                 MPI_Status *status) {
  const double start = clock_now();
  const int code = PMPI_Sendrecv(sent, n, type, to, tag, received, m, received_type, from,
                                 received_tag, ranks, status);
  count(start, 1, n, type);
  return code;
}

/* As if by recursive doubling. */
int MPI_Allreduce(const void *sent, void *received, int n, MPI_Datatype type, MPI_Op op,
                  MPI_Comm ranks) {
  const double start = clock_now();
  const int code = PMPI_Allreduce(sent, received, n, type, op, ranks);
  int size, messages = 0;
  MPI_Comm_size(ranks, &size);
  while (1 << messages < size) messages++;
  count(start, messages, n, type);
  return code;
}
