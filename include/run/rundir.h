/* rundir: the run directory, to which one process at a time writes.
 *
 * It is opened once, and its files are opened relative to it. If the directory is moved, the run
 * stops before its next write, and does not write into the directory that took its place. */
#ifndef RUNDIR_H
#define RUNDIR_H

#include "io/atomicfile.h"

typedef enum {
  RUN_MODEL,
  RUN_CHECKPOINT,
  RUN_LOSS,
  RUN_TIMESTEP_LOSS,
  RUN_JSON,
  RUN_REPORT, /* this and the following files: also written by processes that have not claimed the
                 directory */
  RUN_MULTIQC,
  RUN_MULTIQC_LOSS,
  RUN_FILES
} RunFile;

typedef enum {
  RUN_NEW,       /* a run begins; the directory must have no results */
  RUN_OVERWRITE, /* a run begins and replaces an existing one */
  RUN_RESUME,    /* a run resumes */
  RUN_AUTO       /* a run resumes, or begins if there is no checkpoint */
} RunMode;

typedef struct RunDir RunDir;

/* Called before the input is read: checks that a run can be written to the directory, without
 * changing anything. Locks an existing run: no other process can claim it from now on. NULL on
 * error. */
RunDir *rundir_claim(const char *path, RunMode mode, Why *why);

/* Opens a directory for a report on its run, which may belong to another process. If it cannot be
 * opened, it counts as a directory without files. */
RunDir *rundir_look(const char *path);
void rundir_close(RunDir *dir); /* NULL is allowed */

/* Whether there is a checkpoint to resume from. */
bool rundir_resumes(const RunDir *dir);

/* Whether the file system has locks. Without them other processes are not kept out. */
bool rundir_locked(const RunDir *dir);

/* Makes the directory, or removes the files of an earlier run. */
int rundir_begin(RunDir *dir, Why *why);

/* After a failed start: removes the files and the directory made by rundir_begin, if possible. */
void rundir_undo(RunDir *dir);

/* Checks that the path still leads to the open directory, and that both logs are still in it;
 * otherwise why names the present path of the directory. A directory that is not open passes the
 * check. */
int rundir_check(const RunDir *dir, Why *why);

/* Opens a log for writing; rundir_close closes it. fresh: make it if it does not exist. The lock is
 * on loss.tsv. -1 and errno on error. */
int rundir_log(RunDir *dir, RunFile file, bool fresh);

/* Opens a file in the directory for reading; -1 and errno on error. */
int rundir_open(const RunDir *dir, RunFile file);

/* Checks the directory (rundir_check) and opens a file in it for writing; NULL on error. */
AtomicFile *rundir_create(const RunDir *dir, RunFile file, Why *why);

/* The path of a file, or of the directory, as the user gave it; valid as long as dir. */
const char *rundir_file(const RunDir *dir, RunFile file);
const char *rundir_path(const RunDir *dir);

/* The first line of loss.tsv or timestep_loss.tsv, without its end. */
const char *rundir_header(RunFile file);

#endif
