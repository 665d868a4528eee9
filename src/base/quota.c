#include "base/quota.h"

#include "base/portable.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- control groups ------------------------------------------------------------------------- */

/* Reads the one or two numbers at the beginning of a group's file and returns how many. */
static int read_numbers(const char *group, const char *file, double numbers[2]) {
  char path[PATH_MAX + 32];
  snprintf(path, sizeof path, "%s/%s", group, file);
  FILE *in = fopen(path, "re");
  if (!in) return 0;
  const int n = fscanf(in, "%lf %lf", &numbers[0], &numbers[1]); /* 0 for "max" */
  fclose(in);
  return n > 0 ? n : 0;
}

static void lower_memory(Quota *limits, double bytes) {
  if (bytes >= 0 && bytes < (double)limits->memory) limits->memory = (uint64_t)bytes;
}

static void lower_processors(Quota *limits, double quota, double period) {
  if (quota > 0 && period > 0) limits->processors = fmin(limits->processors, quota / period);
}

static void read_group(Quota *limits, const char *group) {
  double a[2], b[2];
  if (read_numbers(group, "memory.max", a) == 1) lower_memory(limits, a[0]);
  if (read_numbers(group, "memory.limit_in_bytes", a) == 1) lower_memory(limits, a[0]);
  if (read_numbers(group, "cpu.max", a) == 2) lower_processors(limits, a[0], a[1]);
  if (read_numbers(group, "cpu.cfs_quota_us", a) == 1 &&
      read_numbers(group, "cpu.cfs_period_us", b) == 1)
    lower_processors(limits, a[0], b[0]);
}

/* The path without the parents that a control group namespace hides, "/..". */
static const char *visible_part(const char *path) {
  for (const char *up = path; (up = strstr(up, "/.."));) {
    up += 3;
    if (*up == '/' || *up == 0) path = up;
  }
  return path;
}

/* The part of the path below the mount: if a container mounts a group as the root, the path begins
 * with groups outside the container. */
static const char *part_below(const char *mount, const char *path) {
  char group[PATH_MAX];
  for (path = visible_part(path); path && *path; path = strchr(path + 1, '/')) {
    const int first = 1 + (int)strcspn(path + 1, "/");
    if (snprintf(group, sizeof group, "%s%.*s", mount, first, path) < (int)sizeof group &&
        access(group, F_OK) == 0)
      return path;
  }
  return "";
}

/* The group at this path of a hierarchy, by the name of its mount, and its parents. */
static void read_mount(Quota *limits, const char *root, const char *name, const char *path) {
  char mount[PATH_MAX], group[PATH_MAX];
  snprintf(mount, sizeof mount, "%s/sys/fs/cgroup%s%s", root, *name ? "/" : "", name);
  snprintf(group, sizeof group, "%s%s", mount, part_below(mount, path));
  for (size_t n = strlen(group); n >= strlen(mount); n--) {
    if (n > strlen(mount) && group[n] != '/' && group[n] != 0) continue;
    group[n] = 0;
    read_group(limits, group);
  }
}

/* A hierarchy of version 1, mounted under the list of its controllers, or under each of them. */
static void read_controllers(Quota *limits, const char *root, char *list, const char *path) {
  char *rest = NULL;
  read_mount(limits, root, list, path);
  for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
    read_mount(limits, root, name, path);
    if (strcmp(name, "cpu") == 0) read_mount(limits, root, "cpu,cpuacct", path);
  }
}

/* A line of /proc/self/cgroup, "4:memory:/a/b", "5:cpu,cpuacct:/a" or, for version 2, "0::/a". */
static void read_line(Quota *limits, const char *root, char *line) {
  char *controllers = strchr(line, ':');
  char *path = controllers ? strchr(controllers + 1, ':') : NULL;
  if (!path) return;
  *path++ = 0;
  controllers++;
  path[strcspn(path, "\n")] = 0;
  if (*controllers) {
    read_controllers(limits, root, controllers, path);
  } else {
    read_mount(limits, root, "", path);
    read_mount(limits, root, "unified", path);
  }
}

Quota quota_of_groups(const char *root) {
  static const char *const mounts[] = {"", "unified", "memory", "cpu", "cpu,cpuacct"};
  Quota limits = {.memory = UINT64_MAX, .processors = INFINITY};
  char line[PATH_MAX + 64];
  for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) /* all paths known without /proc */
    read_mount(&limits, root, mounts[i], "/");
  snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
  FILE *in = fopen(line, "re");
  while (in && fgets(line, sizeof line, in)) read_line(&limits, root, line);
  if (in) fclose(in);
  return limits;
}

/* ---- address space -------------------------------------------------------------------------- */

uint64_t quota_address_space(void) {
  struct rlimit limit;
  const bool limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return limited ? limit.rlim_cur : UINT64_MAX;
}

/* ---- processors ----------------------------------------------------------------------------- */

/* The kernel may have more processors than fit in a cpu_set_t. */
static int count_affinity(void) {
#ifdef ON_LINUX
  enum { LARGEST = 1 << 20 };
  for (int room = CPU_SETSIZE; room <= LARGEST; room *= 2) {
    cpu_set_t *set = CPU_ALLOC((size_t)room);
    if (!set) break;
    const size_t size = CPU_ALLOC_SIZE((size_t)room);
    const int rc = sched_getaffinity(0, size, set);
    const int n = rc == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (n > 0) return n;
    if (errno != EINVAL) break;
  }
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

int quota_processors(const Quota *groups) {
  const double n = fmin(count_affinity(), ceil(groups->processors));
  return n > 1 ? (int)n : 1;
}

int quota_threads(double part, Why *why) {
  const char *text = getenv("OMP_NUM_THREADS");
  if (text && *text) {
    char *end;
    const long n = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 0;
    if (n >= 1 && n <= QUOTA_THREADS && (*end == 0 || *end == ',')) return (int)n;
    return fail(why, "OMP_NUM_THREADS '%s': must be a whole number, 1..%d; or use --threads", text,
                QUOTA_THREADS);
  }
  const Quota groups = quota_of_groups("");
  const double n = quota_processors(&groups) * part;
  return (int)fmin(fmax(n, 1), QUOTA_THREADS);
}
