/* resume: compares the options and inputs of a resumed run with those of its checkpoint.
 *
 * A checkpoint's metadata holds the options of the run, as option.NAME, and its tensor state.inputs
 * the identity of the input files: their records, names and bases. File names, compression and line
 * lengths do not matter. */
#ifndef RESUME_H
#define RESUME_H

#include "run/config.h"

/* Adds the options to the metadata of a checkpoint. */
void resume_describe(Metadata *about, const TrainOptions *options);

/* Reads the metadata of the checkpoint in the claimed directory into past, past_inputs and started.
 * Options that the command line lacks, or sets to auto, keep the values of the run, except for
 * options of a single command (--threads, --quiet). Returns -1 if an option differs that must not
 * change. */
int resume_read(RunConfig *run, TrainOptions *options, const CommandLine *line, Why *why);

/* Checks that the inputs are the same as those of the checkpoint. */
int resume_check_inputs(const RunConfig *run, Why *why);

#endif
