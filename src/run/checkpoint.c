#include "run/checkpoint.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENSORS_MAX = 5 * WEIGHTS + 6 };

/* ---- tensors -------------------------------------------------------------------------------- */

size_t checkpoint_memory(const Shape *shape) { return safetensors_memory((size_t)shape->V); }

static int state_tensors(Tensor tensors[TENSORS_MAX], const Shape *shape, const RunState *state) {
  int n = 0;
  size_t T = (size_t)state->T;
  n += model_tensors(tensors + n, "", shape, state->weights);
  if (state->optimizer->m)
    n += model_tensors(tensors + n, "optimizer.m.", shape, state->optimizer->m);
  if (state->optimizer->v)
    n += model_tensors(tensors + n, "optimizer.v.", shape, state->optimizer->v);
  if (state->optimizer->average)
    n += model_tensors(tensors + n, "optimizer.average.", shape, state->optimizer->average);
  n += model_tensors(tensors + n, "best.", shape, state->best);
  tensors[n++] =
      tensor_matrix("state.", "h", DTYPE_F32, (size_t)state->B, (size_t)shape->D, state->h);
  tensors[n++] = tensor_vector("state.", "lanes", DTYPE_U64, state->n_lanes, state->lanes);
  tensors[n++] = tensor_vector("state.", "timestep_loss", DTYPE_F64, T, state->timestep_loss);
  tensors[n++] = tensor_vector("state.", "timestep_tokens", DTYPE_U64, T, state->timestep_tokens);
  tensors[n++] =
      tensor_matrix("state.", "inputs", DTYPE_U64, state->n_inputs, DATASET_COLUMNS, state->inputs);
  if (state->n_commands > 0)
    tensors[n++] =
        tensor_vector("state.", "commands", DTYPE_U64, state->n_commands, state->commands);
  return n;
}

/* ---- numbers -------------------------------------------------------------------------------- */

/* The range of each kind of number, for the writer and the reader. */
typedef enum {
  COUNT,            /* 0 to 2^53: exact in every language's numbers */
  REAL,             /* finite, not negative */
  REAL_OR_INFINITE, /* or infinite */
  REAL_OR_NONE      /* or infinite, or NaN */
} NumberKind;
#define COUNT_MAX (UINT64_C(1) << 53)

static bool real_fits(NumberKind kind, double value) {
  if (isnan(value)) return kind == REAL_OR_NONE;
  return value >= 0 && (isfinite(value) || kind != REAL);
}

static const struct {
  const char *key;
  size_t offset;
  NumberKind kind;
} number_rows[] = {
#define ROW(field, kind)                                                                           \
  { "state." #field, offsetof(RunNumbers, field), kind }
    ROW(step, COUNT),
    ROW(epoch, COUNT),
    ROW(tokens, COUNT),
    ROW(skipped, COUNT),
    ROW(bad_in_a_row, COUNT),
    ROW(optimizer_steps, COUNT),
    ROW(rate, REAL),
    ROW(gradient_norm, REAL_OR_NONE),
    ROW(seconds, REAL),
    ROW(best_valid_loss, REAL_OR_INFINITE),
    ROW(best_step, COUNT),
    ROW(stale, COUNT),
    ROW(next_validation, COUNT),
    ROW(validated_step, COUNT),
    ROW(rate_halvings, COUNT),
    ROW(rate_stale, COUNT),
    ROW(loss, REAL),
    ROW(loss_tokens, COUNT),
    ROW(loss_log_bytes, COUNT),
    ROW(timestep_log_bytes, COUNT)
#undef ROW
};
enum { NUMBER_ROWS = sizeof number_rows / sizeof *number_rows };

/* Adds the numbers; one that the reader would reject is an error. */
static int describe_numbers(const char *path, Metadata *metadata, const RunNumbers *numbers,
                            Why *why) {
  for (int i = 0; i < NUMBER_ROWS; i++) {
    const void *field = (const char *)numbers + number_rows[i].offset;
    bool fits;
    if (number_rows[i].kind == COUNT) {
      const uint64_t count = *(const uint64_t *)field;
      fits = count <= COUNT_MAX;
      metadata_set(metadata, number_rows[i].key, "%" PRIu64, count);
    } else {
      const double real = fabs(*(const double *)field); /* NaN may have a sign */
      fits = real_fits(number_rows[i].kind, real);
      metadata_set(metadata, number_rows[i].key, "%.17g", real);
    }
    if (!fits)
      return fail(why, "%s: cannot hold %s = %s; the checkpoint before it was kept", path,
                  number_rows[i].key, metadata_get(metadata, number_rows[i].key));
  }
  return 0;
}

/* Numbers are read as they are written and in no other way: no sign, blank or digit more. */
static int read_real(const char *text, double *number) {
  char again[32];
  *number = strtod(text, NULL);
  snprintf(again, sizeof again, "%.17g", *number);
  return strcmp(text, again) == 0 ? 0 : -1;
}

/* Reads the number of a row into its field. */
static int read_number(const Metadata *metadata, int row, void *field) {
  const char *key = number_rows[row].key;
  double real;
  uint64_t count;
  if (number_rows[row].kind == COUNT) {
    if (metadata_whole(metadata, key, &count) != 0 || count > COUNT_MAX) return -1;
    *(uint64_t *)field = count;
    return 0;
  }
  if (read_real(metadata_get(metadata, key), &real) != 0 || !real_fits(number_rows[row].kind, real))
    return -1;
  *(double *)field = real;
  return 0;
}

static int read_numbers(const char *path, const Metadata *metadata, RunNumbers *numbers, Why *why) {
  for (int i = 0; i < NUMBER_ROWS; i++) {
    char *field = (char *)numbers + number_rows[i].offset;
    if (!metadata_get(metadata, number_rows[i].key))
      return fail(why, "%s: %s is missing; the checkpoint is damaged", path, number_rows[i].key);
    if (read_number(metadata, i, field) != 0)
      return fail(why, "%s: the value of %s is invalid; the checkpoint is damaged", path,
                  number_rows[i].key);
  }
  return 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

int checkpoint_write(AtomicFile *file, const Shape *shape, const RunState *state,
                     const Metadata *about, Why *why) {
  Tensor tensors[TENSORS_MAX];
  int n = state_tensors(tensors, shape, state);
  Metadata *metadata = model_describe(shape, about);
  metadata_set(metadata, "inputs", "%zu", state->n_inputs);
  metadata_set(metadata, "commands", "%zu", state->n_commands);
  int rc = file ? describe_numbers(file->path, metadata, state->numbers, why) : -1;
  if (rc == 0)
    rc = safetensors_write(file, tensors, n, metadata, why);
  else if (file)
    atomicfile_abandon(file);
  metadata_free(metadata);
  return rc;
}

/* Reads the table of inputs, if there is one. The size of the file was checked. */
static int read_inputs(SafeTensors *file, const char *path, uint64_t **inputs, size_t *n_inputs,
                       Why *why) {
  const Metadata *metadata = safetensors_metadata(file);
  uint64_t count;
  *inputs = NULL;
  *n_inputs = 0;
  if (!metadata_get(metadata, "inputs")) return 0;
  if (metadata_whole(metadata, "inputs", &count) != 0 || count > COUNT_MAX / DATASET_COLUMNS)
    return fail(why, "%s: its number of inputs is invalid; the checkpoint is damaged", path);
  Tensor tensor =
      tensor_matrix("state.", "inputs", DTYPE_U64, (size_t)count, DATASET_COLUMNS, NULL);
  if (safetensors_read(file, &tensor, 1, why) != 0) return -1;
  tensor.data = *inputs = alloc_new((size_t)count * DATASET_COLUMNS, sizeof **inputs);
  *n_inputs = (size_t)count;
  if (safetensors_read(file, &tensor, 1, why) == 0) return 0;
  free(*inputs);
  *inputs = NULL;
  return -1;
}

Metadata *checkpoint_about(int fd, const char *path, uint64_t **inputs, size_t *n_inputs,
                           Why *why) {
  Tensor tensors[2 * WEIGHTS];
  Shape shape;
  Metadata *about = NULL;
  SafeTensors *file = safetensors_from(fd, path, why);
  if (file && model_shape(&shape, path, safetensors_metadata(file), why) == 0) {
    model_tensors(tensors, "", &shape, NULL);
    model_tensors(tensors + WEIGHTS, "best.", &shape, NULL);
    if (safetensors_read(file, tensors, 2 * WEIGHTS, why) == 0 &&
        read_inputs(file, path, inputs, n_inputs, why) == 0)
      about = safetensors_take_metadata(file);
  }
  safetensors_close(file);
  return about;
}

int checkpoint_read(int fd, const char *path, const Shape *shape, RunState *state, Why *why) {
  Tensor tensors[TENSORS_MAX];
  Shape found;
  SafeTensors *file = safetensors_from(fd, path, why);
  if (!file) return -1;
  int rc = model_shape(&found, path, safetensors_metadata(file), why);
  if (rc == 0 && memcmp(&found, shape, sizeof found) != 0)
    rc = fail(why, "%s: its network is another than the options describe; give those of its run",
              path);
  const int n = state_tensors(tensors, shape, state);
  if (rc == 0) rc = safetensors_read(file, tensors, n, why);
  if (rc == 0) rc = safetensors_only(file, tensors, n, NULL, why);
  if (rc == 0) rc = read_numbers(path, safetensors_metadata(file), state->numbers, why);
  if (rc == 0) state->optimizer->steps = state->numbers->optimizer_steps;
  safetensors_close(file);
  return rc;
}
