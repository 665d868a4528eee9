#include "signals.h"

#include <signal.h>
#include <stddef.h>

static const struct {
  int signal;
  const char *name;
  bool once;
} rows[] = {{SIGUSR1, "SIGUSR1", false},
            {SIGINT, "SIGINT", true},
            {SIGTERM, "SIGTERM", false},
            {SIGHUP, "SIGHUP", false},
            {SIGXCPU, "SIGXCPU", false}};
enum { ROWS = sizeof rows / sizeof *rows };

static volatile sig_atomic_t save, end; /* what was asked */

static void remember(int signal) {
  if (signal == SIGUSR1)
    save = 1;
  else
    end = signal;
}

static void install(int from, int to) {
  for (int i = from; i < to; i++) {
    struct sigaction before, action = {.sa_handler = remember, .sa_flags = SA_RESTART};
    if (rows[i].once) action.sa_flags |= (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    if (sigaction(rows[i].signal, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
      sigaction(rows[i].signal, &action, NULL);
  }
}

void signals_start(void) { install(0, 1); }
void signals_catch(void) {
  install(1, ROWS);
  signal(SIGPIPE, SIG_IGN); /* nobody listens to what is said: no reason to end a run */
}

bool signals_pending(void) { return save || end; }

bool signals_save(void) {
  bool asked = save;
  save = 0;
  return asked;
}

int signals_end(void) { return end; }

const char *signals_name(int signal) {
  for (int i = 0; i < ROWS; i++)
    if (rows[i].signal == signal) return rows[i].name;
  return "a signal";
}
