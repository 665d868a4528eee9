/* bigwig: bigWig files, an indexed binary form of bedGraph, through libBigWig.
 *
 * A bigWig begins with the names and lengths of all records, sorted. Intervals are therefore kept
 * in a temporary file beside it until the input has ended. In a build without libBigWig
 * (bigwig_none.c), bigwig_open fails. */
#ifndef BIGWIG_H
#define BIGWIG_H

#include "io/output.h"

#include <stdint.h>

typedef struct BigWig BigWig;

/* Writes to the output, whose path is that of -o; NULL on error. Both are borrowed. */
BigWig *bigwig_open(Output *output, const char *path, Why *why);
void bigwig_free(BigWig *bigwig); /* NULL is allowed */

/* Adds the value of bases start .. end-1, counted from 0, of the current record. Intervals are in
 * order and do not overlap. */
void bigwig_add(BigWig *bigwig, uint64_t start, uint64_t end, float value);

/* Ends the current record, with its name and its length in bases. */
int bigwig_end(BigWig *bigwig, const char *name, uint64_t length, Why *why);

/* Writes the file, after the last record. */
int bigwig_write(BigWig *bigwig, Why *why);

#endif
