#include "run/train_options.h"

#include "base/quota.h"
#include "base/version.h"

#define AT(field) offsetof(TrainOptions, field)

static const char reading[] = "reading", tokens[] = "tokens", model[] = "model",
                  training[] = "training", output[] = "output";

static const Option rows[] = {
    {"min-quality", 0, OPTION_INT, AT(min_quality), "0", 0, 93, "Q", reading,
     "Treat bases of FASTQ with a lower quality as ambiguous"},
    {"min-length", 0, OPTION_COUNT, AT(min_length), "0", 0, 0x1p53, "N", reading,
     "Leave out runs of A, C, G, T of fewer bases"},
    {"circular", 0, OPTION_FLAG, AT(circular), NULL, 0, 0, "", reading,
     "Read every record as a circle, not only those whose header says circular=true (or "
     "yes, or Y) or topology=circular"},
    {"kmer", 'k', OPTION_INT, AT(k), "4", 1, 12, "N", tokens, "Bases in a k-mer"},
    {"stride", 's', OPTION_INT, AT(s), "1", 1, 12, "N", tokens,
     "Bases from a k-mer to the next, at most k"},
    {"strands", 0, OPTION_CHOICE, AT(strands), "both", 0, 0, "forward|both", tokens,
     "Read every piece as it stands, or by turns as its reverse complement"},
    {"embedding", 'd', OPTION_INT, AT(d), "32", 1, 65536, "N", model, "Width d of the embedding L"},
    {"hidden", 'D', OPTION_INT, AT(D), "96", 1, 65536, "N", model, "Width D of the hidden state h"},
    {"activation", 0, OPTION_CHOICE, AT(activation), "sigmoid", 0, 0, "sigmoid|tanh|relu", model,
     "What h is of z"},
    {"softmax", 0, OPTION_CHOICE, AT(softmax), "followers", 0, 0, "followers|full", model,
     "Normalise over the k-mers that can follow, or over all"},
    {"init", 0, OPTION_TEXT, AT(init), NULL, 0, 0, "MODEL", training,
     "Start from this model's weights: a run directory or .safetensors file of the same k, s, d, "
     "D, "
     "activation and softmax"},
    {"epochs", 'e', OPTION_INT, AT(epochs), NULL, 1, 1000000, "N", training,
     "Times that every k-mer is read [10; with --max-time or --schedule plateau, as many as it "
     "takes]"},
    {"lanes", 'B', OPTION_INT, AT(B), "32", 1, 65536, "N", training,
     "Places in the sequence read side by side"},
    {"timesteps", 'T', OPTION_INT, AT(T), "48", 1, 65536, "N", training,
     "Steps that the gradient flows back"},
    {"optimizer", 0, OPTION_CHOICE, AT(optimizer), "adam", 0, 0,
     "adam|sgd|momentum|rmsprop|adagrad", training, "How the gradient moves the weights"},
    {"learning-rate", 0, OPTION_REAL, AT(rate), NULL, 1e-12, 1e8, "X", training,
     "Largest learning rate [adam 0.003, sgd 1.5, momentum 0.3, rmsprop 0.003, adagrad 0.1]"},
    {"schedule", 0, OPTION_CHOICE, AT(schedule), "linear", 0, 0, "linear|cosine|constant|plateau",
     training, "The learning rate over time"},
    {"warmup", 0, OPTION_COUNT, AT(warmup), "100", 0, 0x1p53, "N", training,
     "Steps over which the rate rises from 0"},
    {"clip", 0, OPTION_REAL, AT(clip), "1", 0, 1e8, "X", training,
     "Largest norm of a gradient, 0: any"},
    {"valid", 0, OPTION_TEXT, AT(valid), NULL, 0, 0, "FILE", training,
     "Validate on this file, not on the end of each FILE"},
    {"valid-fraction", 0, OPTION_REAL, AT(valid_fraction), "0.1", 0, 0.9, "X", training,
     "Fraction of each FILE, at its end, to keep for validation, 0: none"},
    {"patience", 0, OPTION_INT, AT(patience), "0", 0, 1000000, "N", training,
     "Stop after so many validations without a better one, 0: never"},
    {"max-time", 0, OPTION_DURATION, AT(max_time), NULL, 0, 0, "TIME", training,
     "End within this time: seconds, or 90s, 10m, 2h. It includes reading, the Markov count, "
     "validation, checkpoints and the examination of the model; the learning rate schedule is "
     "fitted "
     "to the rest. A training step that has begun is finished. With --resume, earlier parts of the "
     "run count too"},
    {"seed", 0, OPTION_COUNT, AT(seed), "1", 0, 0x1p53, "N", training,
     "Random seed, at most 2^53 = 9007199254740992"},
    {"threads", 't', OPTION_INT, AT(threads), NULL, 1, QUOTA_THREADS, "N", training,
     "Threads; the result is the same for any number [OMP_NUM_THREADS, or all available "
     "processors]"},
    {"output", 'o', OPTION_TEXT, AT(output), NULL, 0, 0, "DIR", output, "Run directory to make"},
    {"resume", 0, OPTION_SWITCH, AT(resume), NULL, 0, 0, "auto", output,
     "Resume the run in DIR, on the same FILEs; options that are not given stay as they were. "
     "auto: "
     "start it if there is none to resume"},
    {"force", 0, OPTION_FLAG, AT(force), NULL, 0, 0, "", output,
     "Overwrite the run that DIR holds: it is deleted before the new one begins"},
    {"dry-run", 0, OPTION_FLAG, AT(dry_run), NULL, 0, 0, "", output,
     "Count the input (a table on stdout), say what the run will need, and write nothing"},
    {"report", 0, OPTION_FLAG, AT(report), NULL, 0, 0, "", output,
     "Also write DIR/report.html, with diagrams of the run; without FILEs, of the run that DIR "
     "holds, "
     "even while it goes on"},
    {"multiqc", 0, OPTION_FLAG, AT(multiqc), NULL, 0, 0, "", output,
     "Also write what MultiQC gathers from DIR; without FILEs as above"},
    {"log-every", 0, OPTION_INT, AT(log_every), "50", 1, 1000000000, "N", output,
     "Steps between the rows of loss.tsv and timestep_loss.tsv"},
    {"checkpoint-every", 0, OPTION_DURATION, AT(checkpoint_every), "10m", 0, 0, "TIME", output,
     "Time between checkpoints: seconds, or 90s, 10m, 2h"},
    {"quiet", 'q', OPTION_FLAG, AT(quiet), NULL, 0, 0, "", output, "Say nothing but errors"},
    {"no-progress", 0, OPTION_FLAG, AT(no_progress), NULL, 0, 0, "", output,
     "Show no progress while training: no status line on a terminal, no validation lines in a log"},
    {0}};

static const Clash clashes[] = {
    {.option = "valid-fraction",
     .fits = "0",
     .with = "valid",
     .reason = "has no effect with --valid, whose file is the whole validation; omit one of them"},
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
    .summary = "train a recurrent network on the k-mers of DNA",
    .usage = "[options] -o DIR FILE...\n"
             "--report --multiqc -o DIR",
    .options = rows,
    .clashes = clashes,
    .operands = "FILE is FASTA or FASTQ, plain or compressed with " FORMATS ", "
                "recognised by content; - is standard input.",
    .description =
        "rnntrain cuts sequence into k-mers and trains a recurrent network to say which k-mer "
        "comes "
        "next: an embedding L, a recurrence h(t) = sigmoid(h(t-1) H + e(t) I + b1), a softmax over "
        "h U + b2, cross-entropy, and exact backpropagation through time within windows of T "
        "steps. The loss is told in bits per base, beside that of the best Markov model on the "
        "same "
        "bases.\n\n"
        "Ambiguous letters and gaps end a segment: no k-mer spans them. Lower case is sequence and "
        "U "
        "is T; any other letter is an error. A circular record's sequence goes on over its end, "
        "once.\n\n"
        "The learning rate rises from 0 over the first steps (--warmup). Under the schedule linear "
        "it "
        "then stays for the first half of the run and falls in a straight line to 2 % of itself; "
        "under "
        "cosine it falls along half a cosine from the beginning; under constant it stays; under "
        "plateau it halves whenever validation has not improved twice in a row, and the seventh "
        "time ends the run. How long a run is follows from --epochs or --max-time, whichever ends "
        "it "
        "first.\n\n"
        "A run can be interrupted at any moment: --resume continues from its newest checkpoint and "
        "produces the same model and logs as an uninterrupted run. SIGINT, SIGTERM, SIGHUP, "
        "SIGXCPU and SIGUSR2 save one before the program ends, SIGUSR1 saves one and training "
        "continues; SIGQUIT or a second SIGINT ends the program at once. Input is identified by "
        "its sequence, whatever its compression. Of the "
        "options, --threads, --epochs, --max-time, --patience, --log-every and --checkpoint-every "
        "may change.\n\n"
        "The same input, options, seed, version and type of CPU give the same bytes of model for "
        "any number of threads, from programs built with gcc or clang. Runs with --max-time depend "
        "on the clock and are exempt.",
    .examples = "# train on a genome; its last tenth is for validation\n"
                "rnntrain -o run genome.fa.gz\n"
                "# a minute, from a pipe\n"
                "zcat *.fa.gz | rnntrain --max-time 60s -o run -\n"
                "# reads: neither doubtful bases nor scraps\n"
                "rnntrain --min-quality 20 --min-length 50 -o run reads.fq.gz\n"
                "# diagrams of how it went, in run/report.html\n"
                "rnntrain --report -o run\n"
                "# on a cluster: begin, or go on after an interruption\n"
                "rnntrain --resume=auto -e 30 -o run genome.fa.gz\n"
                "# what would it need?\n"
                "rnntrain --dry-run -k 8 --softmax full genome.fa.gz\n",
    .exit_codes =
        "0 done; 1 could not be done (bad data, input or output); 2 bad usage; 3 "
        "training diverged; 128 + signal stopped after saving: 129 SIGHUP, 130 SIGINT, 140 "
        "SIGUSR2, 143 SIGTERM, 152 SIGXCPU.",
    .files =
        "DIR/model.safetensors: the best weights on validation so far, for rnnpredict.\n\n"
        "DIR/checkpoint.safetensors: the newest state of the run, for --resume.\n\n"
        "DIR/loss.tsv: a row every --log-every steps and at each validation; epoch "
        "counts from 1, losses are nats a k-mer, NA is not measured.\n\n"
        "DIR/timestep_loss.tsv: the mean loss J(t) at each timestep t of the window, since "
        "the last rows.\n\n"
        "DIR/run.json: command lines, options, inputs with counts and checksums, the Markov "
        "baseline, how the "
        "model's probabilities came true, how its gradient flows back, times.\n\n"
        "DIR/report.html: with --report, all of this for people, in a page that stands alone.\n\n"
        "DIR/rnntrain_mqc.json, DIR/rnntrain_loss_mqc.json: with --multiqc, custom content for "
        "MultiQC; the sample is called as DIR is.",
};
