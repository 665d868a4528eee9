/* messages: the messages of a run while it trains: its start, its progress, its validations, its
 * result. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "training/trainer.h"

/* The lanes, which --lanes auto chose or not, and how many threads can work on them; if there are
 * more threads, the lanes that they would need. */
void messages_lanes(const RunConfig *run, bool automatic);

void messages_start(const Trainer *train);

/* Redraws the progress line if it is time. */
void messages_progress(const Trainer *train);

/* A line for a log: a validation with this loss, which was logged already. */
void messages_validation(const Trainer *train, double loss);

/* The result; if the network is worse than the best Markov model, with suggestions. */
void messages_end(const Trainer *train);

#endif
