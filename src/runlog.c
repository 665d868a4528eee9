#include "runlog.h"

#include "alloc.h"
#include "atomicfile.h"
#include "version.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef enum { MODEL, CHECKPOINT, LOSS, TIMESTEP_LOSS, REPORT, FILES } FileName;
static const char *const names[FILES] = {"model.safetensors", "checkpoint.safetensors", "loss.tsv",
                                         "timestep_loss.tsv", "run.json"};

struct Runlog {
  char *path[FILES];
  FILE *loss, *timestep_loss;
  uint64_t loss_bytes, timestep_bytes;
};

double runlog_bits(double loss, int s) { return loss / (s * M_LN2); }

/* ---- the directory -------------------------------------------------------------------------- */

static char *join(const char *directory, const char *name) {
  char *path = alloc_new(strlen(directory) + strlen(name) + 2, 1);
  size_t n = strlen(directory);
  while (n > 1 && directory[n - 1] == '/') n--;
  sprintf(path, "%.*s/%s", (int)n, directory, name);
  return path;
}

static int holds_a_run(const char *directory) {
  int found = 0;
  for (int i = 0; i < FILES && !found; i++) {
    char *path = join(directory, names[i]);
    found = access(path, F_OK) == 0;
    free(path);
  }
  return found;
}

/* The directory that `path` would be made in. */
static char *parent(const char *path) {
  char *copy = join(path, "");
  size_t n = strlen(copy);
  while (n > 1 && copy[n - 1] == '/') copy[--n] = 0;
  char *slash = strrchr(copy, '/');
  if (!slash) return strcpy(copy, ".");
  slash[slash == copy] = 0;
  return copy;
}

int runlog_check(const char *directory, bool force, Why *why) {
  struct stat about;
  if (stat(directory, &about) != 0) {
    char *above = parent(directory);
    int rc = access(above, W_OK | X_OK);
    if (rc != 0)
      fail(why, "-o %s: cannot be made in %s: %s; make that directory, or name another place",
           directory, above, strerror(errno));
    free(above);
    return rc;
  }
  if (!S_ISDIR(about.st_mode)) return fail(why, "-o %s: is a file; name a directory", directory);
  if (access(directory, W_OK | X_OK) != 0)
    return fail(why, "-o %s: cannot be written to: %s", directory, strerror(errno));
  if (holds_a_run(directory) && !force)
    return fail(why,
                "-o %s: holds a run already; name another directory, or give --force to "
                "overwrite it",
                directory);
  return 0;
}

static FILE *begin_log(const char *path, const char *header, uint64_t *bytes, Why *why) {
  FILE *out = fopen(path, "w");
  if (!out || (*bytes = (uint64_t)fprintf(out, "%s\n", header), fflush(out)) != 0) {
    fail(why, "%s: cannot be written: %s", path, strerror(errno));
    if (out) fclose(out);
    return NULL;
  }
  return out;
}

Runlog *runlog_open(const char *directory, Why *why) {
  if (mkdir(directory, 0777) != 0 && errno != EEXIST)
    return fail(why, "-o %s: cannot be made: %s", directory, strerror(errno)), NULL;
  Runlog *log = alloc_new(1, sizeof *log);
  int wrong = 0;
  for (int i = 0; i < FILES; i++) {
    log->path[i] = join(directory, names[i]);
    if (unlink(log->path[i]) != 0 && errno != ENOENT)
      wrong = fail(why, "%s: cannot be removed: %s", log->path[i], strerror(errno));
  }
  if (!wrong)
    log->loss = begin_log(log->path[LOSS],
                          "step\tepoch\ttokens\tseconds\tlearning_rate\tgradient_norm\ttrain_loss\t"
                          "train_bits_per_base\tvalid_loss\tvalid_bits_per_base",
                          &log->loss_bytes, why);
  if (log->loss)
    log->timestep_loss = begin_log(log->path[TIMESTEP_LOSS], "step\ttimestep\tloss\ttokens",
                                   &log->timestep_bytes, why);
  if (log->timestep_loss) return log;
  runlog_close(log);
  return NULL;
}

void runlog_close(Runlog *log) {
  if (!log) return;
  if (log->loss) fclose(log->loss);
  if (log->timestep_loss) fclose(log->timestep_loss);
  for (int i = 0; i < FILES; i++) free(log->path[i]);
  free(log);
}

static int finish(FILE **out, const char *path, Why *why) {
  int wrong = *out && fclose(*out) != 0;
  *out = NULL;
  return wrong ? fail(why, "%s: cannot be written: %s", path, strerror(errno)) : 0;
}

int runlog_finish(Runlog *log, Why *why) {
  if (finish(&log->loss, log->path[LOSS], why) != 0) return -1;
  return finish(&log->timestep_loss, log->path[TIMESTEP_LOSS], why);
}

const char *runlog_model_path(const Runlog *log) { return log->path[MODEL]; }
const char *runlog_checkpoint_path(const Runlog *log) { return log->path[CHECKPOINT]; }

void runlog_sizes(const Runlog *log, uint64_t *loss, uint64_t *timesteps) {
  *loss = log->loss_bytes, *timesteps = log->timestep_bytes;
}

/* ---- logs ----------------------------------------------------------------------------------- */

static int print_number(FILE *out, double value) {
  return isnan(value) ? fprintf(out, "\tNA") : fprintf(out, "\t%.6g", value);
}

static int flush(FILE *out, const char *path, Why *why) {
  if (fflush(out) == 0 && !ferror(out)) return 0;
  return fail(why, "%s: cannot be written: %s; make room or choose another place", path,
              strerror(errno));
}

int runlog_row(Runlog *log, const LossRow *row, int s, Why *why) {
  const double numbers[] = {row->rate,       row->gradient_norm,
                            row->train_loss, runlog_bits(row->train_loss, s),
                            row->valid_loss, runlog_bits(row->valid_loss, s)};
  int n = fprintf(log->loss, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%.3f", row->step, row->epoch,
                  row->tokens, row->seconds);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    n += print_number(log->loss, numbers[i]);
  n += fprintf(log->loss, "\n");
  log->loss_bytes += (uint64_t)n;
  return flush(log->loss, log->path[LOSS], why);
}

int runlog_timesteps(Runlog *log, uint64_t step, const double *loss, const uint64_t *tokens, int T,
                     Why *why) {
  int n = 0;
  for (int t = 0; t < T; t++) {
    n += fprintf(log->timestep_loss, "%" PRIu64 "\t%d", step, t + 1);
    n += print_number(log->timestep_loss, tokens[t] > 0 ? loss[t] / (double)tokens[t] : NAN);
    n += fprintf(log->timestep_loss, "\t%" PRIu64 "\n", tokens[t]);
  }
  log->timestep_bytes += (uint64_t)n;
  return flush(log->timestep_loss, log->path[TIMESTEP_LOSS], why);
}

/* ---- run.json ------------------------------------------------------------------------------- */

static json_t *whole(uint64_t value) { return json_integer((json_int_t)value); }

static json_t *real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

/* A string from outside; where it is not UTF-8, its other bytes become '?'. */
static json_t *text(const char *from) {
  json_t *string = json_string(from);
  if (string) return string;
  char *ascii = join(from, "");
  ascii[strlen(from)] = 0;
  for (char *c = ascii; *c; c++)
    if ((unsigned char)*c > 126) *c = '?';
  string = json_string(ascii);
  free(ascii);
  return string;
}

/* An option's value as the JSON type that it has; null for what was not given. */
static json_t *option_json(const Option *option, const TrainOptions *options) {
  char value[4096];
  options_value(option, options, value, sizeof value);
  switch (option->type) {
  case OPTION_FLAG: return json_boolean(strcmp(value, "yes") == 0);
  case OPTION_INT:
  case OPTION_COUNT: return *value ? whole(strtoull(value, NULL, 10)) : json_null();
  case OPTION_REAL: return json_real(strtod(value, NULL));
  case OPTION_DURATION:
    return strcmp(value, "0") == 0 ? json_null() : json_real(strtod(value, NULL));
  default: return *value ? text(value) : json_null();
  }
}

static json_t *options_json(const RunReport *report) {
  json_t *json = json_object();
  for (const Option *option = train_program.options; option->name; option++)
    json_object_set_new(json, option->name, option_json(option, report->options));
  return json;
}

static json_t *counts_json(const char *file, const SeqCounts *counts) {
  json_t *json = json_object(), *ambiguous = json_object();
  char name[2] = "";
  Count list[COUNTS];
  json_object_set_new(json, "file", text(file));
  json_object_set_new(json, "bytes", whole(counts->bytes));
  char crc[16];
  snprintf(crc, sizeof crc, "%08x", counts->crc32);
  json_object_set_new(json, "crc32", json_string(crc));
  counts_list(counts, list);
  for (int i = 0; i < COUNTS; i++) json_object_set_new(json, list[i].name, whole(list[i].value));
  for (int letter = 0; letter < 128; letter++) {
    if (counts->letter[letter] == 0 || strchr("ACGT", letter)) continue;
    name[0] = (char)letter;
    json_object_set_new(ambiguous, name, whole(counts->letter[letter]));
  }
  json_object_set_new(json, "ambiguous", ambiguous); /* by code, in place of their sum */
  return json;
}

static json_t *inputs_json(const Dataset *dataset) {
  json_t *json = json_array();
  for (int i = 0; i < dataset->n; i++) {
    json_t *input = counts_json(dataset->files[i], &dataset->counts[i]);
    int is_valid = dataset->valid_corpus && i == dataset->n - 1;
    json_object_set_new(input, "use", json_string(is_valid ? "validation" : "training"));
    json_array_append_new(json, input);
  }
  return json;
}

static json_t *markov_json(const Markov *markov) {
  if (!markov) return json_null();
  json_t *json = json_object(), *orders = json_array();
  json_object_set_new(json, "best_order", whole((uint64_t)markov->best));
  json_object_set_new(json, "best_bits_per_base", real(markov->bits_per_base[markov->best]));
  for (int m = 0; m < MARKOV_ORDERS; m++)
    json_array_append_new(orders, real(markov->bits_per_base[m]));
  json_object_set_new(json, "bits_per_base_by_order", orders);
  return json;
}

static json_t *result_json(const RunReport *report) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  json_t *json = json_object();
  json_object_set_new(json, "steps", whole(report->steps));
  json_object_set_new(json, "tokens", whole(report->tokens));
  json_object_set_new(json, "skipped_steps", whole(report->skipped_steps));
  json_object_set_new(json, "seconds", real(report->seconds));
  json_object_set_new(json, "best_step", whole(report->best_step));
  json_object_set_new(json, "best_valid_loss", real(report->best_valid_loss));
  json_object_set_new(json, "best_valid_bits_per_base",
                      real(runlog_bits(report->best_valid_loss, report->shape->s)));
  json_object_set_new(json, "peak_memory_bytes", whole((uint64_t)usage.ru_maxrss * 1024));
  return json;
}

/* "2026-11-22T15:31:19Z" */
static json_t *time_json(time_t when) {
  char text[32];
  struct tm parts;
  gmtime_r(&when, &parts);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return json_string(text);
}

static json_t *report_json(const RunReport *report) {
  json_t *json = json_object(), *command = json_array();
  for (int i = 0; i < report->n_command; i++)
    json_array_append_new(command, text(report->command[i]));
  json_object_set_new(json, "program", json_string("rnntrain"));
  json_object_set_new(json, "version", json_string(VERSION));
  json_object_set_new(json, "status", json_string(report->status));
  json_object_set_new(json, "started", time_json(time(NULL) - (time_t)report->seconds));
  json_object_set_new(json, "written", time_json(time(NULL)));
  json_object_set_new(json, "command", command);
  json_object_set_new(json, "options", options_json(report));
  json_object_set_new(json, "seed", whole(report->options->seed));
  json_object_set_new(json, "inputs", inputs_json(report->dataset));
  json_object_set_new(json, "train_tokens", whole(report->train_tokens));
  json_object_set_new(json, "valid_tokens", whole(report->valid_tokens));
  json_object_set_new(json, "parameters", whole(shape_parameters(report->shape)));
  json_object_set_new(json, "markov", markov_json(report->markov));
  json_object_set_new(json, "openblas", json_string(report->library));
  json_object_set_new(json, "cpu_level", json_string(report->level));
  json_object_set_new(json, "result", result_json(report));
  return json;
}

int runlog_report(const Runlog *log, const RunReport *report, Why *why) {
  AtomicFile *file = atomicfile_open(log->path[REPORT], why);
  if (!file) return -1;
  json_t *json = report_json(report);
  int rc = json_dumpf(json, file->out, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
  json_decref(json);
  fputc('\n', file->out);
  if (rc == 0) return atomicfile_commit(file, why);
  atomicfile_abandon(file);
  return fail(why, "%s: cannot be written; make room or choose another place", log->path[REPORT]);
}
