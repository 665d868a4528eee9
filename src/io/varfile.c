#include "io/varfile.h"

#include "base/alloc.h"
#include "io/input.h"

#include <ctype.h>
#include <errno.h>
#include <htslib/bgzf.h>
#include <htslib/vcf.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct VarFile {
  const char *title; /* in messages */
  htsFile *stream;
  bcf_hdr_t *header; /* for reading records */
  bcf_hdr_t *longer; /* for writing records */
  int samples;       /* number in the file, also if they are skipped */
  bool text;         /* VCF, not BCF */
  uint64_t records;  /* BCF records read so far */
  bool incomplete;   /* a line could not be added to the header */
  kstring_t line;
};

/* ---- opening -------------------------------------------------------------------------------- */

static int fail_end(const VarFile *file, Why *why) {
  return fail(why, "%s: its end is missing (BGZF's end block); copy or download it again",
              file->title);
}

/* Opens the file and reads its header. */
static int open_file(VarFile *file, const char *path, Why *why) {
  errno = 0;
  file->stream = hts_open(path, "r");
  if (!file->stream && errno != ENOEXEC) /* unknown format */
    return fail_reading(why, errno, "%s: cannot be opened", file->title);
  const enum htsExactFormat format =
      file->stream ? hts_get_format(file->stream)->format : unknown_format;
  file->text = format == vcf;
  if (format != vcf && format != bcf)
    return fail(
        why,
        "%s: is neither BCF nor VCF, which begins with ##fileformat=VCF; name a file of variants",
        file->title);
  if (hts_check_EOF(file->stream) == 0) return fail_end(file, why);
  file->header = bcf_hdr_read(file->stream);
  if (!file->header)
    return fail(why, "%s: its header cannot be read; bcftools head prints the reason", file->title);
  file->samples = bcf_hdr_nsamples(file->header);
  return 0;
}

/* BCF records refer to names by number, so an added line could define a number that the header
 * lacks. To a header of VCF, HTSlib itself adds missing names. */
static int copy_header(VarFile *file, Why *why) {
  file->longer = file->text ? file->header : bcf_hdr_dup(file->header);
  return file->longer ? 0 : fail(why, "%s: not enough memory for its header", file->title);
}

VarFile *varfile_open(const char *path, bool samples, Why *why) {
  VarFile *file = alloc_new(1, sizeof *file);
  file->title = input_title(path);
  hts_set_log_level(HTS_LOG_OFF); /* we print our own messages */
  if (open_file(file, path, why) != 0 || copy_header(file, why) != 0) {
    varfile_close(file);
    return NULL;
  }
  if (!samples && bcf_hdr_set_samples(file->header, NULL, 0) != 0) abort(); /* NULL: none */
  return file;
}

void varfile_close(VarFile *file) {
  if (!file) return;
  if (file->longer && file->longer != file->header) bcf_hdr_destroy(file->longer);
  if (file->header) bcf_hdr_destroy(file->header);
  if (file->stream) hts_close(file->stream);
  free(file->line.s);
  free(file);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* HTSlib does not check all of its allocations. This function first makes sure that more memory is
 * available than a record of this many bytes needs; otherwise it ends the program. */
static void reserve(size_t bytes) {
  enum { LEAST = 1 << 14, FACTOR = 16 };
  free(alloc_resize(NULL, LEAST + FACTOR * bytes, 1));
}

/* Contigs and fields that the header does not define are not errors; HTSlib adds them. */
static const int harmless = BCF_ERR_CTG_UNDEF | BCF_ERR_TAG_UNDEF;

/* The block reader of a compressed file or of BCF, or NULL. */
static const BGZF *blocks(const VarFile *file) {
  return file->stream->is_bgzf ? file->stream->fp.bgzf : NULL;
}

/* Whether an error truncated the line that was read. */
static bool is_torn(const VarFile *file) {
  const BGZF *bgzf = blocks(file);
  return bgzf && bgzf->errcode != 0;
}

/* Checks the end of the file, also of a pipe, which hts_check_EOF cannot check. */
static int check_end(const VarFile *file, Why *why) {
  const BGZF *bgzf = blocks(file);
  return bgzf && bgzf->no_eof_block ? fail_end(file, why) : 0;
}

static void set_record(const VarFile *file, VarRecord *record) {
  bcf1_t *raw = record->raw;
  record->name = bcf_seqname(file->header, raw);
  record->position = raw->pos + 1;
  record->id = raw->d.id;
  record->allele = raw->d.allele;
  record->alleles = raw->n_allele;
  record->bytes = raw->shared.l + raw->indiv.l;
}

/* Columns of VCF, from 0. */
enum { POS = 1, QUAL = 5, INFO = 7 };

/* Checks the number of columns of a line, which HTSlib does not. */
static int check_columns(const VarFile *file, const VarRecord *record, const char *line, Why *why) {
  const int least = INFO + 1 + (file->samples > 0) + file->samples;
  const char *column[QUAL + 1] = {line};
  int columns = 1;
  for (const char *at = line; *at; at++) {
    if (*at != '\t') continue;
    if (columns <= QUAL) column[columns] = at + 1;
    columns++;
  }
  if (columns < least)
    return varfile_fail(file, record, why, "has %d columns of %d; complete it", columns, least);
  if (file->samples > 0 && columns > least)
    return varfile_fail(file, record, why, "has %d columns, and the header %d; correct it", columns,
                        least);
  const size_t digits = strspn(column[POS], "0123456789");
  if (digits == 0 || column[POS][digits] != '\t')
    return varfile_fail(file, record, why, "POS is not a whole number; correct it");
  char *end;
  strtod(column[QUAL], &end);
  if (strncmp(column[QUAL], ".\t", 2) != 0 && (end == column[QUAL] || *end != '\t'))
    return varfile_fail(file, record, why, "QUAL is not a number; correct it");
  return 0;
}

/* Returns as bcf_read: 0; -1 at the end; less than -1 after an error; or 1 if why has a message. */
static int read_raw(VarFile *file, VarRecord *record, Why *why) {
  kstring_t *line = &file->stream->line;
  if (!file->text) {
    record->number = ++file->records;
    return bcf_read(file->stream, file->header, record->raw);
  }
  const int rc = hts_getline(file->stream, '\n', line);
  record->number = (uint64_t)file->stream->lineno;
  if (rc < 0) return rc;
  if (is_torn(file)) return -2;
  if (check_columns(file, record, line->s, why) != 0) return 1;
  reserve(line->l);
  return vcf_parse(line, file->header, record->raw) == 0 ? 0 : -2;
}

int varfile_read(VarFile *file, VarRecord *record, Why *why) {
  if (!record->raw) record->raw = bcf_init();
  if (!record->raw) return fail(why, "%s: not enough memory for its records", file->title);
  const int rc = read_raw(file, record, why);
  if (rc == -1) return check_end(file, why);
  if (rc == 1) return -1;
  reserve(record->raw->shared.l);
  record->raw->errcode &= ~harmless;
  if (rc < -1 || record->raw->errcode || bcf_unpack(record->raw, BCF_UN_STR) != 0 ||
      !bcf_seqname(file->header, record->raw) || record->raw->n_allele == 0 ||
      (int)record->raw->n_sample != bcf_hdr_nsamples(file->header))
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

/* Notes a failure; a header that lacks a line is not written. */
static void note(VarFile *file, int rc) { file->incomplete |= rc != 0; }

/* Whether VCF allows the name; another name could break the line of the header. */
static bool is_contig(const char *name) {
  static const char others[] = "!#$%&*+-./:;=?@^_|~";
  if (!*name || *name == '*' || *name == '=') return false;
  for (; *name; name++)
    if (!isalnum((unsigned char)*name) && !strchr(others, *name)) return false;
  return true;
}

void varfile_add_contig(VarFile *file, const char *name, uint64_t letters) {
  if (is_contig(name) && bcf_hdr_name2id(file->longer, name) < 0)
    note(file, bcf_hdr_printf(file->longer, "##contig=<ID=%s,length=%" PRIu64 ">", name, letters));
}

void varfile_add_field(VarFile *file, const char *id, const char *number, const char *description) {
  bcf_hdr_remove(file->longer, BCF_HL_INFO, id);
  note(file, bcf_hdr_printf(file->longer, "##INFO=<ID=%s,Number=%s,Type=Float,Description=\"%s\">",
                            id, number, description));
}

void varfile_add_line(VarFile *file, const char *key, const char *value) {
  char *line = alloc_text(value);
  for (char *at = line; *at; at++)
    if (iscntrl((unsigned char)*at)) *at = '?';
  note(file, bcf_hdr_printf(file->longer, "##%s=%s", key, line));
  free(line);
}

/* Writes file->line. */
static void put_line(VarFile *file, FILE *out) {
  fwrite(file->line.s, 1, file->line.l, out);
  file->line.l = 0;
}

int varfile_put_header(VarFile *file, FILE *out, Why *why) {
  note(file, bcf_hdr_sync(file->longer));
  if (file->incomplete || bcf_hdr_format(file->longer, 0, &file->line) != 0)
    return fail(why, "%s: its header cannot be completed; bcftools head prints the reason",
                file->title);
  put_line(file, out);
  return 0;
}

/* The number of occurrences of a field in INFO. */
static int count_field(const VarFile *file, bcf1_t *raw, const char *id) {
  const int key = bcf_hdr_id2int(file->longer, BCF_DT_ID, id);
  int n = 0;
  for (int i = 0; i < raw->n_info; i++) n += raw->d.info[i].key == key;
  return n;
}

/* Checks that a field can be set: if it occurs more than once, HTSlib would set only the first;
 * with more fields than it can count, it crashes. */
static int check_room(const VarFile *file, const VarRecord *record, const char *id, Why *why) {
  if (bcf_unpack(record->raw, BCF_UN_INFO) != 0)
    return varfile_fail(file, record, why, "INFO is damaged; bcftools view prints the reason");
  const int n = count_field(file, record->raw, id);
  if (n > 1) return varfile_fail(file, record, why, "INFO has %s %d times; keep one", id, n);
  if (n == 0 && record->raw->n_info == UINT16_MAX)
    return varfile_fail(file, record, why,
                        "INFO has 65535 fields, and no room for more; remove some");
  return 0;
}

int varfile_set(VarFile *file, VarRecord *record, const char *id, const float *values, int n,
                Why *why) {
  reserve(record->bytes + (size_t)n * sizeof *values);
  if (check_room(file, record, id, why) != 0) return -1;
  float *numbers = alloc_new((size_t)n + 1, sizeof *numbers);
  memcpy(numbers, values, (size_t)n * sizeof *numbers);
  for (int i = 0; i < n; i++)
    if (isnan(values[i])) bcf_float_set_missing(numbers[i]);
  const int rc = bcf_update_info_float(file->longer, record->raw, id, numbers, n);
  free(numbers);
  return rc >= 0 ? 0 : varfile_fail(file, record, why, "INFO cannot take %s; remove it", id);
}

int varfile_put(VarFile *file, const VarRecord *record, FILE *out, Why *why) {
  reserve(record->raw->shared.l + record->raw->indiv.l);
  if (vcf_format(file->longer, record->raw, &file->line) != 0)
    return varfile_fail(file, record, why, "cannot be written; bcftools view prints the reason");
  put_line(file, out);
  return 0;
}
