#include "base/signals.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const struct {
  int signal;
  const char *name;
} rows[] = {{SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}, {SIGINT, "SIGINT"},  {SIGTERM, "SIGTERM"},
            {SIGHUP, "SIGHUP"},   {SIGXCPU, "SIGXCPU"}, {SIGQUIT, "SIGQUIT"}};
enum { ROWS = sizeof rows / sizeof *rows };

static volatile sig_atomic_t save, interrupted; /* requests made by signals */
static atomic_int end; /* the signal that requests the end, or 0; read by all threads */
static volatile sig_atomic_t is_unfinished;
static int directory_of_it;
static char unfinished[NAME_MAX + 1], last_line[1024];

/* ---- handlers ------------------------------------------------------------------------------- */

static void remove_unfinished(void) {
  if (is_unfinished) unlinkat(directory_of_it, unfinished, 0);
}

/* Ends the program by the default action of the signal, or by exit if it is process 1, for which
 * signals have no default action. */
static void leave(int signal_number) {
  sigset_t set;
  remove_unfinished();
  signal(signal_number, SIG_DFL);
  sigemptyset(&set);
  sigaddset(&set, signal_number);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  raise(signal_number);
  _exit(128 + signal_number);
}

static void remember(int signal_number) {
  if (signal_number == SIGINT && interrupted) leave(SIGINT);
  if (signal_number == SIGINT) interrupted = 1;
  if (signal_number == SIGUSR1)
    save = 1;
  else
    end = signal_number;
}

static void expire(int signal_number) {
  (void)signal_number;
  remove_unfinished();
  (void)!write(STDERR_FILENO, last_line, strlen(last_line));
  _exit(1);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void install(int signal_number, void (*handler)(int)) {
  struct sigaction before, action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
    sigaction(signal_number, &action, NULL);
}

void signals_start(bool saves) {
  for (int i = 0; i < ROWS; i++) {
    const bool ends = rows[i].signal != SIGUSR1 && (saves || rows[i].signal != SIGUSR2);
    install(rows[i].signal, ends ? leave : remember);
  }
}

void signals_catch(void) {
  for (int i = 0; i < ROWS; i++)
    if (rows[i].signal != SIGQUIT) install(rows[i].signal, remember);
}

void signals_ignore_pipe(void) { signal(SIGPIPE, SIG_IGN); }

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

/* ---- the alarm ------------------------------------------------------------------------------ */

static bool alarmed; /* the timer is set by this program, not by the caller before exec */

static void set_timer(double seconds) {
  const double whole = (double)(time_t)seconds;
  const struct timeval left = {(time_t)whole, (suseconds_t)((seconds - whole) * 1e6)};
  setitimer(ITIMER_REAL, &(struct itimerval){.it_value = left}, NULL);
}

void signals_alarm(double seconds, const char *line) {
  static const double least = 1e-5; /* a time of 0 would set no alarm */
  signals_no_alarm();
  snprintf(last_line, sizeof last_line, "%s\n", line);
  signal(SIGALRM, expire);
  alarmed = true;
  set_timer(seconds > least ? seconds : least);
}

void signals_no_alarm(void) {
  if (alarmed) set_timer(0);
  alarmed = false;
}

/* ---- the unfinished file -------------------------------------------------------------------- */

void signals_unfinished(int directory, const char *name) {
  is_unfinished = 0;
  if (!name || strlen(name) >= sizeof unfinished) return;
  atomic_signal_fence(memory_order_seq_cst); /* a handler never sees a partial name */
  directory_of_it = directory;
  strcpy(unfinished, name);
  atomic_signal_fence(memory_order_seq_cst);
  is_unfinished = 1;
}
