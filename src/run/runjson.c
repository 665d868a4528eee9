#include "run/runjson.h"

#include "base/alloc.h"
#include "base/version.h"
#include "net/matrix.h"
#include "run/examjson.h"
#include "sequence/bits.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* ---- members -------------------------------------------------------------------------------- */

static json_t *whole(uint64_t value) { return json_integer((json_int_t)value); }

static json_t *real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

/* An external string; bytes that are not UTF-8 become '?'. NULL becomes null. */
static json_t *text(const char *from) {
  if (!from) return json_null();
  json_t *string = json_string(from);
  if (string) return string;
  char *ascii = alloc_text(from);
  for (char *c = ascii; *c; c++)
    if ((unsigned char)*c > 126) *c = '?';
  string = json_string(ascii);
  free(ascii);
  return string;
}

/* An option's value in its JSON type; null if it was not given. */
static json_t *option_json(const Option *option, const TrainOptions *options) {
  char value[4096];
  option_value(option, options, value, sizeof value);
  switch (option->type) {
  case OPTION_FLAG: return json_boolean(strcmp(value, "yes") == 0);
  case OPTION_INT:
  case OPTION_COUNT:
  case OPTION_SIZE: return *value ? whole(strtoull(value, NULL, 10)) : json_null();
  case OPTION_REAL: return json_real(strtod(value, NULL));
  case OPTION_DURATION:
    return strcmp(value, "0") == 0 ? json_null() : json_real(strtod(value, NULL));
  default: return *value ? text(value) : json_null();
  }
}

static json_t *options_json(const TrainOptions *options) {
  json_t *json = json_object();
  for (const Option *option = train_program.options; option->name; option++)
    if (train_options_list(options, option))
      json_object_set_new(json, option->name, option_json(option, options));
  return json;
}

static json_t *counts_json(const char *file, const SeqCounts *counts) {
  json_t *json = json_object(), *ambiguous = json_object();
  char name[2] = "";
  Count list[COUNTS_COLUMNS];
  json_object_set_new(json, "file", text(file));
  json_object_set_new(json, "bytes", whole(counts->notes.bytes));
  char crc[16];
  snprintf(crc, sizeof crc, "%08x", counts->notes.crc32);
  json_object_set_new(json, "crc32", json_string(crc));
  counts_list(counts, list);
  for (int i = 0; i < COUNTS_COLUMNS; i++)
    json_object_set_new(json, list[i].name, whole(list[i].value));
  for (int letter = 0; letter < 128; letter++) {
    if (counts->letter[letter] == 0 || strchr("ACGT", letter)) continue;
    name[0] = (char)letter;
    json_object_set_new(ambiguous, name, whole(counts->letter[letter]));
  }
  json_object_set_new(json, "bgzf_end_block_missing",
                      json_boolean(counts->notes.end_block_missing));
  json_object_set_new(json, "ambiguous", ambiguous); /* by code, instead of their sum */
  return json;
}

/* The entry of input i. */
static json_t *input_json(const Dataset *dataset, int i) {
  const Share *share = &dataset->shares[i];
  json_t *json = counts_json(dataset->files[i], &dataset->counts[i]);
  json_object_set_new(json, "use", json_string(dataset_use(dataset, i)));
  json_object_set_new(json, "training_bases", whole(share->train_bases));
  json_object_set_new(json, "validation_bases", whole(share->valid_bases));
  return json;
}

/* The validation range in input i: letters are counted from 1, names that were not kept are null.
 * NULL: it is for training only. */
static json_t *range_json(const Dataset *dataset, int i) {
  const TailPart *part = &dataset->shares[i].valid;
  if (part->records == 0) return NULL;
  json_t *json = json_object();
  json_object_set_new(json, "file", text(dataset->files[i]));
  json_object_set_new(json, "from_record", text(part->first_name));
  json_object_set_new(json, "from_record_number", whole(part->first));
  json_object_set_new(json, "from", whole(part->from));
  json_object_set_new(json, "to_record", text(part->last_name));
  json_object_set_new(json, "to_record_number", whole(part->last));
  json_object_set_new(json, "to", whole(part->last_to));
  json_object_set_new(json, "bases", whole(dataset->shares[i].valid_bases));
  json_object_set_new(json, "whole_records", whole(part->whole));
  return json;
}

/* Bits per base over all bases of the validation, including those that no token predicts. */
static double whole_bits(const RunConfig *run, double bits) {
  const double predicted = (double)run->valid_tokens * run->shape.s;
  return bits_over_all(bits, predicted, (double)dataset_valid_bases(run->dataset));
}

static json_t *markov_json(const RunConfig *run) {
  const Markov *markov = &run->markov;
  if (run->valid_tokens == 0) return json_null();
  json_t *json = json_object(), *orders = json_array();
  json_object_set_new(json, "best_order", whole((uint64_t)markov->best));
  json_object_set_new(json, "best_bits_per_base", real(markov_bits(markov)));
  json_object_set_new(json, "whole_bits_per_base", real(whole_bits(run, markov_bits(markov))));
  for (int m = 0; m < MARKOV_ORDERS; m++)
    json_array_append_new(orders, real(markov->bits_per_base[m]));
  json_object_set_new(json, "bits_per_base_by_order", orders);
  return json;
}

/* The size of the memory of repeats, and the validation with it. */
static void add_repeats(json_t *json, const RunConfig *run, const RepeatsResult *repeats) {
  json_object_set_new(json, "memory_bases", whole(run->repeats.bases));
  json_object_set_new(json, "memory_bytes", whole(run->repeats.bytes));
  json_object_set_new(json, "memory_m", whole((uint64_t)run->repeats.m));
  json_object_set_new(json, "memory_every", whole((uint64_t)run->repeats.every));
  json_object_set_new(json, "memory_seconds", real(repeats->seconds));
  json_object_set_new(json, "memory_frozen_bits_per_base", real(repeats->frozen));
  json_object_set_new(json, "memory_adapting_bits_per_base", real(repeats->adapting));
}

static json_t *result_json(const RunConfig *run, const RunNumbers *numbers,
                           const RunResult *result) {
  const double bits = bits_per_base(numbers->best_valid_loss, run->shape.s);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  json_t *json = json_object();
  json_object_set_new(json, "steps", whole(numbers->step));
  json_object_set_new(json, "tokens", whole(numbers->tokens));
  json_object_set_new(json, "skipped_steps", whole(numbers->skipped));
  json_object_set_new(json, "seconds", real(result->seconds));
  json_object_set_new(json, "longest_step_seconds", real(result->longest_step));
  json_object_set_new(json, "longest_checkpoint_seconds", real(result->longest_checkpoint));
  json_object_set_new(json, "best_step", whole(numbers->best_step));
  json_object_set_new(json, "best_valid_loss", real(numbers->best_valid_loss));
  json_object_set_new(json, "best_valid_bits_per_base", real(bits));
  json_object_set_new(json, "whole_bits_per_base", real(whole_bits(run, bits)));
#ifdef __APPLE__
  enum { UNIT = 1 };
#else
  enum { UNIT = 1024 };
#endif
  json_object_set_new(json, "peak_memory_bytes", whole((uint64_t)usage.ru_maxrss * UNIT));
  if (run->options->memory) add_repeats(json, run, &result->repeats);
  return json;
}

const char *runjson_status(RunStatus status) {
  static const char *const names[] = {"running",     "done",        "stopped early",
                                      "out of time", "interrupted", "diverged"};
  return names[status];
}

void runjson_now(char text[32]) {
  const time_t now = time(NULL);
  struct tm parts;
  gmtime_r(&now, &parts);
  strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static json_t *commands_json(const Commands *commands) {
  json_t *json = json_array();
  size_t at = 0;
  for (size_t left; (left = commands_next(commands, &at)) > 0;) {
    json_t *command = json_array();
    const char *word;
    for (; left > 0 && (word = commands_word(commands, &at)); left--)
      json_array_append_new(command, text(word));
    json_array_append_new(json, command);
  }
  return json;
}

static json_t *run_json(const RunConfig *run, const RunState *state, const RunResult *result) {
  json_t *json = json_object(), *commands = commands_json(&state->commands);
  char written[32];
  runjson_now(written);
  json_object_set_new(json, "program", json_string("rnntrain"));
  json_object_set_new(json, "version", json_string(VERSION));
  json_object_set_new(json, "status", json_string(runjson_status(result->status)));
  json_object_set_new(json, "started", text(run->started));
  json_object_set_new(json, "written", json_string(written));
  json_object_set(json, "command", json_array_get(commands, 0)); /* the first command */
  json_object_set_new(json, "commands", commands);
  json_object_set_new(json, "options", options_json(run->options));
  json_object_set_new(json, "seed", whole(run->options->seed));
  json_object_set_new(json, "inputs", json_array()); /* both are written file by file */
  json_object_set_new(json, "validation", json_array());
  json_object_set_new(json, "train_tokens", whole(run->train_tokens));
  json_object_set_new(json, "valid_tokens", whole(run->valid_tokens));
  json_object_set_new(json, "parameters", whole(shape_parameters(&run->shape)));
  json_object_set_new(json, "markov", markov_json(run));
  examjson_add(json, result->exam, run->dataset);
  json_object_set_new(json, "openblas", json_string(matrix_library()));
  json_object_set_new(json, "cpu_level", json_string(run->kernels->level));
  json_object_set_new(json, "result", result_json(run, &state->numbers, result));
  return json;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Writes a value, with all lines but the first indented, and frees it. */
static void put_value(FILE *out, int indent, json_t *value) {
  char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_INDENT(2) | JSON_REAL_PRECISION(10));
  for (const char *c = dump; *c; c++) {
    fputc(*c, out);
    if (*c == '\n') fprintf(out, "%*s", indent, "");
  }
  free(dump);
  json_decref(value);
}

/* Writes an object with one line per member, and frees it. */
static void put_lines(FILE *out, json_t *object) {
  json_t *value;
  const char *key, *separator = "{";
  json_object_foreach(object, key, value) {
    fprintf(out, "%s\n    \"%s\": ", separator, key);
    json_dumpf(value, out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
    separator = ",";
  }
  fputs("\n  }", out);
  json_decref(object);
}

/* Writes a list with an entry for each input that has one. Only one entry is in memory at a time,
 * because there may be many. */
static void put_list(FILE *out, json_t *(*entry)(const Dataset *, int), const Dataset *dataset) {
  int entries = 0;
  fputc('[', out);
  for (int i = 0; i < dataset->n; i++) {
    json_t *value = entry(dataset, i);
    if (!value) continue;
    fputs(entries++ > 0 ? ",\n    " : "\n    ", out);
    put_value(out, 4, value);
  }
  fputs(entries > 0 ? "\n  ]" : "]", out);
}

/* Writes run.json and frees it. */
static void put_run(FILE *out, json_t *json, const Dataset *dataset) {
  json_t *value;
  const char *key, *separator = "{";
  json_object_foreach(json, key, value) {
    fprintf(out, "%s\n  \"%s\": ", separator, key);
    if (strcmp(key, "inputs") == 0)
      put_list(out, input_json, dataset);
    else if (strcmp(key, "validation") == 0)
      put_list(out, range_json, dataset);
    else if (json_is_object(value) && examjson_is_wide(key))
      put_lines(out, json_incref(value));
    else
      put_value(out, 2, json_incref(value));
    separator = ",";
  }
  fputs("\n}\n", out);
  json_decref(json);
}

int runjson_write(AtomicFile *file, const RunConfig *run, const RunState *state,
                  const RunResult *result, Why *why) {
  if (!file) return -1;
  put_run(file->out, run_json(run, state, result), run->dataset);
  return atomicfile_commit(file, why);
}
