/* atomicfile: a file that appears under its name whole, or not at all.
 *
 * It is written beside its place under a temporary name, flushed to the disk, and renamed. */
#ifndef ATOMICFILE_H
#define ATOMICFILE_H

#include "fail.h"

#include <stdio.h>

typedef struct {
  FILE *out; /* to write to */
  char *path, *temporary;
} AtomicFile;

/* NULL where the temporary file cannot be made. */
AtomicFile *atomicfile_open(const char *path, Why *why);

/* Puts the file in place; after an error the place is as it was. Frees it either way. */
int atomicfile_commit(AtomicFile *file, Why *why);

/* Removes what was written and frees it. */
void atomicfile_abandon(AtomicFile *file);

#endif
