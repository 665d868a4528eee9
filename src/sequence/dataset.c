#include "sequence/dataset.h"

#include "base/alloc.h"
#include "base/ranks.h"
#include "io/input.h"
#include "io/parts.h"

#include <stdlib.h>
#include <string.h>

/* The most bases that a validation reads: STRETCHES stretches of STRETCH bases. A larger span is
 * sampled. */
enum { STRETCHES = 256, STRETCH = 1 << 16 };

bool dataset_validates(const Dataset *dataset, int i) {
  return dataset->valid_corpus && i == dataset->n - 1;
}

const char *dataset_use(const Dataset *dataset, int i) {
  const Share *share = &dataset->shares[i];
  if (share->valid_bases == 0) return "training";
  return share->train_bases == 0 ? "validation" : "training and validation";
}

/* A watch of one file, which reports to the watch of all files. */
typedef struct {
  Parts parts;
  const Watch *all;
} FileWatch;

static void see_file(void *context, double part, uint64_t bases) {
  const FileWatch *files = context;
  watch_see(files->all, parts_done(&files->parts, part), bases);
}

/* Reads file i, and splits its bases in the corpus: the last `fraction` of them, or all, are for
 * validation. */
static int read_file(Dataset *dataset, int i, const Reading *reading, double fraction, Why *why) {
  if (dataset_validates(dataset, i)) fraction = 1;
  Corpus *to = dataset_validates(dataset, i) ? dataset->valid_corpus : dataset->corpus;
  const uint64_t begin = to->bases;
  Reading noting = *reading;
  noting.tail = fraction > 0 ? tail_new(fraction) : NULL;
  if (dataset_validates(dataset, i)) noting.records = NULL;
  const int rc = corpus_read(to, dataset->files[i], &noting, &dataset->counts[i], why);
  if (rc == 0) {
    const uint64_t bases = to->bases - begin, split = tail_split(bases, fraction);
    Share *share = &dataset->shares[i];
    span_add(&dataset->train, begin, begin + split);
    span_add(&dataset->valid, begin + split, to->bases);
    if (bases > split) share->valid = tail_part(noting.tail, split);
    share->valid_bases = bases - split - share->valid.turned;
    share->train_bases = split - (dataset->counts[i].turned - share->valid.turned);
  }
  tail_free(noting.tail);
  return rc;
}

static int read_files(Dataset *dataset, const Reading *reading, double fraction, Why *why) {
  FileWatch files = {parts_new(dataset->files, dataset->n), &reading->watch};
  Reading watched = *reading;
  watched.watch = (Watch){see_file, &files};
  for (int i = 0; i < dataset->n; i++) {
    parts_open(&files.parts, dataset->files[i]);
    if (read_file(dataset, i, &watched, fraction, why) != 0) return -1;
  }
  return 0;
}

/* Replaces a large validation span by a sample, because validations take place every few million
 * tokens. */
static void sample_validation(Dataset *dataset) {
  Span all = dataset->valid;
  if (span_bases(&all) <= STRETCHES * STRETCH) return;
  dataset->valid = span_sample(&all, STRETCHES, STRETCH);
  span_free(&all);
}

int dataset_read(Dataset *dataset, const char *const *files, int n_files, const char *valid_file,
                 double valid_fraction, const Reading *reading, Why *why) {
  *dataset = (Dataset){.corpus = corpus_new(), .records = reading->records, .n = n_files};
  dataset->files = alloc_new((size_t)n_files + 1, sizeof *dataset->files);
  memcpy(dataset->files, files, (size_t)n_files * sizeof *files);
  if (valid_fraction > 0) dataset->valid_name = "--valid-fraction";
  if (valid_file) {
    dataset->valid_name = valid_file;
    dataset->valid_corpus = corpus_new();
    dataset->files[dataset->n++] = valid_file;
  }
  dataset->counts = alloc_new((size_t)dataset->n, sizeof *dataset->counts);
  dataset->shares = alloc_new((size_t)dataset->n, sizeof *dataset->shares);
  dataset->train.corpus = dataset->corpus;
  dataset->valid.corpus = valid_file ? dataset->valid_corpus : dataset->corpus;
  if (read_files(dataset, reading, valid_file ? 0 : valid_fraction, why) != 0) {
    dataset_free(dataset);
    return -1;
  }
  sample_validation(dataset);
  corpus_trim(dataset->corpus);
  if (valid_file) corpus_trim(dataset->valid_corpus);
  return 0;
}

static const char *nothing(const SeqCounts *counts) {
  if (counts_letters(counts) == 0) return "records but no sequence";
  if (counts->short_segments + counts->low_quality + counts->notes.masked == 0)
    return "no A, C, G or T";
  return "no bases that pass --lowercase, --min-length and --min-quality";
}

int dataset_check(const Dataset *dataset, int k, int s, Why *why) {
  for (int i = 0; i < dataset->n; i++)
    if (dataset->counts[i].segments == 0)
      return fail(why, "%s: holds %s; there is no sequence to use", input_title(dataset->files[i]),
                  nothing(&dataset->counts[i]));
  if (span_tokens(&dataset->train, k, s) == 0)
    return fail(why,
                "%s: no training segment has the k+s = %d bases that one prediction needs; give "
                "more sequence or a smaller -k",
                input_title(dataset->files[0]), k + s);
  if (dataset->valid_name && span_tokens(&dataset->valid, k, s) == 0)
    return fail(why,
                "%s: no validation segment has the k+s = %d bases that one prediction needs; give "
                "longer files, a file with --valid, or --valid-fraction 0 for no validation",
                input_title(dataset->valid_name), k + s);
  return 0;
}

uint64_t dataset_train_bases(const Dataset *dataset) {
  uint64_t sum = 0;
  for (int i = 0; i < dataset->n; i++) sum += dataset->shares[i].train_bases;
  return sum;
}

uint64_t dataset_valid_bases(const Dataset *dataset) {
  uint64_t sum = 0;
  const uint64_t read = span_bases(&dataset->valid); /* including those that circles repeat */
  for (int i = 0; i < dataset->n; i++) sum += dataset->shares[i].valid_bases;
  return sum < read ? sum : read;
}

void dataset_identify(const Dataset *dataset, uint64_t *table) {
  for (int i = 0; i < dataset->n; i++, table += DATASET_COLUMNS) {
    const SeqCounts *counts = &dataset->counts[i];
    table[DATASET_VALIDATES] = dataset_validates(dataset, i);
    table[DATASET_RECORDS] = counts->records;
    table[DATASET_LETTERS] = counts_letters(counts);
    table[DATASET_NAMES] = counts->digest.names;
    table[DATASET_PLACES] = counts->digest.places;
    table[DATASET_BASES] = counts->digest.bases;
  }
}

void dataset_share(Dataset *dataset) {
  bool two = dataset->valid_corpus;
  ranks_broadcast(&two, sizeof two);
  if (!dataset->corpus) dataset->corpus = corpus_new();
  if (two && !dataset->valid_corpus) dataset->valid_corpus = corpus_new();
  corpus_share(dataset->corpus);
  if (two) corpus_share(dataset->valid_corpus);
  dataset->train.corpus = dataset->corpus;
  dataset->valid.corpus = two ? dataset->valid_corpus : dataset->corpus;
  span_share(&dataset->train);
  span_share(&dataset->valid);
}

void dataset_free(Dataset *dataset) {
  free(dataset->files);
  corpus_free(dataset->corpus);
  corpus_free(dataset->valid_corpus);
  span_free(&dataset->train);
  span_free(&dataset->valid);
  records_free(dataset->records);
  for (int i = 0; i < dataset->n; i++) tailpart_free(&dataset->shares[i].valid);
  free(dataset->shares);
  free(dataset->counts);
  *dataset = (Dataset){.corpus = NULL};
}

size_t dataset_memory(const Dataset *dataset) {
  const size_t file = sizeof *dataset->counts + sizeof *dataset->shares;
  return corpus_memory(dataset->corpus) +
         (dataset->valid_corpus ? corpus_memory(dataset->valid_corpus) : 0) +
         (dataset->records ? records_memory(dataset->records) : 0) + (size_t)dataset->n * file;
}
