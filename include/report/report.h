/* report: report.html, the configuration and the results of a run for readers: one self-contained
 * page, made from the run directory alone. */
#ifndef REPORT_H
#define REPORT_H

#include "io/atomicfile.h"
#include "report/rundata.h"

/* Writes the page to a file that was just opened and frees it. If opening failed, file is NULL, why
 * has the reason, and the result is -1. */
int report_write(const RunData *data, AtomicFile *file, Why *why);

#endif
