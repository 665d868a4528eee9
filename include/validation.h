/* validation: what a person reads about it: which part of the input it is, and what came of it. */
#ifndef VALIDATION_H
#define VALIDATION_H

#include "dataset.h"
#include "progress.h"

/* Prints the part of each file that validates, of the first few files, and a warning where records
 * are for validation only; has_list: run.json lists all files. */
void validation_say(Progress *progress, const Dataset *dataset, bool has_list);

#endif
