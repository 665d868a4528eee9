/* resume: what a run must find unchanged to go on from its checkpoint, and what it takes over.
 *
 * A checkpoint's metadata holds the options of the run, as option.NAME, and its tensor state.inputs
 * the identity of the input files: their records, names and bases. File names, compression and line
 * lengths do not matter. */
#ifndef RESUME_H
#define RESUME_H

#include "run/config.h"

/* Adds the options to the metadata of a checkpoint. */
void resume_describe(Metadata *about, const TrainOptions *options);

/* Sets the options that the command line does not have to those of the run, except for options of
 * one command alone (--threads, --quiet). Messages call the checkpoint path. */
int resume_options(TrainOptions *options, const CommandLine *line, const Metadata *about,
                   const char *path, Why *why);

/* Whether the options that may not change, and the inputs, are those of the run. */
int resume_check_options(const TrainOptions *options, const Metadata *about, Why *why);
int resume_check_inputs(const RunConfig *run, Why *why);

#endif
