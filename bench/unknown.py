"""The measurements of bench/classify --unknown: fragments of species without a model.

A null model competes with the networks. It is uniform, or has the composition of the fragment read
so far (the estimator of Krichevsky and Trofimov, with pseudocounts of 1/2). An array of bits
(n,models) has the bits of each fragment under each model."""

import gzip

import numpy as np

import dna
from measure import heading, row, say

K = 4  # bases before the first that is predicted
LENGTHS = [72, 100, 150, 250]
SHORT = 72  # bases of the human reads
FRAGMENTS = 1000  # of each species, and of each source without a model
SURE = 0.99
MEMORY_ERRORS = [0, 0.05]
READS = {"human": "illumina_ERR127302_1_20k", "nanopore": "ont_seqkit_4k"}
FLY = "dmelanogaster_chr2R_dm3"


# ---- fragments ----------------------------------------------------------------------------------


def read_fastq(path):
    """The codes of a FASTQ file, with a break after each read."""
    with gzip.open(path) as file:
        reads = file.read().split(b"\n")[1::4]
    return np.frombuffer(b"N".join(reads).translate(dna.TO_CODE), np.uint8)


def read_unknown(genomes, reads):
    """The codes of each source without a model."""
    codes = {"Drosophila": dna.read(genomes / f"{FLY}.fa.gz")}
    return codes | {name: read_fastq(reads / f"{file}.fastq.gz") for name, file in READS.items()}


def cut_unknown(codes, known, length, rng):
    """Fragments of each source, and shuffled fragments of the known species (n,length)."""
    some = {name: dna.windows(source, FRAGMENTS, length, rng) for name, source in codes.items()
            if name != "human" or length <= SHORT}
    some["shuffled"] = rng.permuted(rng.choice(known, FRAGMENTS), axis=1)
    some["random"] = rng.integers(0, 4, (FRAGMENTS, length), np.uint8)
    return some


# ---- null models --------------------------------------------------------------------------------


def alike(bits):
    return lambda fragments: np.full(len(fragments), bits * (fragments.shape[1] - K))


def composition(order):
    """The bits of the bases after the first K under a Markov model of the bases before them."""
    def bits(fragments):
        rows, sums = np.arange(len(fragments)), np.zeros(len(fragments))
        counts = np.full((len(fragments), 4 ** order, 4), 0.5)
        contexts = dna.mers(fragments, order) if order else np.zeros_like(fragments, int)
        for i in range(order, fragments.shape[1]):
            at = rows, contexts[:, i - order]
            if i >= K:
                sums -= np.log2(counts[(*at, fragments[:, i])] / counts[at].sum(axis=1))
            counts[(*at, fragments[:, i])] += 1
        return sums
    return bits


NULLS = {"none": alike(100), "2 bits": alike(2), "1.9 bits": alike(1.9),
         **{f"order {order}": composition(order) for order in range(3)}}


# ---- verdicts -----------------------------------------------------------------------------------


def posteriors(bits, null, sharpness=1):
    """The posterior of each model, with the null model as the last, (n,models+1)."""
    bits = sharpness * np.column_stack([bits, null])
    ratio = np.exp2(bits.min(axis=1, keepdims=True) - bits)
    return ratio / ratio.sum(axis=1, keepdims=True)


def called(bits, null):
    """The index of the called model, or the number of models if none is called; the posterior."""
    each = posteriors(bits, null)
    return each.argmax(axis=1), each.max(axis=1)


def cell(chosen, posterior):
    """Percentages of the chosen fragments, and of those with a posterior of SURE or more."""
    return f"{100 * chosen.mean():.1f} ({100 * np.mean(chosen & (posterior >= SURE)):.1f})"


def print_nulls(nulls, asked, keys):
    """asked has for each key the fragments, bits and truth of the known species, and the fragments
    and bits of each source without a model."""
    names = list(dict.fromkeys(name for _, unknown in asked.values() for name in unknown))
    print(heading([*keys, "null model", "right", *names]))
    for key, (known, unknown) in asked.items():
        fragments, bits, truth = known
        for name, null in nulls.items():
            best, posterior = called(bits, null(fragments))
            cells = [cell(best == truth, posterior)]
            for source in names:
                if source not in unknown:
                    cells.append("-")
                    continue
                others, other_bits = unknown[source]
                best, posterior = called(other_bits, null(others))
                cells.append(cell(best < bits.shape[1], posterior))
            print(row([*key, name, *cells]))


def log_loss(bits, truth, null, sharpness):
    each = posteriors(bits, null, sharpness)
    return -np.log2(np.maximum(each[np.arange(len(truth)), truth], 1e-300)).mean()


def print_temperatures(fitted, asked):
    """The best temperature for some fragments, and the loss of other fragments at it."""
    print(heading(["bases", "temperature", "log loss, bits", "at temperature 1"]))
    sharpness = np.arange(0.1, 1.5, 0.02)
    for length, (fragments, bits, truth) in fitted.items():
        losses = [log_loss(bits, truth, alike(2)(fragments), x) for x in sharpness]
        best = sharpness[np.argmin(losses)]
        fragments, bits, truth = asked[length]
        rest = [f"{log_loss(bits, truth, alike(2)(fragments), x):.3f}" for x in [best, 1]]
        print(row([length, f"{1 / best:.1f}", *rest]))


# ---- the measurement ----------------------------------------------------------------------------


def measure(ask, cut, parts, others):
    """ask(fragments, "pieces" or "pieces and memory") returns bits; cut(sources, numbers, length,
    errors, rng) returns fragments and truth; parts are the training part, its end, and the last tenth."""
    rng = np.random.default_rng(5)
    training, validation, held_out = parts
    last, fitted, memory = {}, {}, {}

    def known(sources, length, errors, kind):
        fragments, truth = cut(sources, [FRAGMENTS] * len(sources), length, errors, rng)
        return fragments, ask(fragments, kind), truth

    for length in LENGTHS:
        say(f"classifying fragments of {length} bases")
        mine = known(held_out, length, 0, "pieces")
        some = cut_unknown(others, mine[0], length, rng)
        last[length,] = mine, {name: (f, ask(f, "pieces")) for name, f in some.items()}
        fitted[length] = known(validation, length, 0, "pieces")
        recalled = {name: (f, ask(f, "pieces and memory")) for name, f in some.items()}
        for errors in MEMORY_ERRORS:
            memory[length, f"{100 * errors:.0f} %"] = (
                known(training, length, errors, "pieces and memory"), recalled)
    print("\nFragments of the last tenth, in per cent:\n")
    print_nulls(NULLS, last, ["bases"])
    print("\nFragments of the nine tenths, of which the models have memories:\n")
    print_nulls({f"{bits} bits": alike(bits) for bits in [2, 1.9, 1.75]}, memory,
                ["bases", "errors"])
    print("\nThe temperature that fits fragments of the end of the training part:\n")
    print_temperatures(fitted, {key[0]: mine for key, (mine, _) in last.items()})
