#include "base/wire.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MESSAGE = 1 << 30 }; /* the most bytes; MPI counts in int */

void wire_die(const char *text) {
  fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
  exit(1);
}

void wire_must(int code) {
  char text[MPI_MAX_ERROR_STRING];
  int length;
  if (code == MPI_SUCCESS) return;
  MPI_Error_string(code, text, &length);
  wire_die(text);
}

void wire_await(MPI_Request *requests, int n) {
  const double polling_time = 2e-4; /* seconds; similar to the time of a large message */
  const struct timespec nap = {.tv_nsec = 50000};
  int done = 0;
  wire_must(MPI_Testall(n, requests, &done, MPI_STATUSES_IGNORE));
  for (const double began = clock_now(); !done;) {
    if (clock_now() - began > polling_time) nanosleep(&nap, NULL);
    wire_must(MPI_Testall(n, requests, &done, MPI_STATUSES_IGNORE));
  }
}

/* The size of the message that starts at byte `at` of `size`. */
static int message_size(size_t size, size_t at) {
  const size_t left = at < size ? size - at : 0;
  return (int)(left < MESSAGE ? left : MESSAGE);
}

void wire_swap(MPI_Comm ranks, int partner, const void *sent, size_t n, void *received, size_t m) {
  const char *out = sent;
  char *in = received;
  for (size_t i = 0; i < n || i < m; i += MESSAGE) {
    MPI_Request both[2];
    wire_must(
        MPI_Irecv(in + (i < m ? i : m), message_size(m, i), MPI_BYTE, partner, 0, ranks, &both[0]));
    wire_must(MPI_Isend(out + (i < n ? i : n), message_size(n, i), MPI_BYTE, partner, 0, ranks,
                        &both[1]));
    wire_await(both, 2);
  }
}

void wire_broadcast(void *data, size_t size, int from, MPI_Comm ranks) {
  for (size_t i = 0; i < size; i += MESSAGE) {
    MPI_Request request;
    wire_must(MPI_Ibcast((char *)data + i, message_size(size, i), MPI_BYTE, from, ranks, &request));
    wire_await(&request, 1);
  }
}

void wire_barrier(MPI_Comm ranks) {
  MPI_Request request;
  wire_must(MPI_Ibarrier(ranks, &request));
  wire_await(&request, 1);
}
