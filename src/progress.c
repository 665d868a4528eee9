#include "progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double redraw_every = 0.2, line_every = 10;

double clock_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void clock_text(double seconds, char text[32]) {
  long s = lround(seconds);
  if (s < 60)
    snprintf(text, 32, "%lds", s);
  else if (s < 3600)
    snprintf(text, 32, "%ldm %02lds", s / 60, s % 60);
  else
    snprintf(text, 32, "%ldh %02ldm", s / 3600, s / 60 % 60);
}

Progress progress_new(bool quiet, bool steps) {
  bool terminal = isatty(STDERR_FILENO);
  double every = terminal ? redraw_every : line_every;
  return (Progress){.quiet = quiet,
                    .steps = steps && !quiet,
                    .terminal = terminal,
                    .every = every,
                    .next = clock_now() + every};
}

static void clear(Progress *progress) {
  if (progress->drawn) fputs("\r\033[K", stderr);
  progress->drawn = false;
}

void progress_say(Progress *progress, const char *format, ...) {
  if (progress->quiet) return;
  va_list arguments;
  va_start(arguments, format);
  clear(progress);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

static int terminal_width(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void progress_step(Progress *progress, const Standing *standing) {
  double now = clock_now();
  if (!progress->steps || now < progress->next) return;
  progress->next = now + progress->every;
  char line[256], left[32], best[48] = "";
  clock_text(standing->part > 0 ? standing->seconds * (1 / standing->part - 1) : 0, left);
  if (isfinite(standing->best_bits))
    snprintf(best, sizeof best, ", validation %.4f", standing->best_bits);
  snprintf(line, sizeof line, "%3.0f%%  epoch %llu/%llu  %.0f k-mers/s  %.4f bits/base%s  %s left",
           100 * standing->part, (unsigned long long)standing->epoch,
           (unsigned long long)standing->epochs, (double)standing->tokens / standing->seconds,
           standing->bits, best, left);
  if (progress->terminal)
    fprintf(stderr, "\r%.*s\033[K", terminal_width() - 1, line);
  else
    fprintf(stderr, "%s\n", line);
  progress->drawn = progress->terminal;
  fflush(stderr);
}
