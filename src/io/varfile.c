#include "io/varfile.h"

#include "base/alloc.h"
#include "io/input.h"

#include <ctype.h>
#include <errno.h>
#include <htslib/vcf.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct VarFile {
  const char *title; /* in messages */
  htsFile *stream;
  bcf_hdr_t *header;
  bool text;        /* VCF, not BCF */
  uint64_t records; /* of BCF, that were read */
  bool incomplete;  /* a line could not be added to the header */
  kstring_t line;
};

/* ---- opening -------------------------------------------------------------------------------- */

/* Opens the file and reads its header. */
static int open_file(VarFile *file, const char *path, Why *why) {
  errno = 0;
  file->stream = hts_open(path, "r");
  if (!file->stream) return fail_reading(why, errno, "%s: cannot be opened", file->title);
  const enum htsExactFormat format = hts_get_format(file->stream)->format;
  file->text = format == vcf;
  if (format != vcf && format != bcf)
    return fail(why, "%s: is neither VCF nor BCF; name a file of variants", file->title);
  if (hts_check_EOF(file->stream) == 0)
    return fail(why, "%s: its end is missing (BGZF's end block); copy or download it again",
                file->title);
  file->header = bcf_hdr_read(file->stream);
  if (!file->header)
    return fail(why, "%s: its header cannot be read; bcftools head prints the reason", file->title);
  return 0;
}

VarFile *varfile_open(const char *path, bool samples, Why *why) {
  VarFile *file = alloc_new(1, sizeof *file);
  file->title = input_title(path);
  hts_set_log_level(HTS_LOG_OFF); /* messages are ours */
  if (open_file(file, path, why) != 0) {
    varfile_close(file);
    return NULL;
  }
  if (!samples && bcf_hdr_set_samples(file->header, NULL, 0) != 0) abort(); /* NULL: none */
  return file;
}

void varfile_close(VarFile *file) {
  if (!file) return;
  if (file->header) bcf_hdr_destroy(file->header);
  if (file->stream) hts_close(file->stream);
  free(file->line.s);
  free(file);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Contigs and fields that the header does not define are no errors; HTSlib adds them to it. */
static const int harmless = BCF_ERR_CTG_UNDEF | BCF_ERR_TAG_UNDEF;

static void set_record(const VarFile *file, VarRecord *record) {
  bcf1_t *raw = record->raw;
  record->name = bcf_seqname(file->header, raw);
  record->position = raw->pos + 1;
  record->id = raw->d.id;
  record->allele = raw->d.allele;
  record->alleles = raw->n_allele;
  record->bytes = raw->shared.l + raw->indiv.l;
}

/* Checks the columns of a line, of which HTSlib would take any. */
static int check_columns(const VarFile *file, const VarRecord *record, const char *line, Why *why) {
  enum { COLUMNS = 8 };
  int columns = 1;
  const char *position = strchr(line, '\t');
  for (const char *at = line; *at; at++) columns += *at == '\t';
  if (columns < COLUMNS)
    return varfile_fail(file, record, why, "has %d columns of 8; complete it", columns);
  const size_t digits = strspn(position + 1, "0123456789");
  if (digits == 0 || position[1 + digits] != '\t')
    return varfile_fail(file, record, why, "POS is not a whole number; correct it");
  return 0;
}

/* As bcf_read: 0, -1 at the end, or less after an error; 1: why has a message. */
static int read_raw(VarFile *file, VarRecord *record, Why *why) {
  kstring_t *line = &file->stream->line;
  if (!file->text) {
    record->number = ++file->records;
    return bcf_read(file->stream, file->header, record->raw);
  }
  const int rc = hts_getline(file->stream, '\n', line);
  record->number = (uint64_t)file->stream->lineno;
  if (rc < 0) return rc;
  if (check_columns(file, record, line->s, why) != 0) return 1;
  return vcf_parse(line, file->header, record->raw) == 0 ? 0 : -2;
}

int varfile_read(VarFile *file, VarRecord *record, Why *why) {
  if (!record->raw) record->raw = bcf_init();
  if (!record->raw) return fail(why, "%s: no memory for its records", file->title);
  const int rc = read_raw(file, record, why);
  if (rc == -1) return 0;
  if (rc == 1) return -1;
  record->raw->errcode &= ~harmless;
  if (rc < -1 || record->raw->errcode || bcf_unpack(record->raw, BCF_UN_STR) != 0 ||
      !bcf_seqname(file->header, record->raw) || record->raw->n_allele == 0)
    return varfile_fail(file, record, why,
                        "is damaged or cut short; bcftools view prints the reason");
  set_record(file, record);
  return 1;
}

void varfile_clear(VarRecord *record) {
  if (record->raw) bcf_destroy(record->raw);
  record->raw = NULL;
}

int varfile_fail(const VarFile *file, const VarRecord *record, Why *why, const char *problem, ...) {
  va_list arguments;
  va_start(arguments, problem);
  char *text = alloc_format(problem, arguments);
  va_end(arguments);
  fail(why, "%s: %s %" PRIu64 ": %s", file->title, file->text ? "line" : "record", record->number,
       text);
  free(text);
  return -1;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* A header that lacks a line is not written. */
static void note(VarFile *file, int rc) { file->incomplete |= rc != 0; }

void varfile_add_contig(VarFile *file, const char *name, uint64_t letters) {
  if (bcf_hdr_name2id(file->header, name) < 0)
    note(file, bcf_hdr_printf(file->header, "##contig=<ID=%s,length=%" PRIu64 ">", name, letters));
}

void varfile_add_field(VarFile *file, const char *id, const char *number, const char *description) {
  bcf_hdr_remove(file->header, BCF_HL_INFO, id);
  note(file, bcf_hdr_printf(file->header, "##INFO=<ID=%s,Number=%s,Type=Float,Description=\"%s\">",
                            id, number, description));
}

void varfile_add_line(VarFile *file, const char *key, const char *value) {
  char *line = alloc_text(value);
  for (char *at = line; *at; at++)
    if (iscntrl((unsigned char)*at)) *at = '?';
  note(file, bcf_hdr_printf(file->header, "##%s=%s", key, line));
  free(line);
}

/* Writes file->line. */
static void put_line(VarFile *file, FILE *out) {
  fwrite(file->line.s, 1, file->line.l, out);
  file->line.l = 0;
}

int varfile_put_header(VarFile *file, FILE *out, Why *why) {
  note(file, bcf_hdr_sync(file->header));
  if (file->incomplete || bcf_hdr_format(file->header, 0, &file->line) != 0)
    return fail(why, "%s: its header cannot be completed; bcftools head prints the reason",
                file->title);
  put_line(file, out);
  return 0;
}

int varfile_set(VarFile *file, VarRecord *record, const char *id, const float *values, int n,
                Why *why) {
  float *numbers = alloc_new((size_t)n + 1, sizeof *numbers);
  memcpy(numbers, values, (size_t)n * sizeof *numbers);
  for (int i = 0; i < n; i++)
    if (isnan(values[i])) bcf_float_set_missing(numbers[i]);
  const int rc = bcf_update_info_float(file->header, record->raw, id, numbers, n);
  free(numbers);
  return rc >= 0 ? 0 : varfile_fail(file, record, why, "INFO cannot take %s; remove it", id);
}

int varfile_put(VarFile *file, const VarRecord *record, FILE *out, Why *why) {
  if (vcf_format(file->header, record->raw, &file->line) != 0)
    return varfile_fail(file, record, why, "cannot be written; bcftools view prints the reason");
  put_line(file, out);
  return 0;
}
