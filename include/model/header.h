/* header: what a safetensors file says of itself, as values and as the JSON that stands in it.
 *
 * JSON from a file is distrusted: it is measured before it is parsed, so that a file cannot make
 * it larger than itself, and every way in which it can be wrong has its own sentence. */
#ifndef HEADER_H
#define HEADER_H

#include "base/fail.h"

#include <stddef.h>
#include <stdint.h>

typedef enum { DTYPE_F32, DTYPE_F64, DTYPE_U64 } Dtype;

typedef struct {
  char name[48];
  Dtype dtype;
  int rank; /* 1: (columns), with rows 1; 2: (rows,columns) */
  size_t rows, columns;
  int transposed; /* float32: data stands in memory as (columns,rows) */
  void *data;     /* borrowed */
} Tensor;

/* Named prefix + name. */
Tensor tensor_matrix(const char *prefix, const char *name, Dtype dtype, size_t rows, size_t columns,
                     void *data);
Tensor tensor_vector(const char *prefix, const char *name, Dtype dtype, size_t n, void *data);

size_t tensor_bytes(const Tensor *tensor);

/* Names and their values, in the order in which they were set. */
typedef struct Metadata Metadata;
Metadata *metadata_new(void);
void metadata_free(Metadata *metadata);
void metadata_set(Metadata *metadata, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *metadata_get(const Metadata *metadata, const char *key); /* NULL: not there */
/* Reads a whole number as metadata_set writes it, without a sign, blank or leading zero; -1: the
 * value is something else, or there is none. */
int metadata_whole(const Metadata *metadata, const char *key, uint64_t *number);
size_t metadata_size(const Metadata *metadata);
void metadata_entry(const Metadata *metadata, size_t i, const char **key, const char **value);

enum { HEADER_MAX = 16 << 20 }; /* bytes of a header */

/* The header of a file of these tensors, padded so that the data begins at a multiple of 8; to be
 * freed. NULL: header_parse would reject it; *fault says why. */
char *header_text(const Tensor *tensors, int n, const Metadata *metadata, uint32_t crc,
                  const char **fault);

/* A tensor in a file. */
typedef struct {
  const char *name; /* within json */
  Dtype dtype;
  int rank;
  size_t shape[2];     /* of a vector: its length, 1 */
  uint64_t begin, end; /* bytes, from where the header ends */
} Entry;

typedef struct {
  void *json;
  Metadata *metadata;
  Entry *entries; /* in the order of their data */
  size_t n;
} Header;

/* Parses the text (length bytes and a 0) of a file that has so many bytes of data. What an error
 * leaves behind is freed with header_free too. */
int header_parse(Header *header, const char *path, const char *text, size_t length,
                 uint64_t data_size, Why *why);
void header_free(Header *header);

/* The sentence on a file that is broken, in this way and place ("": in no place); returns -1. */
int header_broken(const char *path, const char *what, const char *place, Why *why);

#endif
