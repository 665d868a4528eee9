/* remarks: what a person reads about the input files: which of them hold the same sequence, which
 * are circular, and what was left out. Of many files the first few of each kind are named. */
#ifndef REMARKS_H
#define REMARKS_H

#include "dataset.h"
#include "progress.h"
#include "train_options.h"

void remarks_say(Progress *progress, const TrainOptions *options, const Dataset *dataset);

#endif
