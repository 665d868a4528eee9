/* modes: what rnnpredict can be asked, a function each, in a file each. They check that the
 * question fits the models, and write the answer to task->output; what the tables say is in the
 * program's description (predict_options.c). */
#ifndef MODES_H
#define MODES_H

#include "prediction/task.h"

#define MODE_FUNCTION(CONSTANT, name) int mode_##name(const Task *task, Why *why);
MODE_TABLE(MODE_FUNCTION, MODE_FUNCTION)

#endif
