#include "prediction/modes.h"

static void put_field(Table *table, const char *field, const char *value) {
  table_text(table, field);
  table_text(table, value);
  table_end(table);
}

static void put_number(Table *table, const char *field, uint64_t value) {
  table_text(table, field);
  table_whole(table, value);
  table_end(table);
}

/* The bytes of a memory and its index, in a mode that uses them. */
static uint64_t bytes_of(const Memory *memory) {
  return memory_bytes(memory->bases, memory->m, memory->every) + records_memory(memory->records);
}

int mode_info(const Task *task, Why *why) {
  static const char *const columns[] = {"field", "value"};
  const Model *model = task->models;
  const char *key, *value;
  Table *table = task_table(task, columns, 2);
  for (size_t i = 0; metadata_entry(model->about, i, &key, &value); i++)
    put_field(table, key, value);
  put_number(table, "vocabulary", (uint64_t)model->shape.V);
  put_number(table, "softmax_width", (uint64_t)model->shape.n);
  put_number(table, "parameters", shape_parameters(&model->shape));
  if (model->memory) put_number(table, "memory_bytes", bytes_of(model->memory));
  const int rc = table_flush(table, why);
  table_free(table);
  return rc;
}
