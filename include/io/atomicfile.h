/* atomicfile: a file that appears under its name complete, or not at all.
 *
 * It is written in the same directory under a temporary name, or without a name if the file system
 * supports that; a file without a name leaves nothing behind if the program is killed. It is then
 * flushed to the disk and renamed over an existing file, whose mode it keeps. The directory stays
 * open meanwhile: if it is moved, the file goes with it and not into a directory that took its
 * place. */
#ifndef ATOMICFILE_H
#define ATOMICFILE_H

#include "base/fail.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct {
  FILE *out;        /* to write to */
  char *path;       /* for messages */
  const char *name; /* in the directory: the end of path */
  char *temporary;  /* its name until it is complete */
  int directory;    /* open */
  bool named;       /* whether it has its temporary name */
} AtomicFile;

/* NULL if the file cannot be made. `alone`: no other process writes in this directory, as in a
 * locked run directory. The temporary name is then path.tmp, which replaces the remains of a killed
 * process. Otherwise the file has no name until it is complete, or an unused one. */
AtomicFile *atomicfile_open(const char *path, bool alone, Why *why);

/* The same in an open directory, which had the directory part of path when it was opened. */
AtomicFile *atomicfile_open_at(int directory, const char *path, bool alone, Why *why);

/* Puts the file in place after checking that all bytes are on the disk. After an error the previous
 * file is unchanged, unless only the directory could not be flushed. Frees the AtomicFile either
 * way. */
int atomicfile_commit(AtomicFile *file, Why *why);

/* Frees the AtomicFile, and removes the file unless it is in place. */
void atomicfile_abandon(AtomicFile *file);

/* The directory that holds path, to be freed. */
char *atomicfile_directory(const char *path);

/* Opens a directory to make files in, even an unreadable one; -1 and errno on error. */
int atomicfile_open_directory(const char *path);

/* Flushes the entries of an open directory to the disk; -1 and errno on error. */
int atomicfile_sync_directory(int directory);

#endif
