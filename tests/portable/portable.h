/* Included before each source of a build with -DPORTABLE=ON: functions that macOS declares. */
#ifndef TESTS_PORTABLE_H
#define TESTS_PORTABLE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

const char *getprogname(void);
void *memmem(const void *text, size_t n, const void *part, size_t m); /* glibc has it */
FILE *funopen(const void *cookie, int (*read)(void *, char *, int),
              int (*write)(void *, const char *, int), off_t (*seek)(void *, off_t, int),
              int (*close)(void *));

#endif
