#include "net/matrix.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/parallel.h"
#include "base/portable.h"
#include "base/quota.h"

#include <cblas.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Functions for OpenBLAS's buffers, one for each thread in a product. No header declares them. */
void *blas_memory_alloc(int unused);
void blas_memory_free(void *buffer);

static struct {
  __typeof__(cblas_sgemm) *sgemm; /* NULL: OpenBLAS is not loaded */
  __typeof__(openblas_get_parallel) *parallel;
  __typeof__(openblas_get_config) *config;
  __typeof__(openblas_get_corename) *core;
  __typeof__(blas_memory_alloc) *buffer;
  __typeof__(blas_memory_free) *free_buffer;
} blas;

/* Serialises calls of an OpenBLAS built without threads, whose calls must not share buffers. */
static pthread_mutex_t one_call = PTHREAD_MUTEX_INITIALIZER;

void matrix_multiply_ta(float *C, const float *A, const float *W, int m, int n, int k, bool add) {
  const bool alone = blas.parallel() == OPENBLAS_SEQUENTIAL;
  if (alone) pthread_mutex_lock(&one_call);
  blas.sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1, A, m, W, n, add ? 1 : 0, C, n);
  if (alone) pthread_mutex_unlock(&one_call);
}

/* ---- loading -------------------------------------------------------------------------------- */

/* The limit that may leave OpenBLAS without memory; NULL: none. */
static const char *memory_limit(void) {
  struct rlimit limit;
  if (quota_address_space() != UINT64_MAX) return "ulimit -v";
  if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) return "ulimit -d";
  return NULL;
}

/* The beginning of a remedy. */
static const char *raise_limit(void) {
  const char *limit = memory_limit();
  if (!limit) return "";
  return strcmp(limit, "ulimit -v") == 0 ? "raise ulimit -v, or " : "raise ulimit -d, or ";
}

/* OpenBLAS reads its settings while it is loaded. It must not start threads, and its kernels must
 * fit the CPU level as ours do: 0.3.21 takes an unknown CPU for one with SSE3. */
static void choose_settings(void) {
  static const char *const cores[CPU_LEVELS] = {[CPU_V3] = "Haswell", [CPU_V4] = "SkylakeX"};
  const char *core = cores[cpu_best()];
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  if (core) setenv("OPENBLAS_CORETYPE", core, 0);
}

/* Only Linux links OpenBLAS statically: CMake refuses it elsewhere, where programs may have no
 * .preinit_array. */
#if defined OPENBLAS_STATIC && defined ON_LINUX
/* Runs before the constructor of a statically linked OpenBLAS. */
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = choose_settings;

static int load(Why *why) {
  (void)why;
  blas.sgemm = cblas_sgemm;
  blas.parallel = openblas_get_parallel;
  blas.config = openblas_get_config;
  blas.core = openblas_get_corename;
  blas.buffer = blas_memory_alloc;
  blas.free_buffer = blas_memory_free;
  return 0;
}
#else
#define INSTALL "install OpenBLAS (Debian: libopenblas0)"

/* Sets a function pointer; C does not allow the conversion from the result of dlsym. The search
 * begins with the program, so a library of LD_PRELOAD can replace functions of OpenBLAS. */
static bool find(const char *name, void *function) {
  void *found = dlsym(RTLD_DEFAULT, name);
  memcpy(function, &found, sizeof found);
  return found;
}

static int load(Why *why) {
  if (blas.sgemm) return 0;
  choose_settings();
  setenv("OMP_NUM_THREADS", "1", 1); /* for an OpenBLAS built on OpenMP */
  if (!dlopen(OPENBLAS_FILE, RTLD_NOW | RTLD_GLOBAL))
    return fail(why, "OpenBLAS cannot be loaded: %s; %s" INSTALL, dlerror(), raise_limit());
  if (find("openblas_get_parallel", &blas.parallel) && find("openblas_get_config", &blas.config) &&
      find("openblas_get_corename", &blas.core) && find("blas_memory_alloc", &blas.buffer) &&
      find("blas_memory_free", &blas.free_buffer) && find("cblas_sgemm", &blas.sgemm))
    return 0;
  blas.sgemm = NULL;
  return fail(why, OPENBLAS_FILE " cannot be used: %s; " INSTALL, dlerror());
}
#endif

/* ---- whether products on several threads are right ------------------------------------------ */

enum { CHECK_SIZE = 160, CHECK_ROUNDS = 8, CHECK_FLOATS = CHECK_SIZE * CHECK_SIZE };

typedef struct {
  float *A, *W, *C;        /* (CHECK_SIZE,CHECK_SIZE), C = A^T W; followed by a C for each thread */
  pthread_mutex_t lock;    /* for missing */
  int missing;             /* threads without a job */
  pthread_cond_t complete; /* signals that missing is 0 */
  atomic_bool wrong;
} Check;

/* macOS has no pthread_barrier_wait. */
static void wait_for_all(Check *check) {
  pthread_mutex_lock(&check->lock);
  if (--check->missing == 0) pthread_cond_broadcast(&check->complete);
  while (check->missing > 0) pthread_cond_wait(&check->complete, &check->lock);
  pthread_mutex_unlock(&check->lock);
}

static void check_job(void *context, int i) {
  Check *check = context;
  float *mine = check->C + (size_t)(i + 1) * CHECK_FLOATS;
  wait_for_all(check);
  for (int round = 0; round < CHECK_ROUNDS; round++) {
    matrix_multiply_ta(mine, check->A, check->W, CHECK_SIZE, CHECK_SIZE, CHECK_SIZE, false);
    if (memcmp(mine, check->C, CHECK_FLOATS * sizeof *mine) != 0) check->wrong = true;
  }
}

/* Allocates a buffer for each thread. OpenBLAS keeps them for later products. */
static void take_buffers(int threads) {
  void **buffer = alloc_new((size_t)threads, sizeof *buffer);
  for (int i = 0; i < threads; i++)
    if (!(buffer[i] = blas.buffer(0))) abort(); /* too many threads; only a child gets here */
  for (int i = 0; i < threads; i++) blas.free_buffer(buffer[i]);
  free(buffer);
}

/* Whether all threads, running together, compute the same product as one thread. */
static bool threads_agree(int threads) {
  float *A = alloc_floats((size_t)(threads + 3) * CHECK_FLOATS);
  Check check = {.A = A,
                 .W = A + CHECK_FLOATS,
                 .C = A + 2 * CHECK_FLOATS,
                 .lock = PTHREAD_MUTEX_INITIALIZER,
                 .missing = threads,
                 .complete = PTHREAD_COND_INITIALIZER};
  take_buffers(threads);
  for (int i = 0; i < CHECK_FLOATS; i++) {
    check.A[i] = (float)(i % 7 - 3);
    check.W[i] = (float)(i % 5 - 2);
  }
  matrix_multiply_ta(check.C, check.A, check.W, CHECK_SIZE, CHECK_SIZE, CHECK_SIZE, false);
  parallel_run(threads, threads, check_job, &check);
  free(A);
  return !check.wrong;
}

static int load_and_check(int threads, Why *why) {
  if (load(why) != 0) return -1;
  threads = parallel_start(threads);
  if (threads_agree(threads)) return 0;
  return fail(why,
              "this OpenBLAS (%s) gives wrong products when %d threads call it at once; use "
              "--threads 1 or install one with threads (Debian: libopenblas0-pthread)",
              matrix_library(), threads);
}

/* ---- in a child process first --------------------------------------------------------------- */

enum {
  REACHED = 42,         /* an exit code that OpenBLAS does not use */
  FILES = 64,           /* file descriptors to close: the child must not keep the lock of the run */
  WALL_SECONDS = 60,    /* for a child that sleeps */
  CPU_SECONDS = 10,     /* for a child that spins: four times the need under valgrind */
  THREADS_A_SECOND = 8, /* one more second for this many threads, a hundred times their need */
  LIMITED_SHARE = 8     /* under a memory limit, when spinning is likely: an eighth of that */
};

static _Noreturn void try_and_exit(int threads) {
  const int full = CPU_SECONDS + threads / THREADS_A_SECOND;
  const rlim_t seconds = (rlim_t)(memory_limit() ? full / LIMITED_SHARE : full);
  const struct rlimit limit = {seconds, seconds}, no_core = {0, 0};
  Why why;
  for (int fd = STDERR_FILENO + 1; fd < FILES; fd++) close(fd);
  const int silence = open("/dev/null", O_WRONLY);
  setrlimit(RLIMIT_CPU, &limit);
  setrlimit(RLIMIT_CORE, &no_core);
  alarm(WALL_SECONDS);
  dup2(silence, STDOUT_FILENO);
  dup2(silence, STDERR_FILENO);
  load_and_check(threads, &why);
  _exit(REACHED);
}

int matrix_start(int threads, Why *why) {
  int status = 0;
  const char *limit = memory_limit();
  signal(SIGCHLD, SIG_DFL); /* otherwise the child's status would be lost if it was ignored */
  const pid_t child = fork();
  if (child == 0) try_and_exit(threads);
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (child < 0 && limit)
    return fail(why,
                "under %s OpenBLAS is tested in a child process first, which cannot be started: "
                "%s; raise ulimit -u, or remove %s",
                limit, strerror(EAGAIN), limit);
  if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == REACHED))
    return load_and_check(threads, why);
  return fail(why, "OpenBLAS cannot multiply on %d thread%s here; %suse fewer threads", threads,
              threads == 1 ? "" : "s", raise_limit());
}

const char *matrix_library(void) {
  static char text[128];
  static const char *const kinds[] = {"serial", "pthread", "openmp"};
  if (!blas.sgemm) return "not used";
  int kind = blas.parallel();
  char version[32] = "";
  sscanf(blas.config(), "OpenBLAS %31s", version);
  snprintf(text, sizeof text, "%s %s %s", version, blas.core(),
           kind >= 0 && kind < 3 ? kinds[kind] : "unknown");
  return text;
}
