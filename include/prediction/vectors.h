/* vectors: the rows of mode embed: the vectors of one strand, or of both side by side, in a table
 * or in an array, whose rows have no names. */
#ifndef VECTORS_H
#define VECTORS_H

#include "io/npy.h"
#include "prediction/task.h"

typedef struct {
  int n;            /* numbers of a strand */
  bool both, half;  /* half: numbers are float16 */
  const char *name; /* of the columns: name1 .. nameN */
} VectorForm;

typedef struct {
  VectorForm form;
  Table *table; /* NULL: rows have no names */
  Npy *array;   /* borrowed; NULL: the numbers are in the table */
  size_t bytes; /* of the converted numbers of a strand (npy_convert) */
  char *none;   /* (bytes) NaN */
} Vectors;

/* The table, if there is one, has these columns before the numbers: "record", "kmer" or "record",
 * "position". array is borrowed and may be NULL. */
Vectors vectors_new(const Task *task, VectorForm form, Npy *array, const char *const *columns,
                    int n_columns);
void vectors_free(Vectors *vectors);

/* Writes a row. position 0: there is no such column; forward and reverse are converted numbers (n),
 * NULL: unknown. */
void vectors_put(const Vectors *vectors, const char *name, uint64_t position, const void *forward,
                 const void *reverse);

#endif
