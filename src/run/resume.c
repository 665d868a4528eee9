#include "run/resume.h"

#include "base/version.h"
#include "io/input.h"
#include "run/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEY = 64, VALUE = 64, DIFFERENCE = 128 };

/* Whether an option must not change (most of these determine the network or its gradients), is kept
 * but may change, or belongs to a single command. */
typedef enum { FIXED, KEPT, OWN } Stay;

static Stay option_stay(const Option *option) {
  static const char kept[] = "epochs|patience|max-time|log-every|checkpoint-every|report|multiqc";
  static const char own[] = "threads|force|resume|dry-run|quiet|no-progress";
  if (option_find(kept, option->name) >= 0) return KEPT;
  if (option_find(own, option->name) >= 0) return OWN;
  return option->type == OPTION_TEXT ? OWN : FIXED;
}

static const char *option_key(const Option *option, char key[KEY]) {
  snprintf(key, KEY, "option.%s", option->name);
  return key;
}

void resume_describe(Metadata *about, const TrainOptions *options) {
  char key[KEY], value[VALUE];
  for (const Option *option = train_program.options; option->name; option++) {
    if (option_stay(option) == OWN || !train_options_list(options, option)) continue;
    option_value(option, options, value, sizeof value);
    metadata_set(about, option_key(option, key), "%s", value);
  }
}

/* Checks that this version has all options of the run. */
static int check_names(const Metadata *about, const char *path, Why *why) {
  char known[KEY];
  const char *key, *value;
  for (size_t i = 0; metadata_entry(about, i, &key, &value); i++) {
    const Option *option = train_program.options;
    while (option->name && strcmp(option_key(option, known), key) != 0) option++;
    if (strncmp(key, "option.", strlen("option.")) == 0 && !option->name)
      return fail(why,
                  "%s: has %s, which is unknown to this version; resume the run with the version "
                  "that made it",
                  path, key);
  }
  return 0;
}

/* Checks that the sizes in the options are those of the network, because they determine the memory
 * of the run. */
static int check_sizes(const Metadata *about, const char *path, Why *why) {
  static const char *const pairs[][2] = {{"k", "option.kmer"},
                                         {"stride", "option.stride"},
                                         {"embedding", "option.embedding"},
                                         {"hidden", "option.hidden"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    const char *size = metadata_get(about, pairs[i][0]);
    const char *option = metadata_get(about, pairs[i][1]);
    if (!size || !option || strcmp(size, option) != 0)
      return fail(why, "%s: its %s does not match its %s; it is not an intact checkpoint", path,
                  pairs[i][0], pairs[i][1]);
  }
  return 0;
}

static int check_about(const Metadata *about, const char *path, Why *why) {
  const char *version = metadata_get(about, "version");
  if (!metadata_get(about, "inputs"))
    return fail(
        why,
        "%s: written by version %s, which identified its input by the bytes of the files; resume "
        "the run with that version, or start it again with --force",
        path, version ? version : "0");
  if (check_names(about, path, why) != 0) return -1;
  return check_sizes(about, path, why);
}

static int take_options(TrainOptions *options, const CommandLine *line, const Metadata *about,
                        const char *path, Why *why) {
  char key[KEY], value[VALUE], usual[VALUE];
  TrainOptions unused = {0}; /* replaced values are checked too */
  options_default(&train_program, &unused);
  if (check_about(about, path, why) != 0) return -1;
  for (const Option *option = train_program.options; option->name; option++) {
    if (option_stay(option) == OWN) continue;
    const char *before = metadata_get(about, option_key(option, key));
    option_value(option, options, value, sizeof value);
    option_value(option, &unused, usual, sizeof usual);
    const bool given = line->given[option - train_program.options] && strcmp(value, "auto") != 0;
    TrainOptions *to = given ? &unused : options;
    if (!before && !train_options_list(&unused, option)) before = usual;
    if (!before || option_restore(option, to, before) != 0)
      return fail(
          why,
          "%s: has no %s that this version knows; resume the run with the version that made it",
          path, key);
    option_value(option, options, value, sizeof value);
    if (option_stay(option) == FIXED && strcmp(before, value) != 0)
      return fail(
          why, "--%s: the run in %s began with %s, not %s; omit the option, or start another run",
          option->name, options->output, before, value);
  }
  return 0;
}

int resume_read(RunConfig *run, TrainOptions *options, const CommandLine *line, Why *why) {
  const char *path = rundir_file(run->dir, RUN_CHECKPOINT);
  run->past = checkpoint_about(rundir_open(run->dir, RUN_CHECKPOINT), path, &run->past_inputs,
                               &run->n_past_inputs, why);
  if (!run->past || take_options(options, line, run->past, path, why) != 0) return -1;
  const char *started = metadata_get(run->past, "started");
  const char *version = metadata_get(run->past, "version");
  if (started) run->started = started;
  if (version && strcmp(version, VERSION) != 0)
    progress_say(run->progress,
                 "%s: version %s made it, this is %s: the last bits of the model may differ", path,
                 version, VERSION);
  return 0;
}

/* ---- inputs --------------------------------------------------------------------------------- */

/* Describes the difference between an input and that of the run; "" if there is none. */
static void find_difference(char text[DIFFERENCE], const uint64_t *is, const uint64_t *was) {
  *text = 0;
  if (is[DATASET_VALIDATES] != was[DATASET_VALIDATES])
    snprintf(text, DIFFERENCE, "%s",
             is[DATASET_VALIDATES] ? "--valid names it" : "--valid does not name it");
  else if (is[DATASET_RECORDS] != was[DATASET_RECORDS])
    snprintf(text, DIFFERENCE, "it has %" PRIu64 " records, not %" PRIu64, is[DATASET_RECORDS],
             was[DATASET_RECORDS]);
  else if (is[DATASET_LETTERS] != was[DATASET_LETTERS])
    snprintf(text, DIFFERENCE, "it has %" PRIu64 " letters, not %" PRIu64, is[DATASET_LETTERS],
             was[DATASET_LETTERS]);
  else if (is[DATASET_NAMES] != was[DATASET_NAMES])
    snprintf(text, DIFFERENCE, "its record names differ");
  else if (is[DATASET_PLACES] != was[DATASET_PLACES])
    snprintf(text, DIFFERENCE, "its record or segment lengths differ");
  else if (is[DATASET_BASES] != was[DATASET_BASES])
    snprintf(text, DIFFERENCE, "its bases differ");
}

int resume_check_inputs(const RunConfig *run, Why *why) {
  const Dataset *dataset = run->dataset;
  const uint64_t *past = run->past_inputs;
  const size_t n = (size_t)dataset->n, n_past = run->n_past_inputs;
  char difference[DIFFERENCE] = "";
  size_t i = 0;
  for (; i < n && i < n_past && !*difference; i++)
    find_difference(difference, run->inputs + i * DATASET_COLUMNS, past + i * DATASET_COLUMNS);
  if (*difference)
    return fail(why,
                "%s: differs from input %zu of the run: %s; give the same sequences in the "
                "same order",
                input_title(dataset->files[i - 1]), i, difference);
  if (n > n_past)
    return fail(why, "%s: is not an input of the run, which has only %zu; omit it",
                input_title(dataset->files[n_past]), n_past);
  if (n < n_past && past[(n_past - 1) * DATASET_COLUMNS + DATASET_VALIDATES])
    return fail(why, "the run began with a --valid file; give it again");
  if (n < n_past)
    return fail(why,
                "the run began with %zu input files, not %zu; give the same files in the same "
                "order",
                n_past, n);
  return 0;
}
