/* traffic: the messages of a rank. A build with MPI adds to them in traffic_mpi.c; others have
 * none. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

typedef struct {
  double seconds;  /* in MPI, waiting included */
  double bytes;    /* sent */
  double messages; /* sent one after the other; each is answered by another one */
} Traffic;

extern Traffic traffic; /* so far */

#endif
