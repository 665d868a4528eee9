/* messages: the messages of a training run: its start, progress, validations and result. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "training/trainer.h"

/* The lanes, chosen by --lanes auto or not, and the number of threads that can work on them; if
 * there are more threads, the number of lanes that would keep them busy. */
void messages_lanes(const RunConfig *run, bool automatic);

/* Prints the sizes of the input and the network, and the best Markov model. */
void messages_start(const Trainer *train);

/* Redraws the progress line if it is time. */
void messages_progress(const Trainer *train);

/* A line about a validation with this loss, which was already logged. */
void messages_validation(const Trainer *train, double loss);

/* The result; if the network is worse than the best Markov model, with suggestions. */
void messages_end(const Trainer *train);

#endif
