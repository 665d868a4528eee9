#include "io/parts.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The size of a file in bytes; 0 if it does not exist or is not regular. */
static double size_of(const char *path) {
  struct stat about;
  const int rc = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &about) : stat(path, &about);
  return rc == 0 && S_ISREG(about.st_mode) ? (double)about.st_size : 0;
}

Parts parts_new(const char *const *files, int n) {
  Parts parts = {0};
  for (int i = 0; i < n; i++) {
    const double size = size_of(files[i]);
    if (size == 0) return (Parts){0};
    parts.total += size;
  }
  return parts;
}

void parts_open(Parts *parts, const char *path) {
  parts->done += parts->now;
  parts->now = size_of(path);
}

void parts_open_mate(Parts *parts, const char *path) { parts->now += size_of(path); }

double parts_done(const Parts *parts, double part) {
  return parts->total > 0 ? (parts->done + part * parts->now) / parts->total : 0;
}
