/* touched: the rows of a table that the tokens of a window touch, and the order in which the parts
 * of the tokens are added up. Sums are the same for any number of threads. */
#ifndef TOUCHED_H
#define TOUCHED_H

#include <stdbool.h>

typedef struct {
  int rows;   /* of the table, a power of two */
  bool all;   /* list untouched rows too */
  int n;      /* listed rows */
  int *row;   /* (n) the listed rows, ascending; NULL with all, when row i is the i-th */
  int *start; /* (n+1) beginning of the tokens of each listed row in `order` */
  int *order; /* tokens sorted by row, then by their order in the window */
  int *spare; /* scratch */
} Touched;

Touched touched_new(int rows, int tokens, bool all); /* for at most this many tokens */
void touched_free(Touched *touched);

/* Sets the lists for tokens from..to-1. Token i touches row x[i] mod rows, or none if x[i] is
 * -1. */
void touched_set(Touched *touched, const int *x, int from, int to);

#endif
