/* remarks: messages about the input files: files with the same sequence, circular records, bases
 * and segments left out, ranges for validation. If there are many files, only the first few are
 * listed. */
#ifndef REMARKS_H
#define REMARKS_H

#include "cli/progress.h"
#include "run/train_options.h"
#include "sequence/dataset.h"

/* Prints the remarks about all files, except the ranges for validation. */
void remarks_say(Progress *progress, const TrainOptions *options, const Dataset *dataset);

/* The ranges for validation, and a warning if records are for validation only; has_list: run.json
 * lists all files. */
void remarks_validation(Progress *progress, const Dataset *dataset, bool has_list);

#endif
