/* rnntrain: trains a recurrent network on the k-mers of DNA. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/parallel.h"
#include "base/quota.h"
#include "base/ranks.h"
#include "base/signals.h"
#include "base/start.h"
#include "cli/manual.h"
#include "io/input.h"
#include "net/block.h"
#include "net/matrix.h"
#include "report/multiqc.h"
#include "report/report.h"
#include "run/origin.h"
#include "run/resume.h"
#include "run/runlog.h"
#include "training/dryrun.h"
#include "training/messages.h"
#include "training/plan.h"
#include "training/remarks.h"
#include "training/repeats.h"
#include "training/train.h"

#include <stdlib.h>
#include <string.h>

enum { DONE = 0, FAILED = 1, USAGE = 2 };
enum { NO_RUN = 1 };

static int finish(int code, const Why *why) {
  if (code != DONE && ranks_first()) fprintf(stderr, "rnntrain: %s\n", why->text);
  return code;
}

/* Starts OpenBLAS and the threads. A quiet dry run needs no products. */
static int start_threads(TrainOptions *o, Progress *progress, Why *why) {
  if (o->threads == 0 && (o->threads = quota_threads(ranks_part(), why)) < 0) return USAGE;
  const int wanted = o->threads;
  const bool multiplies = !o->dry_run || !o->quiet;
  if (multiplies && matrix_start(wanted, why) != 0) return FAILED;
  o->threads = parallel_start(wanted);
  if (o->threads < wanted)
    progress_say(progress,
                 "threads: %d of %d, because the system cannot start more (see ulimit -u, or the "
                 "container's limits)",
                 o->threads, wanted);
  return DONE;
}

/* Checks that all ranks compute alike, because each adds up gradients and updates weights
 * itself. */
static int check_bits(const RunConfig *run, Why *why) {
  char mine[256], first[256];
  snprintf(mine, sizeof mine, "OpenBLAS %s and loops for %s", matrix_library(),
           run->kernels->level);
  memcpy(first, mine, sizeof first);
  ranks_broadcast(first, sizeof first);
  if (strcmp(mine, first) == 0) return 0;
  return fail(
      why,
      "computes with %s, and rank 0 with %s, which differ in the last bits; start all ranks "
      "on nodes of the same kind",
      mine, first);
}

/* Drops the memory of the initial model: the run uses only its weights, and makes a memory of its
 * own sequence. */
static void drop_memory(RunConfig *run) {
  Model *init = run->init;
  if (init->memory && !run->options->memory)
    progress_say(run->progress,
                 "--init %s: its memory is not used; --memory adds a memory of this run's sequence",
                 run->options->init);
  memory_free(init->memory);
  init->memory = NULL;
}

/* Reads the initial model; a resumed run must have started from the same one. */
static int read_init(RunConfig *run, Why *why) {
  const char *path = run->options->init, *before = NULL;
  if (run->past) run->init_crc32 = before = metadata_get(run->past, "init_data_crc32");
  if (!path) return 0;
  if (model_read(run->init, path, why) != 0 || model_check(run->init, path, &run->shape, why) != 0)
    return -1;
  drop_memory(run);
  run->init_crc32 = metadata_get(run->init->about, "data_crc32");
  if (!run->past || (before && strcmp(run->init_crc32, before) == 0)) return 0;
  return fail(why, "--init %s: the run in %s began from another model, or from none", path,
              run->options->output);
}

static void say_reading(const RunConfig *run, const char *const *files, int n_files) {
  bool typed = false;
  for (int i = 0; i < n_files; i++) typed |= input_is_typed(files[i]);
  if (typed)
    progress_say(run->progress, INPUT_TYPED);
  else if (n_files == 1)
    progress_say(run->progress, "reading %s", input_title(*files));
  else
    progress_say(run->progress, "reading %d files", n_files);
}

static int read_input(RunConfig *run, Dataset *dataset, const char *const *files, int n_files,
                      Phases *phases, Why *why) {
  const TrainOptions *o = run->options;
  const Reading reading = {.min_quality = o->min_quality,
                           .lowercase = (Lowercase)o->lowercase,
                           .min_length = o->min_length,
                           .circular = o->circular,
                           .turn = o->k,
                           .watch = phases_watch(phases),
                           .records = o->memory ? records_new() : NULL};
  if (dataset_read(dataset, files, n_files, o->valid, o->valid_fraction, &reading, why) != 0)
    return -1;
  remarks_say(run->progress, o, dataset);
  run->inputs = alloc_new((size_t)dataset->n * DATASET_COLUMNS, sizeof *run->inputs);
  dataset_identify(dataset, run->inputs);
  run->train_tokens = span_tokens(&dataset->train, o->k, o->s);
  run->valid_tokens = span_tokens(&dataset->valid, o->k, o->s);
  return run->past ? resume_check_inputs(run, why) : 0;
}

/* Whether the ranks can share the lanes. */
static int check_ranks(const RunConfig *run, Why *why) {
  const int blocks = block_count(&run->shape, run->options->B);
  if (ranks_count() <= blocks) return 0;
  return fail(why,
              "%d processes were started, but --lanes %d is enough for only %d; start fewer, or "
              "use --lanes %d",
              ranks_count(), run->options->B, blocks, ranks_count() * block_lanes(&run->shape));
}

/* On rank 0: completes the options by the input and checks it. Returns 0; NO_RUN after a dry run
 * that has reported why the run would fail; or -1. */
static int examine_input(RunConfig *run, TrainOptions *o, Why *why) {
  if (o->dry_run && dryrun_table(run->dataset, why) != 0) return -1;
  if (dataset_check(run->dataset, o->k, o->s, why) != 0) {
    if (!o->dry_run) return -1;
    progress_say(run->progress, "the run would not start: %s", why->text);
    return NO_RUN;
  }
  const bool automatic = o->B == 0;
  train_options_fit(o, run->train_tokens);
  if (check_ranks(run, why) != 0) return -1;
  if (o->epochs != 0) messages_lanes(run, automatic);
  return o->memory ? repeats_plan(run, why) : 0;
}

/* Trains on the input, or prints the size and the time of the run if it is a dry run. */
static int train(RunConfig *run, Phases *phases, Why *why) {
  const TrainOptions *o = run->options;
  const Plan plan = plan_make(run);
  if (ranks_outcome(plan_check(&plan, &run->shape, why), why) != 0) return -1;
  run->memory = plan.total;
  remarks_validation(run->progress, run->dataset, !o->dry_run);
  if (!o->dry_run) return train_run(run, phases, why);
  if (!o->quiet) dryrun_say(run, &plan);
  return 0;
}

/* Claims the run directory. */
static int claim(RunConfig *run, Why *why) {
  static const RunMode modes[] = {RUN_NEW, RUN_RESUME, RUN_AUTO};
  const TrainOptions *o = run->options;
  run->dir = rundir_claim(o->output, o->force ? RUN_OVERWRITE : modes[o->resume], why);
  if (!run->dir || !(run->log = runlog_new(run->dir, why))) return -1;
  if (!rundir_locked(run->dir))
    progress_say(run->progress,
                 "%s: its file system has no locks; make sure that no other rnntrain writes there",
                 o->output);
  return 0;
}

/* On rank 0: opens the run directory and completes the options, also by those of a run to resume.
 * Returns DONE or an exit code. */
static int prepare(RunConfig *run, TrainOptions *o, const CommandLine *line, Why *why) {
  if (o->output && claim(run, why) != 0) return FAILED;
  if (run->dir && rundir_resumes(run->dir) && resume_read(run, o, line, why) != 0) return FAILED;
  if (train_options_complete(o, why) != 0) return USAGE;
  run->shape = shape_new(o->k, o->s, o->d, o->D, (Activation)o->activation, (Softmax)o->softmax);
  return DONE;
}

/* On rank 0: reads the files, and checks whether they make a run. */
static int read_files(RunConfig *run, TrainOptions *o, Dataset *dataset, const char *const *files,
                      int n_files, Phases *phases, Why *why) {
  say_reading(run, files, n_files);
  if (read_init(run, why) != 0) return -1;
  if (read_input(run, dataset, files, n_files, phases, why) != 0) return -1;
  const int rc = examine_input(run, o, why);
  if (rc == 0) run->origin = origin_new(run);
  return rc;
}

/* Gives the input and decisions of rank 0 to all ranks. */
static void share(RunConfig *run, TrainOptions *o, Dataset *dataset) {
  train_options_share(o);
  ranks_broadcast(&run->shape, sizeof run->shape);
  ranks_broadcast(&run->train_tokens, sizeof run->train_tokens);
  ranks_broadcast(&run->valid_tokens, sizeof run->valid_tokens);
  dataset_share(dataset);
}

/* Runs from the options to the end of the run; returns the exit code. */
static int run_all(RunConfig *run, TrainOptions *o, const CommandLine *line, Dataset *dataset,
                   const char *const *files, int n_files, Why *why) {
  int code = ranks_outcome(ranks_first() ? prepare(run, o, line, why) : DONE, why);
  if (code == DONE) code = ranks_outcome(start_threads(o, run->progress, why), why);
  if (code == DONE && ranks_outcome(check_bits(run, why), why) != 0) code = FAILED;
  if (code != DONE) return code;
  Phases phases = phases_new(run);
  phases_begin(&phases, "reading the input", false);
  int rc = 0;
  if (ranks_first()) rc = read_files(run, o, dataset, files, n_files, &phases, why);
  rc = ranks_outcome(rc, why);
  if (rc == NO_RUN) return DONE;
  if (rc == 0) {
    share(run, o, dataset);
    rc = train(run, &phases, why);
  }
  return rc < 0 ? FAILED : rc;
}

/* Writes the report files of the run in the directory. */
static int report(const RunConfig *run, Why *why) {
  const bool page = run->options->report, multiqc = run->options->multiqc;
  RunData data;
  if (rundir_check(run->dir, why) != 0 || rundata_read(&data, run->dir, why) != 0) return -1;
  int rc = page ? report_write(&data, rundir_create(run->dir, RUN_REPORT, why), why) : 0;
  if (multiqc && rc == 0) rc = multiqc_write(&data, run->dir, why);
  rundata_free(&data);
  return rc;
}

/* The same at the end, with messages. */
static int report_end(const RunConfig *run, Why *why) {
  if (report(run, why) != 0) return -1;
  if (run->options->report)
    progress_say(run->progress, "report: %s", rundir_file(run->dir, RUN_REPORT));
  if (run->options->multiqc)
    progress_say(run->progress, "for MultiQC: %s", rundir_file(run->dir, RUN_MULTIQC));
  return 0;
}

/* Prints the help or the version; returns the exit code. */
static int answer(OptionsWish wish, const CommandLine *line, Why *why) {
  const char *library = NULL;
  if (!ranks_first()) return DONE;
  if (wish == OPTIONS_VERSION) library = matrix_start(1, why) == 0 ? matrix_library() : why->text;
  return finish(manual_answer(&train_program, wish, line, library, kernels_best()->level, why),
                why);
}

/* Trains if there are files, and writes the reports; returns the exit code. */
static int perform(RunConfig run, TrainOptions *options, const CommandLine *line,
                   const char *const *files, int n_files) {
  Dataset dataset = {0};
  Model init = {.weights = NULL};
  Why why = {""};
  int code = DONE;
  run.dataset = &dataset;
  run.init = &init;
  run.report = train_options_report(options) ? report : NULL;
  if (n_files > 0)
    code = run_all(&run, options, line, &dataset, files, n_files, &why);
  else if (ranks_first())
    run.dir = rundir_look(options->output);
  dataset_free(&dataset);
  model_free(&init);
  runlog_free(run.log);
  metadata_free(run.past);
  metadata_free(run.origin);
  free(run.past_inputs);
  free(run.inputs);
  progress_end(run.progress);
  finish(code, &why);
  const bool trained = ranks_first() && code != FAILED && code != USAGE;
  if (trained && train_options_report(options) && report_end(&run, &why) != 0)
    code = finish(code == DONE ? FAILED : code, &why);
  rundir_close(run.dir);
  return code;
}

/* Runs the program from the command line on; returns the exit code. */
static int run(int argc, char **argv, double began) {
  Why why = {""};
  TrainOptions options = {0};
  CommandLine line;
  char started[32], *command[argc + 1]; /* as typed, because options_parse reorders argv */
  runjson_now(started);
  memcpy(command, argv, sizeof command);
  if (argc <= 1) return ranks_first() ? manual_remind(&train_program) : USAGE;
  options_default(&train_program, &options);
  const OptionsWish wish = options_parse(&train_program, &options, argc, argv, &line, &why);
  if (wish == OPTIONS_HELP || wish == OPTIONS_VERSION) return answer(wish, &line, &why);
  const char *const *files = (const char *const *)argv + line.operands;
  const int n_files = argc - line.operands;
  if (wish == OPTIONS_ERROR || train_options_check(&options, files, n_files, &why) != 0)
    return finish(USAGE, &why);
  if (!options.dry_run) signals_ignore_pipe();
  Progress progress = progress_new(options.quiet || !ranks_first(), !options.no_progress);
  RunConfig config = {.options = &options,
                      .kernels = kernels_best(),
                      .progress = &progress,
                      .command = command,
                      .n_command = argc,
                      .began = began,
                      .started = started};
  return perform(config, &options, &line, files, n_files);
}

int main(int argc, char **argv) {
  signals_start(true);
  const double began = clock_now();
  start_program();
  Why why = {""};
  int code = DONE; /* on other ranks, or a launcher could end rank 0 before its message */
  if (ranks_start(&why) == 0)
    code = run(argc, argv, began);
  else if (ranks_first())
    code = finish(USAGE, &why);
  ranks_end();
  return code;
}
