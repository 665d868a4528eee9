/* multiqc: a run in the terms of MultiQC (https://docs.seqera.io/multiqc/custom_content), which
 * gathers the runs that it finds: a row of its general statistics, and a line of the loss. */
#ifndef MULTIQC_H
#define MULTIQC_H

#include "report/rundata.h"
#include "run/rundir.h"

/* Writes rnntrain_mqc.json and rnntrain_loss_mqc.json into the directory that the data was read
 * from, whose name is the sample's. */
int multiqc_write(const RunData *data, const RunDir *dir, Why *why);

#endif
