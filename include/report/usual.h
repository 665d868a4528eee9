/* usual: tests whether an option of a run has its default value. */
#ifndef USUAL_H
#define USUAL_H

#include "report/summary.h"

#include <stdbool.h>

/* The defaults of lanes, epochs and the learning rate follow from the other options and the number
 * of training k-mers; threads have no default. False for options that are unknown to this
 * version. */
bool usual_option(const Summary *run, const SummaryOption *option);

#endif
