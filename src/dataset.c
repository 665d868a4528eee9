#include "dataset.h"

#include "alloc.h"

#include <stdlib.h>
#include <string.h>

static int read_files(Dataset *dataset, const Reading *reading, const char *valid_file, Why *why) {
  for (int i = 0; i < dataset->n; i++) {
    Corpus *to = valid_file && i == dataset->n - 1 ? dataset->valid_corpus : dataset->corpus;
    if (corpus_read(to, dataset->files[i], reading, &dataset->counts[i], why) != 0) return -1;
    if (dataset->counts[i].segments == 0)
      return fail(why, "%s: holds %s; there is nothing to learn from",
                  strcmp(dataset->files[i], "-") == 0 ? "standard input" : dataset->files[i],
                  counts_letters(&dataset->counts[i]) == 0 ? "records but no sequence"
                                                           : "no A, C, G or T");
  }
  return 0;
}

int dataset_read(Dataset *dataset, const char **files, int n_files, const char *valid_file,
                 double valid_fraction, const Reading *reading, Why *why) {
  *dataset = (Dataset){.corpus = corpus_new(), .files = files, .n = n_files};
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

void dataset_free(Dataset *dataset) {
  corpus_free(dataset->corpus), corpus_free(dataset->valid_corpus);
  free(dataset->counts);
  *dataset = (Dataset){.corpus = NULL};
}

size_t dataset_memory(const Dataset *dataset) {
  return corpus_memory(dataset->corpus) +
         (dataset->valid_corpus ? corpus_memory(dataset->valid_corpus) : 0);
}
