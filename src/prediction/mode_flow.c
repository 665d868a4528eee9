#include "net/softmax.h"
#include "net/trace.h"
#include "prediction/modes.h"

enum { TIMESTEPS = 48, COLUMNS = 4, MEMORY_COLUMNS = 9 };

typedef struct {
  const Task *task;
  Table *table;
  Trace *trace;
  Pool *pool; /* NULL: without a memory */
} Flow;

/* The pointer with the largest odds; NULL: there is none. */
static const Pointer *most_trusted(const Pool *pool, const Recall *recall) {
  int n;
  const Pointer *pointer = pool_pointers(pool, &n), *best = NULL;
  for (int i = 0; i < n; i++) {
    if (pointer[i].guess < 0) continue;
    if (!best || recall->odds[pointer[i].state] > recall->odds[best->state]) best = &pointer[i];
  }
  return best;
}

/* Writes the place to which a pointer points, and its record of guesses. */
static void put_pointer(Table *table, const Records *records, const Pointer *pointer) {
  const RecordPlace place = records_place(records, (uint64_t)memory_at(pointer->place));
  table_text(table, records->names + records->record[place.record].name);
  table_whole(table, place.letter + 1);
  table_text(table, pointer->place < 0 ? "-" : "+");
  table_whole(table, pointer->length);
  table_whole(table, (uint64_t)pointer->n_errors);
}

/* Writes the evidence at a timestep, read once more, and its most trusted pointer. */
static void put_evidence(const Flow *flow, int x, int y, bool restart) {
  const Model *model = flow->task->models;
  int n;
  task_evidence(flow->task, flow->pool, x, restart, flow->trace);
  const Pointer *best = most_trusted(flow->pool, &model->recall);
  pool_pointers(flow->pool, &n);
  table_digits(flow->table, flow->trace->a, 6);
  table_digits(flow->table, flow->trace->w, 6);
  table_digits(flow->table, flow->trace->s[y - softmax_first(x, &model->shape)], 6);
  table_whole(flow->table, (uint64_t)n);
  if (best)
    put_pointer(flow->table, model->memory->records, best);
  else
    table_none(flow->table, 5);
}

static int take_flow(void *context, const Beginning *beginning, Why *why) {
  const Flow *flow = context;
  const Shape *shape = &flow->task->models->shape;
  const int at = beginning->loss_at;
  if (at == 0) {
    table_text(flow->table, beginning->name);
    table_none(flow->table, flow->pool ? COLUMNS - 1 + MEMORY_COLUMNS : COLUMNS - 1);
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
    if (flow->pool) put_evidence(flow, beginning->x[t - 1], beginning->y[t - 1], t == 1);
    table_end(flow->table);
  }
  return 0;
}

int mode_flow(const Task *task, Why *why) {
  static const char *const columns[COLUMNS + MEMORY_COLUMNS] = {
      "record",   "loss_at", "timestep", "norm",   "a",           "w",        "s",
      "pointers", "target",  "position", "strand", "since_error", "errors_64"};
  const int T = task_timesteps(task, TIMESTEPS);
  Pool *pool = task_pool(task);
  Table *table = task_table(task, columns, pool ? COLUMNS + MEMORY_COLUMNS : COLUMNS);
  Flow flow = {task, table, trace_new(&task->models->shape, T, false), pool};
  const int rc = task_begin(task, T, take_flow, &flow, table, why);
  table_free(table);
  trace_free(flow.trace);
  pool_free(pool);
  return rc;
}
