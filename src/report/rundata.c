#include "report/rundata.h"

#include "base/alloc.h"
#include "io/regular.h"
#include "run/rundir.h"

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

static int open_lines(Lines *lines, const char *path, Why *why) {
  *lines = (Lines){path, regular_open(path, why), NULL, 0, 0};
  if (lines->file) return 0;
  if (errno == ENOENT) fail(why, "%s: cannot be opened: %s; put it back", path, strerror(errno));
  return -1;
}

static void close_lines(Lines *lines) {
  if (lines->file) fclose(lines->file);
  free(lines->line);
}

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

/* ---- the logs ------------------------------------------------------------------------------- */

static void add_row(RunData *data, const double *numbers, size_t *room) {
  if (data->rows == *room) {
    *room += *room / 2 + 256;
    for (int i = 0; i < RUNDATA_COLUMNS; i++)
      data->loss[i] = alloc_resize(data->loss[i], *room, sizeof(double));
  }
  for (int i = 0; i < RUNDATA_COLUMNS; i++) data->loss[i][data->rows] = numbers[i];
  data->rows++;
}

static int read_loss(RunData *data, const char *path, Why *why) {
  Lines lines;
  double numbers[COLUMNS_MAX];
  size_t room = 0;
  if (open_lines(&lines, path, why) != 0) return -1;
  int more = check_header(&lines, rundir_header(RUN_LOSS), why) == 0 ? 1 : -1;
  while (more > 0 && (more = read_numbers(&lines, numbers, RUNDATA_COLUMNS, why)) > 0)
    add_row(data, numbers, &room);
  close_lines(&lines);
  return more;
}

/* A row: of the first step that was logged, whose rows are T, or of the last so far. */
static void add_timestep(RunData *data, const double *numbers, size_t *room, double *least) {
  const double step = numbers[0], t = numbers[1], J = numbers[2], tokens = numbers[3];
  if (data->T == 0 || data->first.step == step) {
    if (data->T == *room) {
      *room += *room / 2 + 64;
      data->first.J = alloc_resize(data->first.J, *room, sizeof(double));
      data->last.J = alloc_resize(data->last.J, *room, sizeof(double));
    }
    data->first.step = data->last.step = step;
    data->first.J[data->T] = data->last.J[data->T] = J;
    data->T++;
    *least = tokens / 2;
  } else if (t >= 1 && t <= (double)data->T && tokens >= *least) {
    data->last.step = step;
    data->last.J[(size_t)t - 1] = J;
  }
}

static int read_timestep_loss(RunData *data, const char *path, Why *why) {
  Lines lines;
  double numbers[COLUMNS_MAX], least = 0;
  size_t room = 0;
  if (open_lines(&lines, path, why) != 0) return -1;
  int more = check_header(&lines, rundir_header(RUN_TIMESTEP_LOSS), why) == 0 ? 1 : -1;
  while (more > 0 && (more = read_numbers(&lines, numbers, TIMESTEP_COLUMNS, why)) > 0)
    add_timestep(data, numbers, &room, &least);
  close_lines(&lines);
  return more;
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

int rundata_read(RunData *data, const char *directory, Why *why) {
  static const RunFile files[] = {RUN_JSON, RUN_LOSS, RUN_TIMESTEP_LOSS, RUN_MODEL};
  char *path[4];
  *data = (RunData){.rows = 0};
  for (int i = 0; i < 4; i++) path[i] = rundir_join(directory, rundir_name(files[i]));
  const int rc =
      summary_read(&data->run, path[0], why) == 0 && read_loss(data, path[1], why) == 0 &&
              read_timestep_loss(data, path[2], why) == 0 && read_model(data, path[3], why) == 0
          ? 0
          : -1;
  for (int i = 0; i < 4; i++) free(path[i]);
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
