#include "runlog.h"

#include "alloc.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum { MODEL, CHECKPOINT, LOSS, TIMESTEP_LOSS, REPORT, FILES } FileName;
static const char *const names[FILES] = {"model.safetensors", "checkpoint.safetensors", "loss.tsv",
                                         "timestep_loss.tsv", "run.json"};

struct Runlog {
  char *path[FILES];
  FILE *loss, *timestep_loss;
  uint64_t loss_bytes, timestep_bytes;
};

double runlog_bits(double loss, int s) { return loss / (s * M_LN2); }

/* ---- the directory -------------------------------------------------------------------------- */

static char *join(const char *directory, const char *name) {
  char *path = alloc_new(strlen(directory) + strlen(name) + 2, 1);
  size_t n = strlen(directory);
  while (n > 1 && directory[n - 1] == '/') n--;
  sprintf(path, "%.*s/%s", (int)n, directory, name);
  return path;
}

static int holds_a_run(const char *directory) {
  int found = 0;
  for (int i = 0; i < FILES && !found; i++) {
    char *path = join(directory, names[i]);
    found = access(path, F_OK) == 0;
    free(path);
  }
  return found;
}

/* The directory that `path` would be made in. */
static char *parent(const char *path) {
  char *copy = join(path, "");
  size_t n = strlen(copy);
  while (n > 1 && copy[n - 1] == '/') copy[--n] = 0;
  char *slash = strrchr(copy, '/');
  if (!slash) return strcpy(copy, ".");
  slash[slash == copy] = 0;
  return copy;
}

int runlog_check(const char *directory, bool force, Why *why) {
  struct stat about;
  if (stat(directory, &about) != 0) {
    char *above = parent(directory);
    int rc = access(above, W_OK | X_OK);
    if (rc != 0)
      fail(why, "-o %s: cannot be made in %s: %s; make that directory, or name another place",
           directory, above, strerror(errno));
    free(above);
    return rc;
  }
  if (!S_ISDIR(about.st_mode)) return fail(why, "-o %s: is a file; name a directory", directory);
  if (access(directory, W_OK | X_OK) != 0)
    return fail(why, "-o %s: cannot be written to: %s", directory, strerror(errno));
  if (holds_a_run(directory) && !force)
    return fail(why,
                "-o %s: holds a run already; name another directory, or give --force to "
                "overwrite it",
                directory);
  return 0;
}

static FILE *begin_log(const char *path, const char *header, uint64_t *bytes, Why *why) {
  FILE *out = fopen(path, "w");
  if (!out || (*bytes = (uint64_t)fprintf(out, "%s\n", header), fflush(out)) != 0) {
    fail(why, "%s: cannot be written: %s", path, strerror(errno));
    if (out) fclose(out);
    return NULL;
  }
  return out;
}

Runlog *runlog_open(const char *directory, Why *why) {
  if (mkdir(directory, 0777) != 0 && errno != EEXIST)
    return fail(why, "-o %s: cannot be made: %s", directory, strerror(errno)), NULL;
  Runlog *log = alloc_new(1, sizeof *log);
  int wrong = 0;
  for (int i = 0; i < FILES; i++) {
    log->path[i] = join(directory, names[i]);
    if (unlink(log->path[i]) != 0 && errno != ENOENT)
      wrong = fail(why, "%s: cannot be removed: %s", log->path[i], strerror(errno));
  }
  if (!wrong)
    log->loss = begin_log(log->path[LOSS],
                          "step\tepoch\ttokens\tseconds\tlearning_rate\tgradient_norm\ttrain_loss\t"
                          "train_bits_per_base\tvalid_loss\tvalid_bits_per_base",
                          &log->loss_bytes, why);
  if (log->loss)
    log->timestep_loss = begin_log(log->path[TIMESTEP_LOSS], "step\ttimestep\tloss\ttokens",
                                   &log->timestep_bytes, why);
  if (log->timestep_loss) return log;
  runlog_close(log);
  return NULL;
}

void runlog_close(Runlog *log) {
  if (!log) return;
  if (log->loss) fclose(log->loss);
  if (log->timestep_loss) fclose(log->timestep_loss);
  for (int i = 0; i < FILES; i++) free(log->path[i]);
  free(log);
}

static int finish(FILE **out, const char *path, Why *why) {
  int wrong = *out && fclose(*out) != 0;
  *out = NULL;
  return wrong ? fail(why, "%s: cannot be written: %s", path, strerror(errno)) : 0;
}

int runlog_finish(Runlog *log, Why *why) {
  if (finish(&log->loss, log->path[LOSS], why) != 0) return -1;
  return finish(&log->timestep_loss, log->path[TIMESTEP_LOSS], why);
}

const char *runlog_model_path(const Runlog *log) { return log->path[MODEL]; }
const char *runlog_checkpoint_path(const Runlog *log) { return log->path[CHECKPOINT]; }
const char *runlog_report_path(const Runlog *log) { return log->path[REPORT]; }

void runlog_sizes(const Runlog *log, uint64_t *loss, uint64_t *timesteps) {
  *loss = log->loss_bytes, *timesteps = log->timestep_bytes;
}

/* ---- logs ----------------------------------------------------------------------------------- */

static int print_number(FILE *out, double value) {
  return isnan(value) ? fprintf(out, "\tNA") : fprintf(out, "\t%.6g", value);
}

static int flush(FILE *out, const char *path, Why *why) {
  if (fflush(out) == 0 && !ferror(out)) return 0;
  return fail(why, "%s: cannot be written: %s; make room or choose another place", path,
              strerror(errno));
}

int runlog_row(Runlog *log, const LossRow *row, int s, Why *why) {
  const double numbers[] = {row->rate,       row->gradient_norm,
                            row->train_loss, runlog_bits(row->train_loss, s),
                            row->valid_loss, runlog_bits(row->valid_loss, s)};
  int n = fprintf(log->loss, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%.3f", row->step, row->epoch,
                  row->tokens, row->seconds);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    n += print_number(log->loss, numbers[i]);
  n += fprintf(log->loss, "\n");
  log->loss_bytes += (uint64_t)n;
  return flush(log->loss, log->path[LOSS], why);
}

int runlog_timesteps(Runlog *log, uint64_t step, const double *loss, const uint64_t *tokens, int T,
                     Why *why) {
  int n = 0;
  for (int t = 0; t < T; t++) {
    n += fprintf(log->timestep_loss, "%" PRIu64 "\t%d", step, t + 1);
    n += print_number(log->timestep_loss, tokens[t] > 0 ? loss[t] / (double)tokens[t] : NAN);
    n += fprintf(log->timestep_loss, "\t%" PRIu64 "\n", tokens[t]);
  }
  log->timestep_bytes += (uint64_t)n;
  return flush(log->timestep_loss, log->path[TIMESTEP_LOSS], why);
}
