#include "base/alloc.h"
#include "prediction/modes.h"
#include "sequence/kmer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- arrays --------------------------------------------------------------------------------- */

enum { HEADER = 128, PREAMBLE = 10 /* bytes, of the header */ };

/* Writes zeros in place of a header, so that a file whose rows end early is no array. */
static void put_zeros(FILE *out) {
  static const char zeros[HEADER];
  fwrite(zeros, 1, HEADER, out);
}

/* Writes the header of an array of float32: NumPy's format 1.0,
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
static void put_header(FILE *out, uint64_t rows, int columns) {
  char header[HEADER + 1];
  memcpy(header, "\x93NUMPY\1\0", 8);
  header[8] = HEADER - PREAMBLE;
  header[9] = 0; /* the length of what follows */
  const int n = snprintf(header + PREAMBLE, sizeof header - PREAMBLE,
                         "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu64 ", %d), }",
                         rows, columns);
  memset(header + PREAMBLE + n, ' ', (size_t)(HEADER - PREAMBLE - n));
  header[HEADER - 1] = '\n';
  fwrite(header, 1, HEADER, out);
}

/* ---- vectors -------------------------------------------------------------------------------- */

/* The destination of vectors: a table, or an array whose rows are counted. */
typedef struct {
  Table *table; /* NULL: an array */
  FILE *out;
  off_t begin; /* of the array */
  uint64_t rows;
  int n; /* of a vector */
  bool mean;
  float *vector; /* (n) */
} Vectors;

/* The columns of a table: `first`, and letter1 to lettern. */
static Table *new_table(const Task *task, const char *first, const char *letter, int n) {
  enum { NAME = 16 };
  char *names = alloc_new((size_t)n, NAME);
  const char **columns = alloc_new((size_t)n + 1, sizeof *columns);
  columns[0] = first;
  for (int i = 0; i < n; i++) {
    char *name = names + (size_t)i * NAME;
    snprintf(name, NAME, "%s%d", letter, i + 1);
    columns[i + 1] = name;
  }
  Table *table = task_table(task, columns, n + 1);
  free(columns);
  free(names);
  return table;
}

static void put_vector(Vectors *vectors, const char *name, const float *vector) {
  vectors->rows++;
  if (!vectors->table) {
    fwrite(vector, sizeof *vector, (size_t)vectors->n, vectors->out); /* little-endian, as models */
    return;
  }
  table_text(vectors->table, name);
  for (int i = 0; i < vectors->n; i++) table_fixed_or_none(vectors->table, (double)vector[i], 6);
  table_end(vectors->table);
}

static int take_state(void *context, const Prediction *prediction, Why *why) {
  Vectors *vectors = context;
  const Stretch *stretch = prediction->stretch;
  if (!stretch->ended) return 0;
  for (int i = 0; i < vectors->n; i++) {
    vectors->vector[i] = vectors->mean ? (float)(prediction->h_sum[i] / (double)prediction->steps)
                                       : prediction->h[i];
    if (vectors->mean ? prediction->steps == 0 : stretch->last < 0)
      vectors->vector[i] = NAN;
    else if (task_finite(stretch->name, (double)vectors->vector[i], why) != 0)
      return -1;
  }
  put_vector(vectors, stretch->name, vectors->vector);
  return 0;
}

static int embed_records(const Task *task, Vectors *vectors, Why *why) {
  if (!vectors->table && !output_can_return(task->output))
    return fail(why, "--format npy: the number of rows, which stands before them, is known only "
                     "at the end; name a file with -o that does not end in .gz");
  vectors->begin = ftello(vectors->out);
  if (!vectors->table) put_zeros(vectors->out);
  const PredictWish wish = {.with_sum = vectors->mean, .reading = {.to_end = !vectors->mean}};
  if (task_predict(task, wish, take_state, vectors, vectors->table, why) != 0) return -1;
  if (vectors->table) return 0;
  const off_t end = ftello(vectors->out);
  if (fseeko(vectors->out, vectors->begin, SEEK_SET) == 0) {
    put_header(vectors->out, vectors->rows, vectors->n);
    fseeko(vectors->out, end, SEEK_SET);
  }
  return output_check(task->output, why);
}

static int embed_kmers(const Task *task, Vectors *vectors, Why *why) {
  const Model *model = task->models;
  char kmer[KMER_MAX + 1];
  if (!vectors->table) put_header(vectors->out, (uint64_t)model->shape.V, vectors->n);
  for (int x = 0; x < model->shape.V; x++) {
    kmer_text(kmer, x, model->shape.k);
    put_vector(vectors, kmer, model->weights->L + (size_t)x * (size_t)vectors->n);
  }
  return vectors->table ? table_flush(vectors->table, why) : output_check(task->output, why);
}

int mode_embed(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const Shape *shape = &task->models->shape;
  Vectors vectors = {.out = output_stream(task->output),
                     .n = o->kmers ? shape->d : shape->D,
                     .mean = o->state == STATE_MEAN};
  if (o->format != FORMAT_NPY)
    vectors.table = new_table(task, o->kmers ? "kmer" : "record", o->kmers ? "e" : "h", vectors.n);
  vectors.vector = alloc_floats((size_t)vectors.n);
  const int rc = o->kmers ? embed_kmers(task, &vectors, why) : embed_records(task, &vectors, why);
  table_free(vectors.table);
  free(vectors.vector);
  return rc;
}
