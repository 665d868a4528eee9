/* pulse: notices ranks that have died, with their node or alone. A thread of rank 0 and one of each
 * other rank send each other a byte ten times a second. Who gets none for PULSE_SILENCE seconds
 * ends the program with exit code 1 and a message that names the silent rank; rank 0 has the others
 * end too.
 *
 * Seconds are counted by the thread itself, so that a process that was stopped, by a debugger or
 * the batch system, accuses nobody when it continues. */
#ifndef PULSE_H
#define PULSE_H

#include <stdbool.h>

enum { PULSE_SILENCE = 10 };

/* Collective, once MPI runs with MPI_THREAD_MULTIPLE, with all signals blocked. False: the system
 * starts no thread. */
bool pulse_start(void);

/* Collective; waits for the pulse of the others to end. */
void pulse_end(void);

#endif
