#include "atomicfile.h"

#include "alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void release(AtomicFile *file) {
  free(file->path), free(file->temporary), free(file->directory), free(file);
}

static char *join(const char *path, const char *suffix) {
  char *joined = alloc_new(strlen(path) + strlen(suffix) + 1, 1);
  return strcat(strcpy(joined, path), suffix);
}

/* Makes a file without a name, or where the file system knows no such thing, or its name could not
 * be given later, of a name that was free. */
static int open_unique(AtomicFile *file) {
  int fd = access("/proc/self/fd", X_OK) == 0
               ? open(file->directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)
               : -1;
  if (fd >= 0) return fd;
  file->named = true;
  return mkstemp(file->temporary);
}

/* The mode of the file that stands there, or that any new file has. */
static void set_mode(int fd, const char *path) {
  struct stat there;
  mode_t mask = umask(0);
  umask(mask);
  const mode_t mode = stat(path, &there) == 0 ? there.st_mode & 0777 : 0666 & ~mask;
  if (fchmod(fd, mode) != 0) errno = 0; /* some file systems have no modes */
}

/* Makes the file in the place of what a process that was killed has left. */
static int open_anew(const char *path) {
  if (unlink(path) != 0 && errno != ENOENT) return -1;
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

AtomicFile *atomicfile_open(const char *path, bool alone, Why *why) {
  AtomicFile *file = alloc_new(1, sizeof *file);
  file->path = join(path, "");
  file->temporary = join(path, alone ? ".tmp" : ".XXXXXX");
  file->directory = atomicfile_directory(path); /* now, for memory may be short later */
  file->named = alone;
  int fd = alone ? open_anew(file->temporary) : open_unique(file);
  if (fd >= 0 && !alone) set_mode(fd, path);
  if (fd >= 0) file->out = fdopen(fd, "wb");
  if (file->out) return file;
  fail_writing(why, errno, "%s: cannot be made", alone ? file->temporary : file->path);
  if (fd >= 0) close(fd);
  if (fd >= 0 && file->named) unlink(file->temporary);
  release(file);
  return NULL;
}

char *atomicfile_directory(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return join(".", "");
  char *directory = join(path, "");
  directory[slash == path ? 1 : slash - path] = 0;
  return directory;
}

static int sync_directory(const char *directory) {
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == EACCES ? 0 : -1; /* it may be written to but not be read */
  /* Some file systems cannot sync a directory; they say so with EINVAL. */
  int rc = fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
  return close(fd) == 0 ? rc : -1;
}

int atomicfile_sync_entry(const char *path) {
  char *directory = atomicfile_directory(path);
  int rc = sync_directory(directory), error = errno;
  free(directory);
  errno = error;
  return rc;
}

/* Whether all that was written is on the disk; where not, errno says why. */
static int is_whole(FILE *out) {
  struct stat about;
  if (ferror(out) || fflush(out) != 0 || fstat(fileno(out), &about) != 0) return 0;
  if (about.st_size != ftello(out)) return errno = EIO, 0;
  return fsync(fileno(out)) == 0;
}

/* Gives a file that has no name one that is free. */
static int give_name(AtomicFile *file) {
  char unnamed[64], *end = file->temporary + strlen(file->path);
  snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", fileno(file->out));
  for (unsigned i = (unsigned)getpid(); !file->named; i++) {
    snprintf(end, sizeof ".XXXXXX", ".%06u", i % 1000000);
    if (linkat(AT_FDCWD, unnamed, AT_FDCWD, file->temporary, AT_SYMLINK_FOLLOW) == 0)
      file->named = true;
    else if (errno != EEXIST)
      return -1;
  }
  return 0;
}

int atomicfile_commit(AtomicFile *file, Why *why) {
  int wrong = !is_whole(file->out) || give_name(file) != 0, error = errno;
  if (fclose(file->out) != 0 && !wrong) wrong = 1, error = errno;
  if (!wrong && rename(file->temporary, file->path) != 0) wrong = 1, error = errno;
  if (wrong) {
    if (file->named) unlink(file->temporary);
    fail_writing(why, error, "%s: cannot be written", file->path);
  } else if (sync_directory(file->directory) != 0) {
    wrong = 1;
    fail_writing(why, errno, "%s: its directory cannot be flushed to the disk", file->path);
  }
  release(file);
  return wrong ? -1 : 0;
}

void atomicfile_abandon(AtomicFile *file) {
  fclose(file->out);
  if (file->named) unlink(file->temporary);
  release(file);
}
