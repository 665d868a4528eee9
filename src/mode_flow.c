#include "modes.h"
#include "trace.h"

#include <math.h>
#include <string.h>

enum { TIMESTEPS = 48 };

typedef struct {
  const Task *task;
  Table *table;
  Trace *trace;
} Flow;

static int take_flow(void *context, const Beginning *beginning, Why *why) {
  const Flow *flow = context;
  const Model *model = flow->task->models;
  const int wanted = flow->task->options->loss_at, at = wanted > 0 ? wanted : beginning->n;
  if (beginning->n == 0 || at > beginning->n) {
    table_text(flow->table, beginning->name), table_none(flow->table, 3);
    table_end(flow->table);
    return 0;
  }
  trace_set(flow->trace, beginning->x, beginning->y, at);
  trace_forward(flow->trace, model->weights, &model->shape);
  trace_output(flow->trace, at, model->weights, &model->shape);
  trace_backward(flow->trace, at, model->weights, &model->shape);
  for (int t = 1; t <= at; t++) {
    table_text(flow->table, beginning->name);
    table_whole(flow->table, (uint64_t)at), table_whole(flow->table, (uint64_t)t);
    table_digits(flow->table, trace_norm(flow->trace, t, &model->shape), 6);
    table_end(flow->table);
  }
  return output_check(flow->task->output, why);
}

int mode_flow(const Task *task, Why *why) {
  static const char *const columns[] = {"record", "loss_at", "timestep", "norm"};
  const PredictOptions *o = task->options;
  const int T = o->timesteps > 0 ? o->timesteps : o->loss_at > 0 ? o->loss_at : TIMESTEPS;
  Flow flow = {task, task_table(task, columns, 4), trace_new(&task->models->shape, T)};
  int rc = task_begin(task, T, take_flow, &flow, why);
  Why other;
  if (table_flush(flow.table, rc == 0 ? why : &other) != 0) rc = -1;
  table_free(flow.table), trace_free(flow.trace);
  return rc;
}
