#include "rundir.h"

#include "alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[RUN_FILES] = {"model.safetensors", "checkpoint.safetensors",
                                             "loss.tsv",          "timestep_loss.tsv",
                                             "run.json",          "report.html",
                                             "rnntrain_mqc.json", "rnntrain_loss_mqc.json"};

struct RunDir {
  char *path, *file[RUN_FILES];
  RunMode mode;
  int fd;             /* of the directory, -1: it is not there yet */
  int log[RUN_FILES]; /* of loss.tsv, which carries the lock, and timestep_loss.tsv, or -1 */
  bool resumes, locked;
  bool made, began; /* the directory; a run in it */
};

bool rundir_resumes(const RunDir *dir) { return dir->resumes; }
bool rundir_locked(const RunDir *dir) { return dir->locked; }
const char *rundir_file(const RunDir *dir, RunFile file) { return dir->file[file]; }
const char *rundir_path(const RunDir *dir) { return dir->path; }

char *rundir_join(const char *directory, const char *name) {
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
  dir->path = rundir_join(path, "");
  dir->fd = -1;
  dir->locked = true;
  for (int i = 0; i < RUN_FILES; i++) {
    dir->file[i] = rundir_join(path, names[i]);
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

static int open_directory(RunDir *dir) {
  dir->fd = atomicfile_open_directory(dir->path);
  return dir->fd;
}

RunDir *rundir_look(const char *path, Why *why) {
  RunDir *dir = rundir_new(path, RUN_RESUME);
  if (open_directory(dir) >= 0) return dir;
  fail_reading(why, errno, "-o %s: cannot be opened", dir->path);
  rundir_close(dir);
  return NULL;
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

/* Where the open directory is now; false: nobody can say. */
static bool find_directory(const RunDir *dir, const struct stat *open, char *path, size_t size) {
  char link[64];
  struct stat there;
  snprintf(link, sizeof link, "/proc/self/fd/%d", dir->fd);
  const ssize_t n = readlink(link, path, size - 1);
  if (n <= 0) return false;
  path[n] = 0;
  return stat(path, &there) == 0 && is_same(&there, open);
}

int rundir_check(const RunDir *dir, Why *why) {
  char now[4096];
  struct stat open, there;
  if (fstat(dir->fd, &open) != 0)
    return fail_reading(why, errno, "-o %s: cannot be looked at", dir->path);
  if (stat(dir->path, &there) == 0) {
    if (is_same(&there, &open)) return 0;
  } else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
    return fail_reading(why, errno, "-o %s: cannot be looked at", dir->path);
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
  return atomicfile_open_at(dir->fd, names[file], dir->file[file], file < RUN_REPORT, why);
}

/* ---- claiming ------------------------------------------------------------------------------- */

static int busy(const RunDir *dir, Why *why) {
  return fail(why,
              "-o %s: another rnntrain is writing there; wait for it, or name another directory",
              dir->path);
}

/* Looks which files of a run are there; what cannot be looked at is not taken for missing. */
static int look(const RunDir *dir, bool there[RUN_FILES], Why *why) {
  struct stat about;
  for (int i = 0; i < RUN_FILES; i++) {
    there[i] = fstatat(dir->fd, names[i], &about, 0) == 0;
    if (!there[i] && errno != ENOENT)
      return fail_reading(why, errno, "%s: cannot be looked at", dir->file[i]);
  }
  return 0;
}

/* Whether the directory can be made. */
static int check_parent(const RunDir *dir, Why *why) {
  char *parent = atomicfile_directory(dir->path);
  int rc = access(parent, W_OK | X_OK);
  if (rc != 0) fail_writing(why, errno, "-o %s: cannot be made in %s", dir->path, parent);
  free(parent);
  return rc;
}

/* Opens loss.tsv and locks it for as long as it is open; not being there is no error. */
static int lock(RunDir *dir, int flags, Why *why) {
  const int fd = openat(dir->fd, names[RUN_LOSS], O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0666);
  if (fd < 0 && errno == ENOENT && flags == 0) return 0;
  if (fd < 0 && errno == EEXIST)
    return fail(why,
                "-o %s: another rnntrain has begun a run there meanwhile; name another directory",
                dir->path);
  if (fd < 0) return fail_writing(why, errno, "%s: cannot be written", dir->file[RUN_LOSS]);
  dir->log[RUN_LOSS] = fd;
  dir->locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
  return dir->locked || errno != EWOULDBLOCK ? 0 : busy(dir, why);
}

/* Whether the contents of the directory let a run begin there, or resume. */
static int check_run(RunDir *dir, const bool there[RUN_FILES], Why *why) {
  bool holds = false;
  for (int i = 0; i < RUN_FILES; i++) holds |= there[i];
  dir->resumes = there[RUN_CHECKPOINT] && (dir->mode == RUN_RESUME || dir->mode == RUN_AUTO);
  if (dir->mode == RUN_NEW && holds)
    return fail(why,
                "-o %s: holds a run already; name another directory, or give --resume to go on "
                "with it or --force to overwrite it",
                dir->path);
  if (dir->mode == RUN_RESUME && !dir->resumes)
    return fail(why, "-o %s: holds no checkpoint to go on from; begin a run without --resume",
                dir->path);
  if (dir->mode == RUN_AUTO && !dir->resumes && there[RUN_MODEL])
    return fail(why,
                "-o %s: holds a model, but no checkpoint to go on from; name another directory, or "
                "give --force to overwrite it",
                dir->path);
  return 0;
}

/* The directory is open: whether it can be written to, and by nobody else. */
static int claim_open(RunDir *dir, Why *why) {
  bool there[RUN_FILES];
  if (access(dir->path, W_OK | X_OK) != 0)
    return fail_writing(why, errno, "-o %s: cannot be written to", dir->path);
  if (lock(dir, 0, why) != 0 || look(dir, there, why) != 0) return -1;
  if (there[RUN_LOSS] && dir->log[RUN_LOSS] < 0) /* another process has just made it */
    return busy(dir, why);
  return check_run(dir, there, why);
}

static int claim(RunDir *dir, Why *why) {
  struct stat link;
  if (open_directory(dir) >= 0) return claim_open(dir, why);
  if (errno == ENOTDIR && access(dir->path, F_OK) == 0)
    return fail(why, "-o %s: is a file; name a directory", dir->path);
  if (errno != ENOENT) return fail_reading(why, errno, "-o %s: cannot be looked at", dir->path);
  if (lstat(dir->path, &link) == 0)
    return fail(why,
                "-o %s: is a link to a directory that does not exist; make that directory, or "
                "name another one",
                dir->path);
  if (dir->mode != RUN_RESUME) return check_parent(dir, why);
  return fail(why, "-o %s: there is no run to go on with; begin one without --resume", dir->path);
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

/* Makes the directory where it is not there yet, and opens it. */
static int make(RunDir *dir, Why *why) {
  dir->made = mkdir(dir->path, 0777) == 0;
  if ((dir->made && sync_entry(dir) == 0) || (!dir->made && errno == EEXIST))
    if (open_directory(dir) >= 0) return 0;
  return fail_writing(why, errno, "-o %s: cannot be made", dir->path);
}

int rundir_begin(RunDir *dir, Why *why) {
  static const RunFile old[] = {RUN_MODEL,  RUN_CHECKPOINT, RUN_JSON,
                                RUN_REPORT, RUN_MULTIQC,    RUN_MULTIQC_LOSS};
  if (dir->fd < 0 && make(dir, why) != 0) return -1;
  if (rundir_check(dir, why) != 0) return -1;
  if (dir->log[RUN_LOSS] < 0 && lock(dir, O_CREAT | O_EXCL, why) != 0) return -1;
  dir->began = true;
  for (size_t i = 0; i < sizeof old / sizeof *old; i++)
    if (unlinkat(dir->fd, names[old[i]], 0) != 0 && errno != ENOENT)
      return fail_writing(why, errno, "%s: cannot be removed", dir->file[old[i]]);
  return 0;
}

void rundir_undo(RunDir *dir) {
  Why ignored;
  if (dir->began)
    for (int i = 0; i < RUN_REPORT; i++) unlinkat(dir->fd, names[i], 0);
  if (dir->made && rundir_check(dir, &ignored) == 0) rmdir(dir->path);
}
