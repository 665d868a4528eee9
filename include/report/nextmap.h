/* nextmap: the mean prediction of the next base after each k-mer, as one heat map per base. */
#ifndef NEXTMAP_H
#define NEXTMAP_H

#include "report/examined.h"

#include <stdio.h>

/* Rows are the first bases of the k-mer, columns its last ones. */
void nextmap_write(FILE *out, const NextBases *next);

#endif
