/* start: the state of the process that both programs rely on. */
#ifndef START_H
#define START_H

#include <stdbool.h>

/* Called at the beginning of main(), after signals_start, before anything is read or written.
 *
 * A closed standard input, output or error gets a file in its place. Otherwise a file of ours could
 * take its number and be written to by mistake. Reading or writing the replacement still fails. If
 * it cannot be made, the program ends with exit code 1.
 *
 * A ulimit -s that is too low is raised; if that is impossible, the program ends with a message and
 * exit code 1.
 *
 * A file that exceeds ulimit -f is an error and does not end the program by a signal.
 *
 * Jansson gets its memory from alloc, because it would silently write incomplete files without
 * memory.
 *
 * On x86-64 and arm64, floats below 1.2e-38 (denormal numbers) are zero from here on, in all
 * threads. The moments of a weight without gradient fade into such numbers, and processors compute
 * slowly with them. */
void start_program(void);

/* Whether start_program opened the file of this descriptor, because it was closed; a duplicate
 * counts too. */
bool start_holds(int fd);

#endif
