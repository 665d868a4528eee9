#include "base/launch.h"

#include <stddef.h>
#include <stdlib.h>

/* In the order of precedence: mpirun itself uses PMIx, and both run within steps of srun. */
static const struct {
  Launcher by;
  const char *sign, *count, *mine; /* names of environment variables */
} launchers[] = {
    {LAUNCH_MPIRUN, "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
    {LAUNCH_PMIX, "PMIX_RANK", "SLURM_STEP_NUM_TASKS", "PMIX_RANK"},
    {LAUNCH_SRUN, "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},
    {LAUNCH_PMI, "PMI_SIZE", "PMI_SIZE", "PMI_RANK"}};

/* 0 if it is not set. */
static int number(const char *name) {
  const char *text = getenv(name);
  return text ? atoi(text) : 0;
}

Launch launch_read(void) {
  const Launch alone = {LAUNCH_ALONE, 1, 0};
  for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
    if (!getenv(launchers[i].sign)) continue;
    const Launch launch = {launchers[i].by, number(launchers[i].count), number(launchers[i].mine)};
    return launch.count == 1 ? alone : launch;
  }
  return alone;
}
