/* fail_linkat: a library to preload, in which linkat fails with the errno in FAIL_LINKAT, so
 * unnamed files cannot get a name. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int linkat(int from, const char *old, int to, const char *new, int flags) {
  const char *error = getenv("FAIL_LINKAT");
  (void)from;
  (void)old;
  (void)to;
  (void)new;
  (void)flags;
  errno = error ? atoi(error) : EPERM;
  return -1;
}
