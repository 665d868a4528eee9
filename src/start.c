#include "start.h"

#include "alloc.h"
#include "matrix.h"
#include "parallel.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Opens what is closed of 0, 1 and 2, the wrong way round: what uses it still gets an error. */
static void hold_standard_files(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0) open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
}

/* Whether the variable had to be set. */
static int set_missing(const char *name, const char *value) {
  return value && !getenv(name) && setenv(name, value, 1) == 0;
}

int start_program(char **argv) {
  char self[PATH_MAX];
  hold_standard_files();
  json_set_alloc_funcs(alloc_bytes, free); /* it goes on without what it cannot have */
  int changed = set_missing("OMP_WAIT_POLICY", "passive");
  changed |= set_missing("OPENBLAS_CORETYPE", matrix_better_core());
  ssize_t n = changed ? readlink("/proc/self/exe", self, sizeof self - 1) : -1;
  if (n > 0) {
    self[n] = 0;
    execv(self, argv); /* where it fails, slow is better than not at all */
  }
  return parallel_start();
}
