/* completion: scripts for shell completion of a program's options, made from its option table.
 * After "--mode score" they offer only the options that go with this mode. */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "cli/options.h"

#include <stdio.h>

#define COMPLETION_SHELLS "bash|zsh|fish"

/* Writes the script for a shell; false if there is none. */
bool completion_write(FILE *out, const Program *program, const char *shell);

#endif
