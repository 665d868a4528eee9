/* manual: the help, man page and completions of a program, made from its option table. */
#ifndef MANUAL_H
#define MANUAL_H

#include "cli/options.h"

/* Prints on standard output the help (topic NULL), the page for a topic, "man" (troff), "bash" or
 * "zsh" (completions), or the version with the BLAS `library` and the CPU level of the loops.
 * Returns the exit code: 2 for an unknown topic, 1 if the output cannot be written. */
int manual_answer(const Program *program, OptionsWish wish, const char *topic, const char *library,
                  const char *level, Why *why);

/* Prints the usage lines on standard error, for a call without arguments. Returns the exit code. */
int manual_remind(const Program *program);

#endif
