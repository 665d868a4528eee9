/* dataset: the input files, read once, counted, and split for training and validation. */
#ifndef DATASET_H
#define DATASET_H

#include "sequence/span.h"

/* The bases of a file in the corpora, each counted once, and the range for validation. */
typedef struct {
  uint64_t train_bases, valid_bases;
  TailPart valid;
} Share;

/* The identity of a file as numbers, for a checkpoint. */
enum {
  DATASET_VALIDATES, /* 1 if the file is for validation only */
  DATASET_RECORDS,
  DATASET_LETTERS,
  DATASET_NAMES, /* this and the next two are digests */
  DATASET_PLACES,
  DATASET_BASES,
  DATASET_COLUMNS
};

typedef struct {
  Corpus *corpus, *valid_corpus; /* valid_corpus: NULL if the end of each file is for validation */
  const char **files;            /* (n) names, borrowed; the validation file, if any, comes last */
  SeqCounts *counts;             /* (n) */
  Share *shares;                 /* (n) */
  int n;
  const char *valid_name; /* the file or option that validation comes from; NULL: there is none */
  Span train, valid;      /* valid: a sample of at most 2^24 bases, if there are more */
  Records *records;       /* of corpus; NULL: not collected */
} Dataset;

/* Reads all files. Takes ownership of reading->records. To be freed with dataset_free. */
int dataset_read(Dataset *dataset, const char *const *files, int n_files, const char *valid_file,
                 double valid_fraction, const Reading *reading, Why *why);

/* Checks that each file has a base, and that each span has a segment of at least k+s bases, which
 * one prediction needs. */
int dataset_check(const Dataset *dataset, int k, int s, Why *why);

/* Whether file i is for validation only. */
bool dataset_validates(const Dataset *dataset, int i);

/* The use of file i: "training", "validation" or "training and validation". */
const char *dataset_use(const Dataset *dataset, int i);

/* All bases for training, each counted once. */
uint64_t dataset_train_bases(const Dataset *dataset);

/* The bases that a validation reads, each counted once. */
uint64_t dataset_valid_bases(const Dataset *dataset);

/* Fills table (n,DATASET_COLUMNS). */
void dataset_identify(const Dataset *dataset, uint64_t *table);

/* Gives the bases and spans of rank 0 to all ranks. */
void dataset_share(Dataset *dataset);

void dataset_free(Dataset *dataset);
size_t dataset_memory(const Dataset *dataset); /* bytes */

#endif
