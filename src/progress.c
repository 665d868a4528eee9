#include "progress.h"

#include <inttypes.h>
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

void progress_end(Progress *progress) {
  if (progress->drawn) fputs("\r\033[K", stderr);
  progress->drawn = false;
}

void progress_say(Progress *progress, const char *format, ...) {
  if (progress->quiet) return;
  va_list arguments;
  va_start(arguments, format);
  progress_end(progress);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

static int terminal_width(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* Appends a part to the line where it still fits into width. */
static void append(char line[256], int width, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void append(char line[256], int width, const char *format, ...) {
  char part[128];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(part, sizeof part, format, arguments);
  va_end(arguments);
  size_t length = strlen(line);
  if (length + strlen(part) < (size_t)width) strcpy(line + length, part);
}

void progress_step(Progress *progress, const Standing *standing) {
  double now = clock_now();
  if (!progress->steps || now < progress->next) return;
  progress->next = now + progress->every;
  int width = progress->terminal ? terminal_width() : 256;
  char line[256] = "", left[32];
  if (width > 256) width = 256;
  clock_text(standing->part > 0 ? standing->seconds * (1 / standing->part - 1) : standing->seconds,
             left);
  if (standing->part > 0)
    append(line, width, "%3.0f%%  %s left", 100 * standing->part, left);
  else
    append(line, width, "%s", left);
  append(line, width, "  epoch %" PRIu64, standing->epoch);
  if (standing->epochs > 0) append(line, width, "/%" PRIu64, standing->epochs);
  if (isfinite(standing->bits)) append(line, width, "  %.4f bits/base", standing->bits);
  if (isfinite(standing->best_bits)) append(line, width, "  validation %.4f", standing->best_bits);
  append(line, width, "  %.0fk k-mers/s", standing->rate / 1000);
  if (progress->terminal)
    fprintf(stderr, "\r%s\033[K", line);
  else
    fprintf(stderr, "%s\n", line);
  progress->drawn = progress->terminal;
  fflush(stderr);
}
