/* signals: requests by signals: end, save, or save and end. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

/* Called first in a program. From now on SIGINT, SIGTERM, SIGHUP, SIGXCPU and SIGQUIT end the
 * program, and so does SIGUSR2 if the program saves. This holds also for process 1 of a container,
 * for which the kernel ignores signals without a handler. SIGUSR1 is remembered. Signals that the
 * caller of the program ignores (nohup) are left alone, here and below. */
void signals_start(bool saves);

/* Called once there is something to save: from now on the other signals are remembered too.
 * SIGQUIT, and a second SIGINT, end the program at once. */
void signals_catch(void);

/* From now on a closed pipe does not end the program, because a run needs no reader of its
 * messages. */
void signals_ignore_pipe(void);

/* Whether SIGUSR1 came since the last call. */
bool signals_save(void);

/* The signal that asked the program to end (0: none yet), and its name. Any thread may call
 * signals_end. */
int signals_end(void);
const char *signals_name(int signal);

/* Ends the program with exit code 1 and this line on standard error after this many seconds,
 * whatever it is doing. signals_no_alarm cancels it. */
void signals_alarm(double seconds, const char *line);
void signals_no_alarm(void);

/* Names a file in an open directory, which is removed if a signal or the alarm ends the program at
 * once; NULL: no file. */
void signals_unfinished(int directory, const char *name);

#endif
