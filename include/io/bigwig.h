/* bigwig: bigWig files, an indexed binary form of bedGraph, through libBigWig.
 *
 * The names and lengths of all records stand at the beginning of a bigWig, sorted. So intervals are
 * kept in a temporary file beside it until the input has ended. In a build without libBigWig
 * (bigwig_none.c) none can be opened. */
#ifndef BIGWIG_H
#define BIGWIG_H

#include "io/output.h"

#include <stdint.h>

typedef struct BigWig BigWig;

/* Writes to the output, whose path is that of -o; NULL where that is not possible. Both are
 * borrowed. */
BigWig *bigwig_open(Output *output, const char *path, Why *why);
void bigwig_free(BigWig *bigwig); /* NULL is allowed */

/* The value of the bases start .. end-1, counted from 0, of the record that bigwig_end ends next;
 * intervals are in order and do not overlap. */
void bigwig_add(BigWig *bigwig, uint64_t start, uint64_t end, float value);

/* The record has had this name and length, in bases. */
int bigwig_end(BigWig *bigwig, const char *name, uint64_t length, Why *why);

/* Writes the file, after the last record. */
int bigwig_write(BigWig *bigwig, Why *why);

#endif
