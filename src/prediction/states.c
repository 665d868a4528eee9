#include "prediction/states.h"

#include "io/npy.h"
#include "prediction/duplex.h"
#include "prediction/vectors.h"

#include <math.h>
#include <stdio.h>

typedef struct {
  Vectors vectors;
  /* With --strands both: */
  Duplex *duplex;   /* of converted states; NULL: only the forward strand is read */
  const char *name; /* of the record being written */
} States;

static void keep_state(const void *context, void *kept, const float *h) {
  const States *states = context;
  npy_convert(kept, h, states->vectors.form.n, states->vectors.form.half);
}

static int check_finite(const States *states, const Prediction *prediction, Why *why) {
  const Stretch *stretch = prediction->stretch;
  const VectorForm *form = &states->vectors.form;
  const size_t n = (size_t)(stretch->n - stretch->warmup) * (size_t)form->n;
  if (npy_finite(prediction->kept, n, form->half)) return 0;
  if (!form->half) return task_finite(stretch->name, (double)NAN, why);
  return fail(
      why,
      "record '%.100s': a state is beyond 65504, the largest number of float16; leave out --half",
      stretch->name);
}

static int put_both(void *context, uint64_t position, const void *forward, const void *reverse,
                    Why *why) {
  const States *states = context;
  (void)why;
  vectors_put(&states->vectors, states->name, position, forward, reverse);
  return 0;
}

/* Takes the states. The position of a k-mer is that of its last base, one before the next base. */
static int take_states(void *context, const Prediction *prediction, Why *why) {
  States *states = context;
  const Stretch *stretch = prediction->stretch;
  const char *kept = prediction->kept;
  states->name = stretch->name;
  if (check_finite(states, prediction, why) != 0) return -1;
  for (int i = stretch->warmup; i < stretch->n; i++, kept += states->vectors.bytes) {
    const uint64_t position = stretch->position[i] - 1;
    if (!states->duplex)
      vectors_put(&states->vectors, stretch->name, position, kept, NULL);
    else
      duplex_add(states->duplex, stretch->reversed, stretch_turned(stretch, position), kept);
  }
  const Npy *array = states->vectors.array;
  if (array && output_check(array->output, why) != 0) return -1;
  if (!stretch->ended || !stretch->reversed) return 0;
  return duplex_take(states->duplex, put_both, states, why);
}

/* Writes a table to task->output. */
static int embed(const Task *task, VectorForm form, Npy *array, Why *why) {
  static const char *const columns[] = {"record", "position"};
  States states = {.vectors = vectors_new(task, form, array, columns, 2)};
  if (form.both) states.duplex = duplex_new(states.vectors.bytes, task->models->shape.s);
  const PredictWish wish = {
      .each_step = true,
      .kept = states.vectors.bytes,
      .of_state = true,
      .distil = keep_state,
      .context = &states,
      .reading = {.both_strands = form.both, .alignment = STEPS_ALIGNED_ENDS}};
  const int rc = task_predict(task, wish, take_states, &states, states.vectors.table, why);
  duplex_free(states.duplex);
  vectors_free(&states.vectors);
  return rc;
}

int states_embed(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const VectorForm form = {
      .n = task->models->shape.D, .both = o->strands == STRANDS_BOTH, .half = o->half, .name = "h"};
  Npy array;
  Why other;
  if (o->format != FORMAT_NPY) return embed(task, form, NULL, why);
  if (output_stream(task->output) == stdout)
    return fail(why, "--positions all --format npy: the array needs a file, because the record and "
                     "position of each row go to standard output; name it with -o FILE");
  if (npy_begin(&array, task->output, form.n * (form.both ? 2 : 1), form.half, why) != 0) return -1;
  Task named = *task;
  named.output = output_open(NULL, why);
  int rc = embed(&named, form, &array, why);
  if (rc == 0) rc = npy_end(&array, why);
  if (output_close(named.output, rc == 0 ? why : &other) != 0) rc = -1;
  return rc;
}
