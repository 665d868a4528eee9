/* touched: which rows of a table a window's tokens touch, and in which order their parts are added
 * up: token by token, so that sums do not depend on who adds them. */
#ifndef TOUCHED_H
#define TOUCHED_H

#include <stdbool.h>

typedef struct {
  int rows;   /* of the table, a power of two */
  bool all;   /* whether untouched rows are listed too */
  int n;      /* that are listed */
  int *row;   /* (n) which, ascending; NULL with all, where row i is the i-th */
  int *start; /* (n+1) where the tokens of each begin in `order` */
  int *order; /* tokens by row, those of a row in the order of the window */
  int *spare; /* scratch */
} Touched;

Touched touched_new(int rows, int tokens, bool all); /* for so many tokens at most */
void touched_free(Touched *touched);

/* Token i, of from..to-1, touches row x[i] mod rows, and none where x[i] is -1. */
void touched_set(Touched *touched, const int *x, int from, int to);

#endif
