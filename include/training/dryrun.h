/* dryrun: what a run would be. */
#ifndef DRYRUN_H
#define DRYRUN_H

#include "training/plan.h"

/* Writes the counts of each input file to standard output, as a table. */
int dryrun_table(const Dataset *dataset, Why *why);

/* Says on standard error: tokens, parameters, memory, and the time that a few windows on a scratch
 * network foretell. */
void dryrun_say(const RunConfig *run, const Plan *plan);

#endif
