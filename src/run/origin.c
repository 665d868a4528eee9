#include "run/origin.h"

#include "base/alloc.h"
#include "base/escape.h"
#include "run/defaults.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY = 48, VALUE = 64 };

/* ---- names ---------------------------------------------------------------------------------- */

/* The name of a file, to be freed. A name that begins with - gets a prefix ./, but not standard
 * input. */
static char *name_of(const char *path) {
  char *copy = alloc_text(path);
  const char *from = basename(copy);
  char *name = alloc_new(4 * strlen(from) + sizeof "./", 1);
  char *to = *from == '-' && strcmp(path, "-") != 0 ? stpcpy(name, "./") : name;
  for (char escaped[ESCAPE_ROOM]; *from; to = stpcpy(to, escaped))
    from += escape_octal(escaped, from);
  free(copy);
  return name;
}

/* A name quoted for a shell (for bash if it has an escaped byte); to be freed. */
static char *word_of(const char *name) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "_./:=@%+,-";
  const char *quote = strchr(name, '\\') ? "\\'" : "'\\''";
  char *word = alloc_new(4 * strlen(name) + sizeof "$''", 1);
  if (name[strspn(name, plain)] == 0) return strcpy(word, name);
  char *to = stpcpy(word, strchr(name, '\\') ? "$'" : "'");
  for (; *name; name++)
    if (*name == '\'')
      to = stpcpy(to, quote);
    else
      *to++ = *name;
  strcpy(to, "'");
  return word;
}

/* ---- inputs --------------------------------------------------------------------------------- */

static const char *key_of(char key[KEY], int i, const char *field) {
  snprintf(key, KEY, "input_%d_%s", i + 1, field);
  return key;
}

static void describe_input(Metadata *origin, const Dataset *dataset, int i) {
  const SeqCounts *counts = &dataset->counts[i];
  char key[KEY], *name = name_of(dataset->files[i]);
  metadata_set(origin, key_of(key, i, "name"), "%s", name);
  metadata_set(origin, key_of(key, i, "use"), "%s", dataset_use(dataset, i));
  metadata_set(origin, key_of(key, i, "bytes"), "%" PRIu64, counts->notes.bytes);
  metadata_set(origin, key_of(key, i, "crc32"), "%08" PRIx32, counts->notes.crc32);
  metadata_set(origin, key_of(key, i, "records"), "%" PRIu64, counts->records);
  metadata_set(origin, key_of(key, i, "bases"), "%" PRIu64, counts_letters(counts));
  free(name);
}

/* The inputs of a checkpoint, if it has them. */
static Metadata *past_inputs(const Metadata *past) {
  static const char prefix[] = "input_";
  Metadata *inputs = metadata_new();
  const char *key, *value;
  for (size_t i = 0; past && metadata_entry(past, i, &key, &value); i++)
    if (strncmp(key, prefix, strlen(prefix)) == 0) metadata_set(inputs, key, "%s", value);
  return inputs;
}

static Metadata *list_inputs(const RunConfig *run) {
  const Dataset *dataset = run->dataset;
  Metadata *inputs = past_inputs(run->past);
  if (metadata_get(inputs, "input_files")) return inputs;
  metadata_set(inputs, "input_files", "%d", dataset->n);
  for (int i = 0; i < dataset->n && i < ORIGIN_FILES; i++) describe_input(inputs, dataset, i);
  return inputs;
}

/* ---- the command ---------------------------------------------------------------------------- */

typedef struct {
  char text[ORIGIN_COMMAND + sizeof " ..."];
  size_t used;
  bool full;
} Command;

static void add(Command *command, const char *word) {
  if (command->full) return;
  command->full = command->used + 1 + strlen(word) > ORIGIN_COMMAND;
  command->used +=
      (size_t)sprintf(command->text + command->used, " %s", command->full ? "..." : word);
}

/* Adds a name; NULL: it is not listed. */
static void add_name(Command *command, const char *name) {
  char *word = name ? word_of(name) : alloc_text("...");
  add(command, word);
  free(word);
}

static void add_option(Command *command, const Option *option, const RunConfig *run) {
  char value[VALUE], usual[VALUE], name[KEY];
  option_value(option, run->options, value, sizeof value);
  defaults_text(option, run->options, run->train_tokens, usual, sizeof usual);
  if (strcmp(value, usual) == 0) return;
  snprintf(name, sizeof name, "--%s", option->name);
  add(command, name);
  if (option->type != OPTION_FLAG) add(command, value);
}

/* Adds the options that differ from their defaults. */
static void add_options(Command *command, const RunConfig *run, const char *init,
                        const char *valid) {
  for (const Option *option = train_program.options; option->name; option++) {
    const bool is_init = strcmp(option->name, "init") == 0;
    const bool is_valid = strcmp(option->name, "valid") == 0;
    if (!train_options_matters(option)) continue;
    if (!is_init && !is_valid) add_option(command, option, run);
    if ((is_init && init) || (is_valid && run->dataset->valid_corpus)) {
      add(command, is_init ? "--init" : "--valid");
      add_name(command, is_init ? init : valid);
    }
  }
}

/* Adds the listed training files. */
static void add_files(Command *command, const Metadata *inputs, int n) {
  const char *key, *value;
  int files = 0;
  for (size_t i = 0; files < n && metadata_entry(inputs, i, &key, &value); i++) {
    const char *field = strrchr(key, '_');
    if (!field || strcmp(field, "_name") != 0) continue;
    add_name(command, value);
    files++;
  }
  if (files < n) add_name(command, NULL);
}

static void describe_command(Metadata *origin, const RunConfig *run, const Metadata *inputs) {
  const Dataset *dataset = run->dataset;
  char key[KEY];
  Command *command = alloc_new(1, sizeof *command);
  command->used = (size_t)sprintf(command->text, "rnntrain");
  add_options(command, run, metadata_get(origin, "init_name"),
              metadata_get(inputs, key_of(key, dataset->n - 1, "name")));
  add_files(command, inputs, dataset->valid_corpus ? dataset->n - 1 : dataset->n);
  metadata_set(origin, "command", "%s", command->text);
  free(command);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void describe_init(Metadata *origin, const RunConfig *run) {
  const char *past = run->past ? metadata_get(run->past, "init_name") : NULL;
  const char *path = run->options->init;
  char *name = path && !past ? name_of(path) : NULL;
  if (past || name) metadata_set(origin, "init_name", "%s", past ? past : name);
  free(name);
}

Metadata *origin_new(const RunConfig *run) {
  Metadata *origin = metadata_new(), *inputs = list_inputs(run);
  describe_init(origin, run);
  metadata_set(origin, "train_bases", "%" PRIu64, dataset_train_bases(run->dataset));
  metadata_set(origin, "valid_bases", "%" PRIu64, dataset_valid_bases(run->dataset));
  describe_command(origin, run, inputs);
  metadata_append(origin, inputs);
  metadata_free(inputs);
  return origin;
}
