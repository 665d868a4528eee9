/* multiqc: a run as custom content of MultiQC (https://docs.seqera.io/multiqc/custom_content),
 * which collects many runs: a row of the general statistics, and a line of the loss. */
#ifndef MULTIQC_H
#define MULTIQC_H

#include "report/rundata.h"
#include "run/rundir.h"

/* Writes rnntrain_mqc.json and rnntrain_loss_mqc.json into the directory of the run. The name of
 * the directory is the name of the sample. */
int multiqc_write(const RunData *data, const RunDir *dir, Why *why);

#endif
