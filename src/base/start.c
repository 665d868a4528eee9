#include "base/start.h"

#include "base/alloc.h"
#include "base/parallel.h"
#include "base/portable.h"
#include "base/quota.h"
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#if defined __x86_64__
#include <xmmintrin.h>
#endif

static bool holds; /* a file descriptor, by opening "/" */

/* A directory can be neither read nor written; with O_PATH it needs no permission. */
static void hold_standard_files(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    holds = open("/", HOLD_ONLY) == fd;
    if (holds) continue;
    dprintf(STDERR_FILENO, "%s: file descriptor %d is closed and cannot be reserved: %s; open it\n",
            PROGRAM_NAME, fd, strerror(errno));
    _exit(1);
  }
}

bool start_holds(int fd) {
  struct stat held, root;
  return holds && fstat(fd, &held) == 0 && stat("/", &root) == 0 && held.st_dev == root.st_dev &&
         held.st_ino == root.st_ino;
}

/* Called before threads start; they inherit the setting. */
static void flush_denormals(void) {
#if defined __x86_64__
  enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 };
  _mm_setcsr(_mm_getcsr() | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
#elif defined __aarch64__
  const uint64_t flush_to_zero = 1 << 24;
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("msr fpcr, %0" : : "r"(control | flush_to_zero));
#endif
}

/* glibc gives each thread an arena, which takes 64 MB of address space, or none if less is left.
 * Under ulimit -v all threads share one arena: a higher limit never leaves less memory. */
static void share_arena(void) {
#ifdef M_ARENA_MAX
  if (quota_address_space() != UINT64_MAX) mallopt(M_ARENA_MAX, 1);
#endif
}

/* Called before main() uses the stack. The new limit takes effect at once. A few kB are too little
 * for stderr: printf needs 8 kB to write there. */
__attribute__((constructor)) static void raise_stack(void) {
  struct rlimit stack;
  char text[160];
  if (getrlimit(RLIMIT_STACK, &stack) != 0 || stack.rlim_cur >= PARALLEL_STACK) return;
  const unsigned long long before = stack.rlim_cur;
  stack.rlim_cur = PARALLEL_STACK;
  if (setrlimit(RLIMIT_STACK, &stack) == 0) return;
  const int n = snprintf(text, sizeof text, "%.64s: ulimit -s %llu is too low; raise it to %d\n",
                         PROGRAM_NAME, before >> 10, PARALLEL_STACK >> 10);
  _exit(write(STDERR_FILENO, text, (size_t)n) < 0 ? 2 : 1);
}

/* Jansson would omit values if memory is missing. */
static void *json_memory(size_t size) { return alloc_resize(NULL, 1, size); }

void start_program(void) {
  hold_standard_files();
  signal(SIGXFSZ, SIG_IGN); /* with ulimit -f, write then returns an error */
  json_set_alloc_funcs(json_memory, free);
  share_arena();
  stream_start();
  flush_denormals();
}
