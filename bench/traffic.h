/* traffic: the messages of a rank, counted by traffic_mpi.c in a build with MPI; other builds have
 * none. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

typedef struct {
  double seconds;  /* in MPI, including waiting */
  double bytes;    /* sent */
  double messages; /* sent one after the other; each has a reply */
} Traffic;

extern Traffic traffic; /* so far */

#endif
