/* states: the hidden state after each k-mer of records: mode embed with --positions all. */
#ifndef STATES_H
#define STATES_H

#include "prediction/task.h"

/* Writes a row for each: a table, or an array to the output and the record and position of its rows
 * to standard output. */
int states_embed(const Task *task, Why *why);

#endif
