#include "run/checkpoint.h"

#include "base/alloc.h"
#include "base/ranks.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENSORS_MAX = 5 * WEIGHTS + 6 };

/* ---- tensors -------------------------------------------------------------------------------- */

static int state_tensors(Tensor tensors[TENSORS_MAX], const RunConfig *run, const RunState *state) {
  const Shape *shape = &run->shape;
  const Optimizer *optimizer = state->optimizer;
  const size_t B = (size_t)run->options->B, T = (size_t)run->options->T;
  int n = 0;
  n += model_tensors(tensors + n, "", shape, state->weights);
  if (optimizer->m) n += model_tensors(tensors + n, "optimizer.m.", shape, optimizer->m);
  if (optimizer->v) n += model_tensors(tensors + n, "optimizer.v.", shape, optimizer->v);
  if (optimizer->average)
    n += model_tensors(tensors + n, "optimizer.average.", shape, optimizer->average);
  n += model_tensors(tensors + n, "best.", shape, state->best);
  tensors[n++] = tensor_matrix("state.", "h", DTYPE_F32, B, (size_t)shape->D, state->h);
  tensors[n++] = tensor_vector("state.", "lanes", DTYPE_U64, state->n_lanes, state->lanes);
  tensors[n++] = tensor_vector("state.", "timestep_loss", DTYPE_F64, T, state->timestep_loss);
  tensors[n++] = tensor_vector("state.", "timestep_tokens", DTYPE_U64, T, state->timestep_tokens);
  return n;
}

/* The same, with the tensors that only rank 0 has. */
static int file_tensors(Tensor tensors[TENSORS_MAX], const RunConfig *run, const RunState *state) {
  const size_t inputs = (size_t)run->dataset->n;
  int n = state_tensors(tensors, run, state);
  tensors[n++] = tensor_matrix("state.", "inputs", DTYPE_U64, inputs, DATASET_COLUMNS, run->inputs);
  if (state->commands.n > 0)
    tensors[n++] =
        tensor_vector("state.", "commands", DTYPE_U64, state->commands.n, state->commands.data);
  return n;
}

/* ---- numbers -------------------------------------------------------------------------------- */

/* The kinds of numbers and their ranges, for the writer and the reader. */
typedef enum {
  COUNT,            /* 0 to 2^53: exact as a double in any language */
  REAL,             /* finite, not negative */
  REAL_OR_INFINITE, /* or infinite */
  REAL_OR_NONE      /* or infinite, or NaN */
} NumberKind;
#define COUNT_MAX (UINT64_C(1) << 53)

static bool real_fits(NumberKind kind, double value) {
  if (isnan(value)) return kind == REAL_OR_NONE;
  return value >= 0 && (isfinite(value) || kind != REAL);
}

/* A number in the metadata, and its field in the state. */
typedef struct {
  const char *key;
  NumberKind kind;
  void *field; /* uint64_t of a COUNT, else double */
} Number;
enum { NUMBERS = 20 };

static void list_numbers(RunState *state, Number list[NUMBERS]) {
  RunNumbers *n = &state->numbers;
  const Number numbers[NUMBERS] = {{"state.step", COUNT, &n->step},
                                   {"state.epoch", COUNT, &n->epoch},
                                   {"state.tokens", COUNT, &n->tokens},
                                   {"state.skipped", COUNT, &n->skipped},
                                   {"state.bad_in_a_row", COUNT, &n->bad_in_a_row},
                                   {"state.optimizer_steps", COUNT, &state->optimizer->steps},
                                   {"state.rate", REAL, &n->rate},
                                   {"state.gradient_norm", REAL_OR_NONE, &n->gradient_norm},
                                   {"state.seconds", REAL, &n->seconds},
                                   {"state.best_valid_loss", REAL_OR_INFINITE, &n->best_valid_loss},
                                   {"state.best_step", COUNT, &n->best_step},
                                   {"state.stale", COUNT, &n->stale},
                                   {"state.next_validation", COUNT, &n->next_validation},
                                   {"state.validated_step", COUNT, &n->validated_step},
                                   {"state.rate_halvings", COUNT, &state->schedule.halvings},
                                   {"state.rate_stale", COUNT, &state->schedule.stale},
                                   {"state.loss", REAL, &n->loss},
                                   {"state.loss_tokens", COUNT, &n->loss_tokens},
                                   {"state.loss_log_bytes", COUNT, &n->loss_log_bytes},
                                   {"state.timestep_log_bytes", COUNT, &n->timestep_log_bytes}};
  memcpy(list, numbers, sizeof numbers);
}

/* Adds the numbers; a number that the reader would reject is an error. */
static int describe_numbers(const char *path, Metadata *metadata, RunState *state, Why *why) {
  Number numbers[NUMBERS];
  list_numbers(state, numbers);
  for (const Number *number = numbers; number < numbers + NUMBERS; number++) {
    bool fits;
    if (number->kind == COUNT) {
      const uint64_t count = *(const uint64_t *)number->field;
      fits = count <= COUNT_MAX;
      metadata_set(metadata, number->key, "%" PRIu64, count);
    } else {
      const double real = fabs(*(const double *)number->field); /* NaN may have a sign */
      fits = real_fits(number->kind, real);
      metadata_set(metadata, number->key, "%.17g", real);
    }
    if (!fits)
      return fail(why, "%s: cannot hold %s = %s; the checkpoint before it was kept", path,
                  number->key, metadata_get(metadata, number->key));
  }
  return 0;
}

/* Reads a number only in the form in which it is written: without extra signs, blanks or digits. */
static int read_real(const char *text, double *number) {
  char again[32];
  *number = strtod(text, NULL);
  snprintf(again, sizeof again, "%.17g", *number);
  return strcmp(text, again) == 0 ? 0 : -1;
}

/* Reads a number into its field. */
static int read_number(const Metadata *metadata, const Number *number) {
  if (number->kind == COUNT) {
    uint64_t *count = number->field;
    return metadata_whole(metadata, number->key, count) == 0 && *count <= COUNT_MAX ? 0 : -1;
  }
  double *real = number->field;
  const char *text = metadata_get(metadata, number->key);
  if (!text || read_real(text, real) != 0) return -1;
  return real_fits(number->kind, *real) ? 0 : -1;
}

static int read_numbers(const char *path, const Metadata *metadata, RunState *state, Why *why) {
  Number numbers[NUMBERS];
  list_numbers(state, numbers);
  for (const Number *number = numbers; number < numbers + NUMBERS; number++)
    if (read_number(metadata, number) != 0)
      return safetensors_malformed(why, path, "must be a number", "__metadata__.%s", number->key);
  return 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

int checkpoint_write(AtomicFile *file, const RunConfig *run, RunState *state, const Metadata *about,
                     Why *why) {
  Tensor tensors[TENSORS_MAX];
  int n = file_tensors(tensors, run, state);
  Metadata *metadata = model_describe(&run->shape, about);
  metadata_set(metadata, "inputs", "%d", run->dataset->n);
  metadata_set(metadata, "commands", "%zu", state->commands.n);
  int rc = file ? describe_numbers(file->path, metadata, state, why) : -1;
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
    return safetensors_malformed(why, path, "must be a number", "__metadata__.inputs");
  Tensor tensor =
      tensor_matrix("state.", "inputs", DTYPE_U64, (size_t)count, DATASET_COLUMNS, NULL);
  if (safetensors_read(file, &tensor, 1, why) != 0) return -1;
  tensor.data = *inputs = alloc_new((size_t)count * DATASET_COLUMNS, sizeof **inputs);
  *n_inputs = (size_t)count;
  return safetensors_read(file, &tensor, 1, why);
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

int checkpoint_read(int fd, const char *path, const RunConfig *run, RunState *state, Why *why) {
  Tensor tensors[TENSORS_MAX];
  Shape found;
  SafeTensors *file = safetensors_from(fd, path, why);
  if (!file) return -1;
  int rc = model_shape(&found, path, safetensors_metadata(file), why);
  if (rc == 0 && memcmp(&found, &run->shape, sizeof found) != 0)
    rc = fail(why, "%s: its network does not match the options; give the options of its run", path);
  const int n = file_tensors(tensors, run, state);
  if (rc == 0) rc = safetensors_read(file, tensors, n, why);
  if (rc == 0) rc = safetensors_only(file, tensors, n, NULL, why);
  if (rc == 0) rc = read_numbers(path, safetensors_metadata(file), state, why);
  safetensors_close(file);
  return rc;
}

void checkpoint_share(const RunConfig *run, RunState *state) {
  Tensor tensors[TENSORS_MAX];
  const int n = state_tensors(tensors, run, state);
  for (int i = 0; i < n; i++) ranks_broadcast(tensors[i].data, tensor_bytes(&tensors[i]));
  ranks_broadcast(&state->numbers, sizeof state->numbers);
  ranks_broadcast(&state->schedule, sizeof state->schedule);
  ranks_broadcast(&state->optimizer->steps, sizeof state->optimizer->steps);
}
