/* candidates: the models that mode classify chooses from: their names, where they are, and how
 * probable each is beforehand. */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include "prediction/predict_options.h"

typedef struct {
  int n;
  char *name[OPTION_TEXTS_MAX];
  const char *path[OPTION_TEXTS_MAX]; /* borrowed from the options */
  double ln_prior[OPTION_TEXTS_MAX];  /* and so much for all of them */
} Candidates;

/* From --model and --prior; to be freed also after an error. */
int candidates_parse(Candidates *candidates, const PredictOptions *options, Why *why);
void candidates_free(Candidates *candidates);

#endif
