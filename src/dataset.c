#include "dataset.h"

#include "alloc.h"
#include "input.h"

#include <stdlib.h>
#include <string.h>

static int read_files(Dataset *dataset, const Reading *reading, const char *valid_file, Why *why) {
  for (int i = 0; i < dataset->n; i++) {
    Corpus *to = valid_file && i == dataset->n - 1 ? dataset->valid_corpus : dataset->corpus;
    if (corpus_read(to, dataset->files[i], reading, &dataset->counts[i], why) != 0) return -1;
  }
  return 0;
}

int dataset_read(Dataset *dataset, const char **files, int n_files, const char *valid_file,
                 double valid_fraction, const Reading *reading, Why *why) {
  *dataset = (Dataset){.corpus = corpus_new(), .files = files, .n = n_files};
  dataset->valid_name = valid_file ? valid_file : valid_fraction > 0 ? "--valid-fraction" : NULL;
  if (valid_file) {
    dataset->valid_corpus = corpus_new();
    files[dataset->n++] = valid_file;
  }
  dataset->counts = alloc_new((size_t)dataset->n, sizeof *dataset->counts);
  if (read_files(dataset, reading, valid_file, why) != 0) {
    dataset_free(dataset);
    return -1;
  }
  corpus_trim(dataset->corpus);
  if (valid_file) {
    corpus_trim(dataset->valid_corpus);
    dataset->train = corpus_all(dataset->corpus);
    dataset->valid = corpus_all(dataset->valid_corpus);
  } else {
    corpus_split(dataset->corpus, valid_fraction, &dataset->train, &dataset->valid);
  }
  return 0;
}

static const char *nothing(const SeqCounts *counts) {
  if (counts_letters(counts) == 0) return "records but no sequence";
  if (counts->short_segments == 0 && counts->low_quality == 0) return "no A, C, G or T";
  return "nothing that --min-length and --min-quality leave";
}

static bool has_tokens(Span span, uint64_t least) {
  SegmentCursor cursor = segments_begin();
  Segment segment;
  while (segments_next(&span, &cursor, &segment))
    if (segment.length >= least) return true;
  return false;
}

int dataset_check(const Dataset *dataset, int k, int s, Why *why) {
  for (int i = 0; i < dataset->n; i++)
    if (dataset->counts[i].segments == 0)
      return fail(why, "%s: holds %s; there is no sequence to use", input_title(dataset->files[i]),
                  nothing(&dataset->counts[i]));
  if (!has_tokens(dataset->train, (uint64_t)(k + s)))
    return fail(why,
                "%s: no segment to train on has the k+s = %d bases that one prediction needs; "
                "give more sequence or a smaller -k",
                input_title(dataset->files[0]), k + s);
  if (dataset->valid_name && !has_tokens(dataset->valid, (uint64_t)(k + s)))
    return fail(why,
                "%s: no segment to validate on has the k+s = %d bases that one prediction "
                "needs; give more sequence, or --valid-fraction 0 for no validation",
                input_title(dataset->valid_name), k + s);
  return 0;
}

void dataset_free(Dataset *dataset) {
  corpus_free(dataset->corpus), corpus_free(dataset->valid_corpus);
  free(dataset->counts);
  *dataset = (Dataset){.corpus = NULL};
}

size_t dataset_memory(const Dataset *dataset) {
  return corpus_memory(dataset->corpus) +
         (dataset->valid_corpus ? corpus_memory(dataset->valid_corpus) : 0);
}
