/* Wraps the functions of MPI with which ranks add numbers, by the profiling interface of MPI. A
 * rank is in MPI from the start of a message until MPI_Testall finds it complete. */
#include "traffic.h"

#include "base/clock.h"

#include <mpi.h>

static double began; /* 0: no message is being sent */

static void begin(void) {
  if (began == 0) began = clock_now();
}

static void count(int messages, int n, MPI_Datatype type) {
  int size;
  begin();
  MPI_Type_size(type, &size);
  traffic.messages += messages;
  traffic.bytes += (double)messages * n * size;
}

int MPI_Isend(const void *sent, int n, MPI_Datatype type, int to, int tag, MPI_Comm ranks,
              MPI_Request *request) {
  if (n > 1) count(1, n, type); /* one byte is the pulse, from another thread */
  return PMPI_Isend(sent, n, type, to, tag, ranks, request);
}

/* Counts the messages of recursive doubling. */
int MPI_Iallreduce(const void *sent, void *received, int n, MPI_Datatype type, MPI_Op op,
                   MPI_Comm ranks, MPI_Request *request) {
  int size, messages = 0;
  MPI_Comm_size(ranks, &size);
  while (1 << messages < size) messages++;
  count(messages, n, type);
  return PMPI_Iallreduce(sent, received, n, type, op, ranks, request);
}

int MPI_Testall(int n, MPI_Request requests[], int *done, MPI_Status statuses[]) {
  begin();
  const int code = PMPI_Testall(n, requests, done, statuses);
  if (!*done) return code;
  traffic.seconds += clock_now() - began;
  began = 0;
  return code;
}
