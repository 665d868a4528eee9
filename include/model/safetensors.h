/* safetensors: named tensors and string metadata in one file, which libraries of many languages
 * read.
 *
 * The format (github.com/huggingface/safetensors): 8 bytes of little-endian header length, a JSON
 * object padded with spaces, then the bytes of the tensors without gaps or overlaps. The format has
 * no checksum, so we add two to the metadata: data_crc32 is the CRC-32 of all bytes after the
 * header; header_crc32, which may be missing, is the CRC-32 of the header with zeros in place of
 * the value. A file is used only after all of this was checked. Only files of other programs may
 * lack checksums: they have neither data_crc32 nor header_crc32 nor format_version in their
 * metadata. */
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
  bool transposed; /* float32: data is (columns,rows) in memory */
  void *data;      /* borrowed */
} Tensor;

/* Named prefix + name. */
Tensor tensor_matrix(const char *prefix, const char *name, Dtype dtype, size_t rows, size_t columns,
                     void *data);
Tensor tensor_vector(const char *prefix, const char *name, Dtype dtype, size_t n, void *data);

/* The size of the data in a file. */
size_t tensor_bytes(const Tensor *tensor);

/* Writes "F32 of shape [4,8]", for a message. */
void tensor_describe(char *text, size_t size, const Tensor *tensor);

/* Writes n tensors and the metadata to a file that was just opened, all or nothing, and frees it.
 * If opening failed, file is NULL, why has the reason, and the result is -1. */
int safetensors_write(AtomicFile *file, const Tensor *tensors, int n, const Metadata *metadata,
                      Why *why);

/* The most memory in bytes for writing a file with a transposed tensor of this many columns;
 * metadata: the largest part of the metadata (NULL: small). */
size_t safetensors_memory(size_t columns, const Metadata *metadata);

/* An open file with a correct header and, unless another program wrote it, correct CRC-32s. */
typedef struct SafeTensors SafeTensors;
SafeTensors *safetensors_open(const char *path, Why *why);

/* The same for a file descriptor, which safetensors_close closes; -1: it could not be opened, and
 * errno is set. path is its name in messages. */
SafeTensors *safetensors_from(int fd, const char *path, Why *why);
void safetensors_close(SafeTensors *file);

/* The metadata, borrowed from the file. */
const Metadata *safetensors_metadata(const SafeTensors *file);
/* Moves the metadata out of the file; to be freed by the caller. */
Metadata *safetensors_take_metadata(SafeTensors *file);

/* Checks that the name of each tensor in the file is that of one of these n, or passes is_allowed
 * (NULL: no other names). */
int safetensors_only(const SafeTensors *file, const Tensor *tensors, int n,
                     bool (*is_allowed)(const char *name), Why *why);

/* Checks that the file has these n tensors, with these dtypes and shapes, and only then reads the
 * tensors whose data is not NULL. A real number that is not finite is an error. */
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
  size_t shape[2];     /* for a vector: length, 1 */
  uint64_t begin, end; /* bytes, from the end of the header */
} TensorEntry;

typedef struct {
  void *json;
  Metadata *metadata;
  TensorEntry *entries; /* in the order of their data */
  size_t n;
} SafeTensorsHeader;

/* The header of a file of these tensors, padded to make the data begin at a multiple of 8; to be
 * freed. NULL if safetensors_parse would reject it; *fault is then the reason. */
char *safetensors_header(const Tensor *tensors, int n, const Metadata *metadata, uint32_t crc,
                         const char **fault);

/* Parses the text (length bytes and a 0) of a header. The JSON is measured before it is parsed, so
 * a malicious file cannot expand into much memory. To be freed with safetensors_header_free, also
 * after an error. */
int safetensors_parse(SafeTensorsHeader *header, const char *path, const char *text, size_t length,
                      Why *why);
void safetensors_header_free(SafeTensorsHeader *header);

#endif
