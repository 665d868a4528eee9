/* report: report.html, what a run is and how it went, for people: one page that stands alone, made
 * of nothing but what the run directory holds. */
#ifndef REPORT_H
#define REPORT_H

#include "io/atomicfile.h"
#include "report/rundata.h"

/* Writes the page to a file that was just opened and frees it; NULL is an error that `why` says
 * already. */
int report_write(const RunData *data, AtomicFile *file, Why *why);

#endif
