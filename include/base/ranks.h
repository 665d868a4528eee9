/* ranks: the processes that train together, by MPI, which is called here and nowhere else. Each
 * runs the same program and takes the same decisions; one that was started alone is rank 0 of 1.
 *
 * Sums over blocks of work follow one tree, whatever the number of ranks: the sum of n blocks is
 * that of the first (n+1)/2 plus that of the others. With R ranks, a power of two, each computes
 * the blocks below one node at depth log2 R, and the ranks add the nodes above. Addition of two
 * numbers is commutative, so all get the same bits.
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
 * An error: their number is not a power of two, they did not find each other, or there are others
 * and this is a build without MPI. Rank 0 then prints it, and all end as usual. */
int ranks_start(Why *why);

int ranks_count(void);
int ranks_mine(void);   /* 0 .. ranks_count() - 1 */
bool ranks_first(void); /* rank 0: it alone reads and writes files and prints messages */

/* The part of this rank's processors that is left to it by the other ranks of its node: 1 if the
 * launcher binds each to its own. */
double ranks_part(void);

/* "Open MPI v4.1.4", in static memory; NULL in a build without MPI. */
const char *ranks_library(void);

/* Where the tree divides the blocks first..last-1: the second part begins there. */
static inline int ranks_middle(int first, int last) { return first + (last - first + 1) / 2; }

/* The blocks first..last-1, of n, that this rank computes; n is at least ranks_count(). */
void ranks_share(int n, int *first, int *last);

/* What the ranks decide by: the values of all, combined. */
typedef struct {
  int signal; /* that asks to end; the largest */
  bool save;  /* whether any was asked to save */
  double now; /* the time, of rank 0 */
} Agreement;
void ranks_agree(Agreement *agreement);

/* The outcome of something that one or more ranks did: the rc and the message of the first rank
 * whose rc is not 0, for all of them. A rank that did nothing gives 0. The message of another than
 * rank 0 then begins with "rank 3 on node7: ". */
int ranks_outcome(int rc, Why *why);

/* a (n) <- the sum of those of all ranks. */
void ranks_add(float *a, size_t n);
void ranks_add_doubles(double *a, size_t n);

/* For sums of another form, by the same tree: at level 0, 1, .. ranks_levels() - 1, a node swaps
 * its sum, `size` bytes, with that of its partner, and both go on with the sum of the two. Returns
 * the number of bytes received, `room` at most: more is an error. */
int ranks_levels(void);
size_t ranks_swap(int level, const void *sum, size_t size, void *other, size_t room);

/* Bytes from rank 0 to all. */
void ranks_broadcast(void *data, size_t size);

/* All get the parts of all, end to end: this rank's has `size` bytes and begins `at` bytes into
 * whole. */
void ranks_gather(void *whole, size_t at, size_t size);

/* Takes rank 0's data over, `size` bytes from alloc (the others give NULL), and returns the same
 * bytes on every rank, one copy for all ranks of a node, which nobody may write.
 * ranks_withdraw frees it. */
void *ranks_publish(void *data, size_t size);
void ranks_withdraw(void *published);

/* The end of the program on all ranks; returns once all have come. Until then none may exit but by
 * an error. */
void ranks_end(void);

#endif
