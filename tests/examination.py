"""The examination in run.json, against the equations in NumPy.

usage: examination.py DIR VALIDATION

VALIDATION has the records of the training file, or of --valid. Exits with 1 if the mean predictions after each k-mer,
or the passage, differ.
"""
import json, re, sys
import numpy as np
from read_model import Steps, number, read_model, read_sequences

BEFORE, STEPS, UNITS, LETTERS = 256, 64, 48, 'ACGT'


def bases_of(steps):
    """For each prediction: the position of the next base, its probabilities, and the hidden state."""
    found = []
    for (position, first, yhat), h in zip(steps.after, steps.h):
        added = (first + np.arange(len(yhat))) >> 2 * (steps.s - 1) & 3
        found.append((position, [yhat[added == base].sum() for base in range(4)], h))
    return found


directory, path = sys.argv[1:]
run = json.load(open(directory + '/run.json'))
about, w = read_model(directory + '/model.safetensors')
split = run['validation'][0]
records = read_sequences(path)
if not run['options']['valid']:
    records = [(name, text[split['from'] - 1:]) for name, text in records if name == split['from_record']]
    start = split['from']
else:
    start = 1
k, s = int(about['k']), int(about['stride'])
steps = [(name, text.upper(), Steps(about, w, text)) for name, text in records]

# The mean prediction after each k-mer. The cuts between pieces of the sequence hardly change it.
K = min(k, 4)
n, sums = np.zeros(4 ** K), np.zeros((4 ** K, 4))
for name, text, network in steps:
    for position, p, _ in bases_of(network):
        follows = text[position - 1:position - 1 + s]
        if len(follows) == s and not set(follows) - set(LETTERS):
            kmer = number(text[position - 1 - K:position - 1])
            n[kmer] += 1
            sums[kmer] += p
printed = run['next_base']
assert printed['k'] == K and printed['predictions'] == n.astype(int).tolist()
for base, letter in enumerate(LETTERS):
    for kmer in range(4 ** K):
        if n[kmer]:
            assert abs(printed[letter][kmer] - sums[kmer, base] / n[kmer]) < 0.002, (letter, kmer)
        else:
            assert printed[letter][kmer] is None

# The passage.
passage = run['passage']
bases = passage['bases']
rows = np.array([passage[letter] for letter in LETTERS]).T
matches = []
for name, text, network in steps:
    found = bases_of(network)
    for at in range(len(found) - len(bases) + 1):
        if ''.join(text[place - 1:place] for place, _, _ in found[at:at + len(bases)]) == bases:
            p = np.array([p for _, p, _ in found[at:at + len(bases)]])
            if np.abs(p - rows).max() < 0.0006:
                states = np.array([h for *_, h in found[at:at + len(bases)]])
                matches.append((name, found[at][0] - 1 + start, at, states))
name, letter, before, h = matches[0]
longest = max((len(segment) - k) // s for _, text, _ in steps for segment in re.findall('[ACGT]+', text))
assert len(bases) == min(STEPS, longest), (len(bases), longest)
if longest >= BEFORE + STEPS:
    assert (passage['record'], passage['from'], before) == (name, letter, BEFORE)
else:
    assert passage['from'] is None or (passage['record'], passage['from']) == (name, letter)
units = np.array(passage['units']) - 1
variance = h.var(0)
assert len(units) == len(set(units)) == min(UNITS, h.shape[1])
others = [unit for unit in range(h.shape[1]) if unit not in units]
assert not others or variance[units].min() >= variance[others].max() * 0.9999
speed = (np.diff(h, axis=0) ** 2).sum(0)[units] / variance[units] / len(h)
assert (np.diff(speed) > -1e-4).all(), speed
shown = h[:, units].T
least, most = shown.min(), shown.max()
assert abs(passage['h_least'] - least) < 1e-4 and abs(passage['h_most'] - most) < 1e-4
digits = np.array([[int(digit) for digit in row] for row in passage['h']])
assert np.abs(9 * (shown - least) / (most - least) - digits).max() < 0.502
