/* predict_options: what can be asked of rnnpredict, and its option table. */
#ifndef PREDICT_OPTIONS_H
#define PREDICT_OPTIONS_H

#include "cli/options.h"

#include <stdbool.h>
#include <stdint.h>

/* A row per mode: its constant; its name, which is also its word for --mode, and mode_NAME its
 * function (modes.h). */
// clang-format off
#define MODE_TABLE(FIRST, ROW) \
  FIRST(NEXT,   next)          \
  ROW(SCORE,    score)         \
  ROW(TRACK,    track)         \
  ROW(CLASSIFY, classify)      \
  ROW(SAMPLE,   sample)        \
  ROW(EMBED,    embed)         \
  ROW(TRACE,    trace)         \
  ROW(FLOW,     flow)          \
  ROW(INFO,     info)
// clang-format on

#define MODE_ENUM(NAME, ...) MODE_##NAME,
typedef enum { MODE_TABLE(MODE_ENUM, MODE_ENUM) } Mode;

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
