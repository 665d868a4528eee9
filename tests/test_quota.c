/* Control groups as made by Docker, Slurm, Kubernetes and systemd, copied into a directory. */
#include "base/quota.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static char root[] = "/tmp/test_quota.XXXXXX";

/* Writes a file below the root, and makes its directories. */
static void put(const char *path, const char *text) {
  char whole[512];
  snprintf(whole, sizeof whole, "%s%s", root, path);
  for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    mkdir(whole, 0777);
    *slash = '/';
  }
  FILE *out = fopen(whole, "w");
  assert_non_null(out);
  fputs(text, out);
  assert_int_equal(fclose(out), 0);
}

static int begin(void **state) {
  (void)state;
  return mkdtemp(root) ? 0 : -1;
}

static int end(void **state) {
  char command[sizeof root + 16];
  (void)state;
  snprintf(command, sizeof command, "rm -r %s", root);
  const int rc = system(command);
  strcpy(root + strlen(root) - 6, "XXXXXX");
  return rc;
}

static void check(uint64_t memory, double processors) {
  const Quota quota = quota_of_groups(root);
  assert_int_equal(quota.memory, memory);
  assert_true(quota.processors == processors);
}

static void without_groups_there_is_no_limit(void **state) {
  (void)state;
  check(UINT64_MAX, INFINITY);
  put("/proc/self/cgroup", "0::/\n");
  check(UINT64_MAX, INFINITY);
  put("/sys/fs/cgroup/memory.max", "max\n");
  put("/sys/fs/cgroup/cpu.max", "max 100000\n");
  check(UINT64_MAX, INFINITY);
}

static void version_2_has_the_lowest_limit_of_all_parents(void **state) {
  (void)state;
  put("/proc/self/cgroup", "0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_0\n");
  put("/sys/fs/cgroup/system.slice/memory.max", "9000000000\n");
  put("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/memory.max", "4000000000\n");
  put("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/cpu.max", "250000 100000\n");
  put("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/step_0/memory.max", "max\n");
  put("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/step_0/user/task_0/memory.max", "max\n");
  put("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_8/memory.max", "5\n"); /* not its own */
  put("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_8/cpu.max", "1 100000\n");
  check(4000000000, 2.5);
  put("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/step_0/user/task_0/memory.max", "77\n");
  put("/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/step_0/user/task_0/cpu.max",
      "1000 4000\n");
  check(77, 0.25);
}

static void version_1_has_a_tree_for_each_controller(void **state) {
  (void)state;
  put("/proc/self/cgroup",
      "12:pids:/x\n5:cpu,cpuacct:/slurm/uid_1/job_2\n4:memory:/slurm/uid_1/job_2/step_0\n"
      "1:name=systemd:/user.slice\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  check(9223372036854771712u, INFINITY);
  put("/sys/fs/cgroup/memory/slurm/uid_1/job_2/memory.limit_in_bytes", "123456789\n");
  put("/sys/fs/cgroup/cpu,cpuacct/slurm/uid_1/cpu.cfs_quota_us", "50000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/slurm/uid_1/cpu.cfs_period_us", "100000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/slurm/uid_1/job_2/cpu.cfs_quota_us", "-1\n");
  put("/sys/fs/cgroup/cpu,cpuacct/slurm/uid_1/job_2/cpu.cfs_period_us", "100000\n");
  check(123456789, 0.5);
}

/* Red Hat 7 lists "cpuacct,cpu" and mounts it as "cpu,cpuacct", with a link for each of the two. */
static void controllers_may_be_in_another_order_than_in_the_mount(void **state) {
  (void)state;
  put("/proc/self/cgroup", "5:cpuacct,cpu:/slurm/job_2\n4:hugetlb,memory:/slurm/job_2\n");
  put("/sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_quota_us", "150000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_period_us", "100000\n");
  put("/sys/fs/cgroup/memory/slurm/memory.limit_in_bytes", "2000\n");
  check(2000, 1.5);
  put("/sys/fs/cgroup/cpu/slurm/job_2/cpu.cfs_quota_us", "50000\n");
  put("/sys/fs/cgroup/cpu/slurm/job_2/cpu.cfs_period_us", "100000\n");
  check(2000, 0.5);
}

static void both_versions_may_be_mounted_at_once(void **state) {
  (void)state;
  put("/proc/self/cgroup", "4:memory:/a\n0::/b/c\n");
  put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "2000\n");
  put("/sys/fs/cgroup/unified/b/cpu.max", "300000 100000\n");
  check(2000, 3);
}

/* Docker without a namespace: the path is that of the host, and the group itself is mounted. */
static void a_group_mounted_as_the_root_limits(void **state) {
  (void)state;
  put("/proc/self/cgroup", "4:memory:/docker/0123/inner\n3:cpu:/docker/0123/inner\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "512000000\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  check(512000000, 1.5);
  put("/sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "256000000\n");
  check(256000000, 1.5);
}

static void a_path_outside_the_namespace_stays_below_the_mount(void **state) {
  (void)state;
  put("/sys/fs/memory.max", "1\n");
  put("/sys/fs/cgroup/memory.max", "900\n");
  put("/sys/fs/cgroup/side/memory.max", "800\n");
  put("/proc/self/cgroup", "0::/..\n");
  check(900, INFINITY);
  put("/proc/self/cgroup", "0::/../../side\n");
  check(800, INFINITY);
  put("/proc/self/cgroup", "0::/..twice\n");
  check(900, INFINITY);
}

static void without_proc_the_root_group_limits(void **state) {
  (void)state;
  put("/sys/fs/cgroup/memory.max", "900\n");
  put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "700000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  check(900, 7);
}

static void malformed_limits_are_ignored(void **state) {
  (void)state;
  put("/proc/self/cgroup", "\nx\n::\n0:\n0::\n0::/a:b\n1:memory\n");
  put("/sys/fs/cgroup/memory.max", "");
  put("/sys/fs/cgroup/cpu.max", "100000\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "-1\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "0\n");
  check(UINT64_MAX, INFINITY);
  put("/sys/fs/cgroup/a:b/memory.max", "5\n");
  check(5, INFINITY);
}

static void processors_are_the_quota_rounded_up_and_no_more_than_there_are(void **state) {
  (void)state;
  const int all = quota_processors(&(Quota){.processors = INFINITY});
  assert_true(all >= 1 && all <= sysconf(_SC_NPROCESSORS_CONF));
  assert_int_equal(quota_processors(&(Quota){.processors = 0.01}), 1);
  assert_int_equal(quota_processors(&(Quota){.processors = 1}), 1);
  assert_int_equal(quota_processors(&(Quota){.processors = 1.01}), all < 2 ? all : 2);
  assert_int_equal(quota_processors(&(Quota){.processors = 1e9}), all);
}

#define IN_A_ROOT(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_A_ROOT(without_groups_there_is_no_limit),
      IN_A_ROOT(version_2_has_the_lowest_limit_of_all_parents),
      IN_A_ROOT(version_1_has_a_tree_for_each_controller),
      IN_A_ROOT(controllers_may_be_in_another_order_than_in_the_mount),
      IN_A_ROOT(both_versions_may_be_mounted_at_once),
      IN_A_ROOT(a_group_mounted_as_the_root_limits),
      IN_A_ROOT(a_path_outside_the_namespace_stays_below_the_mount),
      IN_A_ROOT(without_proc_the_root_group_limits),
      IN_A_ROOT(malformed_limits_are_ignored),
      cmocka_unit_test(processors_are_the_quota_rounded_up_and_no_more_than_there_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
