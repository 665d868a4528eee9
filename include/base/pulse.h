/* pulse: notices ranks that have died, with their node or alone. A thread of rank 0 and one of each
 * other rank send each other a byte ten times a second. A thread that receives none for
 * PULSE_SILENCE seconds ends the program with exit code 1 and a message that names the silent rank;
 * rank 0 also ends the others.
 *
 * The seconds are those of the thread's own naps, not of a clock. So a process that a debugger or
 * the batch system has stopped does not mistake the others for dead when it continues. */
#ifndef PULSE_H
#define PULSE_H

#include <stdbool.h>

enum { PULSE_SILENCE = 10 };

/* Collective, once MPI runs with MPI_THREAD_MULTIPLE; call it with all signals blocked. False: the
 * system starts no thread. */
bool pulse_start(void);

/* Collective; waits for the pulse of the others to end. */
void pulse_end(void);

#endif
