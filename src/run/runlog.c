#include "run/runlog.h"

#include "base/alloc.h"
#include "base/stream.h"
#include "sequence/bits.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that grows by whole lines. */
typedef struct {
  RunFile file;
  const char *path;
  int fd; /* owned by the directory; -1: not open */
  uint64_t bytes;
} Log;

struct Runlog {
  RunDir *dir;
  Log loss, timestep_loss;
  FILE *lines; /* lines to append, in memory: */
  char *text;
  size_t size;
};

Runlog *runlog_new(RunDir *dir, Why *why) {
  Runlog *log = alloc_new(1, sizeof *log);
  log->dir = dir;
  log->loss = (Log){RUN_LOSS, rundir_file(dir, RUN_LOSS), -1, 0};
  log->timestep_loss = (Log){RUN_TIMESTEP_LOSS, rundir_file(dir, RUN_TIMESTEP_LOSS), -1, 0};
  log->lines = open_memstream(&log->text, &log->size);
  if (log->lines) return log;
  fail(why, "out of memory");
  runlog_free(log);
  return NULL;
}

void runlog_free(Runlog *log) {
  if (!log) return;
  if (log->lines) fclose(log->lines);
  free(log->text);
  free(log);
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* Fills why from errno. */
static int cannot_write(const char *path, Why *why) {
  return fail_writing(why, errno, "%s: cannot be written", path);
}

/* Appends the pending lines; if that fails, no part of them stays. */
static int append(Runlog *log, Log *to, Why *why) {
  if (fflush(log->lines) != 0)
    return fail(why, "%s: not enough memory for its next line", to->path);
  if (rundir_check(log->dir, why) != 0) return -1;
  if (stream_write(to->fd, log->text, log->size) < log->size) {
    cannot_write(to->path, why);
    (void)!ftruncate(to->fd, (off_t)to->bytes); /* if this fails too, --resume truncates the log */
    return -1;
  }
  to->bytes += log->size;
  rewind(log->lines);
  return 0;
}

static void print_number(FILE *out, double value) {
  if (!isfinite(value))
    fputs("\tNA", out);
  else
    fprintf(out, "\t%.6g", value);
}

static int append_row(Runlog *log, const TrainOptions *options, const RunNumbers *n, double seconds,
                      double valid_loss, Why *why) {
  const double loss = checkpoint_mean_loss(n);
  const double numbers[] = {n->rate,    n->gradient_norm,
                            loss,       bits_per_base(loss, options->s),
                            valid_loss, bits_per_base(valid_loss, options->s)};
  fprintf(log->lines, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%.3f", n->step, n->epoch + 1,
          n->tokens, seconds);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    print_number(log->lines, numbers[i]);
  fputc('\n', log->lines);
  return append(log, &log->loss, why);
}

int runlog_rows(Runlog *log, const TrainOptions *options, const RunState *state, double seconds,
                double valid_loss, Why *why) {
  const RunNumbers *numbers = &state->numbers;
  const int T = numbers->loss_tokens > 0 ? options->T : 0;
  if (append_row(log, options, numbers, seconds, valid_loss, why) != 0) return -1;
  for (int t = 0; t < T; t++) {
    const uint64_t tokens = state->timestep_tokens[t];
    fprintf(log->lines, "%" PRIu64 "\t%d", numbers->step, t + 1);
    print_number(log->lines, tokens > 0 ? state->timestep_loss[t] / (double)tokens : NAN);
    fprintf(log->lines, "\t%" PRIu64 "\n", tokens);
  }
  return append(log, &log->timestep_loss, why);
}

int runlog_sync(Runlog *log, RunNumbers *numbers, Why *why) {
  numbers->loss_log_bytes = log->loss.bytes;
  numbers->timestep_log_bytes = log->timestep_loss.bytes;
  if (fsync(log->loss.fd) != 0) return cannot_write(log->loss.path, why);
  return fsync(log->timestep_loss.fd) == 0 ? 0 : cannot_write(log->timestep_loss.path, why);
}

/* ---- beginning and resuming ----------------------------------------------------------------- */

/* Makes or empties a log, and writes its header. */
static int begin_log(Runlog *log, Log *to, Why *why) {
  struct stat about;
  to->fd = rundir_log(log->dir, to->file, true);
  if (to->fd >= 0 && fstat(to->fd, &about) == 0 && !S_ISREG(about.st_mode))
    return fail(why, "%s: is not a regular file; remove it", to->path);
  if (to->fd < 0 || ftruncate(to->fd, 0) != 0) return cannot_write(to->path, why);
  fprintf(log->lines, "%s\n", rundir_header(to->file));
  return append(log, to, why);
}

int runlog_begin(Runlog *log, Why *why) {
  if (begin_log(log, &log->loss, why) != 0) return -1;
  return begin_log(log, &log->timestep_loss, why);
}

/* Opens a log and checks that a line ends at the length given by the checkpoint. */
static int open_log(Runlog *log, Log *to, uint64_t bytes, Why *why) {
  char last = 0;
  to->fd = rundir_log(log->dir, to->file, false);
  if (to->fd < 0 && errno == ENOENT)
    return fail(
        why, "%s: cannot be opened: %s; restore it, or start anew with --force instead of --resume",
        to->path, strerror(errno));
  if (to->fd < 0) return fail_writing(why, errno, "%s: cannot be opened", to->path);
  to->bytes = bytes;
  if (bytes == 0 || bytes > INT64_MAX || pread(to->fd, &last, 1, (off_t)bytes - 1) != 1 ||
      last != '\n')
    return fail(why,
                "%s: was changed since its checkpoint was written; restore it, or start anew with "
                "--force instead of --resume",
                to->path);
  return 0;
}

static int cut_log(const Log *log, Why *why) {
  const off_t end = (off_t)log->bytes;
  const bool cut = ftruncate(log->fd, end) == 0 && lseek(log->fd, end, SEEK_SET) == end;
  return cut ? 0 : cannot_write(log->path, why);
}

int runlog_continue(Runlog *log, const RunNumbers *numbers, Why *why) {
  if (open_log(log, &log->loss, numbers->loss_log_bytes, why) != 0 ||
      open_log(log, &log->timestep_loss, numbers->timestep_log_bytes, why) != 0)
    return -1;
  if (rundir_check(log->dir, why) != 0 || cut_log(&log->loss, why) != 0) return -1;
  return cut_log(&log->timestep_loss, why);
}
