/* signals: requests by signals: end, save, or save and end. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

/* The first thing that a program does. From now on SIGINT, SIGTERM, SIGHUP, SIGXCPU and SIGQUIT end
 * the program, also as process 1 of a container, for which the kernel ignores them otherwise, and
 * so does SIGUSR2 if the program saves. SIGUSR1 is remembered. Signals that the caller of the
 * program ignores (nohup) are left alone, here and below. */
void signals_start(bool saves);

/* Once there is something to save: from now on the others are remembered too. SIGQUIT, and a second
 * SIGINT, end the program at once. */
void signals_catch(void);

/* From now on a closed pipe does not end the program: a run needs no reader of its messages. */
void signals_ignore_pipe(void);

/* Whether SIGUSR1 came since the last call. */
bool signals_save(void);

/* The signal that asks to end, 0: none yet, and its name. Any thread may call signals_end. */
int signals_end(void);
const char *signals_name(int signal);

/* Ends the program with exit code 1 and this line on standard error after so many seconds,
 * whatever it is doing. signals_no_alarm cancels it. */
void signals_alarm(double seconds, const char *line);
void signals_no_alarm(void);

/* The file of this name in an open directory is removed where a signal or the alarm ends the
 * program at once; NULL: none is. */
void signals_unfinished(int directory, const char *name);

#endif
