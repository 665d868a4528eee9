#include "start.h"

#include "alloc.h"
#include "matrix.h"
#include "parallel.h"
#include "stream.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined __x86_64__
#include <xmmintrin.h>
#endif

enum { STACK = 8 << 20, REST = 8 << 20 }; /* bytes: a thread's; what is needed beside OpenBLAS */

/* Opens what is closed of 0, 1 and 2, the wrong way round: what uses it still gets an error. */
static void hold_standard_files(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0) open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
}

/* Before there are threads, which inherit it. */
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

/* What follows name= in the environment; NULL: it is not there, or empty. getenv does not work yet
 * where this is called. */
static const char *value_of(const char *name, char **environment) {
  size_t n = strlen(name);
  for (; *environment; environment++)
    if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
      return (*environment)[n + 1] ? *environment + n + 1 : NULL;
  return NULL;
}

/* Before any library has been set up, OpenBLAS least of all. */
static void check_space(int argc, char **argv, char **environment) {
  static const char *const names[] = {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS",
                                      "OMP_NUM_THREADS"};
  struct rlimit space, stack;
  if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur == RLIM_INFINITY) return;
  if (getrlimit(RLIMIT_STACK, &stack) != 0 || stack.rlim_cur == RLIM_INFINITY)
    stack.rlim_cur = STACK;
  const char *threads = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !threads; i++)
    threads = value_of(names[i], environment);
  size_t needed = matrix_space_at_start(threads, stack.rlim_cur) + REST;
  if (matrix_fits(needed)) return;
  dprintf(STDERR_FILENO,
          "%s: ulimit -v %llu is too low: OpenBLAS needs %zu MB more of address space to start; "
          "raise it, or set OPENBLAS_NUM_THREADS and OMP_NUM_THREADS to 1\n",
          argc > 0 ? argv[0] : "", (unsigned long long)space.rlim_cur >> 10, needed >> 20);
  _exit(1);
}

__attribute__((section(".preinit_array"), used)) static void (*first)(int, char **,
                                                                      char **) = check_space;

/* Whether the variable had to be set. */
static int set_missing(const char *name, const char *value) {
  return value && !getenv(name) && setenv(name, value, 1) == 0;
}

static int is_one(const char *value) { return value && strcmp(value, "1") == 0; }

int start_program(char **argv) {
  char self[PATH_MAX];
  hold_standard_files();
  signal(SIGXFSZ, SIG_IGN);                /* ulimit -f: an error of the write, then */
  json_set_alloc_funcs(alloc_bytes, free); /* it goes on without what it cannot have */
  int changed = set_missing("OMP_WAIT_POLICY", "passive");
  changed |= set_missing("OPENBLAS_CORETYPE", matrix_better_core());
  if (!is_one(getenv("OPENBLAS_NUM_THREADS")))
    changed |= setenv("OPENBLAS_NUM_THREADS", "1", 1) == 0;
  ssize_t n = changed ? readlink("/proc/self/exe", self, sizeof self - 1) : -1;
  if (n > 0) {
    self[n] = 0;
    execv(self, argv); /* where it fails, slow is better than not at all */
  }
  stream_start();
  flush_denormals();
  return parallel_start();
}
