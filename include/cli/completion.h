/* completion: scripts with which shells complete the options of a program, made from its option
 * table. After "--mode score" they offer the options that go with this mode alone. */
#ifndef COMPLETION_H
#define COMPLETION_H

#include "cli/options.h"

#include <stdio.h>

#define COMPLETION_SHELLS "bash|zsh|fish"

/* Writes the script for a shell; false if there is none. */
bool completion_write(FILE *out, const Program *program, const char *shell);

#endif
