#include "net/touched.h"

#include "base/alloc.h"

#include <stdlib.h>

enum { RADIX_BITS = 11, RADIX = 1 << RADIX_BITS };

Touched touched_new(int rows, int tokens) {
  const size_t n = (size_t)tokens;
  return (Touched){.rows = rows,
                   .row = alloc_numbers(n, sizeof(int)),
                   .start = alloc_numbers(n + 1, sizeof(int)),
                   .order = alloc_numbers(n, sizeof(int)),
                   .spare = alloc_numbers(n, sizeof(int))};
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

/* Sorts by rows of one digit, by counting alone. */
static void sort_few(Touched *t, const int *x, int tokens) {
  int next[RADIX] = {0}, at = 0;
  const int mask = t->rows - 1;
  for (int i = 0; i < tokens; i++)
    if (x[i] >= 0) next[x[i] & mask]++;
  t->n = 0;
  for (int row = 0; row < t->rows; row++) {
    const int count = next[row];
    next[row] = at;
    if (count == 0) continue;
    t->row[t->n] = row;
    t->start[t->n++] = at;
    at += count;
  }
  t->start[t->n] = at;
  for (int i = 0; i < tokens; i++)
    if (x[i] >= 0) t->order[next[x[i] & mask]++] = i;
}

static void sort_many(Touched *t, const int *x, int tokens) {
  int n = 0;
  for (int i = 0; i < tokens; i++)
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

void touched_set(Touched *t, const int *x, int tokens) {
  if (t->rows <= RADIX)
    sort_few(t, x, tokens);
  else
    sort_many(t, x, tokens);
}
