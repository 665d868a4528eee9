/* output: where data goes: standard output, or a file that appears whole, gzip where its name ends
 * in .gz. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "fail.h"

#include <stdio.h>

typedef struct Output Output;

/* path NULL is standard output. */
Output *output_open(const char *path, Why *why);

FILE *output_stream(Output *output);

/* Writes what is left; an error that any write met is told here. Frees output. */
int output_close(Output *output, Why *why);

/* Leaves no file. */
void output_abandon(Output *output);

#endif
