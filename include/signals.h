/* signals: what a signal asks of a run: to save, or to save and end. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

/* At the start of the program: from now on SIGUSR1 is remembered. */
void signals_start(void);

/* Once there is something to save: from now on SIGINT, SIGTERM, SIGHUP and SIGXCPU are remembered,
 * those excepted that the caller of the program has told it to ignore (nohup does). A second SIGINT
 * ends the program at once. A closed pipe no longer does. */
void signals_catch(void);

/* Whether anything was asked since it was done. */
bool signals_pending(void);

/* Whether SIGUSR1 came since the last call. */
bool signals_save(void);

/* The signal that asks to end, 0: none, and its name. */
int signals_end(void);
const char *signals_name(int signal);

#endif
