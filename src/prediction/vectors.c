#include "prediction/vectors.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 24 }; /* bytes of a column's name */

/* Adds the columns for the numbers of a strand; stores their names in names (n). */
static void add_columns(const char **columns, char (*names)[NAME], const char *strand,
                        const VectorForm *form) {
  for (int i = 0; i < form->n; i++) {
    snprintf(names[i], NAME, "%s%s%d", strand, form->name, i + 1);
    columns[i] = names[i];
  }
}

static Table *new_table(const Task *task, const VectorForm *form, bool with_numbers,
                        const char *const *first, int n_first) {
  const int strands = form->both ? 2 : 1, numbers = with_numbers ? strands * form->n : 0;
  char(*names)[NAME] = alloc_new((size_t)numbers + 1, NAME);
  const char **columns = alloc_new((size_t)(n_first + numbers), sizeof *columns);
  memcpy(columns, first, (size_t)n_first * sizeof *columns);
  if (with_numbers) add_columns(columns + n_first, names, "", form);
  if (with_numbers && form->both)
    add_columns(columns + n_first + form->n, names + form->n, "reverse_", form);
  Table *table = task_table(task, columns, n_first + numbers);
  free(columns);
  free(names);
  return table;
}

Vectors vectors_new(const Task *task, VectorForm form, Npy *array, const char *const *columns,
                    int n_columns) {
  Vectors vectors = {.form = form, .array = array};
  if (n_columns > 0) vectors.table = new_table(task, &form, !array, columns, n_columns);
  vectors.bytes = npy_row(form.n, form.half);
  vectors.none = alloc_new(vectors.bytes, 1);
  float *unknown = alloc_floats((size_t)form.n);
  for (int i = 0; i < form.n; i++) unknown[i] = NAN;
  npy_convert(vectors.none, unknown, form.n, form.half);
  free(unknown);
  return vectors;
}

void vectors_free(Vectors *vectors) {
  table_free(vectors->table);
  free(vectors->none);
}

/* Writes the numbers of a strand, as float32 in a table. */
static void put_numbers(const Vectors *vectors, const void *numbers) {
  const float *floats = numbers ? numbers : vectors->none;
  if (vectors->array)
    npy_write(vectors->array, floats, vectors->bytes);
  else
    for (int i = 0; i < vectors->form.n; i++)
      table_fixed_or_none(vectors->table, (double)floats[i], 6);
}

void vectors_put(const Vectors *vectors, const char *name, uint64_t position, const void *forward,
                 const void *reverse) {
  if (vectors->table) table_text(vectors->table, name);
  if (vectors->table && position > 0) table_whole(vectors->table, position);
  put_numbers(vectors, forward);
  if (vectors->form.both) put_numbers(vectors, reverse);
  if (vectors->table) table_end(vectors->table);
}
