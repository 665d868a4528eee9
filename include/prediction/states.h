/* states: the hidden state after each k-mer of records: mode embed with --positions all. */
#ifndef STATES_H
#define STATES_H

#include "prediction/task.h"

/* Writes one row per k-mer: to a table, or to an array in the output with the record and position
 * of its rows on standard output. */
int states_embed(const Task *task, Why *why);

#endif
