#include "prediction/predict_options.h"

#include "base/quota.h"
#include "prediction/predict_options_text.h"

#include <inttypes.h>

#define AT(field) offsetof(PredictOptions, field)
static const char mode[] = "mode", next[] = "with --mode next",
                  strands[] = "with --mode next|score|track|classify|variants|embed",
                  positions[] = "with --mode next|embed",
                  memory[] = "with --mode next|score|track|classify|sample|trace|flow",
                  lowercase[] = "with --mode next|score|track|classify|embed|trace|flow",
                  circles[] = "with --mode score|track|classify",
                  window[] = "with --mode track|variants", classify[] = "with --mode classify",
                  variants[] = "with --mode variants", sample[] = "with --mode sample",
                  embed[] = "with --mode embed", trace[] = "with --mode trace|flow",
                  output[] = "output";

static const Option rows[] = {
    {"mode", 0, OPTION_CHOICE, AT(mode), "next", 0, 0,
     MODE_TABLE(OPTION_FIRST_WORD, OPTION_NEXT_WORD), mode, text_mode},
    {"top", 0, OPTION_INT, AT(top), NULL, 1, 16777216, "N", next, text_top},
    {"bases", 0, OPTION_FLAG, AT(bases), NULL, 0, 0, "", next, text_bases},
    {"positions", 0, OPTION_CHOICE, AT(positions), "last", 0, 0, "last|all", positions,
     text_positions},
    {"strands", 0, OPTION_CHOICE, AT(strands), "forward", 0, 0, "forward|both", strands,
     text_strands},
    {"memory", 0, OPTION_CHOICE, AT(memory), NULL, 0, 0, "off|model|others|record", memory,
     text_memory},
    {"lowercase", 0, OPTION_CHOICE, AT(lowercase), "keep", 0, 0, "keep|ambiguous", lowercase,
     text_lowercase},
    {"circular", 0, OPTION_FLAG, AT(circular), NULL, 0, 0, "", circles, text_circular},
    {"window", 0, OPTION_COUNT, AT(window), NULL, 1, 0x1p53, "N", window, text_window},
    {"vcf", 0, OPTION_TEXT, AT(vcf), NULL, 0, 0, "FILE", variants, text_vcf},
    {"all", 0, OPTION_FLAG, AT(all), NULL, 0, 0, "", variants, text_all},
    {"model", 0, OPTION_TEXTS, AT(model), NULL, 0, 0, "NAME=MODEL", classify, text_model},
    {"prior", 0, OPTION_TEXTS, AT(prior), NULL, 0, 0, "NAME=P", classify, text_prior},
    {"min-posterior", 0, OPTION_REAL, AT(min_posterior), "0", 0, 1, "P", classify,
     text_min_posterior},
    {"null-bits", 0, OPTION_REAL, AT(null_bits), "2", 0, 100, "X", classify, text_null_bits},
    {"paired", 0, OPTION_FLAG, AT(paired), NULL, 0, 0, "", classify, text_paired},
    {"length", 0, OPTION_COUNT, AT(length), "1000", 1, 0x1p40, "N", sample, text_length},
    {"count", 0, OPTION_COUNT, AT(count), "1", 1, 0x1p53, "N", sample, text_count},
    {"temperature", 0, OPTION_REAL, AT(temperature), "1", 0, 1000, "X", sample, text_temperature},
    {"top-k", 0, OPTION_INT, AT(top_k), NULL, 1, 16777216, "N", sample, text_top_k},
    {"top-p", 0, OPTION_REAL, AT(top_p), "1", 0, 1, "P", sample, text_top_p},
    {"prompt", 0, OPTION_TEXT, AT(prompt), NULL, 0, 0, "BASES|FILE", sample, text_prompt},
    {"seed", 0, OPTION_COUNT, AT(seed), "1", 0, 0x1p53, "N", sample, text_seed},
    {"state", 0, OPTION_CHOICE, AT(state), "mean", 0, 0, "mean|last", embed, text_state},
    {"kmers", 0, OPTION_FLAG, AT(kmers), NULL, 0, 0, "", embed, text_kmers},
    {"half", 0, OPTION_FLAG, AT(half), NULL, 0, 0, "", embed, text_half},
    {"timesteps", 0, OPTION_INT, AT(timesteps), NULL, 1, 65536, "N", trace, text_timesteps},
    {"loss-at", 0, OPTION_INT, AT(loss_at), NULL, 1, 65536, "N", trace, text_loss_at},
    {"weights", 0, OPTION_TEXT, AT(weights), NULL, 0, 0, "FILE", trace, text_weights},
    {"format", 0, OPTION_CHOICE, AT(format), NULL, 0, 0,
     "tsv|jsonl|bedgraph|npy|json|text|vcf|bigwig", output, text_format},
    {"no-header", 0, OPTION_FLAG, AT(no_header), NULL, 0, 0, "", output, text_no_header},
    {"threads", 't', OPTION_INT, AT(threads), NULL, 1, QUOTA_THREADS, "N", output, text_threads},
    {"output", 'o', OPTION_TEXT, AT(output), NULL, 0, 0, "FILE", output, text_output},
    {0}};

static const char circular_in_rows[] = "goes neither with --window nor with --format bedgraph or "
                                       "bigwig, whose rows end with the record";

static const Clash clashes[] = {
    {.option = "top", .with = "bases", .reason = "goes with k-mers, not with --bases"},
    {.option = "state", .with = "kmers", .reason = "goes with records, not with --kmers"},
    {.option = "all", .with = "vcf", .reason = "replaces --vcf; give one of them"},
    {.option = "state",
     .with = "positions",
     .value = "all",
     .reason = "goes with one vector per record, not with --positions all"},
    {.option = "positions", .with = "kmers", .reason = "goes with records, not with --kmers"},
    {.option = "lowercase", .with = "kmers", .reason = "goes with records, not with --kmers"},
    {.option = "strands", .with = "kmers", .reason = "goes with records, not with --kmers"},
    {.option = "circular", .with = "window", .reason = circular_in_rows},
    {.option = "circular", .with = "format", .value = "bedgraph", .reason = circular_in_rows},
    {.option = "circular", .with = "format", .value = "bigwig", .reason = circular_in_rows},
    {.option = "top-k",
     .with = "temperature",
     .value = "0",
     .reason = "has no effect with --temperature 0, which takes the most probable k-mer"},
    {.option = "top-p",
     .with = "temperature",
     .value = "0",
     .reason = "has no effect with --temperature 0, which takes the most probable k-mer"},
    {.option = "seed",
     .with = "temperature",
     .value = "0",
     .and = "prompt",
     .reason = "has no effect with --temperature 0 and --prompt, because nothing is drawn"},
    {.option = NULL}};

const Program predict_program = {
    .name = "rnnpredict",
    .see_also = "rnntrain",
    .summary = text_summary,
    .usage = text_usage,
    .options = rows,
    .clashes = clashes,
    .operands = text_operands,
    .description = text_description,
    .exit_codes = text_exit_codes,
    .examples = text_examples,
    .files = text_files,
    .environment = text_environment,
};

bool predict_options_two_outputs(const PredictOptions *o) {
  return o->mode == MODE_EMBED && o->positions == POSITIONS_ALL && o->format == FORMAT_NPY;
}

static int check_format(const PredictOptions *o, Why *why) {
  const bool is_trace = o->format == FORMAT_JSON || o->format == FORMAT_TEXT;
  const bool is_table = o->format == FORMAT_TSV || o->format == FORMAT_JSONL;
  if ((o->format == FORMAT_BEDGRAPH || o->format == FORMAT_BIGWIG) && o->mode != MODE_TRACK)
    return fail(why, "--format %s: goes with --mode track",
                o->format == FORMAT_BIGWIG ? "bigwig" : "bedgraph");
  if (o->format == FORMAT_NPY && o->mode != MODE_EMBED && !o->all)
    return fail(why, "--format npy: goes with --mode embed, and with --mode variants --all");
  if (o->format == FORMAT_VCF && !o->vcf)
    return fail(why, "--format vcf: goes with --mode variants --vcf");
  if (o->half && o->format != FORMAT_NPY) return fail(why, "--half: goes with --format npy");
  if (is_trace && o->mode != MODE_TRACE)
    return fail(why, "--format %s: goes with --mode trace",
                o->format == FORMAT_JSON ? "json" : "text");
  if (is_table && (o->mode == MODE_SAMPLE || o->mode == MODE_TRACE))
    return fail(why, "--format %s: goes with tables; --mode %s",
                o->format == FORMAT_TSV ? "tsv" : "jsonl",
                o->mode == MODE_SAMPLE ? "sample writes FASTA" : "trace writes json or text");
  if (o->no_header && ((o->format > FORMAT_TSV && !predict_options_two_outputs(o)) ||
                       o->mode == MODE_SAMPLE || o->mode == MODE_TRACE))
    return fail(why, "--no-header: goes with tables; this output has no header line");
  return 0;
}

/* Rejects sequence files in a mode that reads none. */
static int fail_alone(const PredictOptions *o, Why *why) {
  if (o->mode == MODE_SAMPLE)
    return fail(why, "--mode sample takes one MODEL and no sequence files; --prompt gives the "
                     "bases to continue");
  return fail(why, "%s takes one MODEL and no sequence files",
              o->kmers ? "--kmers" : "--mode info");
}

static int check_variants(const PredictOptions *o, Why *why) {
  if (!o->vcf && !o->all)
    return fail(why, "--mode variants: name a file of variants with --vcf, or give --all for every "
                     "single-base change");
  if (o->window > VARIANTS_WINDOW_MAX)
    return fail(why, "--window '%" PRIu64 "': must be at most %d with --mode variants", o->window,
                VARIANTS_WINDOW_MAX);
  return 0;
}

int predict_options_check(const PredictOptions *o, int n_operands, Why *why) {
  const bool alone = o->mode == MODE_INFO || o->mode == MODE_SAMPLE || o->kmers;
  if (o->mode != MODE_CLASSIFY && !o->weights && n_operands == 0)
    return fail(why, "no model; name a run directory or a .safetensors file");
  if (alone && n_operands > 1) return fail_alone(o, why);
  if (o->paired && n_operands > 2)
    return fail(why, "--paired: takes one FILE with the two reads of each pair in succession, or "
                     "two FILEs with one read of each pair");
  if (o->positions == POSITIONS_ALL && o->top > POSITIONS_TOP_MAX)
    return fail(why, "--top '%d': must be at most %d with --positions all", o->top,
                POSITIONS_TOP_MAX);
  if (o->loss_at > 0 && o->timesteps > 0 && o->loss_at > o->timesteps)
    return fail(why, "--loss-at '%d': must be at most --timesteps, which is %d", o->loss_at,
                o->timesteps);
  if (o->memory > EVIDENCE_MODEL && o->mode > MODE_CLASSIFY)
    return fail(why, "--memory %s: goes with --mode next|score|track|classify",
                o->memory == EVIDENCE_OTHERS ? "others" : "record");
  if (o->mode == MODE_VARIANTS && check_variants(o, why) != 0) return -1;
  if (o->mode == MODE_NEXT && o->strands == STRANDS_BOTH &&
      !(o->bases && o->positions == POSITIONS_ALL))
    return fail(why, "--strands both: goes with --bases --positions all in mode next, because only "
                     "the bases of positions can be compared");
  return check_format(o, why);
}
