/* safetensors: named tensors and string metadata in one file that any language reads.
 *
 * The format, to the letter (github.com/huggingface/safetensors): 8 bytes of little-endian header
 * length, a JSON object padded with spaces, then the tensors' bytes without holes or overlaps. It
 * has no checksum of its own: the metadata's data_crc32 is the CRC-32 of all bytes after the
 * header, and header_crc32, which may be missing, that of the header with zeros in its place. A
 * file is distrusted until all of this was checked. */
#ifndef SAFETENSORS_H
#define SAFETENSORS_H

#include "io/atomicfile.h"
#include "model/header.h"

#include <stdbool.h>

/* Writes n tensors and the metadata to a file that was just opened, all or nothing, and frees it;
 * NULL is an error that `why` says already. */
int safetensors_write(AtomicFile *file, const Tensor *tensors, int n, const Metadata *metadata,
                      Why *why);

/* Bytes of memory that it takes to write a transposed tensor of so many columns, at most. */
size_t safetensors_memory(size_t columns);

/* An open file whose header and CRC were found right. */
typedef struct SafeTensors SafeTensors;
SafeTensors *safetensors_open(const char *path, Why *why);

/* The same of a file descriptor, which is taken over; -1: it could not be opened, and errno says
 * why. Messages call it path. */
SafeTensors *safetensors_from(int fd, const char *path, Why *why);
void safetensors_close(SafeTensors *file);
const Metadata *safetensors_metadata(const SafeTensors *file);
Metadata *
safetensors_take_metadata(SafeTensors *file); /* to be freed; the file has none afterwards */

/* Whether each tensor of the file is one of these n, by name, or allowed besides them (NULL: none
 * is). */
int safetensors_only(const SafeTensors *file, const Tensor *tensors, int n,
                     bool (*is_allowed)(const char *name), Why *why);

/* Checks that the file has these n tensors, with these dtypes and shapes, and only then reads each
 * that has a place (data not NULL) into it. A real number that is not finite is an error. */
int safetensors_read(SafeTensors *file, const Tensor *tensors, int n, Why *why);

#endif
