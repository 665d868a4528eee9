#include "net/trace.h"
#include "prediction/modes.h"

enum { TIMESTEPS = 48 };

typedef struct {
  const Task *task;
  Table *table;
  Trace *trace;
  Pool *pool; /* NULL: without a memory */
} Flow;

static int take_flow(void *context, const Beginning *beginning, Why *why) {
  const Flow *flow = context;
  const Shape *shape = &flow->task->models->shape;
  const int at = beginning->loss_at;
  if (at == 0) {
    table_text(flow->table, beginning->name);
    table_none(flow->table, 3);
    table_end(flow->table);
    return 0;
  }
  for (int i = 0; i < at; i++)
    task_evidence(flow->task, flow->pool, beginning->x[i], i == 0, flow->trace);
  trace_all(flow->trace, beginning->x, beginning->y, at, flow->task->models->weights, shape);
  for (int t = 1; t <= at; t++) {
    const double norm = trace_norm(flow->trace, t, shape);
    if (task_finite(beginning->name, norm, why) != 0) return -1;
    table_text(flow->table, beginning->name);
    table_whole(flow->table, (uint64_t)at);
    table_whole(flow->table, (uint64_t)t);
    table_digits(flow->table, norm, 6);
    table_end(flow->table);
  }
  return 0;
}

int mode_flow(const Task *task, Why *why) {
  static const char *const columns[] = {"record", "loss_at", "timestep", "norm"};
  const int T = task_timesteps(task, TIMESTEPS);
  Flow flow = {task, task_table(task, columns, 4), trace_new(&task->models->shape, T, false),
               task_pool(task)};
  const int rc = task_begin(task, T, take_flow, &flow, flow.table, why);
  table_free(flow.table);
  trace_free(flow.trace);
  pool_free(flow.pool);
  return rc;
}
