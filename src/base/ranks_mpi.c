/* Replaces ranks.c in a build with MPI. */
#include "base/ranks.h"

#include "base/alloc.h"
#include "base/launch.h"
#include "base/pulse.h"
#include "base/shared.h"
#include "base/wire.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_SUM = 1 << 14 }; /* bytes up to which two ranks swap the whole sum */

static struct {
  int count, mine, near, levels;
  bool joined;      /* MPI runs */
  MPI_Comm all;     /* every rank */
  MPI_Comm node;    /* those that share memory with this one; its leader is rank 0 there */
  MPI_Comm leaders; /* the leaders of all nodes; MPI_COMM_NULL on other ranks */
  double part;      /* see ranks_part */
  void *inbox;      /* for a partner's part of a sum */
  size_t inbox_room;
  char name[MPI_MAX_PROCESSOR_NAME + 32]; /* "rank 3 on node7" */
} ranks = {.count = 1, .near = 1, .part = 1};

/* ---- start and end -------------------------------------------------------------------------- */

/* Messages of other ranks begin with "rnntrain: rank 3 on node7: ". */
static void take_name(void) {
  static char program[sizeof ranks.name + NAME_MAX];
  char host[MPI_MAX_PROCESSOR_NAME];
  int length;
  wire_must(MPI_Get_processor_name(host, &length));
  snprintf(ranks.name, sizeof ranks.name, "rank %d on %s", ranks.mine, host);
  snprintf(program, sizeof program, "%s: %s", program_invocation_short_name, ranks.name);
  if (ranks.mine > 0) program_invocation_short_name = program;
}

static int join(Why *why) {
  int threads;
  if (MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &threads) != MPI_SUCCESS)
    return fail(why, "%s does not start", ranks_library());
  ranks.joined = true;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks.count);
  MPI_Comm_rank(MPI_COMM_WORLD, &ranks.mine);
  if (threads == MPI_THREAD_MULTIPLE) return 0;
  return fail(why, "%s does not support MPI_THREAD_MULTIPLE, which rnntrain needs",
              ranks_library());
}

static void make_groups(void) {
  int at;
  wire_must(MPI_Comm_dup(MPI_COMM_WORLD, &ranks.all));
  wire_must(
      MPI_Comm_split_type(ranks.all, MPI_COMM_TYPE_SHARED, ranks.mine, MPI_INFO_NULL, &ranks.node));
  wire_must(MPI_Comm_rank(ranks.node, &at));
  wire_must(MPI_Comm_size(ranks.node, &ranks.near));
  wire_must(MPI_Comm_split(ranks.all, at == 0 ? 0 : MPI_UNDEFINED, ranks.mine, &ranks.leaders));
}

static void free_groups(void) {
  if (ranks.leaders != MPI_COMM_NULL) wire_must(MPI_Comm_free(&ranks.leaders));
  wire_must(MPI_Comm_free(&ranks.node));
  wire_must(MPI_Comm_free(&ranks.all));
}

/* A processor that several ranks may use counts as a fraction for each of them. */
static void find_part(void) {
  cpu_set_t mine;
  int users[CPU_SETSIZE];
  double part = 0;
  if (sched_getaffinity(0, sizeof mine, &mine) != 0) CPU_ZERO(&mine);
  for (size_t i = 0; i < CPU_SETSIZE; i++) users[i] = CPU_ISSET(i, &mine) != 0;
  wire_must(MPI_Allreduce(MPI_IN_PLACE, users, CPU_SETSIZE, MPI_INT, MPI_SUM, ranks.node));
  for (size_t i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET(i, &mine)) part += 1.0 / users[i];
  ranks.part = part / fmax(CPU_COUNT(&mine), 1);
}

static int check_launch(const Launch *launch, Why *why) {
  if (launch->by == LAUNCH_SRUN)
    return fail(why, "srun started %d processes without PMIx; use srun --mpi=pmix", launch->count);
  if (launch->by == LAUNCH_PMI)
    return fail(why, "the launcher of %d processes is not that of %s; use its mpirun",
                launch->count, ranks_library());
  return 0;
}

static int check_count(const Launch *launch, Why *why) {
  if (launch->count > 0 && launch->count != ranks.count)
    return fail(why,
                "%d processes were started, but cannot find each other; use the mpirun of %s, or "
                "srun --mpi=pmix",
                launch->count, ranks_library());
  if ((ranks.count & (ranks.count - 1)) != 0)
    return fail(why, "%d processes were started, which is not a power of two; start 1, 2, 4, 8 ..",
                ranks.count);
  return 0;
}

static int start(const Launch *launch, Why *why) {
  if (check_launch(launch, why) != 0 || join(why) != 0 || check_count(launch, why) != 0) return -1;
  while (1 << ranks.levels < ranks.count) ranks.levels++;
  if (ranks.levels == 0) return 0;
  take_name();
  make_groups();
  find_part();
  if (!pulse_start())
    wire_die("the system cannot start a thread (see ulimit -u, or the container's limits)");
  return 0;
}

/* The threads of MPI and of the pulse inherit the mask: signals are for the first thread. */
int ranks_start(Why *why) {
  const Launch launch = launch_read();
  sigset_t all, before;
  if (launch.by == LAUNCH_ALONE) return 0;
  ranks.mine = launch.mine;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int rc = start(&launch, why);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return rc;
}

void ranks_end(void) {
  if (ranks.levels > 0) {
    wire_barrier(ranks.all);
    pulse_end();
    free_groups();
  }
  free(ranks.inbox);
  if (ranks.joined) MPI_Finalize();
}

int ranks_count(void) { return ranks.count; }
int ranks_mine(void) { return ranks.mine; }
int ranks_near(void) { return ranks.near; }
bool ranks_first(void) { return ranks.mine == 0; }
int ranks_levels(void) { return ranks.levels; }
double ranks_part(void) { return ranks.part; }

const char *ranks_library(void) {
  static char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length;
  MPI_Get_library_version(text, &length);
  text[strcspn(text, ",\n")] = '\0';
  return text;
}

/* ---- sums ----------------------------------------------------------------------------------- */

void ranks_share(int n, int *first, int *last) {
  assert(n >= ranks.count);
  *first = 0;
  *last = n;
  for (int level = ranks.levels; level-- > 0;) {
    const int middle = ranks_middle(*first, *last);
    if (ranks.mine >> level & 1)
      *first = middle;
    else
      *last = middle;
  }
}

static int partner_at(int level) { return ranks.mine ^ 1 << level; }

/* The elements of a sum. */
typedef struct {
  size_t size;
  void (*add)(void *a, const void *b, size_t n); /* a (n) <- a + b */
} Kind;

static void add_floats(void *a, const void *b, size_t n) {
  float *x = a;
  const float *y = b;
  for (size_t i = 0; i < n; i++) x[i] += y[i];
}

static void add_doubles(void *a, const void *b, size_t n) {
  double *x = a;
  const double *y = b;
  for (size_t i = 0; i < n; i++) x[i] += y[i];
}

/* a (n) <- its sum over the nodes from this level up. If it is long, each of two partners adds one
 * half, sums that over the levels above, and sends it to the other: 2n elements instead of n log2 R
 * (Rabenseifner 2004). The sums are the same. */
static void add_from(int level, char *a, size_t n, const Kind *kind) {
  if (level == ranks.levels) return;
  const int partner = partner_at(level);
  const size_t size = n * kind->size;
  if (size <= SHORT_SUM) {
    wire_swap(ranks.all, partner, a, size, ranks.inbox, size);
    kind->add(a, ranks.inbox, n);
    add_from(level + 1, a, n, kind);
    return;
  }
  const size_t low = n / 2, high = n - low;
  const bool upper = ranks.mine > partner;
  char *middle = a + low * kind->size, *kept = upper ? middle : a, *other = upper ? a : middle;
  const size_t n_kept = upper ? high : low, n_other = n - n_kept;
  wire_swap(ranks.all, partner, other, n_other * kind->size, ranks.inbox, n_kept * kind->size);
  kind->add(kept, ranks.inbox, n_kept);
  add_from(level + 1, kept, n_kept, kind);
  wire_swap(ranks.all, partner, kept, n_kept * kind->size, other, n_other * kind->size);
}

static void add(void *a, size_t n, const Kind *kind) {
  if (ranks.levels == 0) return;
  ranks.inbox = alloc_grow(ranks.inbox, &ranks.inbox_room, n * kind->size, 1);
  add_from(0, a, n, kind);
}

void ranks_add(float *a, size_t n) { add(a, n, &(Kind){sizeof *a, add_floats}); }

void ranks_add_doubles(double *a, size_t n) { add(a, n, &(Kind){sizeof *a, add_doubles}); }

void ranks_swap(int level, const void *sum, size_t size, void *other, size_t other_size) {
  wire_swap(ranks.all, partner_at(level), sum, size, other, other_size);
}

/* ---- agreement ------------------------------------------------------------------------------ */

void ranks_agree(Agreement *agreement) {
  enum { SIGNAL, SAVE, NOW, VALUES };
  if (ranks.levels == 0) return;
  double values[VALUES] = {[SIGNAL] = agreement->signal,
                           [SAVE] = agreement->save,
                           [NOW] = ranks.mine == 0 ? agreement->now : -INFINITY};
  MPI_Request request;
  wire_must(MPI_Iallreduce(MPI_IN_PLACE, values, VALUES, MPI_DOUBLE, MPI_MAX, ranks.all, &request));
  wire_await(&request, 1);
  *agreement = (Agreement){(int)values[SIGNAL], values[SAVE] != 0, values[NOW]};
}

static void add_name(Why *why) {
  const Why own = *why;
  fail(why, "%s: %s", ranks.name, own.text);
}

int ranks_outcome(int rc, Why *why) {
  if (ranks.levels == 0) return rc;
  int failed = rc != 0 ? ranks.mine : ranks.count;
  MPI_Request request;
  wire_must(MPI_Iallreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MIN, ranks.all, &request));
  wire_await(&request, 1);
  if (failed == ranks.count) return 0;
  if (failed == ranks.mine && ranks.mine > 0) add_name(why);
  wire_broadcast(&rc, sizeof rc, failed, ranks.all);
  wire_broadcast(why->text, sizeof why->text, failed, ranks.all);
  return rc;
}

/* ---- copies --------------------------------------------------------------------------------- */

void ranks_broadcast(void *data, size_t size) {
  if (ranks.levels > 0) wire_broadcast(data, size, 0, ranks.all);
}

void ranks_gather(void *whole, size_t at, size_t size) {
  for (int rank = 0; rank < ranks.count && ranks.levels > 0; rank++) {
    uint64_t place[] = {at, size};
    wire_broadcast(place, sizeof place, rank, ranks.all);
    wire_broadcast((char *)whole + place[0], place[1], rank, ranks.all);
  }
}

void *ranks_publish(void *data, size_t size) {
  return ranks.levels == 0 ? data : shared_new(data, size, ranks.node, ranks.leaders);
}

void ranks_withdraw(void *published) {
  if (!shared_free(published)) free(published);
}
