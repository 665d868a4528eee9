#include "run/rundir.h"

#include "base/alloc.h"
#include "base/portable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const names[RUN_FILES] = {"model.safetensors", "checkpoint.safetensors",
                                             "loss.tsv",          "timestep_loss.tsv",
                                             "run.json",          "report.html",
                                             "rnntrain_mqc.json", "rnntrain_loss_mqc.json"};

enum { HEADER_ROOM = 256 };

const char *rundir_header(RunFile file) {
  return file == RUN_LOSS
             ? "step\tepoch\ttokens\tseconds\tlearning_rate\tgradient_norm\ttrain_loss\t"
               "train_bits_per_base\tvalid_loss\tvalid_bits_per_base"
             : "step\ttimestep\tloss\ttokens";
}

struct RunDir {
  char *path, *file[RUN_FILES];
  RunMode mode;
  int fd;             /* of the directory; -1: it does not exist yet */
  int log[RUN_FILES]; /* of loss.tsv, which carries the lock, and timestep_loss.tsv, or -1 */
  bool resumes, locked;
  bool made, began; /* whether this process made the directory; and began a run in it */
};

bool rundir_resumes(const RunDir *dir) { return dir->resumes; }
bool rundir_locked(const RunDir *dir) { return dir->locked; }
const char *rundir_file(const RunDir *dir, RunFile file) { return dir->file[file]; }
const char *rundir_path(const RunDir *dir) { return dir->path; }

/* Makes directory/name, or the directory alone if name is "", without double slashes; to be
 * freed. */
static char *join(const char *directory, const char *name) {
  char *path = alloc_new(strlen(directory) + strlen(name) + 2, 1);
  size_t n = strlen(directory);
  while (n > 1 && directory[n - 1] == '/') n--;
  sprintf(path, "%.*s%s%s", (int)n, directory, *name ? "/" : "", name);
  return path;
}

/* ---- opening and closing -------------------------------------------------------------------- */

static RunDir *rundir_new(const char *path, RunMode mode) {
  RunDir *dir = alloc_new(1, sizeof *dir);
  dir->mode = mode;
  dir->path = join(path, "");
  dir->fd = -1;
  dir->locked = true;
  for (int i = 0; i < RUN_FILES; i++) {
    dir->file[i] = join(path, names[i]);
    dir->log[i] = -1;
  }
  return dir;
}

void rundir_close(RunDir *dir) {
  if (!dir) return;
  for (int i = 0; i < RUN_FILES; i++) {
    if (dir->log[i] >= 0) close(dir->log[i]); /* nothing is lost: the logs were flushed before */
    free(dir->file[i]);
  }
  if (dir->fd >= 0) close(dir->fd);
  free(dir->path);
  free(dir);
}

RunDir *rundir_look(const char *path) {
  RunDir *dir = rundir_new(path, RUN_RESUME);
  dir->fd = atomicfile_open_directory(dir->path);
  return dir;
}

int rundir_log(RunDir *dir, RunFile file, bool fresh) {
  const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (fresh ? O_CREAT : 0);
  if (dir->log[file] < 0) dir->log[file] = openat(dir->fd, names[file], flags, 0666);
  return dir->log[file];
}

/* ---- the directory in its place ------------------------------------------------------------- */

static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The present path of the open directory; false if unknown. */
static bool find_directory(const RunDir *dir, const struct stat *open, char *path, size_t size) {
  struct stat there;
#ifdef F_GETPATH /* macOS; writes up to PATH_MAX bytes */
  if (size < PATH_MAX || fcntl(dir->fd, F_GETPATH, path) != 0) return false;
#else
  char link[64];
  snprintf(link, sizeof link, DESCRIPTOR_PATH, dir->fd);
  const ssize_t n = readlink(link, path, size - 1);
  if (n <= 0) return false;
  path[n] = 0;
#endif
  return stat(path, &there) == 0 && is_same(&there, open);
}

/* Whether a log is still in the directory. If the locked loss.tsv is missing, another run may have
 * started there. */
static int check_log(const RunDir *dir, RunFile file, Why *why) {
  struct stat open, there;
  const int fd = dir->log[file];
  if (fd < 0) return 0;
  if (fstat(fd, &open) == 0 && fstatat(dir->fd, names[file], &there, 0) == 0) {
    if (is_same(&there, &open)) return 0;
  } else if (errno != ENOENT) {
    return fail_reading(why, errno, "%s: cannot be accessed", dir->file[file]);
  }
  return fail(
      why,
      "%s: was removed or replaced while this run was writing to it; start the run again, in "
      "another directory",
      dir->file[file]);
}

int rundir_check(const RunDir *dir, Why *why) {
  char now[4096];
  struct stat open, there;
  if (dir->fd < 0) return 0;
  if (fstat(dir->fd, &open) != 0)
    return fail_reading(why, errno, "-o %s: cannot be accessed", dir->path);
  if (stat(dir->path, &there) == 0) {
    if (is_same(&there, &open))
      return check_log(dir, RUN_LOSS, why) == 0 ? check_log(dir, RUN_TIMESTEP_LOSS, why) : -1;
  } else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
    return fail_reading(why, errno, "-o %s: cannot be accessed", dir->path);
  }
  if (find_directory(dir, &open, now, sizeof now))
    return fail(why,
                "-o %s: no longer leads to the directory of this run, which is now %s; resume the "
                "run there, from its last checkpoint",
                dir->path, now);
  return fail(
      why,
      "-o %s: the directory was removed or replaced while this run was writing to it; start "
      "the run again",
      dir->path);
}

int rundir_open(const RunDir *dir, RunFile file) {
  return openat(dir->fd, names[file], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

AtomicFile *rundir_create(const RunDir *dir, RunFile file, Why *why) {
  if (rundir_check(dir, why) != 0) return NULL;
  return atomicfile_open_at(dir->fd, dir->file[file], file < RUN_REPORT, why);
}

/* ---- claiming ------------------------------------------------------------------------------- */

static int busy(const RunDir *dir, Why *why) {
  return fail(
      why,
      "-o %s: another rnntrain is writing there; wait until it ends, or name another directory",
      dir->path);
}

static int begun_meanwhile(const RunDir *dir, Why *why) {
  return fail(why,
              "-o %s: another rnntrain has started a run there meanwhile; name another directory",
              dir->path);
}

/* The contents of a directory. */
typedef struct {
  bool there[RUN_FILES];
  bool results; /* results of a run, which a new run would destroy */
  bool foreign; /* a file with the name of a log that is not a log */
} Contents;

/* Checks a log, whose first line may be missing or truncated. */
static int look_into(const RunDir *dir, RunFile file, Contents *holds, Why *why) {
  const char *header = rundir_header(file);
  const size_t length = strlen(header);
  char text[HEADER_ROOM];
  const int fd = openat(dir->fd, names[file], O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno != ELOOP)
    return fail_reading(why, errno, "%s: cannot be accessed", dir->file[file]);
  const ssize_t n = fd < 0 ? -1 : pread(fd, text, length + 2, 0); /* a link or directory: -1 */
  if (fd >= 0) close(fd);
  const size_t common = n < (ssize_t)length ? (size_t)n : length;
  const bool ends = n <= (ssize_t)length || text[length] == '\n';
  holds->foreign |= n < 0 || memcmp(text, header, common) != 0 || !ends;
  holds->results |= holds->foreign || n > (ssize_t)length + 1;
  return 0;
}

/* Checks all files of a run; a file that cannot be accessed does not count as missing. */
static int look(const RunDir *dir, Contents *holds, Why *why) {
  struct stat about;
  *holds = (Contents){.results = false};
  for (int i = 0; i < RUN_FILES; i++) {
    holds->there[i] = fstatat(dir->fd, names[i], &about, 0) == 0;
    if (!holds->there[i] && errno != ENOENT)
      return fail_reading(why, errno, "%s: cannot be accessed", dir->file[i]);
    if (!holds->there[i]) continue;
    if (i != RUN_LOSS && i != RUN_TIMESTEP_LOSS)
      holds->results = true;
    else if (look_into(dir, (RunFile)i, holds, why) != 0)
      return -1;
  }
  return 0;
}

/* Whether the directory can be made. */
static int check_parent(const RunDir *dir, Why *why) {
  char *parent = atomicfile_directory(dir->path);
  int rc = access(parent, W_OK | X_OK);
  if (rc != 0 && errno == ENOENT)
    fail(why, "-o %s: cannot be made in %s, which does not exist; create it first", dir->path,
         parent);
  else if (rc != 0)
    fail_writing(why, errno, "-o %s: cannot be made in %s", dir->path, parent);
  free(parent);
  return rc;
}

/* Locks an open file. A run that was killed a moment ago may have left a child that has not closed
 * the file yet (matrix_start), so this tries for a quarter of a second. */
static bool lock_file(int fd) {
  enum { TRIES = 50 };
  const struct timespec pause = {0, 5000000};
  int tries = 0;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || ++tries == TRIES) return false;
    nanosleep(&pause, NULL);
  }
  return true;
}

/* Opens loss.tsv and locks it while it is open; no error if it does not exist. */
static int lock(RunDir *dir, int flags, Why *why) {
  const int fd = openat(dir->fd, names[RUN_LOSS], O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0666);
  if (fd < 0 && errno == ENOENT && flags == 0) return 0;
  if (fd < 0 && errno == EEXIST) return begun_meanwhile(dir, why);
  if (fd < 0) return fail_writing(why, errno, "%s: cannot be written", dir->file[RUN_LOSS]);
  dir->log[RUN_LOSS] = fd;
  dir->locked = lock_file(fd);
  return dir->locked || errno != EWOULDBLOCK ? 0 : busy(dir, why);
}

/* The first missing file that is needed to resume; NULL: none. */
static const char *missing(const Contents *holds) {
  static const RunFile needed[] = {RUN_CHECKPOINT, RUN_LOSS, RUN_TIMESTEP_LOSS};
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
    if (!holds->there[needed[i]]) return names[needed[i]];
  return NULL;
}

/* Whether a run can start or resume with these contents. Without results there is nothing to lose,
 * and a run starts. Each error names options that work. */
static int check_run(RunDir *dir, const Contents *holds, Why *why) {
  const bool checkpoint = holds->there[RUN_CHECKPOINT];
  const char *lacks = missing(holds);
  dir->resumes = checkpoint && (dir->mode == RUN_RESUME || dir->mode == RUN_AUTO);
  if (dir->resumes || dir->mode == RUN_OVERWRITE) return 0;
  if (dir->mode == RUN_NEW && !lacks)
    return fail(why,
                "-o %s: holds a run already; name another directory, or give --resume to resume it "
                "or --force to overwrite it",
                dir->path);
  if (dir->mode == RUN_NEW && holds->results)
    return fail(
        why,
        "-o %s: holds a run already, which cannot be resumed because %s is missing; name another "
        "directory, or give --force to overwrite it",
        dir->path, lacks);
  if (dir->mode == RUN_RESUME && !holds->results)
    return fail(why, "-o %s: holds no checkpoint to resume from; start a run without --resume",
                dir->path);
  if (dir->mode == RUN_RESUME ||
      (dir->mode == RUN_AUTO && (holds->there[RUN_MODEL] || holds->foreign)))
    return fail(
        why,
        "-o %s: holds a run, but no checkpoint to resume from; start a run in another directory "
        "without --resume, or overwrite this one with --force instead of --resume",
        dir->path);
  return 0;
}

/* Whether the open directory can be written to, and no other process writes to it. */
static int claim_open(RunDir *dir, Why *why) {
  Contents holds;
  if (access(dir->path, W_OK | X_OK) != 0)
    return fail_writing(why, errno, "-o %s: cannot be written to", dir->path);
  if (lock(dir, 0, why) != 0 || look(dir, &holds, why) != 0) return -1;
  if (holds.there[RUN_LOSS] && dir->log[RUN_LOSS] < 0) /* another process has just made loss.tsv */
    return busy(dir, why);
  return check_run(dir, &holds, why);
}

static int claim(RunDir *dir, Why *why) {
  struct stat link;
  dir->fd = atomicfile_open_directory(dir->path);
  if (dir->fd >= 0) return claim_open(dir, why);
  if (errno == ENOTDIR && access(dir->path, F_OK) == 0)
    return fail(why, "-o %s: is a file; name a directory", dir->path);
  if (errno != ENOENT) return fail_reading(why, errno, "-o %s: cannot be accessed", dir->path);
  if (lstat(dir->path, &link) == 0)
    return fail(why,
                "-o %s: is a link to a directory that does not exist; make that directory, or "
                "name another one",
                dir->path);
  if (dir->mode != RUN_RESUME) return check_parent(dir, why);
  return fail(why, "-o %s: there is no run to resume; start one without --resume", dir->path);
}

RunDir *rundir_claim(const char *path, RunMode mode, Why *why) {
  RunDir *dir = rundir_new(path, mode);
  if (claim(dir, why) == 0) return dir;
  rundir_close(dir);
  return NULL;
}

/* ---- beginning ------------------------------------------------------------------------------ */

/* Flushes the directory's own entry to the disk. */
static int sync_entry(const RunDir *dir) {
  char *parent = atomicfile_directory(dir->path);
  const int fd = atomicfile_open_directory(parent);
  free(parent);
  if (fd < 0) return -1;
  const int rc = atomicfile_sync_directory(fd), error = errno;
  close(fd);
  errno = error;
  return rc;
}

/* Makes the directory if it does not exist, and opens it. */
static int make(RunDir *dir, Why *why) {
  dir->made = mkdir(dir->path, 0777) == 0;
  if ((dir->made && sync_entry(dir) == 0) || (!dir->made && errno == EEXIST))
    dir->fd = atomicfile_open_directory(dir->path);
  return dir->fd >= 0 ? 0 : fail_writing(why, errno, "-o %s: cannot be made", dir->path);
}

/* Removes the files of an earlier run, its reports only with --force; its logs are emptied later.
 */
static int clear(const RunDir *dir, Why *why) {
  const int end = dir->mode == RUN_OVERWRITE ? RUN_FILES : RUN_REPORT;
  for (int i = 0; i < end; i++) {
    if (i == RUN_LOSS || i == RUN_TIMESTEP_LOSS) continue;
    if (unlinkat(dir->fd, names[i], 0) != 0 && errno != ENOENT)
      return fail_writing(why, errno, "%s: cannot be removed", dir->file[i]);
  }
  return 0;
}

int rundir_begin(RunDir *dir, Why *why) {
  Contents holds;
  if (dir->fd < 0 && make(dir, why) != 0) return -1;
  if (rundir_check(dir, why) != 0) return -1;
  if (look(dir, &holds, why) != 0) return -1;
  if (dir->log[RUN_LOSS] < 0 && holds.there[RUN_LOSS]) return begun_meanwhile(dir, why);
  if (check_run(dir, &holds, why) != 0) return -1;
  if (dir->log[RUN_LOSS] < 0 && lock(dir, O_CREAT | O_EXCL, why) != 0) return -1;
  dir->began = true;
  return dir->mode == RUN_NEW ? 0
                              : clear(dir, why); /* without results, there may be only a report */
}

void rundir_undo(RunDir *dir) {
  Why ignored;
  if (dir->fd < 0 || rundir_check(dir, &ignored) != 0) return;
  for (int i = 0; dir->began && i < RUN_REPORT; i++) unlinkat(dir->fd, names[i], 0);
  if (dir->made) rmdir(dir->path);
}
