/* output: the destination of data: standard output, or a file that appears whole. A file whose name
 * ends in .gz is compressed in bgzip's blocks. Links are followed; existing non-regular files, such
 * as pipes, are written to directly. */
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

/* Whether its stream is a regular file, whose beginning can be overwritten later. */
bool output_can_return(Output *output);

/* An error if any write so far has failed. */
int output_check(Output *output, Why *why);

/* Writes the rest; an error if any write has failed. Frees output. */
int output_close(Output *output, Why *why);

/* Leaves no file. */
void output_abandon(Output *output);

#endif
