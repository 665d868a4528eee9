#include "training/validation.h"

#include "io/input.h"
#include "sequence/bits.h"

#include <inttypes.h>
#include <stdio.h>

enum {
  LINES = 5,
  NAME = 256,
  READS = 1000, /* more records than that, of fewer letters, are reads */
  READ_LETTERS = 1000,
  FEW_TOKENS = 10 /* for each parameter */
};

/* The name of a record, or its number if it has none. */
static const char *record_text(char text[NAME], const char *name, uint64_t number) {
  if (name && *name)
    snprintf(text, NAME, "%s", name);
  else
    snprintf(text, NAME, "record %" PRIu64, number);
  return text;
}

/* Whether a file holds reads: then the number of those for validation is enough. */
static bool has_reads(const SeqCounts *counts) {
  return counts->has_quality ||
         (counts->records > READS && counts_letters(counts) / counts->records < READ_LETTERS);
}

/* ---- its ranges ----------------------------------------------------------------------------- */

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

/* Warns of records that are used for validation only, because they are at the end of a file. */
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

void validation_say(Progress *progress, const Dataset *dataset, bool has_list) {
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
  say_unlearnt(progress, dataset);
}

/* ---- the result ----------------------------------------------------------------------------- */

/* Suggests remedies for a network that is worse than counting, the most promising first. */
static void say_what_to_try(Progress *progress, const TrainOptions *o, const Outcome *outcome) {
  const double each = (double)outcome->train_tokens / (double)outcome->parameters;
  char longer[64] = "more time (--max-time), ";
  if (outcome->stopped_early)
    snprintf(longer, sizeof longer, "%s", o->patience > 0 ? "a larger --patience, " : "");
  else if (outcome->overfits)
    longer[0] = 0;
  else if (o->epochs > 0)
    snprintf(longer, sizeof longer, "more epochs (-e %d), ", 3 * o->epochs);
  if (each < (double)FEW_TOKENS)
    progress_say(
        progress,
        "warning: the network is worse than the best Markov model and has only %.2g k-mers per "
        "parameter to learn from: try %smore sequence, or a smaller -D or -k",
        each, longer);
  else
    progress_say(progress,
                 "warning: the network is worse than the best Markov model: try %sa larger -D "
                 "than %d, or --strands %s",
                 longer, o->D, o->strands == STRANDS_BOTH ? "forward" : "both");
}

/* On short reads, where many bases are not predicted. */
static void say_whole(Progress *progress, const Outcome *outcome) {
  const double markov = outcome->markov->bits_per_base[outcome->markov->best];
  const double predicted = (double)outcome->predicted, bases = (double)outcome->bases;
  const double whole = bits_over_all(outcome->bits, predicted, bases);
  if (!bits_differ(outcome->bits, whole)) return;
  progress_say(progress,
               "validation over all %" PRIu64
               " bases, at 2 bits for each unpredicted one: %.4f; best Markov model: %.4f",
               outcome->bases, whole, bits_over_all(markov, predicted, bases));
}

void validation_say_end(Progress *progress, const TrainOptions *options, const Outcome *outcome) {
  const double markov = outcome->markov->bits_per_base[outcome->markov->best];
  progress_say(progress, "validation: %.4f bits per base; best Markov model (order %d): %.4f",
               outcome->bits, outcome->markov->best, markov);
  say_whole(progress, outcome);
  if (outcome->bits > markov) say_what_to_try(progress, options, outcome);
}
