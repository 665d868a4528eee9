/* quota: the memory and the processors that this process may use. */
#ifndef QUOTA_H
#define QUOTA_H

#include "fail.h"

#include <stdint.h>

/* The limits of this process's control groups, versions 1 and 2: the lowest of its own group and
 * all parents. Control groups are looked for in /sys/fs/cgroup. In a container, where a group's
 * path may not be visible from inside, the nearest visible parent counts. `root` comes before all
 * paths: "", or a test's directory. */
typedef struct {
  uint64_t memory;   /* bytes, from memory.max or memory.limit_in_bytes; UINT64_MAX: no limit */
  double processors; /* from cpu.max or cpu.cfs_quota_us; infinite: no limit */
} Quota;

Quota quota_of_groups(const char *root);

/* Processors that this process may run on (taskset, cpuset), and no more than the quota rounded up;
 * at least 1. */
int quota_processors(const Quota *groups);

/* The most threads that a user may ask for. */
enum { QUOTA_THREADS = 1024 };

/* The number of threads where --threads gives none: OMP_NUM_THREADS, of several numbers the first,
 * or quota_processors. An error where the variable is not a number from 1 to QUOTA_THREADS. */
int quota_threads(Why *why);

#endif
