/* regular: opens files that must be regular. A pipe, device or directory is an error at once; a
 * pipe is not waited for. */
#ifndef REGULAR_H
#define REGULAR_H

#include "base/fail.h"

#include <stdio.h>

/* Opens a file to read. NULL on error; errno is ENOENT if it does not exist, so that the caller can
 * give a better remedy. */
FILE *regular_open(const char *path, Why *why);

#endif
