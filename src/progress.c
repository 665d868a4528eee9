#include "progress.h"

#include "escape.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 256 };
static const double redraw_every = 0.2;

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

/* One that does what is asked of it: Emacs' shell, for one, does not. */
static bool is_terminal(void) {
  const char *kind = getenv("TERM");
  return isatty(STDERR_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
}

static int terminal_width(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

Progress progress_new(bool quiet, bool steps) {
  return (Progress){.quiet = quiet,
                    .steps = steps && !quiet && is_terminal(),
                    .next = clock_now() + redraw_every};
}

/* Puts a line in the place of the one that stands there, which a terminal that became narrower has
 * broken into several. */
static void draw(Progress *progress, const char *line, int width) {
  const int broken = progress->drawn > 0 ? (progress->drawn - 1) / width : 0;
  char up[16] = "";
  if (broken > 0) snprintf(up, sizeof up, "\033[%dA", broken);
  fprintf(stderr, "%s\r%s\033[J", up, line);
  progress->drawn = (int)strlen(line), progress->width = width;
}

void progress_end(Progress *progress) {
  if (progress->drawn > 0) draw(progress, "", terminal_width());
}

void progress_say(Progress *progress, const char *format, ...) {
  if (progress->quiet) return;
  va_list arguments;
  char *line;
  va_start(arguments, format);
  const int n = vasprintf(&line, format, arguments);
  va_end(arguments);
  if (n < 0) return;
  char *shown = escape_text(line, escape_screen);
  progress_end(progress);
  fprintf(stderr, "%s\n", shown);
  free(line), free(shown);
}

/* Appends parts to the line as long as they fit into width: false once one does not. */
static bool append(char line[LINE], int width, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool append(char line[LINE], int width, const char *format, ...) {
  char part[128];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(part, sizeof part, format, arguments);
  va_end(arguments);
  const size_t length = strlen(line);
  if (length + strlen(part) >= (size_t)(width < LINE ? width : LINE)) return false;
  strcpy(line + length, part);
  return true;
}

/* What matters most stands first. */
static void fill_line(char line[LINE], int width, const Standing *standing) {
  const double part = standing->part, LONG = 600 /* seconds do not matter any more */;
  double time = part > 0 ? standing->seconds * (1 / part - 1) : standing->seconds;
  char clock[32], epochs[32] = "";
  if (time > LONG) time -= fmod(time, 60);
  clock_text(time, clock);
  if (time > LONG && time < 3600) clock[strcspn(clock, " ")] = 0;
  if (standing->epochs > 0) snprintf(epochs, sizeof epochs, "/%" PRIu64, standing->epochs);
  bool more = part > 0 ? append(line, width, "%3.0f%%  %s left", 100 * part, clock)
                       : append(line, width, "%s", clock);
  if (more) more = append(line, width, "  epoch %" PRIu64 "%s", standing->epoch, epochs);
  if (more && isfinite(standing->bits))
    more = append(line, width, "  %.3f bits/base", standing->bits);
  if (more && isfinite(standing->best_bits))
    more = append(line, width, " (valid %.3f)", standing->best_bits);
  if (more) append(line, width, "  %.0fk k-mers/s", standing->rate / 1000);
}

void progress_step(Progress *progress, const Standing *standing) {
  double now = clock_now();
  if (!progress->steps) return;
  const int width = terminal_width();
  if (now < progress->next && (progress->drawn == 0 || width == progress->width)) return;
  char line[LINE] = "";
  fill_line(line, width, standing);
  draw(progress, line, width);
  progress->next = now + redraw_every;
}
