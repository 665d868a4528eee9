#include "task.h"

#include "alloc.h"
#include "input.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same(const struct stat *file, const char *path) {
  struct stat other;
  if (!path) return false;
  return (strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &other) : stat(path, &other)) == 0 &&
         other.st_dev == file->st_dev && other.st_ino == file->st_ino;
}

/* Whether the output would take the place of something that is read: a FILE, a prompt, or a model,
 * which may be in a directory. */
static int check_output(const Task *task, const char *const *paths, Why *why) {
  const char *output = task->options->output;
  char inside[PATH_MAX];
  struct stat file;
  if (!output || stat(output, &file) != 0 || !S_ISREG(file.st_mode)) return 0;
  bool same = is_same(&file, task->options->prompt) || (task->n_files == 0 && is_same(&file, "-"));
  for (int i = 0; i < task->n_files; i++) same |= is_same(&file, task->files[i]);
  for (int i = 0; i < task->n_models; i++) {
    snprintf(inside, sizeof inside, "%s/model.safetensors", paths[i]);
    same |= is_same(&file, paths[i]) || is_same(&file, inside);
  }
  return same ? fail(why, "-o %s: is read from too; name another file", output) : 0;
}

int task_check(const Task *task, const char *const *paths, Why *why) {
  for (int i = 0; i < task->n_files; i++)
    if (strcmp(task->files[i], "-") != 0 && access(task->files[i], F_OK) != 0)
      return fail(why, "%s: cannot be opened: %s", task->files[i], strerror(errno));
  return check_output(task, paths, why);
}

Table *task_table(const Task *task, const char *const *columns, int n) {
  const PredictOptions *o = task->options;
  return table_new(task->output,
                   o->format == FORMAT_JSONL                      ? TABLE_JSONL
                   : o->no_header || o->format == FORMAT_BEDGRAPH ? TABLE_BARE
                                                                  : TABLE_TSV,
                   columns, n);
}

int task_finite(const Prediction *prediction, double number, Why *why) {
  if (isfinite(number)) return 0;
  return fail(why,
              "record '%.100s': the model gives no finite numbers; train it again with a "
              "smaller --learning-rate",
              prediction->piece->name);
}

/* On the way to a mode's own take: counts circles, passes on what readers may wait for, and looks
 * whether it was written: here, because errno is a thread's own. */
typedef struct {
  PredictTake *take;
  void *context;
  Table *table;
  Output *output;
  uint64_t circular;
} Counted;

static int take_counted(void *context, const Prediction *prediction, Why *why) {
  Counted *counted = context;
  const Piece *piece = prediction->piece;
  counted->circular += piece->ended && piece->circular && !piece->reversed;
  if (counted->take(counted->context, prediction, why) != 0) return -1;
  if (prediction->batch_ends && counted->table && table_flush(counted->table, why) != 0) return -1;
  if (prediction->batch_ends) fflush(output_stream(counted->output));
  return output_check(counted->output, why);
}

static char *standard_input[] = {"-"};

int task_predict(const Task *task, PredictWish wish, PredictTake *take, void *context, Table *table,
                 Why *why) {
  char **files = task->n_files > 0 ? task->files : standard_input;
  const int n_files = task->n_files > 0 ? task->n_files : 1;
  Predictor *predictor =
      predict_new(task->models, task->n_models, wish, task->options->threads, kernels_best());
  Why other;
  int rc = 0;
  for (int i = 0; i < n_files && rc == 0; i++) {
    Counted counted = {take, context, table, task->output, 0};
    rc = predict_file(predictor, files[i], take_counted, &counted, why);
    if (table && table_flush(table, rc == 0 ? why : &other) != 0) rc = -1;
    if (rc == 0 && counted.circular > 0)
      fprintf(stderr, "rnnpredict: %s: circular records: %" PRIu64 "\n", input_title(files[i]),
              counted.circular);
  }
  predict_free(predictor);
  return rc;
}

/* ---- beginnings ----------------------------------------------------------------------------- */

/* Adds a piece's steps that have a label, up to where the first run of them ends; whether that is
 * here, or there are `most`. */
static bool add_steps(Beginning *beginning, const Piece *piece, int most) {
  for (int i = piece->warmup; i < piece->n; i++) {
    if (piece->y[i] < 0 && beginning->n > 0) return true;
    if (piece->y[i] < 0) continue;
    beginning->x[beginning->n] = piece->x[i], beginning->y[beginning->n] = piece->y[i];
    if (++beginning->n == most) return true;
  }
  return piece->ended;
}

/* What of a record comes after its beginning is not looked at. */
static int begin_records(Beginning *beginning, int most, Steps *steps, Piece *piece, SeqFile *file,
                         TaskTake *take, void *context, Why *why) {
  const Piece *before = NULL;
  int more;
  while ((more = steps_read(steps, piece, before, file, why)) > 0) {
    beginning->n = 0;
    while (!add_steps(beginning, piece, most))
      if (steps_read(steps, piece, piece, file, why) < 0) return -1;
    beginning->name = piece->name;
    if (take(context, beginning, why) != 0) return -1;
    piece->ended = true;
    before = piece;
  }
  return more;
}

int task_begin(const Task *task, int most, TaskTake *take, void *context, Why *why) {
  char **files = task->n_files > 0 ? task->files : standard_input;
  const int n_files = task->n_files > 0 ? task->n_files : 1;
  Beginning beginning = {.x = alloc_new((size_t)most, sizeof *beginning.x),
                         .y = alloc_new((size_t)most, sizeof *beginning.y)};
  Steps *steps = steps_new(&task->models->shape, false, false, false);
  Piece piece;
  int rc = 0;
  piece_init(&piece);
  for (int i = 0; i < n_files && rc == 0; i++) {
    SeqFile *file = seqfile_open(files[i], why);
    rc = file ? begin_records(&beginning, most, steps, &piece, file, take, context, why) : -1;
    seqfile_close(file);
  }
  piece_clear(&piece), steps_free(steps);
  free(beginning.x), free(beginning.y);
  return rc;
}
