/* touched: which rows of a table a window's tokens touch, and in which order their parts are added
 * up: token by token, so that sums do not depend on who adds them. */
#ifndef TOUCHED_H
#define TOUCHED_H

typedef struct {
  int rows;   /* of the table, a power of two */
  int n;      /* that are touched */
  int *row;   /* (n) which, ascending */
  int *start; /* (n+1) where the tokens of each begin in `order` */
  int *order; /* tokens by row, those of a row in the order of the window */
  int *spare; /* (tokens) scratch */
} Touched;

Touched touched_new(int rows, int tokens);
void touched_free(Touched *touched);

/* Token i touches row x[i] mod rows, and none where x[i] is -1. */
void touched_set(Touched *touched, const int *x, int tokens);

#endif
