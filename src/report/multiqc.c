#include "report/multiqc.h"

#include "base/alloc.h"
#include "base/escape.h"
#include "model/nodes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const RunData *data;
  const char *sample, *training; /* its name, and that with " (training)" behind it */
  Nodes nodes;
} Sheet;

/* ---- general statistics --------------------------------------------------------------------- */

/* A column: its name, field in the summary, and how MultiQC shows it. */
static const struct {
  const char *name;
  size_t offset;
  const char *title, *description, *format, *scale;
} columns[] = {
    {"bits_per_base", offsetof(Summary, best_bits), "bits/base",
     "Best validation loss of the network, in bits per base", "{:,.4f}", "RdYlGn-rev"},
    {"markov_bits_per_base", offsetof(Summary, markov_bits), "Markov",
     "The best Markov model on the same bases, in bits per base", "{:,.4f}", "Greys"},
    {"kmers", offsetof(Summary, tokens), "K-mers", "K-mers learnt from, all epochs", "{:,.0f}",
     "Blues"},
    {"seconds", offsetof(Summary, seconds), "Seconds", "Time of training", "{:,.0f}", "Purples"}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void put_columns(Sheet *sheet) {
  Nodes *nodes = &sheet->nodes;
  nodes_open(nodes, "pconfig", '[');
  for (int i = 0; i < COLUMNS; i++) {
    nodes_open(nodes, NULL, '{');
    nodes_open(nodes, columns[i].name, '{');
    nodes_word(nodes, "title", columns[i].title);
    nodes_word(nodes, "description", columns[i].description);
    nodes_word(nodes, "format", columns[i].format);
    nodes_word(nodes, "scale", columns[i].scale);
    nodes_close(nodes, '}');
    nodes_close(nodes, '}');
  }
  nodes_close(nodes, ']');
}

/* What was not measured is left out. */
static void put_statistics(Sheet *sheet) {
  Nodes *nodes = &sheet->nodes;
  nodes_word(nodes, "id", "rnntrain");
  nodes_word(nodes, "plot_type", "generalstats");
  put_columns(sheet);
  nodes_open(nodes, "data", '{');
  nodes_open(nodes, sheet->sample, '{');
  for (int i = 0; i < COLUMNS; i++) {
    const double value = *(const double *)((const char *)&sheet->data->run + columns[i].offset);
    if (isfinite(value)) nodes_number(nodes, columns[i].name, value, "%s", "");
  }
  nodes_close(nodes, '}');
  nodes_close(nodes, '}');
}

/* ---- the loss ------------------------------------------------------------------------------- */

/* At each validation; of a run without any, at each row, and named so. */
static void put_loss(Sheet *sheet) {
  const RunData *data = sheet->data;
  Nodes *nodes = &sheet->nodes;
  const bool validated = isfinite(data->run.best_bits);
  const double *bits = data->loss[validated ? LOSS_VALID_BITS : LOSS_TRAIN_BITS];
  nodes_word(nodes, "id", "rnntrain_loss");
  nodes_word(nodes, "section_name", "rnntrain: loss");
  nodes_word(nodes, "description",
             "What a base costs in the course of training, on validation where there is one; 2 is "
             "guessing.");
  nodes_word(nodes, "plot_type", "linegraph");
  nodes_open(nodes, "pconfig", '{');
  nodes_word(nodes, "id", "rnntrain_loss_plot");
  nodes_word(nodes, "title", "rnntrain: loss");
  nodes_word(nodes, "xlab", "k-mers read");
  nodes_word(nodes, "ylab", "bits per base");
  nodes_open(nodes, "y_lines", '[');
  nodes_open(nodes, NULL, '{');
  nodes_whole(nodes, "value", 2);
  nodes_word(nodes, "label", "guessing");
  nodes_close(nodes, '}');
  nodes_close(nodes, ']');
  nodes_close(nodes, '}');
  nodes_open(nodes, "data", '{');
  nodes_open(nodes, validated ? sheet->sample : sheet->training, '[');
  for (size_t i = 0; i < data->rows; i++)
    if (isfinite(bits[i]))
      nodes_row(nodes, NULL, (double[]){data->loss[LOSS_TOKENS][i], bits[i]}, 2, "%s", "");
  nodes_close(nodes, ']');
  nodes_close(nodes, '}');
}

/* ---- files ---------------------------------------------------------------------------------- */

static int write_file(Sheet *sheet, AtomicFile *file, void (*put)(Sheet *sheet), Why *why) {
  if (!file) return -1;
  sheet->nodes = (Nodes){.out = file->out};
  nodes_open(&sheet->nodes, NULL, '{');
  put(sheet);
  nodes_close(&sheet->nodes, '}');
  return atomicfile_commit(file, why);
}

int multiqc_write(const RunData *data, const RunDir *dir, Why *why) {
  const char *directory = rundir_path(dir);
  char *path = realpath(directory, NULL);
  if (!path) return fail_reading(why, errno, "%s: cannot be accessed", directory);
  for (char *c = path; *c; c++) memset(c, '_', (size_t)escape_control(c)); /* TSV follows */
  char *training = alloc_new(strlen(path) + sizeof " (training)", 1);
  const char *sample = strrchr(path, '/') + 1;
  Sheet sheet = {.data = data, .sample = sample, .training = training};
  strcat(strcpy(training, sample), " (training)");
  int rc = write_file(&sheet, rundir_create(dir, RUN_MULTIQC, why), put_statistics, why);
  if (rc == 0) rc = write_file(&sheet, rundir_create(dir, RUN_MULTIQC_LOSS, why), put_loss, why);
  free(path);
  free(training);
  return rc;
}
