/* remarks: messages about the input files: files with the same sequence, circular records, bases
 * and segments left out. Of many files the first few are listed. */
#ifndef REMARKS_H
#define REMARKS_H

#include "dataset.h"
#include "progress.h"
#include "train_options.h"

void remarks_say(Progress *progress, const TrainOptions *options, const Dataset *dataset);

#endif
