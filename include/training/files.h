/* files: the files of a run in training: logs, checkpoint, model, run.json. Rank 0 writes them. */
#ifndef FILES_H
#define FILES_H

#include "training/trainer.h"

/* ---- called by rank 0 alone ------------------------------------------------------------------ */

/* Makes the directory and the logs; or, if the run resumes, restores the state of its checkpoint
 * and truncates the logs accordingly. */
int files_begin(Trainer *train, Why *why);

/* Writes model.safetensors: the best weights, and the memory of repeats if there is one yet. */
int files_model(Trainer *train, Why *why);

/* Writes run.json with this status. */
int files_runjson(Trainer *train, RunStatus status, Why *why);

/* ---- called by all ranks, with the same outcome ---------------------------------------------- */

/* Logs a row of loss.tsv and T rows of timestep_loss.tsv, and resets the sums of losses. valid_loss
 * is NAN if not measured. */
int files_log(Trainer *train, double valid_loss, Why *why);

/* Writes the checkpoint, then the model if there is one yet, then run.json. The checkpoint comes
 * first, because the other two can be made again from it. */
int files_save(Trainer *train, RunStatus status, Why *why);

/* Whether it is time to save, or SIGUSR1 or another signal came. */
bool files_are_due(const Trainer *train);

/* Saves the run if it is time or SIGUSR1 came. Does nothing if the states are not finite; a later
 * call then saves. */
int files_save_due(Trainer *train, Why *why);

/* With --report or --multiqc, writes run.json and the report of the run in progress, if it is
 * time. */
int files_report_due(Trainer *train, Why *why);

#endif
