/* report: report.html, the configuration and the results of a run, for people: one page without
 * other files, made from the run directory alone. */
#ifndef REPORT_H
#define REPORT_H

#include "io/atomicfile.h"
#include "report/rundata.h"

/* Writes the page to a file that was just opened and frees it; NULL is an error that `why` says
 * already. */
int report_write(const RunData *data, AtomicFile *file, Why *why);

#endif
