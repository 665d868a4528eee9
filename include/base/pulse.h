/* pulse: detects ranks that have died, alone or with their node. A thread of rank 0 and one of each
 * other rank send each other a byte ten times a second. A thread that receives none for
 * PULSE_SILENCE seconds ends the program with exit code 1 and a message that names the silent rank;
 * rank 0 also ends the others.
 *
 * The thread counts the seconds that it has slept, not those of a clock. A process that was stopped
 * by a debugger or a batch system therefore does not mistake the others for dead when it
 * continues. */
#ifndef PULSE_H
#define PULSE_H

#include <stdbool.h>

enum { PULSE_SILENCE = 10 };

/* Collective, once MPI runs with MPI_THREAD_MULTIPLE; call it with all signals blocked. Returns
 * false if the system cannot start a thread. */
bool pulse_start(void);

/* Collective; waits for the pulse of the others to end. */
void pulse_end(void);

#endif
