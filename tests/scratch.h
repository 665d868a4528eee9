/* scratch: files of a test program, in a directory that is removed when the program ends. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "base/rng.h"
#include "memory/memory.h"

const char *scratch_directory(void);

/* The path of a file of this name in the directory; the caller frees it. */
char *scratch_path(const char *name);

void scratch_write(const char *path, const void *bytes, size_t n); /* the whole file */
size_t scratch_read(const char *path, void *bytes, size_t room);   /* returns its size */

/* Finite floats of every size, -0 and denormals among them. */
void scratch_floats(float *a, size_t n, Rng *rng);

/* A corpus of a record with these letters; the caller frees it. */
Corpus *scratch_corpus(const char *letters);

/* A memory, with its index, of all records of a file with this text; the caller frees it.
 * SCRATCH_TURN bases of each circle are repeated. */
enum { SCRATCH_TURN = 3 };
Memory *scratch_memory(const char *text, int m, int every, bool both_strands);

#endif
