/* tables: what rnnpredict prints: a view of each mode on what a model says. */
#ifndef TABLES_H
#define TABLES_H

#include "checkpoint.h"
#include "output.h"
#include "predict_options.h"

/* The table of mode next, score or track for the records of all files (none: standard input). */
int tables_predict(const PredictOptions *options, const Model *model, char **files, int n_files,
                   Output *output, Why *why);

/* The table of mode info. */
void tables_info(FILE *out, const Model *model);

#endif
