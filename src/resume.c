#include "resume.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEY = 64, VALUE = 64 };

/* What becomes of an option: most make the network and its gradients, and are as they were. */
typedef enum { FIXED, KEPT, OWN } Stay;

static Stay option_stay(const Option *option) {
  static const char *const kept[] = {"epochs",           "patience", "max-time", "log-every",
                                     "checkpoint-every", "report",   "multiqc"};
  static const char *const own[] = {"threads", "force", "resume",
                                    "dry-run", "quiet", "no-progress"};
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
    if (strcmp(option->name, kept[i]) == 0) return KEPT;
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (strcmp(option->name, own[i]) == 0) return OWN;
  return option->type == OPTION_TEXT ? OWN : FIXED;
}

static const char *option_key(const Option *option, char key[KEY]) {
  snprintf(key, KEY, "option.%s", option->name);
  return key;
}

/* Of input file i: its key, and what it is known by. */
static void input_text(const Dataset *dataset, int i, char key[KEY], char value[VALUE]) {
  const SeqCounts *counts = &dataset->counts[i];
  snprintf(key, KEY, "input.%d", i + 1);
  snprintf(value, VALUE, "%08x %" PRIu64 " %s", counts->crc32, counts->bytes,
           dataset_validates(dataset, i) ? "validation" : "training");
}

void resume_describe(Metadata *about, const TrainOptions *options, const Dataset *dataset) {
  char key[KEY], value[VALUE];
  for (const Option *option = train_program.options; option->name; option++) {
    if (option_stay(option) == OWN) continue;
    options_value(option, options, value, sizeof value);
    metadata_set(about, option_key(option, key), "%s", value);
  }
  for (int i = 0; i < dataset->n; i++) {
    input_text(dataset, i, key, value);
    metadata_set(about, key, "%s", value);
  }
}

/* Whether this version knows all options of the run, and they are those of its network: how much
 * memory will be asked for follows from them. */
static int check_about(const Metadata *about, const char *path, Why *why) {
  static const char *const pairs[][2] = {{"k", "option.kmer"},
                                         {"stride", "option.stride"},
                                         {"embedding", "option.embedding"},
                                         {"hidden", "option.hidden"}};
  char known[KEY];
  const char *key, *value;
  for (size_t i = 0; i < metadata_size(about); i++) {
    metadata_entry(about, i, &key, &value);
    const Option *option = train_program.options;
    while (option->name && strcmp(option_key(option, known), key) != 0) option++;
    if (strncmp(key, "option.", strlen("option.")) == 0 && !option->name)
      return fail(why,
                  "%s: has %s, which this version does not know; go on with the one that made it",
                  path, key);
  }
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    const char *is = metadata_get(about, pairs[i][0]), *said = metadata_get(about, pairs[i][1]);
    if (!is || !said || strcmp(is, said) != 0)
      return fail(why, "%s: its %s is not its %s; it is no whole checkpoint", path, pairs[i][0],
                  pairs[i][1]);
  }
  return 0;
}

int resume_options(TrainOptions *options, const Metadata *about, const char *path, Why *why) {
  char key[KEY];
  if (check_about(about, path, why) != 0) return -1;
  for (const Option *option = train_program.options; option->name; option++) {
    if (option_stay(option) == OWN) continue;
    const char *value = metadata_get(about, option_key(option, key));
    if (!value || options_set(option, options, value) != 0)
      return fail(why, "%s: has no %s that this version knows; go on with the one that made it",
                  path, key);
  }
  return 0;
}

int resume_check_options(const TrainOptions *options, const Metadata *about, Why *why) {
  char key[KEY], value[VALUE];
  for (const Option *option = train_program.options; option->name; option++) {
    if (option_stay(option) != FIXED) continue;
    const char *before = metadata_get(about, option_key(option, key));
    options_value(option, options, value, sizeof value);
    if (before && strcmp(before, value) != 0)
      return fail(why,
                  "--%s: the run in %s began with %s, not %s; leave the option away, or begin "
                  "another run",
                  option->name, options->output, before, value);
  }
  return 0;
}

int resume_check_inputs(const Dataset *dataset, const Metadata *about, Why *why) {
  char key[KEY], value[VALUE];
  for (int i = 0; i < dataset->n; i++) {
    input_text(dataset, i, key, value);
    const char *before = metadata_get(about, key);
    if (!before || strcmp(before, value) != 0)
      return fail(why,
                  "%s: is not input %d that the run began with (CRC-32, bytes and use are %s, not "
                  "%s); give the same files in the same order",
                  dataset->files[i], i + 1, value, before ? before : "those of any");
  }
  snprintf(key, sizeof key, "input.%d", dataset->n + 1);
  const char *more = metadata_get(about, key);
  if (more && strstr(more, "validation"))
    return fail(why, "the run began with a --valid file; give it again");
  if (more)
    return fail(
        why, "the run began with more than %d input files; give the same files in the same order",
        dataset->n);
  return 0;
}
