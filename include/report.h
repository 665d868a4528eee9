/* report: report.html, what a run is and how it went, for people: one page that stands alone, made
 * of nothing but what the run directory holds. */
#ifndef REPORT_H
#define REPORT_H

#include "rundata.h"

/* Writes the page into the directory that the data was read from. */
int report_write(const RunData *data, const char *directory, Why *why);

#endif
