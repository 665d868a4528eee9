#include "training/remarks.h"

#include "base/alloc.h"
#include "io/input.h"
#include "sequence/seqfile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES = 5, TEXT = 256 };

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

static void say_group(Progress *progress, const Dataset *dataset, const Twin *group, int n) {
  const char *first = input_title(dataset->files[group[0].file]);
  const char *second = input_title(dataset->files[group[1].file]);
  if (n == 2)
    progress_say(progress, "%s and %s hold the same sequence", first, second);
  else
    progress_say(progress, "%s, %s and %d more hold the same sequence", first, second, n - 2);
}

/* Some neighbours in a list of twins. */
typedef struct {
  const Twin *twins;
  int n;
} Group;

static int by_file(const void *a, const void *b) {
  const Group *x = a, *y = b;
  return x->twins->file - y->twins->file;
}

/* Finds the groups of equal files, in the order of their first ones; twins (n) has room for all. */
static int find_groups(Group *groups, Twin *twins, const Dataset *dataset) {
  int found = 0;
  for (int i = 0; i < dataset->n; i++) {
    const SeqDigest *digest = &dataset->counts[i].digest;
    twins[i] = (Twin){.places = digest->places, .bases = digest->bases, .file = i};
  }
  qsort(twins, (size_t)dataset->n, sizeof *twins, by_digest);
  for (int i = 0, next; i < dataset->n; i = next) {
    for (next = i + 1; next < dataset->n && are_twins(&twins[i], &twins[next]);) next++;
    if (next - i > 1) groups[found++] = (Group){twins + i, next - i};
  }
  qsort(groups, (size_t)found, sizeof *groups, by_file);
  return found;
}

/* Reports files with the same sequence: validation may contain training data. */
static void say_twins(Progress *progress, const Dataset *dataset) {
  const size_t n = (size_t)dataset->n;
  Twin *twins = alloc_new(n, sizeof *twins);
  Group *groups = alloc_new(n / 2 + 1, sizeof *groups);
  const int found = find_groups(groups, twins, dataset);
  for (int i = 0; i < found && i < LINES; i++)
    say_group(progress, dataset, groups[i].twins, groups[i].n);
  if (found > LINES)
    progress_say(progress, "and %d more groups of files that hold the same sequence",
                 found - LINES);
  free(groups);
  free(twins);
}

/* ---- each file ------------------------------------------------------------------------------ */

typedef enum { NO_END_BLOCK, PHRED64, CIRCULAR, NO_QUALITY, LOW_QUALITY, SHORT } Remark;
enum { REMARKS = SHORT + 1 };

/* The text of a remark, and whether it applies to a file with these counts. */
static bool remark(char text[TEXT], Remark kind, const TrainOptions *o, const SeqCounts *c) {
  switch (kind) {
  case NO_END_BLOCK: snprintf(text, TEXT, SEQFILE_NO_END_BLOCK); return c->notes.end_block_missing;
  case PHRED64:
    snprintf(text, TEXT,
             "its qualities can only be Phred+64, but --min-quality reads Phred+33; convert them "
             "with seqtk seq -Q64 -V");
    return c->notes.phred64;
  case CIRCULAR:
    snprintf(text, TEXT, "circular records: %" PRIu64 " of %" PRIu64, c->circular, c->records);
    return c->circular > 0;
  case NO_QUALITY:
    snprintf(text, TEXT, "has no quality for --min-quality");
    return o->min_quality > 0 && !c->has_quality;
  case LOW_QUALITY:
    snprintf(text, TEXT, "left out of quality below %d: %" PRIu64 " of %" PRIu64 " bases",
             o->min_quality, c->low_quality, counts_letters(c));
    return c->low_quality > 0;
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
