/* rnntrain: train a recurrent network on the k-mers of DNA. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "base/quota.h"
#include "base/signals.h"
#include "base/start.h"
#include "base/version.h"
#include "cli/manual.h"
#include "io/input.h"
#include "io/output.h"
#include "io/table.h"
#include "net/matrix.h"
#include "net/schedule.h"
#include "report/multiqc.h"
#include "report/report.h"
#include "run/resume.h"
#include "training/dryrun.h"
#include "training/plan.h"
#include "training/remarks.h"
#include "training/train.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, FAILED = 1, USAGE = 2, WINDOW_MAX = 1 << 24, EPOCHS = 10 };

static int complain(int code, const Why *why) {
  fprintf(stderr, "rnntrain: %s\n", why->text);
  return code;
}

/* Whether the run is to be told in files for people, or for MultiQC. */
static bool tells(const TrainOptions *o) { return o->report || o->multiqc; }

/* Without FILEs there is no training: what would be about it must not be asked for. */
static int check_alone(const TrainOptions *o, Why *why) {
  static const char *const about[] = {"report", "multiqc", "output", "quiet"};
  char is[4096], usual[4096];
  TrainOptions fresh = {0};
  options_default(&train_program, &fresh);
  for (const Option *option = train_program.options; option->name; option++) {
    bool fits = false;
    for (size_t i = 0; i < sizeof about / sizeof *about; i++)
      fits |= strcmp(option->name, about[i]) == 0;
    option_value(option, o, is, sizeof is);
    option_value(option, &fresh, usual, sizeof usual);
    if (!fits && strcmp(is, usual) != 0)
      return fail(why, "--%s: there is no FILE to train on; name one, or leave the option away",
                  option->name);
  }
  return 0;
}

/* What stands on the command line besides the options' values. */
static int check_command(const TrainOptions *o, char **files, int n_files, Why *why) {
  int standard_inputs = o->valid && strcmp(o->valid, "-") == 0;
  for (int i = 0; i < n_files; i++) standard_inputs += strcmp(files[i], "-") == 0;
  if (n_files == 0 && !tells(o))
    return fail(why, "no input file; name one, or - for standard input");
  if (n_files == 0 && check_alone(o, why) != 0) return -1;
  if (standard_inputs > 1) return fail(why, "-: standard input can be named only once");
  if (!o->output && !o->dry_run) return fail(why, "-o DIR is missing: where should the run go?");
  return 0;
}

/* What the option table cannot check row by row. */
static int check_values(const TrainOptions *o, Why *why) {
  if (o->s > o->k) return fail(why, "-s '%d': must be at most k, which is %d", o->s, o->k);
  int none = !o->valid && o->valid_fraction == 0;
  if (none && (o->patience > 0 || o->schedule == SCHEDULE_PLATEAU))
    return fail(why, "--valid-fraction 0: %s needs a validation",
                o->patience > 0 ? "--patience" : "--schedule plateau");
  if ((long long)o->B * o->T > WINDOW_MAX)
    return fail(why, "-B %d -T %d: lanes times timesteps must be at most %d", o->B, o->T,
                WINDOW_MAX);
  return 0;
}

static int print_table(const Dataset *dataset, Why *why) {
  const char *columns[1 + COUNTS_COLUMNS] = {"file"};
  Count list[COUNTS_COLUMNS];
  counts_list(&dataset->counts[0], list); /* first the names */
  for (int j = 0; j < COUNTS_COLUMNS; j++) columns[1 + j] = list[j].name;
  Output *output = output_open(NULL, why);
  Table *table = table_new(output, TABLE_TSV, columns, 1 + COUNTS_COLUMNS);
  for (int i = 0; i < dataset->n; i++) {
    counts_list(&dataset->counts[i], list);
    table_text(table, dataset->files[i]);
    for (int j = 0; j < COUNTS_COLUMNS; j++) table_whole(table, list[j].value);
    table_end(table);
  }
  table_flush(table, why);
  table_free(table);
  return output_close(output, why);
}

/* Starts OpenBLAS and the threads. A quiet dry run multiplies nothing. */
static int start_threads(TrainOptions *o, const RunConfig *train, Why *why) {
  if (o->threads == 0 && (o->threads = quota_threads(why)) < 0) return USAGE;
  const int wanted = o->threads;
  const bool multiplies = !o->dry_run || !o->quiet;
  if (multiplies && matrix_start(wanted, why) != 0) return FAILED;
  o->threads = parallel_start(wanted);
  if (o->threads < wanted)
    progress_say(train->progress,
                 "threads: %d of %d, because the system starts no more (see ulimit -u, or the "
                 "container's limits)",
                 o->threads, wanted);
  return DONE;
}

/* Reads the model to start from, which a run that goes on must have begun from. */
static int read_init(RunConfig *train, Why *why) {
  const char *path = train->options->init, *before = NULL;
  if (train->past) train->init_crc32 = before = metadata_get(train->past, "init_data_crc32");
  if (!path) return 0;
  if (model_read(train->init, path, why) != 0 ||
      model_check(train->init, path, &train->shape, why) != 0)
    return -1;
  train->init_crc32 = metadata_get(train->init->about, "data_crc32");
  if (!train->past || (before && strcmp(train->init_crc32, before) == 0)) return 0;
  return fail(why, "--init %s: the run in %s began from another model, or from none", path,
              train->options->output);
}

/* Only a run without a step: a resumed one has a model, even without time left. */
static void set_deadline(const RunConfig *train, Phases *phases) {
  const char *step = train->past ? metadata_get(train->past, "state.step") : NULL;
  const char *seconds = train->past ? metadata_get(train->past, "state.seconds") : NULL;
  const double limit = train->options->max_time, earlier = seconds ? strtod(seconds, NULL) : 0;
  const bool ends = limit > 0 && !train->options->dry_run && (!step || strcmp(step, "0") == 0);
  phases->limit = limit;
  phases->deadline = ends ? train->began + limit - earlier : INFINITY;
}

static void begin_reading(const RunConfig *train, Phases *phases, const char *const *files,
                          int n_files) {
  bool typed = false;
  phases_begin(phases, "reading the input");
  for (int i = 0; i < n_files; i++) typed |= input_is_typed(files[i]);
  if (typed)
    progress_say(train->progress, INPUT_TYPED);
  else if (n_files == 1)
    progress_say(train->progress, "reading %s", input_title(*files));
  else
    progress_say(train->progress, "reading %d files", n_files);
}

/* Reads the input, checks that the run fits the machine, and runs it, or says what it would be. */
static int run(RunConfig *train, Phases *phases, Dataset *dataset, const char **files, int n_files,
               Why *why) {
  const TrainOptions *o = train->options;
  const Reading reading = {.min_quality = o->min_quality,
                           .min_length = o->min_length,
                           .circular = o->circular,
                           .turn = o->k};
  begin_reading(train, phases, files, n_files);
  if (read_init(train, why) != 0 ||
      dataset_read(dataset, files, n_files, o->valid, o->valid_fraction, &reading, why) != 0)
    return -1;
  remarks_say(train->progress, o, dataset);
  train->inputs = alloc_new((size_t)dataset->n * DATASET_COLUMNS, sizeof *train->inputs);
  dataset_identify(dataset, train->inputs);
  train->train_tokens = span_tokens(&dataset->train, o->k, o->s);
  train->valid_tokens = span_tokens(&dataset->valid, o->k, o->s);
  if (train->past && resume_check_inputs(train, why) != 0) return -1;
  if (o->dry_run && print_table(dataset, why) != 0) return -1;
  if (dataset_check(dataset, o->k, o->s, why) != 0) {
    if (!o->dry_run) return -1;
    progress_say(train->progress, "there would be no run: %s", why->text);
    return 0;
  }
  const Plan plan = plan_make(train);
  if (plan_check(&plan, &train->shape, why) != 0) return -1;
  train->memory = plan.total;
  remarks_validation(train->progress, dataset, !o->dry_run);
  if (!o->dry_run) return train_run(train, phases, why);
  if (!o->quiet) dryrun_say(train, &plan);
  return 0;
}

/* Defaults that depend on other options. */
static void fill_in(TrainOptions *o) {
  int endless = o->max_time > 0 || o->schedule == SCHEDULE_PLATEAU;
  if (o->epochs == 0 && !endless) o->epochs = EPOCHS;
  if (o->rate == 0) o->rate = optimizer_default_rate((OptimizerKind)o->optimizer);
}

/* Claims the run directory. A run that resumes keeps its options where the command line has none.
 */
static int claim(RunConfig *train, TrainOptions *o, const CommandLine *line, Why *why) {
  static const RunMode modes[] = {RUN_NEW, RUN_RESUME, RUN_AUTO};
  if (!o->output) return 0;
  train->dir = rundir_claim(o->output, o->force ? RUN_OVERWRITE : modes[o->resume], why);
  if (!train->dir || !(train->log = runlog_new(train->dir, why))) return -1;
  if (!rundir_locked(train->dir))
    progress_say(train->progress,
                 "%s: its file system has no locks: see that no other rnntrain writes there",
                 o->output);
  if (!rundir_resumes(train->dir)) return 0;
  const char *path = rundir_file(train->dir, RUN_CHECKPOINT), *version, *started;
  train->past = checkpoint_about(rundir_open(train->dir, RUN_CHECKPOINT), path, &train->past_inputs,
                                 &train->n_past_inputs, why);
  if (!train->past || resume_options(o, line, train->past, path, why) != 0) return -1;
  started = metadata_get(train->past, "started");
  if (started) train->started = started;
  version = metadata_get(train->past, "version");
  if (version && strcmp(version, VERSION) != 0)
    progress_say(train->progress, "%s: version %s made it, this is %s: last bits may differ", path,
                 version, VERSION);
  return resume_check_options(o, train->past, why);
}

/* From the options to the end of the run: its exit code. */
static int train_all(RunConfig *train, TrainOptions *o, const CommandLine *line, Dataset *dataset,
                     char **operands, int n_files, Why *why) {
  Phases phases = {0};
  if (claim(train, o, line, why) != 0) return FAILED;
  if (check_values(o, why) != 0) return USAGE;
  const int started = start_threads(o, train, why);
  if (started != DONE) return started;
  fill_in(o);
  set_deadline(train, &phases);
  train->shape = shape_new(o->k, o->s, o->d, o->D, (Activation)o->activation, (Softmax)o->softmax);
  const char **files = alloc_new((size_t)n_files + 1, sizeof *files);
  for (int i = 0; i < n_files; i++) files[i] = operands[i];
  int rc = run(train, &phases, dataset, files, n_files, why);
  free(files);
  return rc < 0 ? FAILED : rc;
}

/* Writes the files that report on the run in a directory. */
static int write_reports(const TrainOptions *o, const RunData *data, const RunDir *dir,
                         Progress *progress, Why *why) {
  if (o->report) {
    if (report_write(data, rundir_create(dir, RUN_REPORT, why), why) != 0) return -1;
    progress_say(progress, "report: %s", rundir_file(dir, RUN_REPORT));
  }
  if (o->multiqc) {
    if (multiqc_write(data, dir, why) != 0) return -1;
    progress_say(progress, "for MultiQC: %s", rundir_file(dir, RUN_MULTIQC));
  }
  return 0;
}

/* Reports on the run in this directory, or, if it is NULL, in that of -o. */
static int tell(const TrainOptions *o, const RunDir *dir, Progress *progress, Why *why) {
  RunData data;
  RunDir *named = NULL;
  if (dir && rundir_check(dir, why) != 0) return -1;
  if (rundata_read(&data, o->output, why) != 0) return -1;
  if (!dir) dir = named = rundir_look(o->output, why);
  const int rc = dir ? write_reports(o, &data, dir, progress, why) : -1;
  rundir_close(named);
  rundata_free(&data);
  return rc;
}

/* The OpenBLAS for training, or the reason why there is none. */
static const char *library_text(Why *why) {
  return matrix_start(1, why) == 0 ? matrix_library() : why->text;
}

int main(int argc, char **argv) {
  signals_start(true);
  const double began = clock_now();
  start_program();
  char started[32];
  runjson_time(time(NULL), started);
  Why why = {""};
  TrainOptions options = {0};
  CommandLine line;
  char *command[argc + 1]; /* as typed: options_parse reorders argv */
  memcpy(command, argv, sizeof command);
  if (argc <= 1) return manual_remind(&train_program);
  options_default(&train_program, &options);
  OptionsWish wish = options_parse(&train_program, &options, argc, argv, &line, &why);
  if (wish == OPTIONS_HELP || wish == OPTIONS_VERSION) {
    const char *library = wish == OPTIONS_VERSION ? library_text(&why) : NULL;
    int code =
        manual_answer(&train_program, wish, line.topic, library, kernels_best()->level, &why);
    return code == DONE ? DONE : complain(code, &why);
  }
  char **operands = argv + line.operands;
  const int n_files = argc - line.operands;
  if (wish == OPTIONS_ERROR || check_command(&options, operands, n_files, &why) != 0)
    return complain(USAGE, &why);
  if (!options.dry_run) signals_ignore_pipe();
  Progress progress = progress_new(options.quiet, !options.no_progress);
  Dataset dataset = {0};
  Model init = {.weights = NULL};
  RunConfig run = {.options = &options,
                   .dataset = &dataset,
                   .init = &init,
                   .kernels = kernels_best(),
                   .progress = &progress,
                   .command = command,
                   .n_command = argc,
                   .began = began,
                   .started = started};
  int code =
      n_files > 0 ? train_all(&run, &options, &line, &dataset, operands, n_files, &why) : DONE;
  dataset_free(&dataset);
  model_free(&init);
  runlog_free(run.log);
  metadata_free(run.past);
  free(run.past_inputs);
  free(run.inputs);
  progress_end(&progress);
  if (code != DONE) complain(code, &why);
  const bool trained = code != FAILED && code != USAGE;
  if (trained && tells(&options) && tell(&options, run.dir, &progress, &why) != 0)
    code = complain(code == DONE ? FAILED : code, &why);
  rundir_close(run.dir);
  return code;
}
