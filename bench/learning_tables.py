"""The tables of bench/learning: the runs that each compares, with their options."""

import re
from collections import namedtuple

from measure import ROOT

# A row's label is a name or, for a grid, (row, column); words are options of rnntrain.
Row = namedtuple("Row", "label words genome", defaults=["ecoli_k12_mg1655"])

# words precede those of each row; with 1 thread, one run per core runs at the same time.
Table = namedtuple("Table", "about heading words rows seeds threads", defaults=[(1,), 1])

GENOMES = {"E. coli K-12 MG1655": "ecoli_k12_mg1655",
           "M. tuberculosis H37Rv": "mtuberculosis_h37rv",
           "S. cerevisiae R64": "scerevisiae_r64"}
ALL_GENOMES = {**GENOMES, "D. melanogaster 2R": "dmelanogaster_chr2R_dm3"}
# Relative to the directory above that of the genomes.
READS = {"human RNA, Illumina, 20,000 of 72 bases": "reads/illumina_ERR127302_1_20k.fastq.gz",
         "Oxford Nanopore, 4000 of 153 to 6006 bases": "reads/ont_seqkit_4k.fastq.gz"}
# Several genomes are one input. Epochs are those of the tables of lanes.
ALL_AS_ONE = " ".join(ALL_GENOMES.values())
BY_LANES = {"E. coli, 10 epochs": ("ecoli_k12_mg1655", 10),
            "yeast, 4": ("scerevisiae_r64", 4),
            "Drosophila 2R, 3": (ALL_GENOMES["D. melanogaster 2R"], 3),
            "these and M. tuberculosis, 1": (ALL_AS_ONE, 1)}
LANES = (32, 64, 128, 256, 512, 1024)
SEEDS = (1, 2, 3)

HALF_MINUTE = "--max-time 30s"  # of one thread's time
EPOCHS = "-e 4"  # a third of a minute, for settings of equal cost


def rows(*pairs):
    """A row for each (label, words)."""
    return [Row(label, words) for label, words in pairs]


def one_by_one(option, values, default):
    """A row for each value; the default needs no words."""
    return [Row(f"{value} (default)" if value == default else str(value),
                "" if value == default else f"{option} {value}")
            for value in values]


def grid(first, second, words, letter):
    return [Row((f"{a}", f"{letter}={b}"), words.format(a, b)) for a in first for b in second]


def constants(header):
    """The rows of the table of constants in a header: name and the columns after it, as text."""
    rows = re.findall(r"^ +(?:FIRST|ROW)\( *\w+, *(.*)\) *\\?$", (ROOT / "include/net" / header).read_text(), re.M)
    return [re.split(", *", row) for row in rows]


def optimizers():
    """Each at its default rate and a third of it."""
    for name, rate, *_ in constants("update.h"):
        for part in (3, 1):
            value = f"{float(rate) / part:.3g}"
            yield Row(f"{name}, {value}", f"--optimizer {name} --learning-rate {value}")


def regimes():
    for k in range(2, 7):
        yield Row(("s=1, followers", f"k={k}"), f"-k {k}")
        yield Row(("s=1, full", f"k={k}"), f"-k {k} --softmax full")
        yield Row(("s=2, followers", f"k={k}"), f"-k {k} -s 2")
        yield Row(("s=k", f"k={k}"), f"-k {k} -s {k}")


def lanes_by_genome():
    """The default rate follows the lanes."""
    for n in LANES:
        for name, (genome, epochs) in BY_LANES.items():
            yield Row((str(n), name), f"-e {epochs} -B {n}", genome)


def rates_by_lanes():
    """At equal epochs, windows of fewer timesteps give more steps, so the rate follows lanes times T."""
    for n, T, rate in ((64, 48, 0.003), (64, 48, 0.0042), (128, 48, 0.0042), (128, 48, 0.006), (128, 48, 0.009),
                       (128, 24, 0.0042), (256, 16, 0.006), (512, 48, 0.012), (512, 48, 0.024), (512, 48, 0.048)):
        yield Row(f"{n}, T={T}, rate {rate}", f"-B {n} -T {T} --learning-rate {rate}")


def steps_by_lanes():
    for n, T, rate in ((128, 24, 0.004243), (512, 16, 0.006928)):
        for name in ("yeast, 4", "Drosophila 2R, 3"):
            genome, epochs = BY_LANES[name]
            yield Row((f"{n}, T={T}", name), f"-e {epochs} -B {n} -T {T} --learning-rate {rate}", genome)


TABLES = {
    "memory": Table(
        "default options and a memory, a minute on two cores", "genome", "--memory --max-time 60s",
        [Row(name, "", genome) for name, genome in ALL_GENOMES.items()], SEEDS, 2),
    "memory-reads": Table(
        "the same of reads", "reads", "--memory --max-time 60s",
        [Row(name, "", genome) for name, genome in READS.items()], (1,), 2),
    "memory-regimes": Table(
        "k, stride and softmax with a memory, 3 epochs", "k, stride, softmax", "--memory -e 3",
        rows(("k=3, s=1, followers", "-k 3"), ("k=4, s=1, followers", ""),
             ("k=3, s=1, full", "-k 3 --softmax full"), ("k=4, s=2, followers", "-s 2"),
             ("k=3, s=3", "-k 3 -s 3"))),
    "long": Table(
        "default options, ten minutes on two cores", "genome", "--max-time 10m",
        [Row("E. coli K-12 MG1655", "")], (1,), 2),
    "small": Table(
        "default options on a genome of 48 kb", "run", "",
        [Row(label, words, "lambda") for label, words in
         [("default", ""), ("--patience 10 -e 1000", "--patience 10 -e 1000"),
          ("--schedule plateau", "--schedule plateau"), ("--max-time 60s", "--max-time 60s")]],
        SEEDS),
    "noise": Table(
        "the default network, by time and by epochs: variation between seeds", "run",
        "", rows(("half a CPU-minute", HALF_MINUTE), ("4 epochs", EPOCHS)), SEEDS),
    "optimizer": Table(
        "optimizer and learning rate", "optimizer", EPOCHS,
        list(optimizers())),
    "schedule": Table(
        "the rate over time", "schedule", "",
        rows(("linear (default)", EPOCHS), ("cosine", f"{EPOCHS} --schedule cosine"),
             ("constant", f"{EPOCHS} --schedule constant"),
             ("plateau, at most 4 epochs", f"{EPOCHS} --schedule plateau"),
             ("plateau, until it stops", "--schedule plateau"))),
    "warmup": Table("steps of warm-up", "steps", EPOCHS,
                    one_by_one("--warmup", [0, 10, 100, 1000, 5000], 100)),
    "clip": Table("the largest norm of the gradient", "norm", EPOCHS,
                  one_by_one("--clip", [0, 0.03, 0.1, 1], 1)),
    "window": Table(
        "lanes (down) and timesteps T (across)", "lanes", HALF_MINUTE,
        grid((16, 32, 64), (16, 32, 48, 96), "-B {} -T {}", "T")),
    "lanes": Table("lanes (down) at equal epochs (across); the rate is their default", "lanes", "",
                   list(lanes_by_genome())),
    "lanes-auto": Table(
        "the fewest epochs of four genomes for which --lanes auto chooses 64", "lanes", "-e 7",
        [Row(str(n), f"-B {n}", ALL_AS_ONE) for n in (32, 64)]),
    "lanes-rate": Table("lanes, timesteps and rate, on E. coli", "lanes", "-e 10", list(rates_by_lanes())),
    "lanes-steps": Table("lanes and timesteps (down) on larger genomes (across)", "lanes", "", list(steps_by_lanes())),
    "width": Table("widths d (down) and D (across)", "d", HALF_MINUTE,
                   grid((16, 32, 64), (64, 96, 128), "-d {} -D {}", "D")),
    "activation": Table(
        "activation, with the rate", "activation", EPOCHS,
        [Row((name, f"rate {rate}"), f"--activation {name} --learning-rate {rate}")
         for name, *_ in constants("activation.h") for rate in (0.0003, 0.001, 0.003)]),
    "strands": Table(
        "a minute on one core: pieces forward, or in every other epoch as their reverse complement",
        "genome", "--max-time 60s",
        [Row((name, strands), f"--strands {strands}", genome)
         for name, genome in GENOMES.items() for strands in ("forward", "both")]),
    "regimes": Table("softmax and stride, at half a CPU-minute each", "",
                     HALF_MINUTE, list(regimes())),
    "finetune": Table(
        "ten seconds on M. tuberculosis, on two cores", "start", "--max-time 10s",
        [Row(label, words, GENOMES["M. tuberculosis H37Rv"]) for label, words in
         [("from scratch", ""), ("from E. coli", "--init {ecoli_k12_mg1655}"),
          ("from E. coli, rate 0.001", "--init {ecoli_k12_mg1655} --learning-rate 0.001")]],
        SEEDS, 2),
}
