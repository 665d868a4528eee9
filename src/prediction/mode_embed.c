#include "base/alloc.h"
#include "io/npy.h"
#include "prediction/modes.h"
#include "prediction/states.h"
#include "prediction/vectors.h"
#include "sequence/kmer.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
  Vectors vectors;
  bool mean;
  float *state; /* (n) */
  char *row;    /* (2,bytes) the state of each strand, converted */
} Embed;

static char *row_of(const Embed *embed, bool reversed) {
  return embed->row + (reversed ? embed->vectors.bytes : 0);
}

/* Converts a record's state: the mean or the last; NaN if there is none. */
static int read_state(const Embed *embed, const Prediction *prediction, Why *why) {
  const Stretch *stretch = prediction->stretch;
  const VectorForm *form = &embed->vectors.form;
  const bool unknown = embed->mean ? prediction->steps == 0 : stretch->last < 0;
  for (int i = 0; i < form->n; i++) {
    embed->state[i] =
        embed->mean ? (float)(prediction->h_sum[i] / (double)prediction->steps) : prediction->h[i];
    if (unknown)
      embed->state[i] = NAN;
    else if (task_finite(stretch->name, (double)embed->state[i], why) != 0)
      return -1;
  }
  npy_convert(row_of(embed, stretch->reversed), embed->state, form->n, form->half);
  return 0;
}

static int take_state(void *context, const Prediction *prediction, Why *why) {
  Embed *embed = context;
  const Stretch *stretch = prediction->stretch;
  if (!stretch->ended) return 0;
  if (read_state(embed, prediction, why) != 0) return -1;
  if (embed->vectors.form.both && !stretch->reversed) return 0;
  vectors_put(&embed->vectors, stretch->name, 0, row_of(embed, false), row_of(embed, true));
  return 0;
}

static int embed_records(const Task *task, Embed *embed, Why *why) {
  const PredictWish wish = {
      .with_sum = embed->mean,
      .reading = {.to_end = !embed->mean, .both_strands = embed->vectors.form.both}};
  return task_predict(task, wish, take_state, embed, embed->vectors.table, why);
}

static int embed_kmers(const Task *task, Embed *embed, Why *why) {
  const Model *model = task->models;
  const VectorForm *form = &embed->vectors.form;
  char kmer[KMER_MAX + 1];
  for (int x = 0; x < model->shape.V; x++) {
    kmer_text(kmer, x, model->shape.k);
    npy_convert(embed->row, model->weights->L + (size_t)x * (size_t)form->n, form->n, form->half);
    vectors_put(&embed->vectors, kmer, 0, embed->row, NULL);
  }
  return embed->vectors.table ? table_flush(embed->vectors.table, why) : 0;
}

/* Begins the file of an array. The number of k-mers is known in advance, the number of records is
 * not. */
static int begin_array(const Task *task, const VectorForm *form, Npy *array, Why *why) {
  const int columns = form->n * (form->both ? 2 : 1);
  if (!task->options->kmers) return npy_begin(array, task->output, columns, form->half, why);
  npy_begin_known(array, task->output, (uint64_t)task->models->shape.V, columns, form->half);
  return 0;
}

static int check_strands(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const int s = task->models->shape.s;
  if (o->strands != STRANDS_BOTH || o->state != STATE_LAST || s == 1) return 0;
  return fail(why,
              "--strands both: goes with --state last only if the stride is 1; the stride of the "
              "model is %d",
              s);
}

int mode_embed(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const Shape *shape = &task->models->shape;
  const char *const columns[] = {o->kmers ? "kmer" : "record"};
  const bool is_array = o->format == FORMAT_NPY;
  const VectorForm form = {.n = o->kmers ? shape->d : shape->D,
                           .both = o->strands == STRANDS_BOTH,
                           .half = o->half,
                           .name = o->kmers ? "e" : "h"};
  Npy array;
  if (o->positions == POSITIONS_ALL) return states_embed(task, why);
  if (check_strands(task, why) != 0) return -1;
  if (is_array && begin_array(task, &form, &array, why) != 0) return -1;
  Embed embed = {.vectors =
                     vectors_new(task, form, is_array ? &array : NULL, columns, is_array ? 0 : 1),
                 .mean = o->state == STATE_MEAN,
                 .state = alloc_floats((size_t)form.n)};
  embed.row = alloc_new(embed.vectors.bytes, 2);
  int rc = (o->kmers ? embed_kmers : embed_records)(task, &embed, why);
  if (rc == 0 && is_array) rc = npy_end(&array, why);
  vectors_free(&embed.vectors);
  free(embed.state);
  free(embed.row);
  return rc;
}
