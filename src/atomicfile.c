#include "atomicfile.h"

#include "alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void release(AtomicFile *file) { free(file->path), free(file->temporary), free(file); }

AtomicFile *atomicfile_open(const char *path, Why *why) {
  static const char suffix[] = ".XXXXXX";
  AtomicFile *file = alloc_new(1, sizeof *file);
  size_t length = strlen(path);
  file->path = alloc_new(length + 1, 1);
  memcpy(file->path, path, length);
  file->temporary = alloc_new(length + sizeof suffix, 1);
  memcpy(file->temporary, path, length);
  memcpy(file->temporary + length, suffix, sizeof suffix);
  int fd = mkstemp(file->temporary); /* its own name: no file of the user's is in its way */
  mode_t mask = umask(0);
  umask(mask);
  if (fd >= 0 && fchmod(fd, 0666 & ~mask) != 0) errno = 0; /* some file systems have no modes */
  if (fd >= 0) file->out = fdopen(fd, "w+b");
  if (file->out) return file;
  fail(why, "%s: cannot be made: %s", file->path, strerror(errno));
  if (fd >= 0) close(fd), unlink(file->temporary);
  release(file);
  return NULL;
}

/* Makes the rename last: the directory's own entry goes to the disk. */
static int sync_directory(const char *path) {
  char *directory = alloc_new(strlen(path) + 2, 1);
  strcpy(directory, path);
  char *slash = strrchr(directory, '/');
  if (slash)
    slash[slash == directory] = 0;
  else
    strcpy(directory, ".");
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  free(directory);
  if (fd < 0) return -1;
  /* Some file systems cannot sync a directory; they say so with EINVAL. */
  int rc = fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
  return close(fd) == 0 ? rc : -1;
}

int atomicfile_commit(AtomicFile *file, Why *why) {
  int wrong = ferror(file->out) != 0;
  wrong |= fflush(file->out) != 0 || fsync(fileno(file->out)) != 0;
  int error = errno;
  if (fclose(file->out) != 0 && !wrong) wrong = 1, error = errno;
  if (!wrong && rename(file->temporary, file->path) != 0) wrong = 1, error = errno;
  if (wrong) {
    unlink(file->temporary);
    fail(why, "%s: cannot be written: %s; make room or choose another place", file->path,
         strerror(error));
  } else if (sync_directory(file->path) != 0) {
    wrong = 1;
    fail(why, "%s: its directory cannot be flushed to the disk: %s", file->path, strerror(errno));
  }
  release(file);
  return wrong ? -1 : 0;
}

void atomicfile_abandon(AtomicFile *file) {
  fclose(file->out);
  unlink(file->temporary);
  release(file);
}
