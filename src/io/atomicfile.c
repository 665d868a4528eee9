#include "io/atomicfile.h"

#include "base/alloc.h"
#include "base/portable.h"
#include "base/signals.h"
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char alone_suffix[] = ".tmp", free_suffix[] = ".000000"; /* or other digits */
enum { SUFFIXES = 1000000, COPY_BUFFER = 1 << 16 };

/* ---- directories ---------------------------------------------------------------------------- */

char *atomicfile_directory(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return alloc_text(".");
  char *directory = alloc_text(path);
  directory[slash == path ? 1 : slash - path] = 0;
  return directory;
}

int atomicfile_open_directory(const char *path) {
  const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 || errno != EACCES) return fd;
  return open(path, HOLD_ONLY | O_DIRECTORY | O_CLOEXEC); /* it may be writable but not readable */
}

int atomicfile_sync_directory(int directory) {
  if (fsync(directory) == 0) return 0;
  /* Some file systems cannot flush a directory; an unreadable one cannot be flushed either. */
  return errno == EINVAL || errno == EBADF ? 0 : -1;
}

/* ---- temporary files ------------------------------------------------------------------------ */

/* Sets the digits of the temporary name for the next attempt; -1 and errno after the last one. */
static int next_name(AtomicFile *file, unsigned *tries) {
  char *end = file->temporary + strlen(file->temporary) - strlen(free_suffix);
  if (*tries == SUFFIXES) {
    errno = EEXIST;
    return -1;
  }
  snprintf(end, sizeof free_suffix, ".%06u", ((unsigned)getpid() + *tries) % SUFFIXES);
  ++*tries;
  return 0;
}

/* Records whether the file has its temporary name; a signal that ends the program removes it. */
static void set_named(AtomicFile *file, bool named) {
  file->named = named;
  signals_unfinished(file->directory, named ? file->temporary : NULL);
}

/* Creates a file under a name that was free. */
static int open_named(AtomicFile *file) {
  unsigned tries = 0;
  int fd = -1;
  while (fd < 0 && next_name(file, &tries) == 0) {
    fd = openat(file->directory, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) return -1;
  }
  set_named(file, fd >= 0);
  return fd;
}

/* Creates a file without a name, or, if the file system does not support it or could not name the
 * file later, under a name that was free. */
static int open_unique(AtomicFile *file) {
  int fd = -1;
#ifdef O_TMPFILE
  if (access("/proc/self/fd", X_OK) == 0)
    fd = openat(file->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
#endif
  return fd >= 0 ? fd : open_named(file);
}

/* Creates the file in place of the one left by a killed process. */
static int open_anew(AtomicFile *file) {
  if (unlinkat(file->directory, file->temporary, 0) != 0 && errno != ENOENT) return -1;
  int fd = openat(file->directory, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  set_named(file, fd >= 0);
  return fd;
}

/* The mode of the existing file, or that of any new file. */
static void set_mode(const AtomicFile *file, int fd) {
  struct stat there;
  mode_t mask = umask(0);
  umask(mask);
  const mode_t mode =
      fstatat(file->directory, file->name, &there, 0) == 0 ? there.st_mode & 0777 : 0666 & ~mask;
  if (fchmod(fd, mode) != 0) errno = 0; /* some file systems have no modes */
}

void atomicfile_abandon(AtomicFile *file) {
  if (file->out) fclose(file->out);
  if (file->named) unlinkat(file->directory, file->temporary, 0);
  set_named(file, false);
  if (file->directory >= 0) close(file->directory);
  free(file->path);
  free(file->temporary);
  free(file);
}

/* If name and suffix are too long, the suffix replaces the end of the name. */
static char *temporary_name(const char *name, const char *suffix) {
  const size_t n = strnlen(name, NAME_MAX - strlen(suffix));
  char *temporary = alloc_new(n + strlen(suffix) + 1, 1);
  return strcat(memcpy(temporary, name, n), suffix);
}

/* Whether the file system allows names of this length; checked before anything is written. */
static bool can_have(int directory, const char *name) {
  struct stat there;
  return fstatat(directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENAMETOOLONG;
}

/* Takes ownership of the directory; if it is -1, errno is the cause. */
static AtomicFile *open_in(int directory, const char *path, bool alone, Why *why) {
  AtomicFile *file = alloc_new(1, sizeof *file);
  file->directory = directory;
  file->path = alloc_text(path);
  const char *slash = strrchr(file->path, '/');
  file->name = slash ? slash + 1 : file->path;
  file->temporary = temporary_name(file->name, alone ? alone_suffix : free_suffix);
  int fd = -1;
  if (directory >= 0 && can_have(directory, file->name))
    fd = alone ? open_anew(file) : open_unique(file);
  if (fd >= 0 && !alone) set_mode(file, fd);
  if (fd >= 0) file->out = fdopen(fd, "wb");
  if (file->out) return file;
  fail_writing(why, errno, "%s%s: cannot be made", path, alone ? alone_suffix : "");
  if (fd >= 0) close(fd);
  atomicfile_abandon(file);
  return NULL;
}

AtomicFile *atomicfile_open_at(int directory, const char *path, bool alone, Why *why) {
  return open_in(fcntl(directory, F_DUPFD_CLOEXEC, 0), path, alone, why);
}

AtomicFile *atomicfile_open(const char *path, bool alone, Why *why) {
  char *parent = atomicfile_directory(path);
  const int directory = atomicfile_open_directory(parent), error = errno;
  free(parent);
  errno = error;
  return open_in(directory, path, alone, why);
}

/* ---- at the end ----------------------------------------------------------------------------- */

/* Whether all written data is on the disk; if not, errno is the cause. */
static bool is_whole(FILE *out) {
  struct stat about;
  if (ferror(out) || fflush(out) != 0 || fstat(fileno(out), &about) != 0) return false;
  if (about.st_size != ftello(out)) {
    errno = EIO;
    return false;
  }
  return fsync(fileno(out)) == 0;
}

/* Copies all bytes of a file into an empty one. */
static int copy(int to, int from) {
  char buffer[COPY_BUFFER];
  off_t at = 0;
  ssize_t got;
  while ((got = pread(from, buffer, sizeof buffer, at)) > 0) {
    if (stream_write(to, buffer, (size_t)got) < (size_t)got) return -1;
    at += got;
  }
  return got < 0 ? -1 : 0;
}

/* Copies a file that cannot be given a name to a named one. */
static int write_again(AtomicFile *file) {
  struct stat about;
  const int from = fileno(file->out), to = open_named(file);
  if (to < 0) return -1;
  int rc = copy(to, from);
  if (rc == 0 && fstat(from, &about) == 0 && fchmod(to, about.st_mode & 0777) != 0) errno = 0;
  if (rc == 0) rc = fsync(to);
  const int error = errno;
  if (close(to) != 0 && rc == 0) return -1;
  errno = error;
  return rc;
}

/* Gives an unnamed file a free name; some file systems and sandboxes do not support that. */
static int give_name(AtomicFile *file) {
  char unnamed[64];
  unsigned tries = 0;
  if (file->named) return 0;
  snprintf(unnamed, sizeof unnamed, DESCRIPTOR_PATH, fileno(file->out));
  while (next_name(file, &tries) == 0) {
    if (linkat(AT_FDCWD, unnamed, file->directory, file->temporary, AT_SYMLINK_FOLLOW) == 0) {
      set_named(file, true);
      return 0;
    }
    if (errno != EEXIST) return write_again(file);
  }
  return -1;
}

static int put_in_place(AtomicFile *file) {
  if (!is_whole(file->out) || give_name(file) != 0) return -1;
  FILE *out = file->out;
  file->out = NULL;
  if (fclose(out) != 0) return -1;
  if (renameat(file->directory, file->temporary, file->directory, file->name) != 0) return -1;
  set_named(file, false);
  return 0;
}

int atomicfile_commit(AtomicFile *file, Why *why) {
  int rc = put_in_place(file);
  if (rc != 0)
    fail_writing(why, errno, "%s: cannot be written", file->path);
  else if ((rc = atomicfile_sync_directory(file->directory)) != 0)
    fail_writing(why, errno, "%s: its directory cannot be flushed to the disk", file->path);
  atomicfile_abandon(file);
  return rc;
}
