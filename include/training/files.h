/* files: the files of a run in training: logs, checkpoint, model, run.json. */
#ifndef FILES_H
#define FILES_H

#include "training/trainer.h"

/* A row of loss.tsv, with valid_loss where it was measured (else NAN), and T rows of
 * timestep_loss.tsv; their sums start anew. */
int files_log(Trainer *train, double valid_loss, Why *why);

/* model.safetensors: the averaged weights that were best on validation, or where there is none, the
 * latest. */
int files_model(Trainer *train, Why *why);

/* run.json, with this status. */
int files_runjson(Trainer *train, const char *status, Why *why);

/* The checkpoint, then the model that goes with it once there is one, then run.json: what is
 * missing after the first can be made again from it. */
int files_save(Trainer *train, const char *status, Why *why);

/* Whether it is time to save, or SIGUSR1 or another signal came. */
bool files_are_due(const Trainer *train);

/* Saves the run where it is time or SIGUSR1 asks for it, or a step later where it cannot be. */
int files_save_due(Trainer *train, Why *why);

/* Goes back, or on, to where the run's checkpoint was written, and the logs with it. */
int files_resume(Trainer *train, Why *why);

#endif
