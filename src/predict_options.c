#include "predict_options.h"

#define AT(field) offsetof(PredictOptions, field)

static const char what[] = "what", how[] = "how";

static const Option rows[] = {
    {"mode", 0, OPTION_CHOICE, AT(mode), "next", 0, 0, "next|score|track|info", what,
     "What to tell: the likeliest next k-mers, the loss of each record, that of each of its "
     "k-mers, "
     "or what the model is"},
    {"top", 0, OPTION_INT, AT(top), NULL, 1, 16777216, "N", what,
     "Next k-mers to list for each record [all where at most 16 can follow, else 10]"},
    {"strands", 0, OPTION_CHOICE, AT(strands), "forward", 0, 0, "forward|both", what,
     "Score each record as it stands, or also as its reverse complement, and tell the mean"},
    {"circular", 0, OPTION_FLAG, AT(circular), NULL, 0, 0, "", what,
     "Score and track every record as a circle, not only those whose header says circular=true or "
     "topology=circular"},
    {"threads", 't', OPTION_INT, AT(threads), NULL, 1, 1024, "N", how,
     "Threads [all]; the result is the same for any number"},
    {"output", 'o', OPTION_TEXT, AT(output), NULL, 0, 0, "FILE", how,
     "Write to FILE, compressed where it ends in .gz, and not to stdout"},
    {0}};

const Program predict_program = {
    .name = "rnnpredict",
    .summary = "ask a network that rnntrain trained about sequences",
    .usage = "[options] MODEL [FILE...]",
    .options = rows,
    .operands = "MODEL is a run directory or a .safetensors file. FILE is FASTA or FASTQ, plain or "
                "gzip; - or no FILE at all is standard input.",
    .description =
        "rnnpredict reads records one by one and writes a table, tab-separated, with one header "
        "line. Records keep their order, and their numbers depend neither on their neighbours nor "
        "on the number of threads.\n\n"
        "Mode next: record, rank, kmer, probability: the likeliest k-mers after the last one of "
        "each record. Under the followers softmax k-mers that cannot follow have probability 0 "
        "and are not listed.\n\n"
        "Mode score: record, tokens (predictions), bases (that they predict), nats (the sum of "
        "-ln p), bits_per_base, perplexity (of a k-mer). A circular record is read over its end, "
        "up to the k-mer that it began with. With --strands both, nats is the mean of those of the "
        "two "
        "readings, so that the probability it stands for is their geometric mean, and a column "
        "more, "
        "difference, tells by how many bits per base the reverse complement costs more than the "
        "record as it stands. The letters of a record are then kept in memory.\n\n"
        "Mode track: record, position, kmer, bits, probability: a row for each k-mer that was "
        "predicted, with its surprise -log2 p, in bits, and its probability p. The position, from "
        "1, is that of the first of the s bases that the k-mer adds to the one before.\n\n"
        "Mode info: field, value: sizes, options, training history and baseline of the model.\n\n"
        "A record that is too short for a k-mer, or for a prediction, has NA for what cannot be "
        "told, and no rows in a track.",
    .exit_codes = "0 done; 1 could not be done (bad data, input or output); 2 bad usage.",
    .examples = "# what comes after each read?\n"
                "rnnpredict run reads.fq.gz\n"
                "# which reads does the model find likeliest?\n"
                "rnnpredict --mode score run reads.fq | awk '$4 != \"NA\"' | sort -k5,5g | head\n"
                "# how surprising is each kilobase of a sequence?\n"
                "rnnpredict --mode track run genome.fa |\n"
                "  awk 'NR > 1 { i = int(($2 - 1) / 1000); sum[i] += $4; n[i]++ }\n"
                "       END { for (i in n) print 1000 * i, sum[i] / n[i] }' | sort -n\n"
                "# from a pipe\n"
                "samtools fastq in.bam | rnnpredict --mode score run > scores.tsv\n",
};
