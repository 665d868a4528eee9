/* predict_options: what can be asked of rnnpredict, and its option table. */
#ifndef PREDICT_OPTIONS_H
#define PREDICT_OPTIONS_H

#include "cli/options.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum {
  MODE_NEXT,
  MODE_SCORE,
  MODE_TRACK,
  MODE_CLASSIFY,
  MODE_SAMPLE,
  MODE_EMBED,
  MODE_TRACE,
  MODE_FLOW,
  MODE_INFO
} Mode;

typedef enum {
  FORMAT_TSV,
  FORMAT_JSONL,
  FORMAT_BEDGRAPH,
  FORMAT_NPY,
  FORMAT_JSON,
  FORMAT_TEXT
} Format;
typedef enum { POSITIONS_LAST, POSITIONS_ALL } Positions;
typedef enum { STATE_MEAN, STATE_LAST } State;

enum { TOP_OF_EACH = 256 }; /* the most that can be listed with --positions all */

typedef struct {
  int mode;
  int top, positions; /* next */
  bool bases;
  int strands; /* Strands; score and classify */
  bool circular;
  uint64_t window;              /* track; 0: none */
  TextList model, prior;        /* classify: NAME=MODEL, NAME=PROBABILITY */
  uint64_t length, count, seed; /* sample */
  double temperature, top_p;
  int top_k; /* 0: all */
  const char *prompt;
  int state; /* embed */
  bool kmers;
  int timesteps, loss_at; /* trace and flow; 0: what the mode has, the last */
  const char *weights;
  int format /* Format; -1: what the mode has */, threads;
  bool no_header;
  const char *output;
} PredictOptions;

extern const Program predict_program;

/* Whether options that were parsed go together; n_operands: of the command line. */
int predict_options_check(const PredictOptions *options, int n_operands, Why *why);

#endif
