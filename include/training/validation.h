/* validation: measures the network on the validation span: its loss, and at the end of a run its
 * calibration and gradient flow. */
#ifndef VALIDATION_H
#define VALIDATION_H

#include "training/trainer.h"

/* The least number of tokens between validations in a long epoch. */
enum { VALIDATION_TOKENS = 8 * 1000000 };

/* Measures the loss of the averaged weights, if there are data and time for it, logs it, and keeps
 * the weights if they are the best so far. After a signal nothing has changed: validated_step of
 * the state then differs from its step. */
int validation_run(Trainer *train, Why *why);

/* Examines the best weights, for run.json. A signal may end it early, and so may --max-time. */
void validation_examine(Trainer *train);

#endif
