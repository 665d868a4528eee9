/* figure: the diagrams of a report with their captions, or a sentence if there are no data yet. */
#ifndef FIGURE_H
#define FIGURE_H

#include "report/rundata.h"

#include <stdio.h>

/* Writes all diagrams as HTML. */
void figure_all(FILE *out, const RunData *data);

/* K-mers per second, without validations; NAN: unknown. */
double figure_mean_speed(const RunData *data);

#endif
