/* predict_options: the options of rnnpredict. */
#ifndef PREDICT_OPTIONS_H
#define PREDICT_OPTIONS_H

#include "cli/options.h"
#include "scoring/evidence.h"

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
  ROW(VARIANTS, variants)      \
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
  FORMAT_TEXT,
  FORMAT_VCF,
  FORMAT_BIGWIG
} Format;
typedef enum { POSITIONS_LAST, POSITIONS_ALL } Positions;
typedef enum { STATE_MEAN, STATE_LAST } State;

enum { POSITIONS_TOP_MAX = 256 };     /* the largest --top with --positions all */
enum { VARIANTS_WINDOW_MAX = 10000 }; /* the largest --window with --mode variants */

typedef struct {
  int mode;
  int top;       /* next */
  int positions; /* next and embed */
  bool bases;
  int strands; /* Strands; next, score, track, classify, variants and embed */
  int memory;  /* EvidenceUse; -1: the mode's default */
  bool circular;
  int lowercase;   /* Lowercase */
  uint64_t window; /* track: 0: none; variants: 0: the mode's default */
  const char *vcf; /* variants; NULL: all of them */
  bool all;
  TextList model, prior; /* classify: NAME=MODEL, NAME=PROBABILITY */
  double min_posterior, null_bits;
  bool paired;
  uint64_t length, count, seed; /* sample */
  double temperature, top_p;
  int top_k; /* 0: all */
  const char *prompt;
  int state; /* embed */
  bool kmers, half;
  int timesteps, loss_at; /* trace and flow; 0: the mode's default, the last timestep */
  const char *weights;
  int format /* Format; -1: the mode's default */, threads;
  bool no_header;
  const char *output;
} PredictOptions;

extern const Program predict_program;

/* Whether the mode writes an array to the output, and a table with the names of its rows to
 * standard output. */
bool predict_options_two_outputs(const PredictOptions *options);

/* Checks that the parsed options and the number of operands fit together. */
int predict_options_check(const PredictOptions *options, int n_operands, Why *why);

#endif
