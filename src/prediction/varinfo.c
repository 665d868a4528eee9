#include "prediction/varinfo.h"

#include "base/alloc.h"
#include "base/version.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* The fields of INFO, those of the forward strand first. */
typedef enum { OF_REF, OF_ALT, OF_DIFFERENCE, OF_MEAN } Kind;
typedef struct {
  const char *id;
  Kind kind;
  int strand;
  const char *description;
} Field;

static const Field fields[] = {
    {"RNN_REF", OF_REF, 0, "Surprise of REF and the bases behind it, in bits"},
    {"RNN_ALT", OF_ALT, 0, "Surprise of the allele and the bases behind it, in bits"},
    {"RNN_DIFF", OF_DIFFERENCE, 0, "RNN_ALT - RNN_REF, positive if the allele is more surprising"},
    {"RNN_REV_REF", OF_REF, 1, "RNN_REF on the reverse strand"},
    {"RNN_REV_ALT", OF_ALT, 1, "RNN_ALT on the reverse strand"},
    {"RNN_REV_DIFF", OF_DIFFERENCE, 1, "RNN_DIFF on the reverse strand"},
    {"RNN_MEAN_DIFF", OF_MEAN, 1, "Mean of RNN_DIFF and RNN_REV_DIFF"}};
enum { FIELDS = sizeof fields / sizeof *fields, FORWARD_FIELDS = 3 };

static int count_fields(const Variants *variants) {
  return variants->strands == 2 ? FIELDS : FORWARD_FIELDS;
}

/* ---- the header ----------------------------------------------------------------------------- */

/* Adds the command line, without options that do not change the numbers. */
static int add_command(const Task *task, const Variants *variants, uint32_t window, Why *why) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) return fail(why, "%s: not enough memory for its header", task->options->vcf);
  fprintf(out, "rnnpredict --mode variants --vcf %s --format vcf --window %" PRIu32 "%s %s",
          task->options->vcf, window, variants->strands == 2 ? " --strands both" : "",
          *task->paths);
  for (int i = 0; i < task->n_files; i++) fprintf(out, " %s", task->files[i]);
  fclose(out);
  varfile_add_line(variants->file, "rnnpredictVersion", VERSION);
  varfile_add_line(variants->file, "rnnpredictCommand", text);
  free(text);
  return 0;
}

int varinfo_begin(const Task *task, const Variants *variants, uint32_t window, Why *why) {
  const Records *records = variants->genome->records;
  for (size_t i = 0; i < records->n; i++)
    varfile_add_contig(variants->file, genome_name(variants->genome, &records->record[i]),
                       records->record[i].letters);
  for (int i = 0; i < count_fields(variants); i++)
    varfile_add_field(variants->file, fields[i].id, fields[i].kind == OF_REF ? "1" : "A",
                      fields[i].description);
  if (add_command(task, variants, window, why) != 0) return -1;
  return varfile_put_header(variants->file, output_stream(task->output), why);
}

/* ---- variants ------------------------------------------------------------------------------- */

static double value_of(const Variants *variants, const Variant *variant, const Field *field,
                       int allele) {
  switch (field->kind) {
  case OF_REF: return variants_bits(variants, variant, 0, field->strand);
  case OF_ALT: return variants_bits(variants, variant, allele, field->strand);
  case OF_DIFFERENCE: return variants_difference(variants, variant, allele, field->strand);
  case OF_MEAN: return variants_mean_difference(variants, variant, allele);
  }
  abort();
}

/* Sets a field. If no allele has a value, removes the field of an earlier run. */
static int set_field(const Variants *variants, Variant *variant, const Field *field, Why *why) {
  const int n = field->kind == OF_REF ? 1 : variant->record.alleles - 1;
  float *values = alloc_new((size_t)n + 1, sizeof *values);
  int known = 0;
  for (int i = 0; i < n; i++) {
    values[i] = (float)value_of(variants, variant, field, i + 1);
    known += !isnan(values[i]);
  }
  const int rc =
      varfile_set(variants->file, &variant->record, field->id, values, known > 0 ? n : 0, why);
  free(values);
  return rc;
}

int varinfo_put(const Task *task, const Variants *variants, Variant *variant, Why *why) {
  for (int i = 0; i < count_fields(variants); i++)
    if (set_field(variants, variant, &fields[i], why) != 0) return -1;
  return varfile_put(variants->file, &variant->record, output_stream(task->output), why);
}
