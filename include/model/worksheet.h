/* worksheet: a network whose weights are written by hand, in JSON:
 *
 *   {"L": [[0.5, -1], ...], "H": ..., "I": ..., "b1": [...], "U": ..., "b2": [...]}
 *
 * in the shapes of the equations (U is (D,V)), which determine the sizes; V is 4^k. "stride",
 * "activation" and "softmax" are optional, with the defaults 1, "sigmoid" and "followers". */
#ifndef WORKSHEET_H
#define WORKSHEET_H

#include "model/model.h"

/* To be freed with model_free; after an error there is nothing to free. */
int worksheet_read(Model *model, const char *path, Why *why);

#endif
