/* predict_options: what can be asked of rnnpredict, and its option table. */
#ifndef PREDICT_OPTIONS_H
#define PREDICT_OPTIONS_H

#include "options.h"

#include <stdbool.h>

typedef enum { MODE_NEXT, MODE_SCORE, MODE_TRACK, MODE_INFO } Mode;

typedef struct {
  int mode, strands, top, threads;
  bool circular;
  const char *output;
} PredictOptions;

extern const Program predict_program;

#endif
