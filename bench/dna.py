"""For several benchmarks: sequence as NumPy arrays of codes, k-mers, and open reading frames.

A, C, G, T are 0, 1, 2, 3; any other letter, and the border between two records, is BREAK."""

import gzip
import re

import numpy as np

BREAK = 4
LETTERS = np.frombuffer(b"ACGTN", np.uint8)
ATG, STOPS = 14, [48, 50, 56]  # codons as numbers; TAA, TAG, TGA
TO_CODE = bytes("ACGT".find(chr(byte).upper()) % 5 for byte in range(256))


def read(path):
    """The codes of a gzip-compressed FASTA file."""
    with gzip.open(path) as file:
        text = re.sub(rb">.*\n", b">", file.read())
    return np.frombuffer(text.translate(TO_CODE, b"\r\n"), np.uint8)


def write(path, codes):
    """Writes FASTA with a record for each run without a break."""
    runs = filter(None, LETTERS[codes].tobytes().split(b"N"))
    path.write_bytes(b"".join(b">%d\n%s\n" % numbered for numbered in enumerate(runs, 1)))


def join(fragments):
    """The rows of an array (n,length), with a break after each."""
    return np.pad(fragments, ((0, 0), (0, 1)), constant_values=BREAK).ravel()


def reverse_complement(codes):
    return np.where(codes == BREAK, BREAK, 3 - codes)[..., ::-1]


def mers(codes, n):
    """The number of the n-mer at each position of the last axis; -1 if it has a break."""
    last = codes.shape[-1] - n + 1
    numbers = np.zeros((*codes.shape[:-1], last), np.int32)
    broken = np.zeros(numbers.shape, bool)
    for letters in (codes[..., i:i + last] for i in range(n)):
        numbers = numbers * 4 + letters
        broken |= letters == BREAK
    numbers[broken] = -1
    return numbers


def count(codes, n):
    """The count of each n-mer, (4^n)."""
    numbers = mers(codes, n)
    return np.bincount(numbers[numbers >= 0], minlength=4 ** n)


def count_both(codes, n):
    """The same for both strands."""
    one = count(codes, n)
    return one + np.flip(one.reshape((4,) * n).T).ravel()


def places(codes, length):
    """The positions at which a run of that length without a break begins."""
    breaks = np.concatenate([[0], np.cumsum(codes == BREAK)])
    return np.flatnonzero(breaks[length:] == breaks[:-length])


def windows(codes, n, length, rng):
    """n runs at random positions, (n,length)."""
    begins = rng.choice(places(codes, length), n)
    return np.lib.stride_tricks.sliding_window_view(codes, length)[begins]


def markov_tables(codes, orders):
    """ln of the probability of a base after its context, a table (4^(order+1)) for each order.
    Counts are of both strands, with a pseudocount of 1."""
    tables = []
    for order in orders:
        counts = count_both(codes, order + 1).reshape(-1, 4) + 1
        table = np.log(counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
        tables.append(table.ravel())
    return tables


def frames(codes, least):
    """(begin, end) of the open reading frames of a strand with at least that many bases, from the
    first ATG to the stop codon."""
    numbers, found = mers(codes, 3), []
    for frame in range(3):
        codons = numbers[frame::3]
        start = -1
        for i, codon in enumerate(codons):
            if codon == ATG and start < 0:
                start = i
            if codon in STOPS:
                if start >= 0 and (i - start) * 3 >= least:
                    found.append((frame + 3 * start, frame + 3 * i))
                start = -1
    return found


def genes(codes, least):
    """(begin, end, reversed) of the longest open reading frames of both strands, without overlap."""
    n = len(codes)
    every = [(*frame, False) for frame in frames(codes, least)]
    every += [(n - end, n - begin, True) for begin, end in frames(reverse_complement(codes), least)]
    free, chosen = np.ones(n, bool), []
    for begin, end, is_reversed in sorted(every, key=lambda gene: gene[0] - gene[1]):
        if free[begin:end].all():
            free[begin:end] = False
            chosen.append((begin, end, is_reversed))
    return chosen
