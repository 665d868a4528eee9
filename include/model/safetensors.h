/* safetensors: named tensors and string metadata in one file that any language reads.
 *
 * The format, to the letter (github.com/huggingface/safetensors): 8 bytes of little-endian header
 * length, a JSON object padded with spaces, then the tensors' bytes without holes or overlaps. It
 * has no checksum of its own: the metadata's data_crc32 is the CRC-32 of all bytes after the
 * header, and header_crc32, which may be missing, that of the header with zeros in its place. A
 * file is distrusted until all of this was checked. Only a file of another program may have no
 * checksum: one without data_crc32, header_crc32 and format_version in its metadata. */
#ifndef SAFETENSORS_H
#define SAFETENSORS_H

#include "io/atomicfile.h"
#include "model/metadata.h"

#include <stdbool.h>

typedef enum { DTYPE_F32, DTYPE_F64, DTYPE_U64 } Dtype;

typedef struct {
  char name[48];
  Dtype dtype;
  int rank; /* 1: (columns), with rows 1; 2: (rows,columns) */
  size_t rows, columns;
  bool transposed; /* float32: data stands in memory as (columns,rows) */
  void *data;      /* borrowed */
} Tensor;

/* Named prefix + name. */
Tensor tensor_matrix(const char *prefix, const char *name, Dtype dtype, size_t rows, size_t columns,
                     void *data);
Tensor tensor_vector(const char *prefix, const char *name, Dtype dtype, size_t n, void *data);

size_t tensor_bytes(const Tensor *tensor);

/* "F32 of shape [4,8]", for a message. */
void tensor_describe(char *text, size_t size, const Tensor *tensor);

/* Writes n tensors and the metadata to a file that was just opened, all or nothing, and frees it.
 * After an error of opening, file is NULL and `why` has the reason. */
int safetensors_write(AtomicFile *file, const Tensor *tensors, int n, const Metadata *metadata,
                      Why *why);

/* The most bytes of memory that writing a file takes, with a transposed tensor of this number of
 * columns and metadata of which this is the largest part (NULL: it is small). */
size_t safetensors_memory(size_t columns, const Metadata *metadata);

/* An open file whose header is correct, and its CRC-32s unless another program wrote it. */
typedef struct SafeTensors SafeTensors;
SafeTensors *safetensors_open(const char *path, Why *why);

/* The same for a file descriptor, which safetensors_close closes; -1: it could not be opened, and
 * errno is set. Messages call it path. */
SafeTensors *safetensors_from(int fd, const char *path, Why *why);
void safetensors_close(SafeTensors *file);
const Metadata *safetensors_metadata(const SafeTensors *file);
/* To be freed; the file has none afterwards. */
Metadata *safetensors_take_metadata(SafeTensors *file);

/* Checks that each tensor of the file has the name of one of these n, or one that is_allowed (NULL:
 * no other). */
int safetensors_only(const SafeTensors *file, const Tensor *tensors, int n,
                     bool (*is_allowed)(const char *name), Why *why);

/* Checks that the file has these n tensors, with these dtypes and shapes, and only then reads those
 * whose data is not NULL. A real number that is not finite is an error. */
int safetensors_read(SafeTensors *file, const Tensor *tensors, int n, Why *why);

/* Reports that a file is broken at this place, a printf format: "H.shape", "__metadata__.k",
 * "byte 52". Returns -1. */
int safetensors_malformed(Why *why, const char *path, const char *detail, const char *place, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- the header: safetensors_header.c, for safetensors.c ------------------------------------- */

enum { SAFETENSORS_HEADER_MAX = 16 << 20 }; /* bytes of a header */

/* A tensor in a file. */
typedef struct {
  const char *name; /* within json */
  Dtype dtype;
  int rank;
  size_t shape[2];     /* of a vector: its length, 1 */
  uint64_t begin, end; /* bytes, from where the header ends */
} TensorEntry;

typedef struct {
  void *json;
  Metadata *metadata;
  TensorEntry *entries; /* in the order of their data */
  size_t n;
} SafeTensorsHeader;

/* The header of a file of these tensors, padded so that the data begins at a multiple of 8; to be
 * freed. NULL: safetensors_parse would reject it; *fault is the reason. */
char *safetensors_header(const Tensor *tensors, int n, const Metadata *metadata, uint32_t crc,
                         const char **fault);

/* Parses the text (length bytes and a 0) of a header. JSON from a file is distrusted: it is
 * measured before it is parsed, so that a file cannot make it larger than itself. After an error,
 * too, safetensors_header_free frees it. */
int safetensors_parse(SafeTensorsHeader *header, const char *path, const char *text, size_t length,
                      Why *why);
void safetensors_header_free(SafeTensorsHeader *header);

#endif
