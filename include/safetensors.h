/* safetensors: named tensors and string metadata in one file that any language reads.
 *
 * The format, to the letter (github.com/huggingface/safetensors): 8 bytes of little-endian header
 * length, a JSON object padded with spaces, then the tensors' bytes without holes or overlaps. It
 * has no checksum of its own: the metadata's data_crc32 is the CRC-32 of all bytes after the
 * header. A file is distrusted until all of this was checked. */
#ifndef SAFETENSORS_H
#define SAFETENSORS_H

#include "fail.h"

#include <stddef.h>
#include <stdint.h>

typedef enum { F32, F64, U64 } Dtype;

typedef struct {
  char name[48];
  Dtype dtype;
  int rank; /* 1: (columns), with rows 1; 2: (rows,columns) */
  size_t rows, columns;
  int transposed; /* F32: data stands in memory as (columns,rows) */
  void *data;     /* borrowed */
} Tensor;

/* Names and their values, in the order in which they were set. */
typedef struct Metadata Metadata;
Metadata *metadata_new(void);
void metadata_free(Metadata *metadata);
void metadata_set(Metadata *metadata, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *metadata_get(const Metadata *metadata, const char *key); /* NULL: not there */
size_t metadata_size(const Metadata *metadata);
void metadata_entry(const Metadata *metadata, size_t i, const char **key, const char **value);

/* Writes n tensors and the metadata, all or nothing. */
int safetensors_write(const char *path, const Tensor *tensors, int n, const Metadata *metadata,
                      Why *why);

/* An open file whose header and CRC were found right. */
typedef struct SafeTensors SafeTensors;
SafeTensors *safetensors_open(const char *path, Why *why);
void safetensors_close(SafeTensors *file);
const Metadata *safetensors_metadata(const SafeTensors *file);

/* Whether the file has the tensor, with this dtype and shape; data is not touched. */
int safetensors_check(const SafeTensors *file, const Tensor *tensor, Why *why);

/* Reads the tensor into tensor->data, checking as above and that every F32 is finite. */
int safetensors_read(SafeTensors *file, const Tensor *tensor, Why *why);

#endif
