/* modes: the modes of rnnpredict, a function and a file for each. A mode checks that the options
 * fit the models, and writes its results to task->output. predict_options.txt describes the
 * columns. */
#ifndef MODES_H
#define MODES_H

#include "prediction/task.h"

#define MODE_FUNCTION(CONSTANT, name) int mode_##name(const Task *task, Why *why);
MODE_TABLE(MODE_FUNCTION, MODE_FUNCTION)

#endif
