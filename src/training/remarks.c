#include "training/remarks.h"

#include "base/alloc.h"
#include "io/input.h"
#include "sequence/seqfile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  LINES = 5,
  TEXT = 256,
  NAME = 256,
  READS = 1000, /* more records than READS, with fewer letters, are reads */
  READ_LETTERS = 1000
};

/* ---- equal files ---------------------------------------------------------------------------- */

typedef struct {
  uint64_t places, bases; /* digests */
  int file;
} Twin;

static int compare(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

static bool are_twins(const Twin *a, const Twin *b) {
  return a->places == b->places && a->bases == b->bases;
}

static int by_digest(const void *a, const void *b) {
  const Twin *x = a, *y = b;
  if (x->places != y->places) return compare(x->places, y->places);
  if (x->bases != y->bases) return compare(x->bases, y->bases);
  return x->file - y->file;
}

/* The files with the same sequence as a file: their number (0 unless it is the first of several),
 * and the second of them. */
typedef struct {
  int n, second;
} Group;

/* Finds the groups of equal files, each at the index of its first file; to be freed. */
static Group *find_groups(const Dataset *dataset) {
  const size_t n = (size_t)dataset->n;
  Twin *twins = alloc_new(n, sizeof *twins);
  Group *groups = alloc_new(n, sizeof *groups);
  for (int i = 0; i < dataset->n; i++) {
    const SeqDigest *digest = &dataset->counts[i].digest;
    twins[i] = (Twin){.places = digest->places, .bases = digest->bases, .file = i};
  }
  qsort(twins, n, sizeof *twins, by_digest);
  for (int i = 0, next; i < dataset->n; i = next) {
    for (next = i + 1; next < dataset->n && are_twins(&twins[i], &twins[next]);) next++;
    if (next - i > 1) groups[twins[i].file] = (Group){next - i, twins[i + 1].file};
  }
  free(twins);
  return groups;
}

/* Reports files with the same sequence: validation may contain training data. */
static void say_twins(Progress *progress, const Dataset *dataset) {
  Group *groups = find_groups(dataset);
  int found = 0;
  for (int i = 0; i < dataset->n; i++) {
    const char *first = input_title(dataset->files[i]);
    const char *second = input_title(dataset->files[groups[i].second]);
    if (groups[i].n == 0 || found++ >= LINES) continue;
    if (groups[i].n == 2)
      progress_say(progress, "%s and %s have the same sequence", first, second);
    else
      progress_say(progress, "%s, %s and %d more have the same sequence", first, second,
                   groups[i].n - 2);
  }
  if (found > LINES)
    progress_say(progress, "and %d more groups of files with the same sequence", found - LINES);
  free(groups);
}

/* ---- each file ------------------------------------------------------------------------------ */

typedef enum { NO_END_BLOCK, PHRED64, CIRCULAR, NO_QUALITY, LOW_QUALITY, MASKED, SHORT } Remark;
enum { REMARKS = SHORT + 1 };

/* Writes a remark; returns whether it applies to a file with these counts. */
static bool remark(char text[TEXT], Remark kind, const TrainOptions *o, const SeqCounts *c) {
  switch (kind) {
  case NO_END_BLOCK: snprintf(text, TEXT, SEQFILE_NO_END_BLOCK); return c->notes.end_block_missing;
  case PHRED64:
    snprintf(text, TEXT,
             "its quality values can only be Phred+64, but --min-quality reads Phred+33; convert "
             "them with seqtk seq -Q64 -V");
    return c->notes.phred64;
  case CIRCULAR:
    snprintf(text, TEXT, "circular records: %" PRIu64 " of %" PRIu64, c->circular, c->records);
    return c->circular > 0;
  case NO_QUALITY:
    snprintf(text, TEXT, "has no quality values for --min-quality");
    return o->min_quality > 0 && !c->notes.has_quality;
  case LOW_QUALITY:
    snprintf(text, TEXT, "left out for quality below %d: %" PRIu64 " of %" PRIu64 " bases",
             o->min_quality, c->low_quality, counts_letters(c));
    return c->low_quality > 0;
  case MASKED:
    snprintf(text, TEXT, "left out as lower case: %" PRIu64 " of %" PRIu64 " bases",
             c->notes.masked, counts_letters(c));
    return c->notes.masked > 0;
  case SHORT:
    snprintf(text, TEXT,
             "left out as shorter than %" PRIu64 ": %" PRIu64 " of %" PRIu64
             " segments, with %" PRIu64 " bases",
             o->min_length, c->short_segments, c->short_segments + c->segments, c->short_bases);
    return c->short_segments > 0;
  }
  return false;
}

static void say_remarks(Progress *progress, Remark kind, const TrainOptions *options,
                        const Dataset *dataset) {
  char text[TEXT];
  int files = 0;
  for (int i = 0; i < dataset->n; i++)
    if (remark(text, kind, options, &dataset->counts[i]) && files++ < LINES)
      progress_say(progress, "%s: %s", input_title(dataset->files[i]), text);
  if (files > LINES)
    progress_say(progress, "and %d more file%s like the last one", files - LINES,
                 files > LINES + 1 ? "s" : "");
}

void remarks_say(Progress *progress, const TrainOptions *options, const Dataset *dataset) {
  say_twins(progress, dataset);
  for (int kind = 0; kind < REMARKS; kind++) say_remarks(progress, (Remark)kind, options, dataset);
}

/* ---- the ranges for validation --------------------------------------------------------------- */

/* The name of a record, or its number if it has none. */
static const char *record_text(char text[NAME], const char *name, uint64_t number) {
  if (name && *name)
    snprintf(text, NAME, "%s", name);
  else
    snprintf(text, NAME, "record %" PRIu64, number);
  return text;
}

/* Whether a file holds reads, for which the number of validation records is enough. */
static bool has_reads(const SeqCounts *counts) {
  return counts->notes.has_quality ||
         (counts->records > READS && counts_letters(counts) / counts->records < READ_LETTERS);
}

static void say_part(Progress *progress, const Dataset *dataset, int i) {
  char first[NAME], last[NAME];
  const SeqCounts *counts = &dataset->counts[i];
  const TailPart *part = &dataset->shares[i].valid;
  const char *file = input_title(dataset->files[i]);
  record_text(first, part->first_name, part->first);
  record_text(last, part->last_name, part->last);
  if (dataset_validates(dataset, i))
    progress_say(progress, "validation: %s, all of it", file);
  else if (has_reads(counts))
    progress_say(progress, "validation: %s, the last %" PRIu64 " of %" PRIu64 " records", file,
                 counts->records - part->first + 1, counts->records);
  else if (part->records == 1)
    progress_say(progress, "validation: %s %s:%" PRIu64 "-%" PRIu64, file, first, part->from,
                 part->to);
  else
    progress_say(progress,
                 "validation: %s %s:%" PRIu64 "-%" PRIu64
                 " and the records after it, to %s:%" PRIu64,
                 file, first, part->from, part->to, last, part->last_to);
}

/* Warns of records used only for validation, because they are at the end of a file. */
static void say_unlearnt(Progress *progress, const Dataset *dataset) {
  static const char remedy[] =
      "put such records into a separate FILE, or use --valid FILE or --valid-fraction 0";
  char name[NAME];
  int found = -1;
  uint64_t records = 0;
  for (int i = 0; i < dataset->n; i++) {
    const Share *share = &dataset->shares[i];
    if (dataset_validates(dataset, i) || has_reads(&dataset->counts[i])) continue;
    if (share->valid.whole > 0 && found < 0) found = i;
    records += share->valid.whole;
  }
  if (found < 0) return;
  const TailPart *part = &dataset->shares[found].valid;
  record_text(name, part->whole_name, part->whole_first);
  const char *file = input_title(dataset->files[found]);
  if (records == 1)
    progress_say(progress, "warning: %s: %s is used for validation only, not for training; %s",
                 file, name, remedy);
  else
    progress_say(progress,
                 "warning: %s: %s and %" PRIu64
                 " more record%s are used for validation only, not for training; %s",
                 file, name, records - 1, records > 2 ? "s" : "", remedy);
}

/* Reports the number of validation bases that are read, if not all. */
static void say_sample(Progress *progress, const Dataset *dataset) {
  const uint64_t read = dataset_valid_bases(dataset);
  uint64_t all = 0;
  for (int i = 0; i < dataset->n; i++) all += dataset->shares[i].valid_bases;
  if (read < all)
    progress_say(progress,
                 "validation: a sample of %" PRIu64 " of these %" PRIu64 " bases, spread evenly",
                 read, all);
}

void remarks_validation(Progress *progress, const Dataset *dataset, bool has_list) {
  int lines = 0, more = 0;
  for (int i = 0; i < dataset->n; i++) {
    if (dataset->shares[i].valid.records == 0) continue;
    if (lines++ < LINES)
      say_part(progress, dataset, i);
    else
      more++;
  }
  if (more > 0)
    progress_say(progress, "validation: and %d more file%s%s", more, more > 1 ? "s" : "",
                 has_list ? ", see run.json" : "");
  say_sample(progress, dataset);
  say_unlearnt(progress, dataset);
}
