#include "report/rundata.h"

#include "base/alloc.h"
#include "io/regular.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMESTEP_COLUMNS = 4, COLUMNS_MAX = RUNDATA_COLUMNS };

/* ---- tables of numbers ---------------------------------------------------------------------- */

typedef struct {
  const char *path;
  FILE *file;
  char *line;
  size_t room, number; /* of the line, from 1 */
} Lines;

/* The next line's numbers: 1; 0 where there is none, or it is being written; -1. */
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
      return fail(why, "%s: line %zu: is no row of %d numbers; it was changed, put it back",
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
  return fail(why, "%s: does not begin with the names of its columns; it was changed, put it back",
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
    fail(why, "%s: cannot be opened: %s; put it back", path, strerror(errno));
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

/* Whether an array of n numbers is full, if it grows at 0, 1, 2, 4, 8, ... to twice its size. */
static bool is_full(size_t n) { return (n & (n - 1)) == 0; }

static double *grow(double *numbers, size_t n) {
  return alloc_resize(numbers, 2 * n + 1, sizeof *numbers);
}

static void take_loss(RunData *data, const double *numbers) {
  for (int i = 0; i < RUNDATA_COLUMNS; i++) {
    if (is_full(data->rows)) data->loss[i] = grow(data->loss[i], data->rows);
    data->loss[i][data->rows] = numbers[i];
  }
  data->rows++;
}

/* A row: of the first step that was logged, whose rows are T, or of the last so far. */
static void take_timestep(RunData *data, const double *numbers) {
  const double step = numbers[0], t = numbers[1], J = numbers[2], tokens = numbers[3];
  TimestepLoss *first = &data->first, *last = &data->last;
  if (data->T == 0 || first->step == step) {
    if (is_full(data->T)) {
      first->J = grow(first->J, data->T);
      last->J = grow(last->J, data->T);
    }
    first->step = last->step = step;
    first->tokens = tokens;
    first->J[data->T] = last->J[data->T] = J;
    data->T++;
  } else if (t >= 1 && t <= (double)data->T && tokens >= first->tokens / 2) {
    last->step = step;
    last->J[(size_t)t - 1] = J;
  }
}

/* ---- the directory -------------------------------------------------------------------------- */

/* The model, if there is one, which must be of the k and sizes that run.json says. */
static int read_model(RunData *data, const char *path, Why *why) {
  if (access(path, F_OK) != 0 && errno == ENOENT) return 0;
  if (model_read(&data->model, path, why) != 0) return -1;
  const Shape *shape = &data->model.shape;
  const Summary *run = &data->run;
  if (shape->k == run->k && shape->d == run->d && shape->D == run->D) return 0;
  return fail(why, "%s: is not of the run that run.json describes; put that one back", path);
}

int rundata_read(RunData *data, const RunDir *dir, Why *why) {
  static const Log logs[] = {{RUN_LOSS, RUNDATA_COLUMNS, take_loss},
                             {RUN_TIMESTEP_LOSS, TIMESTEP_COLUMNS, take_timestep}};
  *data = (RunData){.rows = 0};
  int rc = summary_read(&data->run, rundir_file(dir, RUN_JSON), why);
  for (int i = 0; i < 2 && rc == 0; i++)
    rc = read_log(data, &logs[i], rundir_file(dir, logs[i].file), why);
  if (rc == 0) rc = read_model(data, rundir_file(dir, RUN_MODEL), why);
  if (rc != 0) rundata_free(data);
  return rc;
}

void rundata_free(RunData *data) {
  summary_free(&data->run);
  model_free(&data->model);
  for (int i = 0; i < RUNDATA_COLUMNS; i++) free(data->loss[i]);
  free(data->first.J);
  free(data->last.J);
  *data = (RunData){.rows = 0};
}
