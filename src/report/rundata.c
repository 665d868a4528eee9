#include "report/rundata.h"

#include "base/alloc.h"
#include "io/regular.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMESTEP_COLUMNS = 4, COLUMNS_MAX = RUNDATA_COLUMNS };

/* ---- tables of numbers ---------------------------------------------------------------------- */

typedef struct {
  const char *path;
  FILE *file;
  char *line;
  size_t room, number; /* of the line, from 1 */
} Lines;

/* Reads the numbers of the next line: 1; 0: no line, or it is still being written; -1: an error. */
static int read_numbers(Lines *lines, double *numbers, int columns, Why *why) {
  const ssize_t n = getline(&lines->line, &lines->room, lines->file);
  if (n < 0 && ferror(lines->file))
    return fail_reading(why, errno, "%s: cannot be read", lines->path);
  if (n <= 0 || lines->line[n - 1] != '\n') return 0;
  lines->number++;
  char *at = lines->line;
  for (int i = 0; i < columns; i++) {
    char *end = at + strcspn(at, "\t\n"), *rest;
    const char behind = *end;
    *end = 0;
    numbers[i] = strcmp(at, "NA") == 0 ? NAN : strtod(at, &rest);
    const bool good = strcmp(at, "NA") == 0 || (*at && *rest == 0);
    if (!good || (behind == '\t') != (i + 1 < columns))
      return fail(why, "%s: line %zu: is not a row of %d numbers; it was changed, restore it",
                  lines->path, lines->number, columns);
    at = end + 1;
  }
  return 1;
}

static int check_header(Lines *lines, const char *header, Why *why) {
  const ssize_t n = getline(&lines->line, &lines->room, lines->file);
  lines->number = 1;
  if (n > 0 && lines->line[n - 1] == '\n') lines->line[n - 1] = 0;
  if (n > 0 && strcmp(lines->line, header) == 0) return 0;
  return fail(why, "%s: does not begin with the names of its columns; it was changed, restore it",
              lines->path);
}

/* A log, and the function that takes its rows. */
typedef struct {
  RunFile file;
  int columns;
  void (*take)(RunData *data, const double *numbers);
} Log;

static int read_log(RunData *data, const Log *log, const char *path, Why *why) {
  Lines lines = {.path = path, .file = regular_open(path, why)};
  double numbers[COLUMNS_MAX];
  if (!lines.file && errno == ENOENT)
    fail(why, "%s: cannot be opened: %s; restore it", path, strerror(errno));
  if (!lines.file) return -1;
  int more = check_header(&lines, rundir_header(log->file), why) == 0 ? 1 : -1;
  while (more > 0) {
    more = read_numbers(&lines, numbers, log->columns, why);
    if (more > 0) log->take(data, numbers);
  }
  fclose(lines.file);
  free(lines.line);
  return more;
}

/* ---- the logs ------------------------------------------------------------------------------- */

/* Whether an array of n numbers is full, if it doubles its size at 1, 2, 4, 8, ... numbers. */
static bool is_full(size_t n) { return (n & (n - 1)) == 0; }

static double *grow(double *numbers, size_t n) {
  return alloc_resize(numbers, 2 * n + 1, sizeof *numbers);
}

/* Makes room for timestep n and zeroes it. */
static void grow_timesteps(TimestepLoss *part, size_t n) {
  if (is_full(n)) {
    part->sum = grow(part->sum, n);
    part->tokens = grow(part->tokens, n);
  }
  part->sum[n] = part->tokens[n] = 0;
}

static void take_loss(RunData *data, const double *numbers) {
  for (int i = 0; i < RUNDATA_COLUMNS; i++) {
    if (is_full(data->rows)) data->loss[i] = grow(data->loss[i], data->rows);
    data->loss[i][data->rows] = numbers[i];
  }
  data->rows++;
}

static void add(TimestepLoss *part, double step, size_t t, double J, double tokens) {
  if (!isfinite(J) || !(tokens > 0)) return;
  part->sum[t] += J * tokens;
  part->tokens[t] += tokens;
  part->to = step;
}

/* Takes a row. The first logged step has T rows. */
static void take_timestep(RunData *data, const double *numbers) {
  const double step = numbers[0], t = numbers[1], J = numbers[2], tokens = numbers[3];
  const double steps = data->rows > 0 ? data->loss[RUNDATA_STEP][data->rows - 1] : 0;
  if (data->T == 0) data->first_step = step;
  if (step == data->first_step) {
    grow_timesteps(&data->first, data->T);
    grow_timesteps(&data->last, data->T);
    data->T++;
  }
  if (!(t >= 1 && t <= (double)data->T)) return;
  if (step == data->first_step || step <= steps / 10)
    add(&data->first, step, (size_t)t - 1, J, tokens);
  else if (step > steps - steps / 10)
    add(&data->last, step, (size_t)t - 1, J, tokens);
}

/* ---- the directory -------------------------------------------------------------------------- */

int rundata_read(RunData *data, const RunDir *dir, Why *why) {
  static const Log logs[] = {{RUN_LOSS, RUNDATA_COLUMNS, take_loss},
                             {RUN_TIMESTEP_LOSS, TIMESTEP_COLUMNS, take_timestep}};
  *data = (RunData){.rows = 0};
  int rc = summary_read(&data->run, rundir_file(dir, RUN_JSON), why);
  for (int i = 0; i < 2 && rc == 0; i++)
    rc = read_log(data, &logs[i], rundir_file(dir, logs[i].file), why);
  if (rc != 0) rundata_free(data);
  return rc;
}

void rundata_free(RunData *data) {
  summary_free(&data->run);
  for (int i = 0; i < RUNDATA_COLUMNS; i++) free(data->loss[i]);
  free(data->first.sum);
  free(data->first.tokens);
  free(data->last.sum);
  free(data->last.tokens);
  *data = (RunData){.rows = 0};
}
