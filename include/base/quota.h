/* quota: the memory and the processors available to this process. */
#ifndef QUOTA_H
#define QUOTA_H

#include "base/fail.h"

#include <stdint.h>

/* The limits of this process's control groups, versions 1 and 2: the lowest limits of its own group
 * and all parents, in /sys/fs/cgroup. In a container, where a group's path may not be visible, the
 * nearest visible parent counts. `root` is a prefix of all paths: "", or a test's directory. */
typedef struct {
  uint64_t memory;   /* bytes, from memory.max or memory.limit_in_bytes; UINT64_MAX: no limit */
  double processors; /* from cpu.max or cpu.cfs_quota_us; infinite: no limit */
} Quota;

Quota quota_of_groups(const char *root);

uint64_t quota_address_space(void); /* bytes, of ulimit -v; UINT64_MAX: no limit */

/* The processors for this process (taskset, cpuset), at most the quota rounded up; at least 1. */
int quota_processors(const Quota *groups);

/* The largest number of threads. */
enum { QUOTA_THREADS = 1024 };

/* The default of --threads: OMP_NUM_THREADS (the first number of a list), or else this part (0..1)
 * of quota_processors, at least 1. Returns -1 if the variable is not a number from 1 to
 * QUOTA_THREADS. */
int quota_threads(double part, Why *why);

#endif
