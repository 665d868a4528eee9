/* saturation: every single-base change of each record, as --mode variants --all lists them. */
#ifndef SATURATION_H
#define SATURATION_H

#include "prediction/task.h"
#include "scoring/alleles.h"

/* Writes the differences for all files of the task. */
int saturation_run(const Task *task, Alleles *alleles, Why *why);

#endif
