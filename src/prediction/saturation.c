#include "prediction/saturation.h"

#include "base/alloc.h"
#include "io/npy.h"

#include <math.h>
#include <stdlib.h>

enum { SITES = 1 << 14 }; /* processed at a time */

/* A letter of a record. */
typedef struct {
  const Record *record;
  uint64_t letter; /* counted from 0 */
  int base;        /* 0..3; KMER_BREAK: ambiguous */
  size_t allele; /* index of the first of its alleles: four per strand, strand by strand; none for a
                    break */
} Site;

typedef struct {
  const Task *task;
  Table *table; /* NULL: an array */
  Npy npy;
  Alleles *alleles;
  Genome genome;
  int strands;    /* 1 or 2 */
  Site *site;     /* (SITES) */
  Allele *allele; /* (SITES,strands,4) */
  size_t n, n_alleles;
  uint64_t letters, done; /* of the file; done: already written */
} Saturation;

/* ---- rows ----------------------------------------------------------------------------------- */

/* The difference of one of the four alleles on a strand, in bits; NaN: no score. */
static double difference(const Saturation *s, const Site *site, int strand, int base) {
  const Allele *four = &s->allele[site->allele + 4 * (size_t)strand];
  if (four->tokens == 0) return NAN;
  return (four[base].nats - four[site->base].nats) * M_LOG2E;
}

static void set_differences(const Saturation *s, double bits[4], const Site *site) {
  for (int base = 0; base < 4; base++) {
    bits[base] = site->base < KMER_BREAK ? 0 : NAN;
    for (int strand = 0; strand < s->strands && site->base < KMER_BREAK; strand++)
      bits[base] += difference(s, site, strand, base) / s->strands;
  }
}

static void put_row(const Saturation *s, const Site *site, const double bits[4]) {
  const char letter[2] = {"ACGTN"[site->base], 0};
  table_text(s->table, genome_name(&s->genome, site->record));
  table_whole(s->table, site->letter + 1);
  table_text(s->table, letter);
  for (int base = 0; base < 4; base++) table_fixed_or_none(s->table, bits[base], 4);
  table_end(s->table);
}

static int put_site(Saturation *s, const Site *site, Why *why) {
  double bits[4];
  float row[4];
  set_differences(s, bits, site);
  for (int base = 0; base < 4; base++) {
    if (isinf(bits[base]))
      return task_finite(genome_name(&s->genome, site->record), bits[base], why);
    row[base] = (float)bits[base];
  }
  if (s->table)
    put_row(s, site, bits);
  else
    npy_write(&s->npy, row, sizeof row); /* little-endian, like models */
  return 0;
}

/* ---- sites ---------------------------------------------------------------------------------- */

static void add_alleles(Saturation *s, const RecordSegment *segment, uint64_t letter) {
  static const uint8_t bases[] = {0, 1, 2, 3};
  for (int strand = 0; strand < s->strands; strand++)
    for (int base = 0; base < 4; base++)
      s->allele[s->n_alleles++] = (Allele){.segment = segment,
                                           .at = letter - segment->position,
                                           .replaced = 1,
                                           .bases = &bases[base],
                                           .n = 1,
                                           .reversed = strand == 1};
}

/* Computes and writes the sites that were added. */
static int flush_sites(Saturation *s, Why *why) {
  Advance *advance = s->task->advance;
  alleles_run(s->alleles, s->genome.corpus, s->allele, s->n_alleles);
  for (size_t i = 0; i < s->n; i++)
    if (put_site(s, &s->site[i], why) != 0) return -1;
  advance->bases += s->n;
  s->done += s->n;
  s->n = s->n_alleles = 0;
  advance_show(advance, 0, s->letters > 0 ? (double)s->done / (double)s->letters : 1);
  return output_check(s->task->output, why);
}

static int add_record(Saturation *s, const Record *record, Why *why) {
  for (uint64_t letter = 0; letter < record->letters; letter++) {
    const RecordSegment *segment = genome_segment(&s->genome, record, letter);
    const int base = genome_base(&s->genome, record, letter);
    s->site[s->n++] = (Site){record, letter, base, s->n_alleles};
    if (segment) add_alleles(s, segment, letter);
    if (s->n == SITES && flush_sites(s, why) != 0) return -1;
  }
  s->task->advance->records++;
  return 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int add_file(Saturation *s, const char *path, Why *why) {
  SeqNotes notes;
  advance_open(s->task->advance, path);
  if (genome_read(&s->genome, path, &notes, why) != 0) return -1;
  genome_end(&s->genome);
  const Records *records = s->genome.records;
  s->letters = s->done = 0;
  for (size_t i = 0; i < records->n; i++) s->letters += records->record[i].letters;
  for (size_t i = 0; i < records->n; i++)
    if (add_record(s, &records->record[i], why) != 0) return -1;
  if (flush_sites(s, why) != 0) return -1;
  task_say_notes(s->task, path, notes, true);
  return 0;
}

static int add_files(Saturation *s, Why *why) {
  int rc = 0;
  for (int i = 0; i < s->task->n_files && rc == 0; i++) {
    s->genome = genome_new();
    rc = add_file(s, s->task->files[i], why);
    genome_free(&s->genome);
  }
  return rc;
}

int saturation_run(const Task *task, Alleles *alleles, Why *why) {
  static const char *const columns[] = {"record", "position", "ref", "A", "C", "G", "T"};
  const int strands = task->options->strands == STRANDS_BOTH ? 2 : 1;
  const bool is_array = task->options->format == FORMAT_NPY;
  Saturation s = {.task = task, .alleles = alleles, .strands = strands};
  Why other;
  if (is_array && npy_begin(&s.npy, task->output, 4, false, why) != 0) return -1;
  if (!is_array) s.table = task_table(task, columns, 7);
  s.site = alloc_new(SITES, sizeof *s.site);
  s.allele = alloc_new(SITES * 4 * (size_t)strands, sizeof *s.allele);
  int rc = add_files(&s, why);
  if (s.table && table_flush(s.table, rc == 0 ? why : &other) != 0) rc = -1;
  if (is_array && rc == 0) rc = npy_end(&s.npy, why);
  table_free(s.table);
  free(s.site);
  free(s.allele);
  return rc;
}
