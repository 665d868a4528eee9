/* modes: what rnnpredict can be asked, a function each, in a file each. They check that the
 * question fits the models, and write the answer to task->output; what the tables say is in the
 * program's description (predict_options.c). */
#ifndef MODES_H
#define MODES_H

#include "prediction/task.h"

int mode_next(const Task *task, Why *why);
int mode_score(const Task *task, Why *why);
int mode_track(const Task *task, Why *why);
int mode_classify(const Task *task, Why *why);
int mode_sample(const Task *task, Why *why);
int mode_embed(const Task *task, Why *why);
int mode_trace(const Task *task, Why *why);
int mode_flow(const Task *task, Why *why);
int mode_info(const Task *task, Why *why);

#endif
