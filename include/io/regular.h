/* regular: opens files that must be regular. A pipe, device or directory is an error at once. */
#ifndef REGULAR_H
#define REGULAR_H

#include "base/fail.h"

#include <stdio.h>

/* Opens a file for reading. NULL on error; if the file does not exist, errno is ENOENT. */
FILE *regular_open(const char *path, Why *why);

#endif
