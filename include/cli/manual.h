/* manual: the help and man page of a program, made from its option table. */
#ifndef MANUAL_H
#define MANUAL_H

#include "cli/options.h"

/* Prints on standard output the version, with the BLAS `library` and the CPU level of the loops, or
 * the page that the line asks for: the help, for the chosen word if there is one, the man page
 * (troff) or a completion. Returns the exit code: 2 for an unknown topic, 1 if the output cannot be
 * written. */
int manual_answer(const Program *program, OptionsWish wish, const CommandLine *line,
                  const char *library, const char *level, Why *why);

/* Prints the usage lines on standard error, for a call without arguments. Returns the exit code. */
int manual_remind(const Program *program);

#endif
