#include "report/multiqc.h"

#include "base/alloc.h"
#include "base/escape.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- general statistics --------------------------------------------------------------------- */

/* A column: its name, field in the summary, and format in MultiQC. */
static const struct {
  const char *name;
  size_t offset;
  const char *title, *description, *format, *scale;
} columns[] = {
    {"bits_per_base", offsetof(Summary, best_bits), "bits/base",
     "Best validation loss of the network, in bits per base", "{:,.4f}", "RdYlGn-rev"},
    {"markov_bits_per_base", offsetof(Summary, markov_bits), "Markov",
     "The best Markov model on the same bases, in bits per base", "{:,.4f}", "Greys"},
    {"kmers", offsetof(Summary, tokens), "K-mers", "Training k-mers, summed over epochs", "{:,.0f}",
     "Blues"},
    {"seconds", offsetof(Summary, seconds), "Seconds", "Training time", "{:,.0f}", "Purples"},
    {"memory_frozen_bits_per_base", offsetof(Summary, frozen_bits), "Memory",
     "Validation with the memory of repeats, in bits per base", "{:,.4f}", "RdYlGn-rev"},
    {"memory_adapting_bits_per_base", offsetof(Summary, adapting_bits), "Adapting",
     "Validation with a memory that also holds the bases read so far, in bits per base", "{:,.4f}",
     "RdYlGn-rev"}};
enum { COLUMNS = sizeof columns / sizeof *columns, ALWAYS = COLUMNS - 2 };

/* Makes the columns, those of a memory only if it was measured. */
static json_t *columns_json(const Summary *run) {
  const int n = isfinite(run->frozen_bits) ? COLUMNS : ALWAYS;
  json_t *list = json_array();
  for (int i = 0; i < n; i++)
    json_array_append_new(list, json_pack("{s:{s:s, s:s, s:s, s:s}}", columns[i].name, "title",
                                          columns[i].title, "description", columns[i].description,
                                          "format", columns[i].format, "scale", columns[i].scale));
  return list;
}

/* Makes the values, without those that were not measured. */
static json_t *values_json(const Summary *run) {
  json_t *values = json_object();
  for (int i = 0; i < COLUMNS; i++) {
    const void *field = (const char *)run + columns[i].offset;
    const double value = *(const double *)field;
    const bool whole = value == floor(value) && fabs(value) < 0x1p53;
    if (!isfinite(value)) continue;
    json_object_set_new(values, columns[i].name,
                        whole ? json_integer((json_int_t)value) : json_real(value));
  }
  return values;
}

static int write_statistics(AtomicFile *file, const Summary *run, const char *sample, Why *why) {
  if (!file) return -1;
  json_t *json =
      json_pack("{s:s, s:s, s:o, s:{s:o}}", "id", "rnntrain", "plot_type", "generalstats",
                "pconfig", columns_json(run), "data", sample, values_json(run));
  json_dumpf(json, file->out, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
  fputc('\n', file->out);
  json_decref(json);
  return atomicfile_commit(file, why);
}

/* ---- the loss ------------------------------------------------------------------------------- */

static json_t *plot_json(void) {
  return json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:[{s:i, s:s}]}}", "id",
                   "rnntrain_loss", "section_name", "rnntrain: loss", "description",
                   "Loss over the course of training, on the validation if there is one; 2 bits "
                   "per base is guessing.",
                   "plot_type", "linegraph", "pconfig", "id", "rnntrain_loss_plot", "title",
                   "rnntrain: loss", "xlab", "k-mers read", "ylab", "bits per base", "y_lines",
                   "value", 2, "label", "guessing");
}

/* Writes the validation loss at each validation, or the training loss at each row if there was
 * none. The rows, which may be many, are written one by one, as the last member. */
static int write_loss(AtomicFile *file, const RunData *data, const char *sample, Why *why) {
  if (!file) return -1;
  const bool validated = isfinite(data->run.best_bits);
  const double *bits = data->loss[validated ? RUNDATA_VALID_BITS : RUNDATA_TRAIN_BITS];
  const double *tokens = data->loss[RUNDATA_TOKENS];
  json_t *plot = plot_json(), *name = json_sprintf("%s%s", sample, validated ? "" : " (training)");
  char *text = json_dumps(plot, JSON_INDENT(2));
  size_t n = 0;
  fprintf(file->out, "%.*s,\n  \"data\": {\n    ", (int)strlen(text) - 2, text);
  json_dumpf(name, file->out, JSON_ENCODE_ANY);
  fputs(": [", file->out);
  for (size_t i = 0; i < data->rows; i++)
    if (isfinite(bits[i]) && isfinite(tokens[i]))
      fprintf(file->out, "%s\n      [%.15g, %.15g]", n++ > 0 ? "," : "", tokens[i], bits[i]);
  fputs(n > 0 ? "\n    ]\n  }\n}\n" : "]\n  }\n}\n", file->out);
  free(text);
  json_decref(name);
  json_decref(plot);
  return atomicfile_commit(file, why);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* The name of a directory, which need not be UTF-8, as a JSON string: a byte that is not UTF-8
 * becomes the character with that number, and a control character becomes '_', because MultiQC
 * writes tables. */
static json_t *sample_json(const char *name) {
  char *text = alloc_new(ESCAPE_ROOM * strlen(name) + 3, 1), *at = text;
  *at++ = '"';
  while (*name) {
    const size_t control = (size_t)escape_control(name);
    memset(at, '_', control);
    name += control > 0 ? control : escape_json(at, name);
    at += strlen(at);
  }
  *at = '"';
  json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
  free(text);
  return json;
}

int multiqc_write(const RunData *data, const RunDir *dir, Why *why) {
  const char *directory = rundir_path(dir);
  char *path = realpath(directory, NULL);
  if (!path) return fail_reading(why, errno, "%s: cannot be accessed", directory);
  json_t *json = sample_json(strrchr(path, '/') + 1);
  const char *sample = json_string_value(json);
  int rc = write_statistics(rundir_create(dir, RUN_MULTIQC, why), &data->run, sample, why);
  if (rc == 0) rc = write_loss(rundir_create(dir, RUN_MULTIQC_LOSS, why), data, sample, why);
  json_decref(json);
  free(path);
  return rc;
}
