/* candidates: the models from which mode classify chooses: names, paths, prior probabilities. The
 * null model, which gives every base the same number of bits, comes after them. */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include "prediction/predict_options.h"

enum { CANDIDATES_NAME = 64 }; /* bytes of a name at most */

#define CANDIDATES_NULL "unclassified" /* the name of the null model */

typedef struct {
  int n;                                                /* models */
  char name[OPTION_TEXTS_MAX + 1][CANDIDATES_NAME + 1]; /* (n + 1) */
  const char *path[OPTION_TEXTS_MAX];                   /* (n) borrowed from the options */
  double ln_prior[OPTION_TEXTS_MAX + 1];                /* (n + 1) up to a constant */
} Candidates;

/* Reads --model and --prior. */
int candidates_parse(Candidates *candidates, const PredictOptions *options, Why *why);

#endif
