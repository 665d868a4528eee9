#include "runlog.h"

#include "alloc.h"
#include "atomicfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum {
  MODEL,
  CHECKPOINT,
  LOSS,
  TIMESTEP_LOSS,
  RUN_JSON,
  REPORT,
  MULTIQC,
  MULTIQC_LOSS,
  FILES
} FileName;
static const char *const names[FILES] = {"model.safetensors", "checkpoint.safetensors",
                                         "loss.tsv",          "timestep_loss.tsv",
                                         "run.json",          "report.html",
                                         "rnntrain_mqc.json", "rnntrain_loss_mqc.json"};

#define BUSY "-o %s: another rnntrain is writing there; wait for it, or name another directory"

/* A file that grows by whole lines. */
typedef struct {
  const char *path;
  int fd; /* -1: not open */
  uint64_t bytes;
} Log;

struct Runlog {
  char *directory, *path[FILES];
  RunlogMode mode;
  bool goes_on, locked;
  Log loss, timestep_loss; /* the lock is on the former */
  FILE *lines;             /* to be appended, in memory: */
  char *text;
  size_t size;
};

const char runlog_loss_header[] =
    "step\tepoch\ttokens\tseconds\tlearning_rate\tgradient_norm\ttrain_loss\t"
    "train_bits_per_base\tvalid_loss\tvalid_bits_per_base";
const char runlog_timestep_header[] = "step\ttimestep\tloss\ttokens";

double runlog_bits(double loss, int s) { return loss / (s * M_LN2); }

const char *runlog_model_path(const Runlog *log) { return log->path[MODEL]; }
const char *runlog_checkpoint_path(const Runlog *log) { return log->path[CHECKPOINT]; }
const char *runlog_runjson_path(const Runlog *log) { return log->path[RUN_JSON]; }
bool runlog_goes_on(const Runlog *log) { return log->goes_on; }
bool runlog_locked(const Runlog *log) { return log->locked; }

/* ---- claiming the directory ----------------------------------------------------------------- */

char *runlog_join(const char *directory, const char *name) {
  char *path = alloc_new(strlen(directory) + strlen(name) + 2, 1);
  size_t n = strlen(directory);
  while (n > 1 && directory[n - 1] == '/') n--;
  sprintf(path, "%.*s%s%s", (int)n, directory, *name ? "/" : "", name);
  return path;
}

/* Looks which files of a run are there; what cannot be looked at is not taken for missing. */
static int look(const Runlog *log, bool there[FILES], Why *why) {
  for (int i = 0; i < FILES; i++) {
    there[i] = access(log->path[i], F_OK) == 0;
    if (!there[i] && errno != ENOENT)
      return fail_reading(why, errno, "%s: cannot be looked at", log->path[i]);
  }
  return 0;
}

/* Whether the directory can be made. */
static int check_parent(const char *directory, Why *why) {
  char *parent = atomicfile_directory(directory);
  int rc = access(parent, W_OK | X_OK);
  if (rc != 0) fail_writing(why, errno, "-o %s: cannot be made in %s", directory, parent);
  free(parent);
  return rc;
}

/* Opens loss.tsv and locks it for as long as it is open; not being there is no error. */
static int lock(Runlog *log, int flags, Why *why) {
  log->loss.fd = open(log->path[LOSS], O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0666);
  if (log->loss.fd < 0 && errno == ENOENT && flags == 0) return 0;
  if (log->loss.fd < 0)
    return errno == EEXIST
               ? fail(why,
                      "-o %s: another rnntrain has begun a run there meanwhile; name another "
                      "directory",
                      log->directory)
               : fail_writing(why, errno, "%s: cannot be written", log->path[LOSS]);
  log->locked = flock(log->loss.fd, LOCK_EX | LOCK_NB) == 0;
  if (log->locked || errno != EWOULDBLOCK) return 0;
  return fail(why, BUSY, log->directory);
}

/* Whether what the directory holds lets a run begin there, or go on. */
static int check_run(Runlog *log, const bool there[FILES], Why *why) {
  int holds = 0;
  for (int i = 0; i < FILES; i++) holds |= there[i];
  log->goes_on = there[CHECKPOINT] && (log->mode == RUNLOG_RESUME || log->mode == RUNLOG_AUTO);
  if (log->mode == RUNLOG_NEW && holds)
    return fail(why,
                "-o %s: holds a run already; name another directory, or give --resume to go on "
                "with it or --force to overwrite it",
                log->directory);
  if (log->mode == RUNLOG_RESUME && !log->goes_on)
    return fail(why, "-o %s: holds no checkpoint to go on from; begin a run without --resume",
                log->directory);
  if (log->mode == RUNLOG_AUTO && !log->goes_on && there[MODEL])
    return fail(why,
                "-o %s: holds a model, but no checkpoint to go on from; name another directory, or "
                "give --force to overwrite it",
                log->directory);
  return 0;
}

static int claim(Runlog *log, Why *why) {
  struct stat about;
  bool there[FILES];
  if (stat(log->directory, &about) != 0) {
    if (errno != ENOENT)
      return fail_reading(why, errno, "-o %s: cannot be looked at", log->directory);
    if (log->mode != RUNLOG_RESUME) return check_parent(log->directory, why);
    return fail(why, "-o %s: there is no run to go on with; begin one without --resume",
                log->directory);
  }
  if (!S_ISDIR(about.st_mode))
    return fail(why, "-o %s: is a file; name a directory", log->directory);
  if (access(log->directory, W_OK | X_OK) != 0)
    return fail_writing(why, errno, "-o %s: cannot be written to", log->directory);
  if (lock(log, 0, why) != 0 || look(log, there, why) != 0) return -1;
  if (there[LOSS] && log->loss.fd < 0) /* another process has just made it */
    return fail(why, BUSY, log->directory);
  return check_run(log, there, why);
}

Runlog *runlog_claim(const char *directory, RunlogMode mode, Why *why) {
  Runlog *log = alloc_new(1, sizeof *log);
  log->mode = mode, log->locked = true;
  log->directory = runlog_join(directory, "");
  for (int i = 0; i < FILES; i++) log->path[i] = runlog_join(directory, names[i]);
  log->loss = (Log){log->path[LOSS], -1, 0};
  log->timestep_loss = (Log){log->path[TIMESTEP_LOSS], -1, 0};
  log->lines = open_memstream(&log->text, &log->size);
  if (log->lines && claim(log, why) == 0) return log;
  if (!log->lines) fail(why, "out of memory");
  runlog_close(log);
  return NULL;
}

void runlog_close(Runlog *log) {
  if (!log) return;
  if (log->loss.fd >= 0) close(log->loss.fd); /* nothing is lost: runlog_sync has seen to that */
  if (log->timestep_loss.fd >= 0) close(log->timestep_loss.fd);
  if (log->lines) fclose(log->lines);
  for (int i = 0; i < FILES; i++) free(log->path[i]);
  free(log->text), free(log->directory), free(log);
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* errno says why. */
static int cannot_write(const char *path, Why *why) {
  return fail_writing(why, errno, "%s: cannot be written", path);
}

/* Appends the lines that were gathered; where that fails, no part of them stays. */
static int append(Runlog *log, Log *to, Why *why) {
  if (fflush(log->lines) != 0) return fail(why, "%s: no memory for its next line", to->path);
  for (size_t done = 0; done < log->size;) {
    ssize_t n = write(to->fd, log->text + done, log->size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      cannot_write(to->path, why);
      (void)!ftruncate(to->fd, (off_t)to->bytes); /* where this fails too, --resume cuts it off */
      return -1;
    }
    done += (size_t)n;
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

int runlog_row(Runlog *log, const LossRow *row, int s, Why *why) {
  const double numbers[] = {row->rate,       row->gradient_norm,
                            row->train_loss, runlog_bits(row->train_loss, s),
                            row->valid_loss, runlog_bits(row->valid_loss, s)};
  fprintf(log->lines, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%.3f", row->step, row->epoch,
          row->tokens, row->seconds);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    print_number(log->lines, numbers[i]);
  fputc('\n', log->lines);
  return append(log, &log->loss, why);
}

int runlog_timesteps(Runlog *log, uint64_t step, const double *loss, const uint64_t *tokens, int T,
                     Why *why) {
  for (int t = 0; t < T; t++) {
    fprintf(log->lines, "%" PRIu64 "\t%d", step, t + 1);
    print_number(log->lines, tokens[t] > 0 ? loss[t] / (double)tokens[t] : NAN);
    fprintf(log->lines, "\t%" PRIu64 "\n", tokens[t]);
  }
  return append(log, &log->timestep_loss, why);
}

void runlog_sizes(const Runlog *log, uint64_t *loss, uint64_t *timesteps) {
  *loss = log->loss.bytes, *timesteps = log->timestep_loss.bytes;
}

int runlog_sync(Runlog *log, Why *why) {
  if (fsync(log->loss.fd) != 0) return cannot_write(log->loss.path, why);
  return fsync(log->timestep_loss.fd) == 0 ? 0 : cannot_write(log->timestep_loss.path, why);
}

/* ---- beginning and going on ----------------------------------------------------------------- */

/* Flushes the entry of path in its directory to the disk; -1 and errno where that fails. */
static int sync_entry(const char *path) {
  char *parent = atomicfile_directory(path);
  const int fd = atomicfile_open_directory(parent);
  free(parent);
  if (fd < 0) return -1;
  const int rc = atomicfile_sync_directory(fd), error = errno;
  close(fd);
  errno = error;
  return rc;
}

static int make_directory(const Runlog *log, Why *why) {
  if (mkdir(log->directory, 0777) == 0) {
    if (sync_entry(log->directory) == 0) return 0;
  } else if (errno == EEXIST) {
    return 0;
  }
  return fail_writing(why, errno, "-o %s: cannot be made", log->directory);
}

/* Empties a log, opening it where it is not open yet, and writes its header. */
static int begin_log(Runlog *log, Log *to, const char *header, Why *why) {
  if (to->fd < 0) to->fd = open(to->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (to->fd < 0 || ftruncate(to->fd, 0) != 0) return cannot_write(to->path, why);
  fprintf(log->lines, "%s\n", header);
  return append(log, to, why);
}

int runlog_begin(Runlog *log, Why *why) {
  if (make_directory(log, why) != 0) return -1;
  if (log->loss.fd < 0 && lock(log, O_CREAT | O_EXCL, why) != 0) return -1;
  const FileName old[] = {MODEL, CHECKPOINT, RUN_JSON, REPORT, MULTIQC, MULTIQC_LOSS};
  for (size_t i = 0; i < sizeof old / sizeof *old; i++)
    if (unlink(log->path[old[i]]) != 0 && errno != ENOENT)
      return fail_writing(why, errno, "%s: cannot be removed", log->path[old[i]]);
  if (begin_log(log, &log->loss, runlog_loss_header, why) != 0) return -1;
  return begin_log(log, &log->timestep_loss, runlog_timestep_header, why);
}

/* Whether an open log has a line's end where the checkpoint says that it went to. */
static int check_log(const Log *log, uint64_t bytes, Why *why) {
  char last = 0;
  if (log->fd < 0)
    return fail(why,
                "%s: cannot be opened: %s; put it back, or give --force to begin anew without "
                "--resume",
                log->path, strerror(errno));
  if (bytes == 0 || bytes > INT64_MAX || pread(log->fd, &last, 1, (off_t)bytes - 1) != 1 ||
      last != '\n')
    return fail(why,
                "%s: was changed since its checkpoint was written; put it back, or give --force to "
                "begin anew",
                log->path);
  return 0;
}

static int cut_log(Log *log, uint64_t bytes, Why *why) {
  if (ftruncate(log->fd, (off_t)bytes) != 0 || lseek(log->fd, (off_t)bytes, SEEK_SET) < 0)
    return cannot_write(log->path, why);
  log->bytes = bytes;
  return 0;
}

int runlog_continue(Runlog *log, uint64_t loss, uint64_t timesteps, Why *why) {
  errno = ENOENT; /* loss.tsv was open since it was claimed, if it is there */
  if (log->loss.fd >= 0)
    log->timestep_loss.fd = open(log->path[TIMESTEP_LOSS], O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (check_log(&log->loss, loss, why) != 0 || check_log(&log->timestep_loss, timesteps, why) != 0)
    return -1;
  return cut_log(&log->loss, loss, why) != 0 ? -1 : cut_log(&log->timestep_loss, timesteps, why);
}
