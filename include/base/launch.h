/* launch: the launcher, if any, that started this process with others. */
#ifndef LAUNCH_H
#define LAUNCH_H

/* Recognised by the environment: mpirun of Open MPI, srun, or another launcher with PMIx or PMI. */
typedef enum { LAUNCH_ALONE, LAUNCH_MPIRUN, LAUNCH_PMIX, LAUNCH_SRUN, LAUNCH_PMI } Launcher;

typedef struct {
  Launcher by;
  int count; /* processes; 0 if only the launcher knows (LAUNCH_PMIX) */
  int mine;  /* the number of this process, 0 .. count - 1 */
} Launch;

/* A single process is LAUNCH_ALONE. LAUNCH_SRUN is srun without PMIx. */
Launch launch_read(void);

#endif
