/* npy: a matrix of float32 as NumPy's array file, format 1.0: a header of 128 bytes, and the rows.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#ifndef NPY_H
#define NPY_H

#include <stdint.h>
#include <stdio.h>

/* Writes zeros in place of a header, so that a file whose rows end early is no array. */
void npy_place(FILE *out);

/* Writes the header at the position of the stream. */
void npy_header(FILE *out, uint64_t rows, uint64_t columns);

/* Writes numbers of a row, one after the other. */
void npy_numbers(FILE *out, const float *numbers, size_t n);

#endif
