/* usual: which options of a run have the value that they have by default. */
#ifndef USUAL_H
#define USUAL_H

#include "report/summary.h"

#include <stdbool.h>

/* Lanes, epochs and the learning rate have the default that follows from the other options and the
 * k-mers to learn from; threads have none. Options that this version does not know are not usual.
 */
bool usual_option(const Summary *run, const SummaryOption *option);

#endif
