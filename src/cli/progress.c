#include "cli/progress.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { VALIDATIONS = 100 };
static const double redraw_every = 0.2;
static const double line_every = 5, line_every_part = 0.01; /* seconds, part of the time so far */

/* Whether the terminal can redraw a line; the shell of Emacs cannot. */
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
                    .lines = steps && !quiet && !is_terminal(),
                    .next = clock_now() + redraw_every,
                    .began = clock_now(),
                    .last_line = -INFINITY};
}

/* Replaces the line, which a terminal that became narrower has broken into several. */
static void draw(Progress *progress, const char *line, int width) {
  const int broken = progress->drawn > 0 ? (progress->drawn - 1) / width : 0;
  char up[16] = "";
  if (broken > 0) snprintf(up, sizeof up, "\033[%dA", broken);
  fprintf(stderr, "%s\r%s\033[J", up, line);
  progress->drawn = (int)strlen(line);
  progress->width = width;
}

void progress_end(Progress *progress) {
  if (progress->drawn > 0) draw(progress, "", terminal_width());
}

const char *progress_clear(const Progress *progress) { return progress->steps ? "\r\033[J" : ""; }

void progress_say(Progress *progress, const char *format, ...) {
  if (progress->quiet) return;
  va_list arguments;
  va_start(arguments, format);
  char *line = alloc_format(format, arguments);
  va_end(arguments);
  escape_line(line);
  progress_end(progress);
  fprintf(stderr, "%s\n", line);
  free(line);
}

/* The percentage and the time left; the time so far if the end is not known. */
static void time_text(char text[64], double part, double seconds) {
  const double LONG = 600 /* seconds no longer matter */;
  double time = part > 0 ? seconds * (1 / part - 1) : seconds;
  char clock[32];
  if (time > LONG) time -= fmod(time, 60);
  clock_text(time, clock);
  if (time > LONG && time < 3600) clock[strcspn(clock, " ")] = 0;
  if (part > 0)
    snprintf(text, 64, "%3.0f%%  %s left", 100 * part, clock);
  else
    snprintf(text, 64, "%s", clock);
}

/* Keeps the parts of the line, separated by tabs, that fit into width, and removes the tabs. */
static void fit(char *line, size_t width) {
  size_t used = 0;
  for (const char *part = line; *part; part += *part == '\t') {
    const size_t n = strcspn(part, "\t");
    if (used + n >= width) break;
    memmove(line + used, part, n);
    used += n;
    part += n;
  }
  line[used] = 0;
}

/* Whether it is time to redraw the line. */
static bool is_due(const Progress *progress) {
  if (!progress->steps) return false;
  if (clock_now() >= progress->next) return true;
  return progress->drawn > 0 && terminal_width() != progress->width;
}

void progress_step(Progress *progress, double part, double seconds, const char *format, ...) {
  char line[PROGRESS_LINE], time[64], parts[PROGRESS_LINE - sizeof time];
  va_list arguments;
  if (!is_due(progress)) return;
  va_start(arguments, format);
  vsnprintf(parts, sizeof parts, format, arguments);
  va_end(arguments);
  time_text(time, part, seconds);
  snprintf(line, sizeof line, "%s\t%s", time, parts);
  const int width = terminal_width();
  fit(line, (size_t)width);
  draw(progress, line, width);
  progress->next = clock_now() + redraw_every;
}

static void see(void *context, double part, uint64_t bases) {
  const ProgressWatched *watched = context;
  const double now = clock_now();
  if (now < watched->progress->next) return; /* without a query of the terminal's size */
  progress_step(watched->progress, part, now - watched->began, "  %" PRIu64 " bases", bases);
}

Watch progress_watch(ProgressWatched *watched) {
  if (!watched->progress->steps) return (Watch){NULL, NULL};
  return (Watch){see, watched};
}

void progress_held(Progress *progress) {
  if (*progress->held) progress_say(progress, "%s", progress->held);
  *progress->held = 0;
}

void progress_validation(Progress *progress, const char *line) {
  const double now = clock_now();
  const double apart = fmax(line_every, line_every_part * (now - progress->began));
  if (!progress->lines) return;
  snprintf(progress->held, sizeof progress->held, "%s", line);
  if (progress->validations >= VALIDATIONS && now < progress->last_line + apart) return;
  progress_held(progress);
  progress->validations++;
  progress->last_line = now;
}
