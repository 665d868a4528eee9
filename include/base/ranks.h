/* ranks: the processes that train together, by MPI. Each runs the same program and makes the same
 * decisions; a process that was started alone is rank 0 of 1.
 *
 * Sums over blocks of work follow one tree for any number of ranks: the sum of n blocks is the sum
 * of the first (n+1)/2 plus the sum of the others. With R ranks, a power of two, each computes the
 * blocks below one node at depth log2 R, and the ranks add the nodes above. Addition of two numbers
 * is commutative, so all ranks get the same bits.
 *
 * All functions below ranks_share are collective: every rank calls them, in the same order. An
 * error of MPI ends the program. */
#ifndef RANKS_H
#define RANKS_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Joins the others if a launcher (mpirun, srun) started this program; call it after start_program.
 * Returns -1 if the number of ranks is not a power of two, if they did not find each other, or if
 * there are other ranks but this build is without MPI. Rank 0 then prints the error, and all ranks
 * end as usual. */
int ranks_start(Why *why);

/* The number of ranks, and the number of this one. */
int ranks_count(void);
int ranks_mine(void);   /* 0 .. ranks_count() - 1 */
bool ranks_first(void); /* rank 0, which alone reads and writes files and prints messages */
int ranks_near(void);   /* the number of ranks on this node */

/* The fraction of its processors that this rank may use, because other ranks of its node share
 * them: 1 if the launcher binds each rank to its own processors. */
double ranks_part(void);

/* "Open MPI v4.1.4", in static memory; NULL in a build without MPI. */
const char *ranks_library(void);

/* The block at which the tree divides the blocks first..last-1: the first of the second part. */
static inline int ranks_middle(int first, int last) { return first + (last - first + 1) / 2; }

/* The blocks first..last-1, of n, that this rank computes; n is at least ranks_count(). */
void ranks_share(int n, int *first, int *last);

/* The values on which the ranks base their decisions, combined over all ranks. */
typedef struct {
  int signal; /* a request to end: the largest signal number of all ranks; 0: none */
  bool save;  /* whether a signal asked any rank to save */
  double now; /* the time of rank 0 */
} Agreement;
void ranks_agree(Agreement *agreement);

/* The outcome of work on one or more ranks: all ranks get the rc and the message of the first rank
 * whose rc is not 0. A rank that did nothing passes 0. If the rank is not rank 0, the message
 * begins with "rank 3 on node7: ". */
int ranks_outcome(int rc, Why *why);

/* a (n) <- the sum of the arrays a of all ranks. */
void ranks_add(float *a, size_t n);
void ranks_add_doubles(double *a, size_t n);

/* For sums of another form, by the same tree: at level 0, 1, .. ranks_levels() - 1, a node swaps
 * its sum (`size` bytes) with the sum of its partner (`other_size` bytes), and both continue with
 * the total. Both know both sizes. */
int ranks_levels(void);
void ranks_swap(int level, const void *sum, size_t size, void *other, size_t other_size);

/* Sends `size` bytes of rank 0 to all ranks. */
void ranks_broadcast(void *data, size_t size);

/* Gives every rank the parts of all ranks: the part of this rank is the `size` bytes of `whole`
 * from byte `at` on. */
void ranks_gather(void *whole, size_t at, size_t size);

/* Takes over the data of rank 0, `size` bytes from alloc (the others give NULL), and returns the
 * same bytes on every rank. The ranks of a node share one read-only copy. ranks_withdraw frees
 * it. */
void *ranks_publish(void *data, size_t size);
void ranks_withdraw(void *published);

/* Called at the end of the program; returns once all ranks have called it. Before that, a rank
 * exits only after an error. */
void ranks_end(void);

#endif
