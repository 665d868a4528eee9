/* fail_linkat: a library to preload, in which no file can be given a name: FAIL_LINKAT is the
 * errno. */
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
