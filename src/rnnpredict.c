/* rnnpredict: applies trained networks to sequence. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/quota.h"
#include "base/signals.h"
#include "base/start.h"
#include "cli/manual.h"
#include "io/output.h"
#include "model/worksheet.h"
#include "net/kernels.h"
#include "net/matrix.h"
#include "prediction/candidates.h"
#include "prediction/modes.h"
#include "prediction/predict_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DONE = 0, FAILED = 1, USAGE = 2 };

static int finish(int code, const Why *why) {
  if (code != DONE) fprintf(stderr, "rnnpredict: %s\n", why->text);
  return code;
}

#define MODE(CONSTANT, name) mode_##name,
static int answer(const Task *task, Why *why) {
  static int (*const modes[])(const Task *task, Why *why) = {MODE_TABLE(MODE, MODE)};
  return modes[task->options->mode](task, why);
}

static void see_index(void *context, double part, uint64_t bases) {
  const ProgressWatched *watched = context;
  progress_step(watched->progress, part, clock_now() - watched->began,
                "  indexing the memory\t  %" PRIu64 " bases", bases);
}

/* Makes the index of a memory, which takes seconds for 100 Mb. */
static int make_index(const Task *task, Memory *memory) {
  ProgressWatched watched = {task->advance->progress, clock_now()};
  const int rc = memory_index(memory, &(Watch){see_index, &watched});
  progress_end(watched.progress);
  return rc;
}

/* Reads a model, and makes the index of its memory if that is used. */
static int read_model(const Task *task, Model *model, const char *path, Why *why) {
  const EvidenceUse use = task_memory(task);
  if ((task->options->weights ? worksheet_read : model_read)(model, path, why) != 0) return -1;
  if (!model->memory && task->options->memory > EVIDENCE_OFF)
    return fail(why, "%s: has no memory of repeats; rnntrain --memory adds one", path);
  if (!model->memory || use == EVIDENCE_OFF) return 0;
  records_sort(model->memory->records);
  return make_index(task, model->memory);
}

/* Whether rows are written to the terminal, which leaves no place for the progress line. */
static bool rows_on_terminal(const Task *task) {
  return output_is_terminal(task->output) ||
         (predict_options_two_outputs(task->options) && isatty(STDOUT_FILENO));
}

/* Reads the models, opens the output, and lets the mode write to it. */
static int run(Task *task, const char *const *paths, Why *why) {
  if (task_check(task, paths, why) != 0) return -1;
  Model *models = alloc_new((size_t)task->n_models, sizeof *models);
  Progress *progress = task->advance->progress;
  *progress = progress_new(false, true);
  int rc = 0;
  for (int i = 0; i < task->n_models && rc == 0; i++)
    rc = read_model(task, &models[i], paths[i], why);
  task->models = models;
  task->paths = paths;
  task->output = rc == 0 ? output_open(task->options->output, why) : NULL;
  *progress = progress_new(false, task->output && !rows_on_terminal(task));
  advance_begin(task->advance, task->files, task->n_files);
  rc = task->output ? answer(task, why) : -1;
  progress_end(progress);
  if (rc == 0)
    rc = output_close(task->output, why);
  else if (task->output)
    output_abandon(task->output);
  for (int i = 0; i < task->n_models; i++) model_free(&models[i]);
  free(models);
  return rc;
}

/* The index of the first FILE among the operands: 1 after MODEL, 0 if options name the models. */
static int first_file(const PredictOptions *o) { return o->mode != MODE_CLASSIFY && !o->weights; }

/* Rejects a mode in place of MODEL, as in "rnnpredict score MODEL". */
static int check_model(const char *path, Why *why) {
  const Option *mode = options_chooser(&predict_program);
  if (option_find(mode->argument, path) < 0 || access(path, F_OK) == 0) return 0;
  return fail(why, "%s: there is no such model; for the mode, write --mode %s", path, path);
}

static int check_usage(const PredictOptions *o, char **operands, int n_operands,
                       Candidates *candidates, Why *why) {
  int standard_inputs = 0;
  if (predict_options_check(o, n_operands, why) != 0) return -1;
  if (first_file(o) == 1 && check_model(operands[0], why) != 0) return -1;
  standard_inputs += o->vcf && strcmp(o->vcf, "-") == 0;
  standard_inputs += o->vcf && n_operands == first_file(o);
  for (int i = first_file(o); i < n_operands; i++) standard_inputs += strcmp(operands[i], "-") == 0;
  if (standard_inputs > 1) return fail(why, "-: standard input can be named only once");
  return o->mode == MODE_CLASSIFY ? candidates_parse(candidates, o, why) : 0;
}

/* Checks the usage and runs the mode; returns the exit code. */
static int predict(const PredictOptions *o, char **operands, int n_operands, Why *why) {
  static char *const standard_input[] = {"-"};
  Candidates candidates = {0};
  if (check_usage(o, operands, n_operands, &candidates, why) != 0) return USAGE;
  const bool classify = o->mode == MODE_CLASSIFY;
  const char *path = o->weights ? o->weights : operands[0];
  const int n_files = n_operands - first_file(o);
  Progress progress;
  Advance advance = {.progress = &progress};
  Task task = {.options = o,
               .candidates = &candidates,
               .n_models = classify ? candidates.n : 1,
               .files = n_files > 0 ? operands + first_file(o) : standard_input,
               .n_files = n_files > 0 ? n_files : 1,
               .advance = &advance};
  const int rc = run(&task, classify ? candidates.path : &path, why);
  return rc == 0 ? DONE : FAILED;
}

int main(int argc, char **argv) {
  signals_start(false);
  start_program();
  Why why = {""};
  PredictOptions options = {0};
  CommandLine line;
  if (argc <= 1) return manual_remind(&predict_program);
  options_default(&predict_program, &options);
  OptionsWish wish = options_parse(&predict_program, &options, argc, argv, &line, &why);
  if (wish == OPTIONS_HELP || wish == OPTIONS_VERSION) {
    int code =
        manual_answer(&predict_program, wish, &line, matrix_library(), kernels_best()->level, &why);
    return finish(code, &why);
  }
  if (wish == OPTIONS_ERROR) return finish(USAGE, &why);
  if (options.threads == 0 && (options.threads = quota_threads(1, &why)) < 0)
    return finish(USAGE, &why);
  return finish(predict(&options, argv + line.operands, argc - line.operands, &why), &why);
}
