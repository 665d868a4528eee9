/* npy: an array of numbers, in NumPy's format 1.0:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * Rows of float32 or float16, little-endian. If their number is not known at first, the header is
 * written last, so an incomplete file is not a valid array. */
#ifndef NPY_H
#define NPY_H

#include "io/output.h"

#include <stdint.h>

typedef struct {
  Output *output; /* borrowed */
  int columns;
  bool half;      /* float16 */
  bool known;     /* the header is written */
  off_t begin;    /* of the header */
  uint64_t bytes; /* of rows written so far */
} Npy;

/* Begins an array with an unknown number of rows; an error if the output cannot return to its
 * beginning. */
int npy_begin(Npy *npy, Output *output, int columns, bool half, Why *why);

/* Begins an array with a known number of rows. */
void npy_begin_known(Npy *npy, Output *output, uint64_t rows, int columns, bool half);

/* The size of a row in bytes. */
size_t npy_row(int columns, bool half);

/* Converts numbers (n) to the numbers of a row. float16 is rounded to nearest, ties to even; from
 * 65520 on it is infinite. */
void npy_convert(void *row, const float *numbers, int n, bool half);

/* Whether all converted numbers (n) are finite. */
bool npy_finite(const void *numbers, size_t n, bool half);

/* Writes converted numbers: part of a row, or several rows. */
void npy_write(Npy *npy, const void *numbers, size_t bytes);

/* Called after the last row: an error if any write has failed. */
int npy_end(Npy *npy, Why *why);

#endif
