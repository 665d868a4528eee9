/* fail_malloc: a library to preload, in which requests for memory fail.
 *
 * FAIL_MALLOC=n: the n-th request fails. LIST_MALLOCS=FILE: writes to FILE the numbers of the
 * requests with a new call stack. A child process continues the numbers of its parent and lists
 * none. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <unwind.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum { WAYS = 1 << 14, FRAMES = 5 };

static atomic_long requests, wanted = -1;
static int list = -1;
static pid_t parent;
static uint64_t ways[WAYS];

__attribute__((constructor)) static void begin(void) {
  const char *number = getenv("FAIL_MALLOC"), *path = getenv("LIST_MALLOCS");
  if (path) list = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  requests = 0;
  parent = getpid();
  if (number) wanted = atol(number);
}

typedef struct {
  uint64_t hash;
  int frames;
} Way;

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *to) {
  Way *way = to;
  way->hash = (way->hash ^ (uint64_t)_Unwind_GetIP(context)) * 0x9E3779B97F4A7C15u;
  return ++way->frames < FRAMES ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* Adds request n to the list if its call stack is new. */
static void note(long n) {
  Way way = {1, 0};
  char line[32];
  _Unwind_Backtrace(add_frame, &way);
  size_t at = way.hash % WAYS;
  while (ways[at] != 0 && ways[at] != way.hash) at = (at + 1) % WAYS;
  if (ways[at] == way.hash) return;
  ways[at] = way.hash;
  if (write(list, line, (size_t)snprintf(line, sizeof line, "%ld\n", n)) < 0) _exit(99);
}

static int fails(void) {
  static _Thread_local int busy;
  if (busy) return 0;
  long n = ++requests;
  busy = 1;
  if (list >= 0 && getpid() == parent) note(n);
  busy = 0;
  if (n == wanted) errno = ENOMEM;
  return n == wanted;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void *realloc(void *block, size_t size) { return fails() ? NULL : __libc_realloc(block, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  if (fails()) return ENOMEM;
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : ENOMEM;
}
