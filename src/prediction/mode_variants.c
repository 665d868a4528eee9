#include "io/input.h"
#include "prediction/modes.h"
#include "prediction/saturation.h"
#include "prediction/varinfo.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { WINDOW = 32 }; /* bases; docs/prediction.md has the measurement */

/* ---- rows ----------------------------------------------------------------------------------- */

static Table *new_table(const Task *task, int strands) {
  static const char *const columns[] = {"record",
                                        "position",
                                        "id",
                                        "ref",
                                        "alt",
                                        "ref_bases",
                                        "alt_bases",
                                        "ref_bits",
                                        "alt_bits",
                                        "difference",
                                        "reverse_ref_bits",
                                        "reverse_alt_bits",
                                        "reverse_difference",
                                        "mean_difference"};
  return task_table(task, columns, strands == 2 ? 14 : 10);
}

static void put_word(Table *table, const char *word) {
  if (!word || strcmp(word, ".") == 0)
    table_none(table, 1);
  else
    table_text(table, word);
}

static void put_bases(Table *table, const Variants *variants, const Variant *variant, int allele) {
  if (isnan(variants_difference(variants, variant, allele, 0))) {
    table_none(table, 2);
    return;
  }
  table_whole(table, variants_bases(variants, variant, 0, 0));
  table_whole(table, variants_bases(variants, variant, allele, 0));
}

static void put_bits(Table *table, const Variants *variants, const Variant *variant, int allele,
                     int strand) {
  const double difference = variants_difference(variants, variant, allele, strand);
  if (isnan(difference)) {
    table_none(table, 3);
    return;
  }
  table_fixed(table, variants_bits(variants, variant, 0, strand), 4);
  table_fixed(table, variants_bits(variants, variant, allele, strand), 4);
  table_fixed(table, difference, 4);
}

/* Writes a row for an alternative allele; allele 0: there is none. */
static void put_row(Table *table, const Variants *variants, const Variant *variant, int allele) {
  const VarRecord *record = &variant->record;
  table_text(table, record->name);
  table_whole(table, (uint64_t)record->position);
  put_word(table, record->id);
  table_text(table, *record->allele);
  put_word(table, allele > 0 ? record->allele[allele] : NULL);
  put_bases(table, variants, variant, allele);
  put_bits(table, variants, variant, allele, 0);
  if (variants->strands == 2) {
    put_bits(table, variants, variant, allele, 1);
    table_fixed_or_none(table, variants_mean_difference(variants, variant, allele), 4);
  }
  table_end(table);
}

static void put_rows(Table *table, const Variants *variants, const Variant *variant) {
  const int alleles = variant->record.alleles;
  for (int i = alleles > 1; i < alleles; i++) put_row(table, variants, variant, i);
}

/* ---- a file of variants --------------------------------------------------------------------- */

static int read_reference(const Task *task, Genome *genome, Why *why) {
  SeqNotes notes;
  for (int i = 0; i < task->n_files; i++) {
    advance_open(task->advance, task->files[i]);
    if (genome_read(genome, task->files[i], &notes, why) != 0) return -1;
    task_say_notes(task, task->files[i], notes, false);
  }
  genome_end(genome);
  return 0;
}

/* Checks the numbers of a variant, and writes it; table NULL: as VCF. */
static int put_variant(const Task *task, Table *table, const Variants *variants, Variant *variant,
                       Why *why) {
  for (int i = 1; i < variant->record.alleles; i++)
    for (int strand = 0; strand < variants->strands; strand++) {
      const double bits = variants_difference(variants, variant, i, strand);
      if (isinf(bits)) return task_finite(variant->record.name, bits, why);
    }
  if (!table) return varinfo_put(task, variants, variant, why);
  put_rows(table, variants, variant);
  return 0;
}

static int put_variants(const Task *task, Table *table, Variants *variants, Why *why) {
  int more;
  while ((more = variants_next(variants, why)) > 0) {
    for (size_t i = 0; i < variants->n; i++)
      if (put_variant(task, table, variants, &variants->variant[i], why) != 0) return -1;
    if (output_check(task->output, why) != 0) return -1;
    task->advance->records += variants->n;
    advance_show(task->advance, 0, 0);
  }
  return more;
}

/* Prints the numbers of alleles without a score, by their reasons. */
static void say_skipped(const Task *task, const Variants *variants) {
#define REASON(NAME, text) text,
  static const char *const reasons[] = {VARIANTS_SKIP_TABLE(REASON)};
  char list[512] = "";
  for (int i = VARIANTS_NONE + 1; i < VARIANTS_SKIPS; i++) {
    const size_t n = strlen(list);
    if (variants->skipped[i] > 0)
      snprintf(list + n, sizeof list - n, "%s%" PRIu64 " %s", n > 0 ? ", " : "",
               variants->skipped[i], reasons[i]);
  }
  if (*list)
    progress_say(task->advance->progress, "rnnpredict: %s: alternative alleles without a score: %s",
                 input_title(task->options->vcf), list);
}

static int score_file(const Task *task, Table *table, Variants *variants, uint32_t window,
                      Why *why) {
  Why other;
  int rc = 0;
  if (!table) rc = varinfo_begin(task, variants, window, why);
  if (rc == 0) rc = put_variants(task, table, variants, why);
  if (table && table_flush(table, rc == 0 ? why : &other) != 0) rc = -1;
  if (rc == 0) say_skipped(task, variants);
  return rc;
}

static int score_variants(const Task *task, Alleles *alleles, uint32_t window, Why *why) {
  const PredictOptions *o = task->options;
  const bool is_vcf = o->format == FORMAT_VCF;
  const int strands = o->strands == STRANDS_BOTH ? 2 : 1;
  VarFile *file = varfile_open(o->vcf, is_vcf, why);
  if (!file) return -1;
  Genome genome = genome_new();
  int rc = read_reference(task, &genome, why);
  if (rc == 0) {
    Table *table = is_vcf ? NULL : new_table(task, strands);
    Variants *variants = variants_new(file, &genome, alleles, strands);
    rc = score_file(task, table, variants, window, why);
    variants_free(variants);
    table_free(table);
  }
  genome_free(&genome);
  varfile_close(file);
  return rc;
}

int mode_variants(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const uint32_t window = o->window > 0 ? (uint32_t)o->window : WINDOW;
  Alleles *alleles = alleles_new(task->models, window, o->threads, kernels_best());
  const int rc =
      o->all ? saturation_run(task, alleles, why) : score_variants(task, alleles, window, why);
  alleles_free(alleles);
  return rc;
}
