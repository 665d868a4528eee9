#include "prediction/predict_options.h"

#include "base/quota.h"
#include "base/version.h"

#define AT(field) offsetof(PredictOptions, field)
#define CIRCULAR_IN_ROWS                                                                           \
  "goes neither with --window nor with --format bedgraph, whose rows end where the record does"

static const char what[] = "what", next[] = "with --mode next",
                  strands[] = "with --mode score|classify",
                  circles[] = "with --mode score|track|classify", track[] = "with --mode track",
                  classify[] = "with --mode classify", sample[] = "with --mode sample",
                  embed[] = "with --mode embed", trace[] = "with --mode trace|flow", how[] = "how";

static const Option rows[] = {
    {"mode", 0, OPTION_CHOICE, AT(mode), "next", 0, 0,
     "next|score|track|classify|sample|embed|trace|flow|info", what,
     "What to tell: what follows each record, what each record costs, what each of its k-mers "
     "costs, which of several models fits it best, new sequence, hidden states, every node of the "
     "network and its gradient, how far the gradient flows back, or what the model is"},
    {"top", 0, OPTION_INT, AT(top), NULL, 1, 16777216, "N", next,
     "Next k-mers to list [all where at most 16 can follow, else 10]"},
    {"positions", 0, OPTION_CHOICE, AT(positions), "last", 0, 0, "last|all", next,
     "Tell what follows the record's last k-mer, or every one"},
    {"bases", 0, OPTION_FLAG, AT(bases), NULL, 0, 0, "", next,
     "Tell the probability of each base to be the next, and not of k-mers"},
    {"strands", 0, OPTION_CHOICE, AT(strands), "forward", 0, 0, "forward|both", strands,
     "Read each record as it stands, or also as its reverse complement"},
    {"circular", 0, OPTION_FLAG, AT(circular), NULL, 0, 0, "", circles,
     "Read every record as a circle, not only those whose header says circular=true (or "
     "yes, or Y) or topology=circular"},
    {"window", 0, OPTION_COUNT, AT(window), NULL, 1, 0x1p53, "N", track,
     "Tell the mean of each N bases"},
    {"model", 0, OPTION_TEXTS, AT(model), NULL, 0, 0, "NAME=MODEL", classify,
     "A model, and what to call it; given two to 64 times"},
    {"prior", 0, OPTION_TEXTS, AT(prior), NULL, 0, 0, "NAME=P", classify,
     "How probable that model is before a record is seen, relative to the others' P; given for "
     "each [all the same]"},
    {"length", 0, OPTION_COUNT, AT(length), "1000", 1, 0x1p40, "N", sample, "Bases of a record"},
    {"count", 0, OPTION_COUNT, AT(count), "1", 1, 0x1p53, "N", sample, "Records"},
    {"temperature", 0, OPTION_REAL, AT(temperature), "1", 0, 1000, "X", sample,
     "Divide the logits by X: below 1 the likely becomes likelier, 0 takes the likeliest"},
    {"top-k", 0, OPTION_INT, AT(top_k), NULL, 1, 16777216, "N", sample,
     "Draw from the N likeliest k-mers [all that can follow]"},
    {"top-p", 0, OPTION_REAL, AT(top_p), "1", 0, 1, "P", sample,
     "Draw from the likeliest k-mers that together have probability P"},
    {"prompt", 0, OPTION_TEXT, AT(prompt), NULL, 0, 0, "BASES|FILE", sample,
     "Go on from these bases, or from the one record of a file, which are not repeated"},
    {"seed", 0, OPTION_COUNT, AT(seed), "1", 0, 0x1p53, "N", sample,
     "Random seed, at most 2^53 = 9007199254740992"},
    {"state", 0, OPTION_CHOICE, AT(state), "mean", 0, 0, "mean|last", embed,
     "The mean of a record's hidden states, or the state at its end"},
    {"kmers", 0, OPTION_FLAG, AT(kmers), NULL, 0, 0, "", embed,
     "The embedding L of each k-mer, and not of records"},
    {"timesteps", 0, OPTION_INT, AT(timesteps), NULL, 1, 65536, "N", trace,
     "Unroll the network over the first N k-mers of each record [as --loss-at, else 3, for "
     "flow 48]"},
    {"loss-at", 0, OPTION_INT, AT(loss_at), NULL, 1, 65536, "N", trace,
     "Tell the gradient of the loss of timestep N [the last]"},
    {"weights", 0, OPTION_TEXT, AT(weights), NULL, 0, 0, "FILE", trace,
     "Take the network from this JSON file, of matrices L, H, I, b1, U, b2, and not from MODEL"},
    {"format", 0, OPTION_CHOICE, AT(format), NULL, 0, 0, "tsv|jsonl|bedgraph|npy|json|text", how,
     "A table [tsv], or a JSON object a line; of a track also bedGraph; of hidden states and "
     "embeddings also a NumPy array; of a trace JSON [json] or text for people"},
    {"no-header", 0, OPTION_FLAG, AT(no_header), NULL, 0, 0, "", how,
     "Leave out a table's header line"},
    {"threads", 't', OPTION_INT, AT(threads), NULL, 1, QUOTA_THREADS, "N", how,
     "Threads; the result is the same for any number [OMP_NUM_THREADS, or all available "
     "processors]"},
    {"output", 'o', OPTION_TEXT, AT(output), NULL, 0, 0, "FILE", how,
     "Write to FILE, not to stdout; compressed as bgzip does where it ends in .gz"},
    {0}};

static const Clash clashes[] = {
    {.option = "top", .with = "bases", .reason = "goes with k-mers, not with --bases"},
    {.option = "state", .with = "kmers", .reason = "goes with records, not with --kmers"},
    {.option = "circular", .with = "window", .reason = CIRCULAR_IN_ROWS},
    {.option = "circular", .with = "format", .value = "bedgraph", .reason = CIRCULAR_IN_ROWS},
    {.option = "top-k",
     .with = "temperature",
     .value = "0",
     .reason = "has no effect with --temperature 0, which takes the likeliest k-mer"},
    {.option = "top-p",
     .with = "temperature",
     .value = "0",
     .reason = "has no effect with --temperature 0, which takes the likeliest k-mer"},
    {.option = "seed",
     .with = "temperature",
     .value = "0",
     .and = "prompt",
     .reason = "has no effect with --temperature 0 and --prompt: nothing is drawn"},
    {.option = NULL}};

const Program predict_program = {
    .name = "rnnpredict",
    .see_also = "rnntrain",
    .summary = "ask a network that rnntrain trained about sequences",
    .usage = "[options] MODEL [FILE...]\n"
             "--mode classify --model NAME=MODEL... [options] [FILE...]\n"
             "--mode trace --weights FILE [options] [FILE...]",
    .options = rows,
    .clashes = clashes,
    .operands = "MODEL is a run directory or a .safetensors file. FILE is FASTA or FASTQ, plain or "
                "compressed with " FORMATS "; - or no FILE at all is standard input.",
    .description =
        "rnnpredict reads records one by one and writes a table, tab-separated with one "
        "header line, or JSON lines. Records keep their order; their numbers depend neither "
        "on their neighbours nor on the number of threads. A missing value, as of a record "
        "that is too short, is NA, or null in JSON.\n\n"
        "Mode next: record, rank, kmer, probability: the likeliest k-mers after the last base "
        "of each record; NA where it ends in an ambiguous letter, or in fewer than k bases "
        "after one. Under the followers softmax k-mers that cannot follow have probability 0 "
        "and are not listed. With --bases: record, A, C, G, T: the probability of each base "
        "to be the next, summed over the k-mers that begin what they add with it. With "
        "--positions all there are rows for every k-mer of the record, and the column "
        "position follows record: that of the base that comes next, from 1.\n\n"
        "Mode score: record, tokens (predictions), bases (that they predict), skipped (the "
        "record's other letters: the first k of a run of bases, less than a stride at its "
        "end, ambiguous ones), nats (the sum of -ln p), bits_per_base, perplexity (of a "
        "k-mer), whole_bits_per_base (over all bases of the record, at 2 bits for "
        "each unpredicted one). A circular record is read over its end, up to the k-mer that "
        "it began with. With --strands both, columns reverse_ are those of the reverse "
        "complement, columns mean_ those of both; the letters of a record are then kept in "
        "memory.\n\n"
        "Mode track: record, position, kmer, bits, probability: a row for each k-mer that was "
        "predicted, with its surprise -log2 p and its probability p. The position, from 1, is "
        "that of the first of the s bases that the k-mer adds to the one before. Records that "
        "are too short have no row. With --window N: record, start, end, bases, "
        "bits_per_base: the mean over the bases from start to end, both from 1, of those that "
        "were predicted. With --format bedgraph: record, start, end, bits per base, from 0, "
        "end not included, without a header; circles are not read over their end then, nor "
        "with --window.\n\n"
        "Mode classify: record, bases, best, llr_bits, posterior, and loglik_NAME for each "
        "model: the log-likelihood ln p of the record under it. best is the model of the "
        "highest posterior probability, which is given; llr_bits is by how many bits the "
        "record is likelier under it than under the second. With --strands both, the "
        "log-likelihood is the mean of both readings. The models must have the same k, stride and "
        "softmax.\n\n"
        "Mode sample: FASTA. Each k-mer is drawn from those that can follow the one before, "
        "first limited to the --top-k likeliest, then to --top-p. Without --prompt a record "
        "begins with a k-mer drawn evenly, and its first 1024 steps are thrown away. A prompt "
        "of nothing but A, C, G, T, U is the bases themselves; where it is not whole strides, "
        "its first bases do not count.\n\n"
        "Mode embed: record, h1 to hD: the hidden state, a mean over the record's k-mers or "
        "that at its end. With --kmers: kmer, e1 to ed. With --format npy the numbers alone, "
        "as a NumPy array of float32, a row for each record, NaN for NA.\n\n"
        "Mode trace: JSON: the shapes of the weights, and of each record its name, its first "
        "k-mers x(t) and their labels y(t), all that the network computes, e, z, h, q, yhat, "
        "J (of q and yhat the k-mers that can follow), and back from the loss of one timestep "
        "dq, dh, dz, de, what each timestep adds to the gradients dU, db2, dH, dI, db1, dL "
        "(of U and b2 the columns of those k-mers, of L the row of x), and the sums, in "
        "double precision. With --format text, for people: matrices under their equations, of "
        "large ones the corners. Timesteps are those of the record's first run of k + s bases "
        "or more; where there is no --loss-at, loss_at is null. The file of --weights is a "
        "JSON object of L, H, I, b1, U and b2 as lists of rows, and where they are not 1, "
        "sigmoid and followers, stride, activation and softmax.\n\n"
        "Mode flow: record, loss_at, timestep, norm: the Euclidean norm of dJ/dh(t), the "
        "gradient of the loss of timestep loss_at by the hidden state, for each timestep back "
        "to the first.\n\n"
        "Mode info: field, value: sizes, options, training history and baseline of the model.",
    .exit_codes = "0 done; 1 could not be done (bad data, input or output); 2 bad usage; 128 + "
                  "signal ended by SIGINT (130), SIGQUIT (131), SIGTERM (143) or SIGHUP (129).",
    .examples = "# what comes after each read?\n"
                "rnnpredict run reads.fq.gz\n"
                "# which reads does the model find likeliest?\n"
                "rnnpredict --mode score run reads.fq | awk '$5 != \"NA\"' | sort -k6,6g | head\n"
                "# how surprising is each kilobase of a genome? for IGV\n"
                "rnnpredict --mode track --window 1000 --format bedgraph run a.fa > a.bedgraph\n"
                "# from which species is each read?\n"
                "rnnpredict --mode classify --model ecoli=run1 --model yeast=run2 reads.fq\n"
                "# what does the network compute, node by node, and its gradient?\n"
                "rnnpredict --mode trace --format text run a.fa | less\n"
                "# and of a network that is written down\n"
                "rnnpredict --mode trace --weights worksheet.json acgt.fa\n"
                "# a megabase like the genome\n"
                "rnnpredict --mode sample --length 1000000 run > new.fa\n"
                "# from a pipe\n"
                "samtools fastq in.bam | rnnpredict --mode score run > scores.tsv\n",
};

static int check_format(const PredictOptions *o, Why *why) {
  const bool is_trace = o->format == FORMAT_JSON || o->format == FORMAT_TEXT;
  const bool is_table = o->format == FORMAT_TSV || o->format == FORMAT_JSONL;
  if (o->format == FORMAT_BEDGRAPH && o->mode != MODE_TRACK)
    return fail(why, "--format bedgraph: goes with --mode track");
  if (o->format == FORMAT_NPY && o->mode != MODE_EMBED)
    return fail(why, "--format npy: goes with --mode embed");
  if (is_trace && o->mode != MODE_TRACE)
    return fail(why, "--format %s: goes with --mode trace",
                o->format == FORMAT_JSON ? "json" : "text");
  if (is_table && (o->mode == MODE_SAMPLE || o->mode == MODE_TRACE))
    return fail(why, "--format %s: goes with tables; --mode %s",
                o->format == FORMAT_TSV ? "tsv" : "jsonl",
                o->mode == MODE_SAMPLE ? "sample writes FASTA" : "trace writes json or text");
  if (o->no_header && (o->format > FORMAT_TSV || o->mode == MODE_SAMPLE || o->mode == MODE_TRACE))
    return fail(why, "--no-header: goes with tables; what is asked for has no header line");
  return 0;
}

int predict_options_check(const PredictOptions *o, int n_operands, Why *why) {
  const bool alone = o->mode == MODE_INFO || o->mode == MODE_SAMPLE || o->kmers;
  if (o->mode != MODE_CLASSIFY && !o->weights && n_operands == 0)
    return fail(why, "no model; name a run directory or a .safetensors file");
  if (alone && n_operands > 1)
    return fail(why, "one MODEL and no sequence is what %s takes%s",
                o->kmers                 ? "--kmers"
                : o->mode == MODE_SAMPLE ? "--mode sample"
                                         : "--mode info",
                o->mode == MODE_SAMPLE ? "; --prompt names what to go on from" : "");
  if (o->positions == POSITIONS_ALL && o->top > TOP_OF_EACH)
    return fail(why, "--top '%d': must be at most %d with --positions all", o->top, TOP_OF_EACH);
  if (o->loss_at > 0 && o->timesteps > 0 && o->loss_at > o->timesteps)
    return fail(why, "--loss-at '%d': must be at most --timesteps, which is %d", o->loss_at,
                o->timesteps);
  return check_format(o, why);
}
