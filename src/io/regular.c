#include "io/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

FILE *regular_open(const char *path, Why *why) {
  struct stat about;
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int error = errno;
  if (fd < 0) {
    fail_reading(why, error, "%s: cannot be opened", path);
    errno = error;
    return NULL;
  }
  FILE *file = NULL;
  if (fstat(fd, &about) != 0)
    fail_reading(why, errno, "%s: cannot be accessed", path);
  else if (!S_ISREG(about.st_mode))
    fail(why, "%s: is %s, not a regular file; replace it with the file", path,
         kind_of(about.st_mode));
  else if (!(file = fdopen(fd, "r")))
    fail_reading(why, errno, "%s: cannot be opened", path);
  if (!file) close(fd);
  errno = 0;
  return file;
}
