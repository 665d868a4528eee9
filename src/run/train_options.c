#include "run/train_options.h"

#include "base/quota.h"
#include "base/ranks.h"
#include "net/activation.h"
#include "net/optimizer.h"
#include "net/schedule.h"
#include "net/update.h"
#include "run/train_options_text.h"
#include "sequence/letters.h"

#include <math.h>
#include <string.h>

/* The default rates of optimizers, as text. */
#define FIRST_RATE(CONSTANT, name, rate, ...) #name " " #rate
#define RATE(CONSTANT, name, rate, ...)       ", " #name " " #rate

enum {
  WINDOW_MAX = 1 << 24, /* tokens */
  LANES_MOST = 1 << 16,
  EPOCHS = 10,
  LANES = 32,
  LANES_MAX = 1024,
  LANE_TOKENS = 4000000, /* the least tokens per lane in a run with more than 32 lanes */
  EPOCHS_COUNTED = 20    /* epochs counted at most */
};

#define AT(field) offsetof(TrainOptions, field)

static const char reading[] = "reading", tokens[] = "tokens", model[] = "model",
                  training[] = "training", repeats[] = "memory of repeats", output[] = "output";

static const Option rows[] = {
    {"lowercase", 0, OPTION_CHOICE, AT(lowercase), "keep", 0, 0, "keep|ambiguous", reading,
     text_lowercase},
    {"min-quality", 0, OPTION_INT, AT(min_quality), "0", 0, 93, "Q", reading, text_min_quality},
    {"min-length", 0, OPTION_COUNT, AT(min_length), "0", 0, 0x1p53, "N", reading, text_min_length},
    {"circular", 0, OPTION_FLAG, AT(circular), NULL, 0, 0, "", reading, text_circular},
    {"kmer", 'k', OPTION_INT, AT(k), "4", 1, 12, "N", tokens, text_kmer},
    {"stride", 's', OPTION_INT, AT(s), "1", 1, 12, "N", tokens, text_stride},
    {"strands", 0, OPTION_CHOICE, AT(strands), "both", 0, 0, "forward|both", tokens, text_strands},
    {"embedding", 'd', OPTION_INT, AT(d), "32", 1, 65536, "N", model, text_embedding},
    {"hidden", 'D', OPTION_INT, AT(D), "96", 1, 65536, "N", model, text_hidden},
    {"activation", 0, OPTION_CHOICE, AT(activation), "sigmoid", 0, 0,
     ACTIVATION_TABLE(OPTION_FIRST_WORD, OPTION_NEXT_WORD), model, text_activation},
    {"softmax", 0, OPTION_CHOICE, AT(softmax), "followers", 0, 0, "followers|full", model,
     text_softmax},
    {"init", 0, OPTION_TEXT, AT(init), NULL, 0, 0, "MODEL", training, text_init},
    {"epochs", 'e', OPTION_INT, AT(epochs), NULL, 0, 1000000, "N", training, text_epochs},
    {"lanes", 'B', OPTION_INT, AT(B), "auto", 1, LANES_MOST, "N|auto", training, text_lanes},
    {"timesteps", 'T', OPTION_INT, AT(T), "48", 1, 65536, "N", training, text_timesteps},
    {"optimizer", 0, OPTION_CHOICE, AT(optimizer), "adam", 0, 0,
     OPTIMIZER_TABLE(OPTION_FIRST_WORD, OPTION_NEXT_WORD), training, text_optimizer},
    {"learning-rate", 0, OPTION_REAL, AT(rate), NULL, 1e-12, 1e8, "X", training,
     "Maximum learning rate [" OPTIMIZER_TABLE(FIRST_RATE, RATE) "; times sqrt(N/32) "
                                                                 "with N > 32 lanes]"},
    {"schedule", 0, OPTION_CHOICE, AT(schedule), "linear", 0, 0,
     SCHEDULE_TABLE(OPTION_FIRST_WORD, OPTION_NEXT_WORD), training, text_schedule},
    {"warmup", 0, OPTION_COUNT, AT(warmup), "100", 0, 0x1p53, "N", training, text_warmup},
    {"clip", 0, OPTION_REAL, AT(clip), "1", 0, 1e8, "X", training, text_clip},
    {"valid", 0, OPTION_TEXT, AT(valid), NULL, 0, 0, "FILE", training, text_valid},
    {"valid-fraction", 0, OPTION_REAL, AT(valid_fraction), "0.1", 0, 0.9, "X", training,
     text_valid_fraction},
    {"patience", 0, OPTION_INT, AT(patience), "0", 0, 1000000, "N", training, text_patience},
    {"max-time", 0, OPTION_DURATION, AT(max_time), NULL, 0, 0, "TIME", training, text_max_time},
    {"seed", 0, OPTION_COUNT, AT(seed), "1", 0, 0x1p53, "N", training, text_seed},
    {"threads", 't', OPTION_INT, AT(threads), NULL, 1, QUOTA_THREADS, "N", training, text_threads},
    {"memory", 0, OPTION_FLAG, AT(memory), NULL, 0, 0, "", repeats, text_memory},
    {"memory-limit", 0, OPTION_SIZE, AT(memory_limit), NULL, 0, 0, "SIZE", repeats,
     text_memory_limit},
    {"output", 'o', OPTION_TEXT, AT(output), NULL, 0, 0, "DIR", output, text_output},
    {"resume", 0, OPTION_SWITCH, AT(resume), NULL, 0, 0, "auto", output, text_resume},
    {"force", 0, OPTION_FLAG, AT(force), NULL, 0, 0, "", output, text_force},
    {"dry-run", 0, OPTION_FLAG, AT(dry_run), NULL, 0, 0, "", output, text_dry_run},
    {"report", 0, OPTION_FLAG, AT(report), NULL, 0, 0, "", output, text_report},
    {"multiqc", 0, OPTION_FLAG, AT(multiqc), NULL, 0, 0, "", output, text_multiqc},
    {"log-every", 0, OPTION_INT, AT(log_every), "50", 1, 1000000000, "N", output, text_log_every},
    {"checkpoint-every", 0, OPTION_DURATION, AT(checkpoint_every), "10m", 0, 0, "TIME", output,
     text_checkpoint_every},
    {"quiet", 'q', OPTION_FLAG, AT(quiet), NULL, 0, 0, "", output, text_quiet},
    {"no-progress", 0, OPTION_FLAG, AT(no_progress), NULL, 0, 0, "", output, text_no_progress},
    {0}};

static const Clash clashes[] = {
    {.option = "valid-fraction",
     .fits = "0",
     .with = "valid",
     .reason = "has no effect with --valid, which names the whole validation; omit one of them"},
    {.option = "resume",
     .with = "force",
     .reason = "does not go with --force: a run is either resumed or overwritten"},
    {.option = "resume", .with = "dry-run", .reason = "does not go with --dry-run"},
    {.option = "dry-run",
     .with = "report",
     .reason = "writes nothing, so it does not go with --report"},
    {.option = "dry-run",
     .with = "multiqc",
     .reason = "writes nothing, so it does not go with --multiqc"},
    {.option = NULL}};

const Program train_program = {
    .name = "rnntrain",
    .see_also = "rnnpredict",
    .summary = text_summary,
    .usage = text_usage,
    .options = rows,
    .clashes = clashes,
    .operands = text_operands,
    .description = text_description,
    .examples = text_examples,
    .exit_codes = text_exit_codes,
    .files = text_files,
    .environment = text_environment,
};

bool train_options_report(const TrainOptions *o) { return o->report || o->multiqc; }

bool train_options_list(const TrainOptions *o, const Option *option) {
  if (strcmp(option->name, "lowercase") == 0) return o->lowercase != LOWERCASE_KEEP;
  return o->memory || strcmp(option->group, repeats) != 0;
}

bool train_options_matters(const Option *option) {
  return strcmp(option->group, output) != 0 && strcmp(option->name, "threads") != 0;
}

/* Checks a command line without FILEs: there is no training, so options of training are errors. */
static int check_alone(const TrainOptions *o, Why *why) {
  char is[4096], usual[4096];
  TrainOptions fresh = {0};
  options_default(&train_program, &fresh);
  for (const Option *option = train_program.options; option->name; option++) {
    if (option_find("report|multiqc|output|quiet", option->name) >= 0) continue;
    option_value(option, o, is, sizeof is);
    option_value(option, &fresh, usual, sizeof usual);
    if (strcmp(is, usual) != 0)
      return fail(why, "--%s: there is no FILE to train on; name one, or omit the option",
                  option->name);
  }
  return 0;
}

int train_options_check(const TrainOptions *o, const char *const *files, int n_files, Why *why) {
  int standard_inputs = o->valid && strcmp(o->valid, "-") == 0;
  for (int i = 0; i < n_files; i++) standard_inputs += strcmp(files[i], "-") == 0;
  if (n_files == 0 && !train_options_report(o))
    return fail(why, "no input file; name one, or - for standard input");
  if (n_files == 0 && check_alone(o, why) != 0) return -1;
  if (standard_inputs > 1) return fail(why, "-: standard input can be named only once");
  if (o->epochs == 0 && !(o->memory && (o->init || o->resume)))
    return fail(why, "-e '0': must be a whole number, 1..1000000; 0, for no training, goes only "
                     "with --init and --memory");
  if (!o->output && !o->dry_run)
    return fail(why, "-o DIR is missing; name a directory for the run");
  return 0;
}

int train_options_most_lanes(int T) {
  const int most = WINDOW_MAX / T;
  return most < LANES_MOST ? most : LANES_MOST;
}

int train_options_complete(TrainOptions *o, Why *why) {
  const bool endless = o->max_time > 0 || o->schedule == SCHEDULE_PLATEAU;
  const bool validates = o->valid || o->valid_fraction > 0;
  if (o->s > o->k) return fail(why, "-s '%d': must be at most k = %d", o->s, o->k);
  if (!validates && (o->patience > 0 || o->schedule == SCHEDULE_PLATEAU))
    return fail(why, "--valid-fraction 0: %s needs a validation; give a fraction above 0",
                o->patience > 0 ? "--patience" : "--schedule plateau");
  if (o->B > train_options_most_lanes(o->T))
    return fail(why, "-B %d -T %d: lanes times timesteps must be at most %d", o->B, o->T,
                WINDOW_MAX);
  if (o->memory_limit > 0 && !o->memory)
    return fail(why, "--memory-limit: has no effect without --memory");
  if (o->epochs < 0 && !endless) o->epochs = EPOCHS;
  return 0;
}

int train_options_lanes(uint64_t train_tokens, int epochs) {
  const double tokens_read = (double)train_tokens * fmin(epochs, EPOCHS_COUNTED);
  int lanes = LANES;
  while (lanes < LANES_MAX && tokens_read >= 2.0 * lanes * LANE_TOKENS) lanes *= 2;
  return lanes;
}

void train_options_fit(TrainOptions *o, uint64_t train_tokens) {
  if (o->B == 0) o->B = train_options_lanes(train_tokens, o->epochs);
  while (o->B > train_options_most_lanes(o->T)) o->B /= 2;
  if (o->rate > 0) return;
  o->rate = optimizer_default_rate((OptimizerKind)o->optimizer);
  if (o->B > LANES) o->rate *= sqrt((double)o->B / LANES);
}

void train_options_share(TrainOptions *o) {
  const TrainOptions own = *o;
  ranks_broadcast(o, sizeof *o);
  o->init = own.init;
  o->valid = own.valid;
  o->output = own.output;
  o->threads = own.threads;
}
