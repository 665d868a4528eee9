/* validation: what the network makes of the validation span: its loss, and at the end of a run its
 * examination. */
#ifndef VALIDATION_H
#define VALIDATION_H

#include "training/trainer.h"

/* Between validations, where an epoch is longer; one that takes long comes less often. */
enum { VALIDATION_TOKENS = 8 * 1000000 };

/* Measures the loss of the averaged weights, if there are data and time for it, logs it, and keeps
 * the weights if they are the best so far. At a signal all stays as it was, and state.numbers has
 * another validated_step than its step. */
int validation_run(Trainer *train, Why *why);

/* Examines the best weights, for run.json. A signal may end it early, and so may --max-time. */
void validation_examine(Trainer *train);

#endif
