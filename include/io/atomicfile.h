/* atomicfile: a file that appears under its name whole, or not at all.
 *
 * It is written beside its place under a temporary name, or without a name where the file system
 * can do that, so that nothing remains if the program is killed; flushed to the disk; and
 * renamed over an existing file, whose mode it keeps. The directory is held open meanwhile: if
 * somebody moves it, the file goes with it, and not into the directory that took its place. */
#ifndef ATOMICFILE_H
#define ATOMICFILE_H

#include "base/fail.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct {
  FILE *out;        /* to write to */
  char *path;       /* for messages */
  const char *name; /* in the directory: the end of path */
  char *temporary;  /* its name until then */
  int directory;    /* open */
  bool named;       /* it has its temporary name */
} AtomicFile;

/* NULL where the file cannot be made. `alone` says that nobody else writes beside path, as in a run
 * directory under its lock: the temporary name is path.tmp then, so that the remains of a process
 * that was killed are replaced; else it has none until it is whole, or one that was free. */
AtomicFile *atomicfile_open(const char *path, bool alone, Why *why);

/* The same in an open directory, which path had when it was opened. */
AtomicFile *atomicfile_open_at(int directory, const char *path, bool alone, Why *why);

/* Puts the file in place after checking that all bytes are on the disk. After an error the place is
 * as it was, unless only its directory could not be flushed. Frees it either way. */
int atomicfile_commit(AtomicFile *file, Why *why);

/* Frees the file, and removes it unless it is in place. */
void atomicfile_abandon(AtomicFile *file);

/* The directory that holds path, to be freed. */
char *atomicfile_directory(const char *path);

/* Opens a directory to make files in, even an unreadable one; -1 and errno on error. */
int atomicfile_open_directory(const char *path);

/* Flushes the entries of an open directory to the disk; -1 and errno on error. */
int atomicfile_sync_directory(int directory);

#endif
