/* manual: what a program says of itself, made from its option table. */
#ifndef MANUAL_H
#define MANUAL_H

#include "cli/options.h"

/* Answers a wish for help or the version on standard output: the help text (topic NULL), the page
 * that topic names, "man" (troff), "bash" or "zsh" (completions), or "rnntrain 0.1.0" and what it
 * runs on, `library` and the CPU level of its loops. Gives back the exit code; 2 for an unknown
 * topic, 1 where the output cannot be written. */
int manual_answer(const Program *program, OptionsWish wish, const char *topic, const char *library,
                  const char *level, Why *why);

/* Prints the usage lines on standard error, for a program without arguments. Returns the exit code.
 */
int manual_remind(const Program *program);

#endif
