/* output: the destination of data: standard output, or a file that appears complete (atomicfile.h).
 * A file whose name ends in .gz is compressed in bgzip's blocks. Links are followed; existing
 * non-regular files, such as pipes, are written to directly. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "base/fail.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct Output Output;

/* Opens a file, or standard output if path is NULL or "-". NULL on error. */
Output *output_open(const char *path, Why *why);

/* The stream to write to; the output owns it. */
FILE *output_stream(Output *output);

/* Whether the output is a terminal. */
bool output_is_terminal(const Output *output);

/* Whether the stream is a regular file, whose beginning can be overwritten later. */
bool output_can_return(Output *output);

/* An error if any write so far has failed. */
int output_check(Output *output, Why *why);

/* Writes the rest and puts the file in place; an error if any write has failed. Frees output. */
int output_close(Output *output, Why *why);

/* Frees output and leaves no file. */
void output_abandon(Output *output);

#endif
