/* manual: the help and man page of a program, made from its option table. */
#ifndef MANUAL_H
#define MANUAL_H

#include "cli/options.h"

/* Prints on standard output the version, with the BLAS `library` and the CPU level of the loops, or
 * the requested page: the help (only for the chosen mode, if one was given), the man page (troff)
 * or a completion script. Returns the exit code: 2 for an unknown topic, 1 if the output cannot be
 * written, and then fills why. */
int manual_answer(const Program *program, OptionsWish wish, const CommandLine *line,
                  const char *library, const char *level, Why *why);

/* Prints the usage lines on standard error, for a call without arguments. Returns the exit code. */
int manual_remind(const Program *program);

#endif
