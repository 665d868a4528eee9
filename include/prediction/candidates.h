/* candidates: the models among which mode classify chooses: names, paths, prior probabilities. */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include "prediction/predict_options.h"

enum { CANDIDATES_NAME = 64 }; /* bytes of a name at most */

typedef struct {
  int n;
  char name[OPTION_TEXTS_MAX][CANDIDATES_NAME + 1];
  const char *path[OPTION_TEXTS_MAX]; /* borrowed from the options */
  double ln_prior[OPTION_TEXTS_MAX];  /* up to a constant */
} Candidates;

/* Reads --model and --prior. */
int candidates_parse(Candidates *candidates, const PredictOptions *options, Why *why);

#endif
