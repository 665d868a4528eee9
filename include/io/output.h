/* output: where data goes: standard output, or a file that appears whole, gzip where its name ends
 * in .gz, in bgzip's blocks. A link is followed; what is there and no regular file, a pipe say, is
 * written to. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "base/fail.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct Output Output;

/* path NULL, or "-", is standard output. */
Output *output_open(const char *path, Why *why);

FILE *output_stream(Output *output);

/* Whether the output is a terminal. */
bool output_is_terminal(const Output *output);

/* Whether its stream is a regular file, in which what was written can be written over. */
bool output_can_return(Output *output);

/* Whether all was written so far, as far as is known. */
int output_check(Output *output, Why *why);

/* Writes what is left; an error that any write met is told here. Frees output. */
int output_close(Output *output, Why *why);

/* Leaves no file. */
void output_abandon(Output *output);

#endif
