#include "base/shared.h"

#include "base/wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 16 }; /* the most at a time */

static MPI_Win windows[BLOCKS]; /* NULL: none */

static MPI_Win *unused_window(void) {
  int i = 0;
  while (i < BLOCKS && windows[i] != NULL) i++;
  assert(i < BLOCKS);
  return &windows[i];
}

/* The block of a window, in the address space of this rank. */
static void *block_of(MPI_Win window) {
  MPI_Aint size;
  void *block;
  int unit;
  wire_must(MPI_Win_shared_query(window, 0, &size, &unit, &block));
  return block;
}

/* The first rank of the node prints the error and exits, which ends the others. Another rank does
 * so if only it has the error. */
static void report_no_memory(size_t size, bool leads) {
  char text[256];
  if (!leads) sleep(2);
  snprintf(text, sizeof text,
           "/dev/shm has no room for the %zu bytes that the ranks of a node share; make it larger "
           "(docker --shm-size), or set OMPI_MCA_osc_sm_backing_directory to a directory with room",
           size);
  wire_die(text);
}

void *shared_new(void *data, size_t size, MPI_Comm node, MPI_Comm leaders) {
  const bool leads = leaders != MPI_COMM_NULL;
  MPI_Win *window = unused_window();
  void *block;
  if (MPI_Win_allocate_shared(leads ? (MPI_Aint)size : 0, 1, MPI_INFO_NULL, node, &block, window) !=
      MPI_SUCCESS)
    report_no_memory(size, leads);
  block = block_of(*window);
  if (data) memcpy(block, data, size);
  free(data);
  if (leads) wire_broadcast(block, size, 0, leaders);
  wire_barrier(node);
  wire_must(MPI_Win_fence(0, *window)); /* visible to the other ranks of the node from here on */
  return block;
}

bool shared_free(void *block) {
  for (int i = 0; i < BLOCKS; i++)
    if (windows[i] != NULL && block_of(windows[i]) == block) {
      wire_must(MPI_Win_free(&windows[i]));
      windows[i] = NULL;
      return true;
    }
  return false;
}
