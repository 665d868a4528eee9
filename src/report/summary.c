#include "report/summary.h"

#include "base/alloc.h"
#include "io/regular.h"
#include "report/excerpt.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- members -------------------------------------------------------------------------------- */

/* The members of run.json and their fields; object is "" for the outermost one. */
typedef struct {
  const char *object, *member;
  size_t offset;
} Member;

#define AT(field) offsetof(Summary, field)
static const Member texts[] = {{"", "version", AT(version)},      {"", "status", AT(status)},
                               {"", "started", AT(started)},      {"", "written", AT(written)},
                               {"", "openblas", AT(openblas)},    {"", "cpu_level", AT(cpu_level)},
                               {"options", "output", AT(output)}, {"options", "valid", AT(valid)}};
static const Member numbers[] = {{"options", "kmer", AT(k)},
                                 {"options", "stride", AT(s)},
                                 {"options", "embedding", AT(d)},
                                 {"options", "hidden", AT(D)},
                                 {"options", "clip", AT(clip)},
                                 {"options", "valid-fraction", AT(valid_fraction)},
                                 {"", "train_tokens", AT(train_tokens)},
                                 {"", "valid_tokens", AT(valid_tokens)},
                                 {"", "parameters", AT(parameters)},
                                 {"markov", "best_order", AT(markov_order)},
                                 {"markov", "best_bits_per_base", AT(markov_bits)},
                                 {"result", "steps", AT(steps)},
                                 {"result", "tokens", AT(tokens)},
                                 {"result", "skipped_steps", AT(skipped_steps)},
                                 {"result", "seconds", AT(seconds)},
                                 {"result", "best_step", AT(best_step)},
                                 {"result", "best_valid_bits_per_base", AT(best_bits)},
                                 {"result", "whole_bits_per_base", AT(whole_bits)},
                                 {"result", "memory_frozen_bits_per_base", AT(frozen_bits)},
                                 {"result", "memory_adapting_bits_per_base", AT(adapting_bits)},
                                 {"result", "peak_memory_bytes", AT(peak_memory)}};
static const struct {
  const char *member;
  size_t offset;
  int texts;
  const char *columns[SUMMARY_COLUMNS + 1];
} lists[] = {
    {"inputs",
     AT(inputs),
     3,
     {"file", "use", "crc32", "bytes", "records", "bases", "n50", "lowercase", "masked",
      "low_quality", "short_bases"}},
    {"validation",
     AT(validation),
     3,
     {"file", "from_record", "to_record", "from", "to", "whole_records"}},
    {"calibration", AT(calibration), 0, {"probability", "observed", "predictions"}},
    {"gradient_flow", AT(flow), 0, {"steps_back", "lower_quartile", "median", "upper_quartile"}}};
#undef AT

static void *field(Summary *summary, size_t offset) { return (char *)summary + offset; }

static const char *text_of(const json_t *value) {
  const char *text = json_string_value(value);
  return text ? text : "";
}

static double number_of(const json_t *value) {
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static const json_t *find(const json_t *root, const Member *member) {
  return json_object_get(*member->object ? json_object_get(root, member->object) : root,
                         member->member);
}

/* ---- lists ---------------------------------------------------------------------------------- */

static void take_column(SummaryList *list, int j, const json_t *json) {
  list->text[j] = alloc_new(list->n + 1, sizeof **list->text);
  list->number[j] = alloc_new(list->n + 1, sizeof **list->number);
  for (size_t i = 0; i < list->n; i++) {
    const json_t *cell = json_object_get(json_array_get(json, i), list->name[j]);
    list->text[j][i] = text_of(cell);
    list->number[j][i] = number_of(cell);
  }
}

static SummaryWords take_words(const json_t *json) {
  SummaryWords words = {.n = json_array_size(json)};
  words.word = alloc_new(words.n + 1, sizeof *words.word);
  for (size_t i = 0; i < words.n; i++) words.word[i] = text_of(json_array_get(json, i));
  return words;
}

static void take_commands(Summary *summary, const json_t *root) {
  const json_t *commands = json_object_get(root, "commands");
  const size_t n = json_array_size(commands);
  summary->n_commands = n > 0 ? n : 1; /* older versions have only the first */
  summary->commands = alloc_new(summary->n_commands, sizeof *summary->commands);
  summary->commands[0] = take_words(json_object_get(root, "command"));
  for (size_t i = 1; i < n; i++) summary->commands[i] = take_words(json_array_get(commands, i));
}

static char *option_value(const json_t *value) {
  if (json_is_string(value) || json_is_null(value)) return alloc_text(text_of(value));
  return json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
}

static void take_options(Summary *summary, json_t *options) {
  const char *name;
  json_t *value;
  summary->options = alloc_new(json_object_size(options) + 1, sizeof *summary->options);
  json_object_foreach(options, name, value) {
    summary->options[summary->n_options++] = (SummaryOption){name, option_value(value)};
  }
}

static void take(Summary *summary, json_t *root) {
  *summary = (Summary){.json = root};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    *(const char **)field(summary, texts[i].offset) = text_of(find(root, &texts[i]));
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    *(double *)field(summary, numbers[i].offset) = number_of(find(root, &numbers[i]));
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    const json_t *json = json_object_get(root, lists[i].member);
    SummaryList *list = field(summary, lists[i].offset);
    *list = (SummaryList){
        .name = lists[i].columns, .texts = lists[i].texts, .all = json_array_size(json)};
    list->n = list->all < EXCERPT_KEPT ? list->all : EXCERPT_KEPT;
    for (int j = 0; list->name[j]; j++) take_column(list, j, json);
  }
  examined_next(&summary->next, root);
  examined_passage(&summary->passage, root);
  take_commands(summary, root);
  take_options(summary, json_object_get(root, "options"));
}

/* ---- the file ------------------------------------------------------------------------------- */

static size_t read_excerpt(void *text, size_t n, void *excerpt) {
  return excerpt_read(excerpt, text, n);
}

/* Loads the object in a file; NULL on error. */
static json_t *load(const char *path, Excerpt *excerpt, Why *why) {
  json_error_t error;
  json_t *root = json_load_callback(read_excerpt, excerpt, JSON_REJECT_DUPLICATES, &error);
  if (ferror(excerpt->file))
    fail_reading(why, errno, "%s: cannot be read", path);
  else if (excerpt->too_large)
    fail(why, "%s: is larger than any run.json of rnntrain; restore the file of the run", path);
  else if (!json_is_object(root))
    fail(why, "%s: is not a JSON object%s%s; resume the run to write a new run.json", path,
         root ? "" : ": ", root ? "" : error.text);
  else
    return root;
  json_decref(root);
  return NULL;
}

int summary_read(Summary *summary, const char *path, Why *why) {
  Excerpt excerpt = {.file = regular_open(path, why)};
  if (!excerpt.file && errno == ENOENT)
    return fail(why, "%s: cannot be opened: %s; name the directory of a run", path,
                strerror(errno));
  if (!excerpt.file) return -1;
  json_t *root = load(path, &excerpt, why);
  fclose(excerpt.file);
  if (!root) return -1;
  take(summary, root);
  return 0;
}

void summary_free(Summary *summary) {
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    SummaryList *list = field(summary, lists[i].offset);
    for (int j = 0; j < SUMMARY_COLUMNS; j++) {
      free(list->text[j]);
      free(list->number[j]);
    }
  }
  for (size_t i = 0; i < summary->n_commands; i++) free(summary->commands[i].word);
  for (size_t i = 0; i < summary->n_options; i++) free(summary->options[i].value);
  free(summary->commands);
  free(summary->options);
  json_decref(summary->json);
}
