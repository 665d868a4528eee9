/* regular: files that must be regular ones. What is none (a pipe, a device, a directory) is an
 * error at once, not a wait for whoever may write to it. */
#ifndef REGULAR_H
#define REGULAR_H

#include "fail.h"

#include <stdio.h>

/* Opens a file to read. NULL where that fails; errno is ENOENT then if it does not exist, and the
 * caller may know a better remedy. */
FILE *regular_open(const char *path, Why *why);

#endif
