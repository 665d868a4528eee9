/* dryrun: reports the input, the size and the estimated time of a run, without training. */
#ifndef DRYRUN_H
#define DRYRUN_H

#include "training/plan.h"

/* Writes the counts of each input file to standard output, as a table. */
int dryrun_table(const Dataset *dataset, Why *why);

/* Prints on standard error: tokens, parameters, memory, and the time of the run, estimated from a
 * few windows on a scratch network. */
void dryrun_say(const RunConfig *run, const Plan *plan);

#endif
