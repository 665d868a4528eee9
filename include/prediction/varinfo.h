/* varinfo: output of variants as VCF, with their bits in INFO. */
#ifndef VARINFO_H
#define VARINFO_H

#include "prediction/task.h"
#include "prediction/variants.h"

/* Writes the header of the file, and adds the fields of INFO and the version and command line of
 * rnnpredict. */
int varinfo_begin(const Task *task, const Variants *variants, uint32_t window, Why *why);

/* Writes a variant of the batch. */
int varinfo_put(const Task *task, const Variants *variants, Variant *variant, Why *why);

#endif
