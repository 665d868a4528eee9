/* atomicfile: a file that appears under its name whole, or not at all.
 *
 * It is written beside its place under a temporary name, or under none where the file system can do
 * that, so that nothing is left of it whatever ends the program; flushed to the disk; and renamed
 * over what stood there, whose mode it keeps. */
#ifndef ATOMICFILE_H
#define ATOMICFILE_H

#include "fail.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct {
  FILE *out; /* to write to */
  char *path, *temporary, *directory;
  bool named; /* it has its temporary name */
} AtomicFile;

/* NULL where the file cannot be made. `alone` says that nobody else writes beside path, as in a run
 * directory under its lock: the temporary name is path.tmp then, so that what a process that was
 * killed has left is replaced; else it has none until it is whole, or one that was free. */
AtomicFile *atomicfile_open(const char *path, bool alone, Why *why);

/* Puts in place what was written from its beginning to its end, once the file is found to be as
 * long. After an error the place is as it was, unless only its directory could not be flushed.
 * Frees it either way. */
int atomicfile_commit(AtomicFile *file, Why *why);

/* Removes what was written and frees it. */
void atomicfile_abandon(AtomicFile *file);

/* The directory that holds path, to be freed. */
char *atomicfile_directory(const char *path);

/* Flushes the entry of path in its directory to the disk; -1 and errno where that fails. */
int atomicfile_sync_entry(const char *path);

#endif
