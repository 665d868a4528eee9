#include "prediction/task.h"

#include "base/alloc.h"
#include "io/input.h"

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

static bool is_directory(const char *path) {
  struct stat file;
  return stat(path, &file) == 0 && S_ISDIR(file.st_mode);
}

/* Checks that the output would not overwrite an input: a FILE, a prompt, variants, or a model,
 * which may be in a directory. */
static int check_output(const Task *task, const char *const *paths, Why *why) {
  const char *output = task->options->output;
  char inside[PATH_MAX];
  struct stat file;
  if (!output || stat(output, &file) != 0 || !S_ISREG(file.st_mode)) return 0;
  bool same = is_same(&file, task->options->prompt) || is_same(&file, task->options->vcf);
  for (int i = 0; i < task->n_files; i++) same |= is_same(&file, task->files[i]);
  for (int i = 0; i < task->n_models; i++) {
    snprintf(inside, sizeof inside, "%s/model.safetensors", paths[i]);
    same |= is_same(&file, paths[i]) || is_same(&file, inside);
  }
  return same ? fail(why, "-o %s: is also an input file; name another file", output) : 0;
}

/* Checks that a file exists; NULL and "-" pass. */
static int check_exists(const char *path, Why *why) {
  if (!path || strcmp(path, "-") == 0 || access(path, F_OK) == 0) return 0;
  return fail_reading(why, errno, "%s: cannot be opened", path);
}

/* Checks the two files of pairs: a file given twice would pass as a pair, because the names of a
 * read and its copy agree. */
static int check_pairs(const Task *task, Why *why) {
  struct stat file;
  char *const *files = task->files;
  if (!task->options->paired || task->n_files != 2 || strcmp(files[0], "-") == 0) return 0;
  if (stat(files[0], &file) != 0 || !S_ISREG(file.st_mode) || !is_same(&file, files[1])) return 0;
  return fail(why, "--paired: '%s' and '%s' are the same file; name the file of the second reads",
              files[0], files[1]);
}

int task_check(const Task *task, const char *const *paths, Why *why) {
  if (check_exists(task->options->vcf, why) != 0) return -1;
  for (int i = 0; i < task->n_files; i++)
    if (check_exists(task->files[i], why) != 0) return -1;
  if (task->options->weights && task->n_files > 0 && is_directory(task->files[0]))
    return fail(why, "%s: is a directory; with --weights there is no MODEL, only sequence files",
                task->files[0]);
  if (check_pairs(task, why) != 0) return -1;
  return check_output(task, paths, why);
}

EvidenceUse task_memory(const Task *task) {
  const PredictOptions *o = task->options;
  if (o->memory >= 0) return (EvidenceUse)o->memory;
  const bool without = o->mode == MODE_SAMPLE || o->mode == MODE_EMBED ||
                       o->mode == MODE_VARIANTS || o->mode == MODE_INFO;
  return without ? EVIDENCE_OFF : EVIDENCE_MODEL;
}

Table *task_table(const Task *task, const char *const *columns, int n) {
  const PredictOptions *o = task->options;
  const bool bare = o->no_header || o->format == FORMAT_BEDGRAPH || o->format == FORMAT_BIGWIG;
  TableForm form = bare ? TABLE_BARE : TABLE_TSV;
  if (o->format == FORMAT_JSONL) form = TABLE_JSONL;
  return table_new(task->output, form, columns, n);
}

int task_finite(const char *record, double number, Why *why) {
  if (isfinite(number)) return 0;
  return fail(why,
              "record '%.100s': the model computes numbers that are not finite; train it again "
              "with a smaller --learning-rate",
              record);
}

/* Writes all buffered rows, for readers of a pipe. */
static int pass_on(Output *output, Table *table, Why *why) {
  if (table && table_flush(table, why) != 0) return -1;
  fflush(output_stream(output));
  return output_check(output, why);
}

/* Wraps the take function of a mode: counts circles, flushes rows for waiting readers, and checks
 * for write errors, in the writing thread because errno is per thread. */
typedef struct {
  const Task *task;
  PredictTake *take;
  void *context;
  Table *table;
  uint64_t circular, found; /* numbers of records; found: those in a memory */
} Counted;

/* Updates the progress; reverse complements do not count. */
static void count_advance(Advance *advance, const Stretch *stretch) {
  if (!stretch->ended || stretch->reversed) return;
  advance->records++;
  advance->bases += stretch->bases;
}

static int take_counted(void *context, const Prediction *prediction, Why *why) {
  Counted *counted = context;
  const Stretch *stretch = prediction->stretch;
  Advance *advance = counted->task->advance;
  Output *output = counted->task->output;
  counted->circular += stretch->ended && stretch->circular && !stretch->reversed;
  counted->found += stretch->ended && prediction->found && !stretch->reversed;
  if (counted->take(counted->context, prediction, why) != 0) return -1;
  count_advance(advance, stretch);
  if (!prediction->batch_ends) return output_check(output, why);
  advance_show(advance, stretch->ended ? 0 : stretch->bases, prediction->part);
  return pass_on(output, counted->table, why);
}

void task_say_notes(const Task *task, const char *path, SeqNotes notes, bool named) {
  Progress *progress = task->advance->progress;
  const char *title = input_title(path);
  if (notes.end_block_missing)
    progress_say(progress, "rnnpredict: %s: " SEQFILE_NO_END_BLOCK, title);
  if (notes.masked > 0)
    progress_say(progress, "rnnpredict: %s: left out as lower case: %" PRIu64 " bases", title,
                 notes.masked);
  if (notes.nameless_line > 0 && named)
    progress_say(progress,
                 "rnnpredict: %s: line %zu: this record has no name, so the name in its rows is "
                 "empty; write a name after its '>' or '@'",
                 title, notes.nameless_line);
}

static void say_counts(const Counted *counted, const char *path, EvidenceUse memory) {
  Progress *progress = counted->task->advance->progress;
  if (counted->circular > 0)
    progress_say(progress, "rnnpredict: %s: circular records: %" PRIu64, input_title(path),
                 counted->circular);
  if (counted->found > 0 && memory != EVIDENCE_OTHERS)
    progress_say(progress,
                 "rnnpredict: %s: records in the memory of the model: %" PRIu64
                 "; each is predicted from its own copy, which --memory others leaves out",
                 input_title(path), counted->found);
}

/* Predicts one file, or the pairs of two files, and prints the messages about them. */
static int predict_files(Predictor *predictor, Counted *counted, char *const *paths, int n,
                         Why *why) {
  const Task *task = counted->task;
  SeqNotes notes[2];
  Why other;
  advance_open(task->advance, paths[0]);
  if (n == 2) advance_open_mate(task->advance, paths[1]);
  int rc = n == 2 ? predict_pairs(predictor, paths[0], paths[1], take_counted, counted, notes, why)
                  : predict_file(predictor, paths[0], take_counted, counted, notes, why);
  if (counted->table && table_flush(counted->table, rc == 0 ? why : &other) != 0) rc = -1;
  for (int i = 0; i < n && rc == 0; i++)
    task_say_notes(task, paths[i], notes[i], counted->table != NULL);
  return rc;
}

int task_predict(const Task *task, PredictWish wish, PredictTake *take, void *context, Table *table,
                 Why *why) {
  wish.reading.lowercase = (Lowercase)task->options->lowercase;
  Predictor *predictor =
      predict_new(task->models, task->n_models, wish, task->options->threads, kernels_best());
  const int together = task->options->paired ? task->n_files : 1;
  int rc = 0;
  for (int i = 0; i < task->n_files && rc == 0; i += together) {
    Counted counted = {task, take, context, table, 0, 0};
    rc = predict_files(predictor, &counted, task->files + i, together, why);
    if (rc == 0) say_counts(&counted, task->files[i], wish.memory);
  }
  predict_free(predictor);
  return rc;
}

/* ---- beginnings ----------------------------------------------------------------------------- */

typedef struct {
  const Task *task;
  TaskTake *take;
  void *context;
  Table *table;
  int most; /* steps */
  Beginning beginning;
  Steps *steps;
  Stretch stretch;
} Beginner;

/* Adds steps with a label, up to the end of their first run. True: the run ends in this stretch, or
 * there are `most` steps. */
static bool add_steps(Beginner *b) {
  const Stretch *stretch = &b->stretch;
  Beginning *beginning = &b->beginning;
  for (int i = stretch->warmup; i < stretch->n; i++) {
    if (stretch->y[i] < 0 && beginning->n > 0) return true;
    if (stretch->y[i] < 0) continue;
    if (beginning->n == 0)
      beginning->position = stretch->position[i] - (uint64_t)b->task->models->shape.k;
    beginning->x[beginning->n] = stretch->x[i];
    beginning->y[beginning->n] = stretch->y[i];
    if (++beginning->n == b->most) return true;
  }
  return stretch->ended;
}

/* Reads the beginning of the record that begins with the stretch. */
static int read_beginning(Beginner *b, Why *why) {
  const int wanted = b->task->options->loss_at;
  Beginning *beginning = &b->beginning;
  beginning->n = 0;
  while (!add_steps(b))
    if (steps_read(b->steps, &b->stretch, why) < 0) return -1;
  beginning->name = b->stretch.name;
  beginning->loss_at = beginning->n;
  if (wanted > 0) beginning->loss_at = wanted <= beginning->n ? wanted : 0;
  return 0;
}

/* Reads the beginnings of all records and skips the rest of each. */
static int begin_records(Beginner *b, Why *why) {
  Stretch *stretch = &b->stretch;
  int more;
  while ((more = steps_read(b->steps, stretch, why)) > 0) {
    if (read_beginning(b, why) != 0) return -1;
    if (b->take(b->context, &b->beginning, why) != 0) return -1;
    stretch->ended = true;
    count_advance(b->task->advance, stretch);
    advance_show(b->task->advance, 0, seqfile_part(steps_file(b->steps)));
    if (steps_wait(b->steps) && pass_on(b->task->output, b->table, why) != 0) return -1;
  }
  return more;
}

/* Opens and processes one file. */
static int begin_file(Beginner *b, const char *path, Why *why) {
  advance_open(b->task->advance, path);
  if (steps_open(b->steps, path, why) != 0) return -1;
  const int rc = begin_records(b, why);
  if (rc == 0) task_say_notes(b->task, path, seqfile_notes(steps_file(b->steps)), true);
  steps_close(b->steps);
  return rc;
}

int task_timesteps(const Task *task, int usual) {
  const PredictOptions *o = task->options;
  if (o->timesteps > 0) return o->timesteps;
  return o->loss_at > 0 ? o->loss_at : usual;
}

int task_begin(const Task *task, int most, TaskTake *take, void *context, Table *table, Why *why) {
  Beginner b = {.task = task, .take = take, .context = context, .table = table, .most = most};
  Why other;
  int rc = 0;
  b.beginning.x = alloc_new((size_t)most, sizeof *b.beginning.x);
  b.beginning.y = alloc_new((size_t)most, sizeof *b.beginning.y);
  b.steps = steps_new(task->models->shape.k, task->models->shape.s,
                      (StepsWish){.lowercase = (Lowercase)task->options->lowercase});
  stretch_init(&b.stretch);
  for (int i = 0; i < task->n_files && rc == 0; i++) rc = begin_file(&b, task->files[i], why);
  if (pass_on(task->output, table, rc == 0 ? why : &other) != 0) rc = -1;
  stretch_clear(&b.stretch);
  steps_free(b.steps);
  free(b.beginning.x);
  free(b.beginning.y);
  return rc;
}

/* ---- evidence ------------------------------------------------------------------------------- */

Pool *task_pool(const Task *task) {
  const Model *model = task->models;
  if (!model->memory || task_memory(task) == EVIDENCE_OFF) return NULL;
  return pool_new(model->memory, NULL, &model->recall, &model->shape);
}

int task_evidence(const Task *task, Pool *pool, int x, bool restart, Trace *trace) {
  const Recall *recall = &task->models->recall;
  Vote votes[POOL_POINTERS];
  int n;
  if (!pool) return 0;
  pool_read(pool, x, restart);
  const int c = pool_evidence(pool, votes, &n);
  trace_evidence(trace, (double)recall->a[c], (double)recall->w[c], votes, n, &task->models->shape);
  return c;
}
