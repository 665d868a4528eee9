#include "net/touched.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

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
  int starts[RADIX + 1];
  const int mask = t->rows - 1, digits = t->rows < RADIX ? t->rows : RADIX;
  memset(starts, 0, ((size_t)digits + 1) * sizeof *starts);
  for (int i = 0; i < n; i++) starts[((x[t->order[i]] & mask) >> shift & (RADIX - 1)) + 1]++;
  for (int digit = 0; digit < digits; digit++) starts[digit + 1] += starts[digit];
  for (int i = 0; i < n; i++) {
    int token = t->order[i];
    t->spare[starts[(x[token] & mask) >> shift & (RADIX - 1)]++] = token;
  }
  int *swap = t->order;
  t->order = t->spare;
  t->spare = swap;
}

void touched_set(Touched *t, const int *x, int tokens) {
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
