/* ranks: the processes that train together, by MPI. Each runs the same program and takes the same
 * decisions; a process that was started alone is rank 0 of 1.
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
int ranks_near(void);   /* those of this node, this one included */

/* The fraction of its processors that this rank has, because other ranks of its node use the same
 * ones: 1 if the launcher binds each rank to its own. */
double ranks_part(void);

/* "Open MPI v4.1.4", in static memory; NULL in a build without MPI. */
const char *ranks_library(void);

/* Where the tree divides the blocks first..last-1: the second part begins there. */
static inline int ranks_middle(int first, int last) { return first + (last - first + 1) / 2; }

/* The blocks first..last-1, of n, that this rank computes; n is at least ranks_count(). */
void ranks_share(int n, int *first, int *last);

/* The values by which the ranks decide, combined over all of them. */
typedef struct {
  int signal; /* to end, the largest of all ranks; 0: none */
  bool save;  /* whether a signal asked any rank to save */
  double now; /* the time of rank 0 */
} Agreement;
void ranks_agree(Agreement *agreement);

/* The outcome of work of one or more ranks: all get the rc and the message of the first rank whose
 * rc is not 0. A rank that did nothing gives 0. The message of another rank than rank 0 then begins
 * with "rank 3 on node7: ". */
int ranks_outcome(int rc, Why *why);

/* a (n) <- the sum of the arrays a of all ranks. */
void ranks_add(float *a, size_t n);
void ranks_add_doubles(double *a, size_t n);

/* For sums of another form, by the same tree: at level 0, 1, .. ranks_levels() - 1, a node swaps
 * its sum, `size` bytes, with that of its partner, `other_size` bytes, and both continue with the
 * sum of the two. Both know both sizes. */
int ranks_levels(void);
void ranks_swap(int level, const void *sum, size_t size, void *other, size_t other_size);

/* Bytes from rank 0 to all. */
void ranks_broadcast(void *data, size_t size);

/* Gives every rank the parts of all ranks: the part of this rank is the `size` bytes that begin
 * `at` bytes into whole. */
void ranks_gather(void *whole, size_t at, size_t size);

/* Takes over the data of rank 0, `size` bytes from alloc (the others give NULL), and returns the
 * same bytes on every rank. The ranks of a node share one copy, which they only read.
 * ranks_withdraw frees it. */
void *ranks_publish(void *data, size_t size);
void ranks_withdraw(void *published);

/* The end of the program; returns once all ranks have called it. Before that, a rank exits only
 * after an error. */
void ranks_end(void);

#endif
