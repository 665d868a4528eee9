/* start: the state of the process that both programs rely on. */
#ifndef START_H
#define START_H

#include <stdbool.h>

/* Called at the beginning of main(), after signals_start, before anything is read or written.
 *
 * A closed standard input, output or error gets a file in its place, so that no file of ours takes
 * its number and is written to by mistake; reading or writing it still fails. Where that is not
 * possible, the program ends with exit code 1.
 *
 * A ulimit -s that is too low is raised; if that is impossible, the program ends with a message and
 * exit code 1.
 *
 * A file that grows over ulimit -f is an error, not the end of the program.
 *
 * Jansson gets its memory from alloc: without memory it would silently write incomplete files.
 *
 * On x86-64 and arm64, floats below 1.2e-38 are zero from here on, in all threads: the moments of a
 * weight that gets no gradient fade into such numbers, with which processors are slow. */
void start_program(void);

/* Whether start_program opened the file of this descriptor, because it was closed; a duplicate
 * counts too. */
bool start_holds(int fd);

#endif
