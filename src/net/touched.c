#include "net/touched.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { RADIX_BITS = 11, RADIX = 1 << RADIX_BITS };

Touched touched_new(int rows, int tokens, bool all) {
  const size_t most = (size_t)(all && rows > tokens ? rows : tokens);
  Touched touched = {.rows = rows,
                     .all = all,
                     .start = alloc_numbers(most + 1, sizeof(int)),
                     .order = alloc_numbers(most, sizeof(int)),
                     .spare = alloc_numbers(most, sizeof(int))};
  if (all)
    touched.n = rows;
  else
    touched.row = alloc_numbers(most, sizeof(int));
  return touched;
}

void touched_free(Touched *touched) {
  free(touched->row);
  free(touched->start);
  free(touched->order);
  free(touched->spare);
}

/* One pass of a stable sort of n tokens, by RADIX_BITS of the row. */
static void sort_digit(Touched *t, const int *x, int n, int shift) {
  int starts[RADIX + 1] = {0};
  const int mask = t->rows - 1;
  for (int i = 0; i < n; i++) starts[((x[t->order[i]] & mask) >> shift & (RADIX - 1)) + 1]++;
  for (int digit = 0; digit < RADIX; digit++) starts[digit + 1] += starts[digit];
  for (int i = 0; i < n; i++) {
    int token = t->order[i];
    t->spare[starts[(x[token] & mask) >> shift & (RADIX - 1)]++] = token;
  }
  int *swap = t->order;
  t->order = t->spare;
  t->spare = swap;
}

static void list_touched(Touched *t, const int *x, int from, int to) {
  int n = 0;
  for (int i = from; i < to; i++)
    if (x[i] >= 0) t->order[n++] = i;
  for (int shift = 0, left = t->rows - 1; left > 0; left >>= RADIX_BITS, shift += RADIX_BITS)
    sort_digit(t, x, n, shift);
  t->n = 0;
  for (int i = 0; i < n; i++) {
    int row = x[t->order[i]] & (t->rows - 1);
    if (t->n > 0 && t->row[t->n - 1] == row) continue;
    t->row[t->n] = row;
    t->start[t->n++] = i;
  }
  t->start[t->n] = n;
}

/* Sorts by counting alone. */
static void list_all(Touched *t, const int *x, int from, int to) {
  int *next = t->spare, at = 0;
  const int mask = t->rows - 1;
  memset(next, 0, (size_t)t->rows * sizeof *next);
  for (int i = from; i < to; i++)
    if (x[i] >= 0) next[x[i] & mask]++;
  for (int row = 0; row < t->rows; row++) {
    const int count = next[row];
    t->start[row] = next[row] = at;
    at += count;
  }
  t->start[t->rows] = at;
  for (int i = from; i < to; i++)
    if (x[i] >= 0) t->order[next[x[i] & mask]++] = i;
}

void touched_set(Touched *t, const int *x, int from, int to) {
  if (t->all)
    list_all(t, x, from, to);
  else
    list_touched(t, x, from, to);
}
