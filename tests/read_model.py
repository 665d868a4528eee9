"""An independent reader of rnntrain's models: the equations in NumPy, in double precision.

usage: read_model.py MODEL.safetensors SEQUENCES KIND=FILE...

Computes the expected output of rnnpredict for the sequences, and exits with 1 if a file differs by more than 1e-5
(or its rounding), or has other rows. KIND names the options that made FILE:

  next      --top 4096                        bases     --bases
  all       --positions all --top 256         allbases  --bases --positions all
  score     --mode score                      both      --mode score --strands both
  track     --mode track                      bedgraph  --mode track --format bedgraph
  window7   --mode track --window 7           mean      --mode embed
  last      --mode embed --state last         npy       --mode embed --format npy
  kmers     --mode embed --kmers            states    --mode embed --positions all
  arrays    the same with --format npy; FILE.tsv is the table of its rows; also of float16 and both strands
  duplex_states, _track, _bedgraph, _window7, _allbases, _mean  the same with --strands both
  classify:OTHER.safetensors  --mode classify --model this=MODEL --model other=OTHER
  greedy:BASES  --mode sample --temperature 0 --prompt BASES
"""
import gzip, json, math, re, struct, sys
import numpy as np
from activations import ACTIVATIONS


def read_model(path):
    data = open(path, 'rb').read()
    size, = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + size])
    about = header.pop('__metadata__')
    w = {}
    for name, tensor in header.items():
        begin, end = tensor['data_offsets']
        if name.startswith('memory.'):
            continue
        assert tensor['dtype'] == 'F32'
        w[name] = np.frombuffer(data[8 + size + begin:8 + size + end], '<f4').astype(float)
        w[name] = w[name].reshape(tensor['shape'])
    return about, w


def read_sequences(path):
    data = open(path, 'rb').read()
    lines = (gzip.decompress(data) if data[:2] == b'\x1f\x8b' else data).decode().split('\n')
    if lines[0].startswith('@'):
        return [(lines[i].split()[0][1:], lines[i + 1]) for i in range(0, len(lines) - 1, 4)]
    records = re.findall('>(\\S*)[^\n]*\n([^>]*)', '\n'.join(lines))
    return [(name, text.replace('\n', '')) for name, text in records]


class Steps:
    """The network along a sequence. For each k-mer: `after` (position of the next base, the first of the k-mers that
    can follow, and their probabilities) and `h`. For each k-mer but the first of a segment: `predicted` (position of
    the first base that it adds, k-mer, probability)."""

    def __init__(self, about, w, sequence):
        k, s, V = int(about['k']), int(about['stride']), 4 ** int(about['k'])
        phi, _ = ACTIVATIONS[about['activation']]
        self.k, self.s, self.length = k, s, len(sequence)
        self.predicted, self.after, self.h = [], [], []
        for match in re.finditer('[ACGT]+', sequence.upper().replace('U', 'T')):
            segment = match[0]
            h = np.zeros(len(w['b1']))
            for t in range(0, len(segment) - k + 1, s):
                x = number(segment[t:t + k])
                if t > 0:
                    self.predicted.append((match.start() + t + k - s + 1, segment[t:t + k],
                                      yhat[x - first]))
                h = phi(h @ w['H'] + w['L'][x] @ w['I'] + w['b1'])
                first, n = (x * 4 ** s % V, 4 ** s) if about['softmax'] == 'followers' else (0, V)
                q = h @ w['U'][:, first:first + n] + w['b2'][first:first + n]
                yhat = np.exp(q - q.max())
                yhat /= yhat.sum()
                self.after.append((match.start() + t + k + 1, first, yhat))
                self.h.append(h)

    def nats(self):
        return -sum(math.log(p) for _, _, p in self.predicted)


def complement(bases):
    return bases[::-1].translate(str.maketrans('ACGTUacgtu', 'TGCAAtgcaa'))


class Reverse:
    """The same for the other strand, at the positions of this one: `predicted` (position to bits), `after` (position of
    the next base to the probabilities of A, C, G, T) and `h` (position of the k-mer's last base to h). In each segment
    the fewest bases are skipped that make the positions those of this strand."""

    def __init__(self, about, w, sequence):
        k, s = int(about['k']), int(about['stride'])
        self.predicted, self.after, self.h = {}, {}, {}
        for match in re.finditer('[ACGTU]+', sequence.upper()):
            turned, start = complement(match[0]), match.start() + 1
            for kind, first in (('predicted', start + k), ('after', start + k), ('h', start + k - 1)):
                for skip in range(s):
                    found = self.read(about, w, turned[skip:], kind, start + len(turned) - skip)
                    if found and (min(found) - first) % s == 0:
                        getattr(self, kind).update(found)
                        break

    def read(self, about, w, bases, kind, end):
        """end: the position before which the reading begins."""
        steps = Steps(about, w, bases)
        if kind == 'predicted':
            return {end - (at + steps.s - 1): -math.log2(p) for at, _, p in steps.predicted}
        if kind == 'after':
            return {end - at: added(first, yhat, steps.s)[::-1] for at, first, yhat in steps.after}
        return {end - (at - 1): h for (at, _, _), h in zip(steps.after, steps.h)}


def added(first, yhat, s):
    """The probabilities of A, C, G and T as the first base that a k-mer adds."""
    bases = (first + np.arange(len(yhat))) >> 2 * (s - 1) & 3
    return [yhat[bases == base].sum() for base in range(4)]


def ending(steps):
    """Steps over the unambiguous bases at the end of the sequence, of which the last k-mer is the last one; None if
    there are fewer than k bases."""
    bases = re.search('[ACGTU]*$', steps.sequence.upper())[0]
    if len(bases) < steps.k:
        return None
    return Steps(about, w, bases[(len(bases) - steps.k) % steps.s:])


def text(x, k):
    return ''.join('ACGT'[x >> 2 * (k - 1 - i) & 3] for i in range(k))


def number(kmer):
    x = 0
    for base in kmer:
        x = 4 * x + 'ACGT'.index(base)
    return x


def near(printed, expected):
    assert abs(float(printed) - expected) <= 1e-5 * max(1, abs(expected)), (printed, expected)


# ---- checks of the rows of one record, which are the last ones in a list ------------------------


def after(steps, every):
    """After each k-mer, or after the one that the sequence ends with."""
    if every:
        return steps.after
    end = ending(steps)
    return end.after[-1:] if end else []


def check_next(rows, name, steps, every=False):
    if not after(steps, every):
        return none(rows, name, 3 + every)
    for position, first, yhat in after(steps, every):
        seen, before = set(), 1
        for rank in range(1, min(len(yhat), 256 if every else 4096) + 1):
            record, *place, printed_rank, kmer, printed = rows.pop()
            assert place == [str(position)] * every, (place, position)
            assert (record, int(printed_rank)) == (name, rank) and kmer not in seen, (record, rank)
            assert float(printed) <= before, (record, rank)
            seen.add(kmer)
            before = float(printed)
            i = number(kmer) - first
            assert len(kmer) == steps.k and 0 <= i < len(yhat), (record, kmer)
            near(printed, yhat[i])


def check_all(rows, name, steps):
    check_next(rows, name, steps, every=True)


def check_bases(rows, name, steps, every=False):
    if not after(steps, every):
        return none(rows, name, 4 + every)
    for position, first, yhat in after(steps, every):
        record, *place, a, c, g, t = rows.pop()
        assert record == name and place == [str(position)] * every, (record, place)
        for printed, expected in zip((a, c, g, t), added(first, yhat, steps.s)):
            near(printed, expected)


def check_allbases(rows, name, steps):
    check_bases(rows, name, steps, every=True)


def check_score(rows, name, steps):
    check_costs(rows.pop(), name, steps, [])


def check_both(rows, name, steps):
    reverse = Steps(about, w, complement(steps.sequence)).nats()
    check_costs(rows.pop(), name, steps, [reverse, (reverse + steps.nats()) / 2])


def whole_bits(steps, nats):
    """Bits per base over all bases: one that is not predicted costs two bits."""
    bases = len(re.findall('[ACGTU]', steps.sequence.upper()))
    if not bases:
        return None
    return (nats / math.log(2) + 2 * (bases - len(steps.predicted) * steps.s)) / bases


def check_costs(row, name, steps, others):
    nats, tokens = steps.nats(), len(steps.predicted)
    bases = tokens * steps.s
    for printed, expected in zip(row[-1 - len(others):], [nats] + others):
        expected = whole_bits(steps, expected)
        assert printed == 'NA' if expected is None else abs(float(printed) - expected) < 2e-6, (row, expected)
    row = row[:-1 - len(others)]
    assert row[:4] == [name, str(tokens), str(bases), str(steps.length - bases)], row
    if tokens == 0:
        assert row[4:] == ['NA'] * (3 + 2 * len(others)), row
        return
    near(row[6], math.exp(nats / tokens))
    for printed, printed_bits, expected in zip(row[4:5] + row[7::2], row[5:6] + row[8::2], [nats] + others):
        near(printed, expected)
        near(printed_bits, expected / (bases * math.log(2)))


def check_track(rows, name, steps):
    for position, kmer, p in steps.predicted:
        row = rows.pop()
        assert row[:3] == [name, str(position), kmer], row
        assert abs(float(row[3]) + math.log2(p)) < 1.1e-4, (row, -math.log2(p))
        near(row[4], p)


def check_bedgraph(rows, name, steps):
    for position, _, p in steps.predicted:
        row = rows.pop()
        assert row[:3] == [name, str(position - 1), str(position - 1 + steps.s)], row
        assert abs(float(row[3]) + math.log2(p) / steps.s) < 1.1e-4, (row, -math.log2(p))


def check_window7(rows, name, steps):
    bits = [None] * steps.length
    for position, _, p in steps.predicted:
        bits[position - 1:position - 1 + steps.s] = [-math.log2(p) / steps.s] * steps.s
    for start in range(0, steps.length, 7):
        known = [b for b in bits[start:start + 7] if b is not None]
        *place, mean = rows.pop()
        end = min(start + 7, steps.length)
        assert place == [name, str(start + 1), str(end), str(len(known))], place
        assert mean == 'NA' if not known else abs(float(mean) - sum(known) / len(known)) < 1.1e-4


def check_classify(rows, name, steps, other):
    loglik = [-steps.nats(), -Steps(*read_model(other), steps.sequence).nats()]
    bases = len(steps.predicted) * steps.s
    row = rows.pop()
    assert row[:2] == [name, str(bases)], row
    if not bases:
        assert row[2:] == ['NA'] * 7, row
        return
    candidates = dict(zip(['this', 'other', 'unclassified'], [*loglik, -bases * math.log(4)]))
    best, second, third = sorted(candidates, key=candidates.get)[::-1]
    difference = candidates[best] - candidates[second]
    rest = math.exp(-difference) + math.exp(candidates[third] - candidates[best])
    assert row[2] == best or difference < 1e-5, row
    assert abs(float(row[3]) - difference / math.log(2)) < 1e-3, (row, loglik)
    assert abs(float(row[4]) - 1 / (1 + rest)) < 1e-3, (row, loglik)
    for printed, printed_bits, expected in zip(row[5:7], row[7:9], loglik):
        near(printed, expected)
        near(printed_bits, -expected / (bases * math.log(2)))


def check_greedy(rows, prompt):
    """Checks that each base is the likeliest one after the bases before it."""
    assert rows.pop() == ['>sample1']
    drawn = ''.join(rows.pop()[0] for _ in range(len(rows)))
    bases = prompt + drawn
    steps = Steps(about, w, bases)
    assert len(prompt) >= steps.k and len(drawn) > 9 and steps.s == 1
    for position, first, yhat in steps.after[:-1]:
        if position > len(prompt):
            followers = [i for i in range(len(yhat))
                         if text(first + i, steps.k)[:-1] == bases[position - steps.k:position - 1]]
            best = max(followers, key=lambda i: yhat[i])
            assert text(first + best, steps.k)[-1] == bases[position - 1], position


def check_state(row, name, expected, unknown):
    assert row[0] == name and len(row) == 1 + len(w['b1']), row
    for i, printed in enumerate(row[1:]):
        assert printed == 'NA' if unknown else abs(float(printed) - expected()[i]) < 1e-5, (row, i)


def check_mean(rows, name, steps):
    check_state(rows.pop(), name, lambda: sum(steps.h) / len(steps.h), not steps.h)


def check_last(rows, name, steps):
    end = ending(steps)
    check_state(rows.pop(), name, lambda: end.h[-1], end is None)


def check_npy(rows, name, steps):
    row = rows.pop()
    assert row.shape == w['b1'].shape
    assert np.isnan(row).all() if not steps.h else np.allclose(row, sum(steps.h) / len(steps.h), 0, 1e-5)


def states_of(steps):
    """Position of the last base of each k-mer to h."""
    return {at - 1: h for (at, _, _), h in zip(steps.after, steps.h)}


def check_vector(printed, expected):
    """expected is None if there is no vector."""
    if expected is None:
        assert all(cell == 'NA' for cell in printed), printed
    else:
        assert len(printed) == len(expected), (printed, expected)
        assert np.allclose([float(cell) for cell in printed], expected, 0, 1e-5), (printed, expected)


def check_states(rows, name, steps):
    for position, h in states_of(steps).items():
        record, place, *printed = rows.pop()
        assert (record, place) == (name, str(position)), (record, place, position)
        check_vector(printed, h)


def check_duplex_states(rows, name, steps):
    forward, reverse, D = states_of(steps), duplex(steps).h, len(w['b1'])
    for position in sorted(forward.keys() | reverse.keys()):
        record, place, *printed = rows.pop()
        assert (record, place) == (name, str(position)), (record, place, position)
        check_vector(printed[:D], forward.get(position))
        check_vector(printed[D:], reverse.get(position))


def check_arrays(rows, name, steps):
    forward, D = states_of(steps), len(w['b1'])
    both = len(rows) > 0 and len(rows[-1][1]) == 2 * D
    reverse = duplex(steps).h if both else {}
    for position in sorted(forward.keys() | reverse.keys()):
        row, printed = rows.pop()
        assert row == [name, str(position)], (row, position)
        for half, strand in ((printed[:D], forward), (printed[D:], reverse))[:1 + both]:
            if position not in strand:
                assert np.isnan(half).all(), (row, half)
            else:
                assert np.allclose(half, strand[position], 0, 1e-5 if half.dtype == np.float32 else 6e-4), (row, half)


def check_duplex_mean(rows, name, steps):
    record, *printed = rows.pop()
    assert record == name
    other = Steps(about, w, complement(steps.sequence))
    for cells, strand in ((printed[:len(w['b1'])], steps), (printed[len(w['b1']):], other)):
        check_vector(cells, sum(strand.h) / len(strand.h) if strand.h else None)


def check_duplex_allbases(rows, name, steps):
    forward = {at: added(first, yhat, steps.s) for at, first, yhat in steps.after}
    reverse = duplex(steps).after
    if not forward and not reverse:
        return none(rows, name, 9)
    for position in sorted(forward.keys() | reverse.keys()):
        record, place, *printed = rows.pop()
        assert (record, place) == (name, str(position)), (record, place, position)
        check_vector(printed[:4], forward.get(position))
        check_vector(printed[4:], reverse.get(position))


def duplex(steps):
    if not hasattr(steps, 'reverse'):
        steps.reverse = Reverse(about, w, steps.sequence)
    return steps.reverse


def both_bits(steps):
    """Positions, with the bits of the k-mers of this strand and of the other, None if there is none, and their mean."""
    forward, reverse = {at: -math.log2(p) for at, _, p in steps.predicted}, duplex(steps).predicted
    for position in sorted(forward.keys() | reverse.keys()):
        bits = forward.get(position), reverse.get(position)
        yield position, *bits, np.mean([b for b in bits if b is not None])


def near_bits(printed, expected):
    assert printed == 'NA' if expected is None else abs(float(printed) - expected) < 1.1e-4, (printed, expected)


def check_duplex_track(rows, name, steps):
    predicted = {at: (kmer, p) for at, kmer, p in steps.predicted}
    for position, forward, reverse, mean in both_bits(steps):
        record, place, kmer, bits, p, reverse_bits, mean_bits = rows.pop()
        assert (record, place, kmer) == (name, str(position), predicted.get(position, ['NA'])[0])
        for printed, expected in ((bits, forward), (reverse_bits, reverse), (mean_bits, mean)):
            near_bits(printed, expected)
        assert p == 'NA' if forward is None else abs(float(p) - predicted[position][1]) < 1e-5, (p, position)


def check_duplex_bedgraph(rows, name, steps):
    for position, _, _, mean in both_bits(steps):
        row = rows.pop()
        assert row[:3] == [name, str(position - 1), str(position - 1 + steps.s)], row
        near_bits(row[3], mean / steps.s)


def check_duplex_window7(rows, name, steps):
    columns = np.full((3, steps.length), np.nan)
    for position, *bits in both_bits(steps):
        for column, b in zip(columns, bits):
            column[position - 1:position - 1 + steps.s] = np.nan if b is None else b / steps.s
    for start in range(0, steps.length, 7):
        end = min(start + 7, steps.length)
        *place, one, other, mean = rows.pop()
        assert place == [name, str(start + 1), str(end), str(np.isfinite(columns[2, start:end]).sum())], place
        for printed, column in zip((one, other, mean), columns[:, start:end]):
            known = column[np.isfinite(column)]
            near_bits(printed, known.mean() if len(known) else None)


def none(rows, name, cells):
    assert rows.pop() == [name] + ['NA'] * cells


# ---- files ---------------------------------------------------------------------------------------


def header(kind):
    states = ' '.join(f'h{i + 1}' for i in range(len(w['b1'])))
    turned = ' '.join(f'reverse_h{i + 1}' for i in range(len(w['b1'])))
    score = 'record tokens bases skipped nats bits_per_base perplexity'
    whole = 'whole_bits_per_base'
    return {'next': 'record rank kmer probability', 'all': 'record position rank kmer probability',
            'bases': 'record A C G T', 'allbases': 'record position A C G T', 'score': f'{score} {whole}',
            'both': f'{score} reverse_nats reverse_bits_per_base mean_nats mean_bits_per_base '
                    f'{whole} reverse_{whole} mean_{whole}',
            'track': 'record position kmer bits probability', 'bedgraph': None,
            'window7': 'record start end bases bits_per_base',
            'classify': 'record bases best llr_bits posterior loglik_this loglik_other '
                        'bits_per_base_this bits_per_base_other',
            'states': f'record position {states}', 'duplex_states': f'record position {states} {turned}',
            'duplex_track': 'record position kmer bits probability reverse_bits mean_bits', 'duplex_bedgraph': None,
            'duplex_window7': 'record start end bases bits_per_base reverse_bits_per_base mean_bits_per_base',
            'duplex_allbases': 'record position A C G T reverse_A reverse_C reverse_G reverse_T',
            'duplex_mean': f'record {states} {turned}',
            'greedy': None, 'mean': f'record {states}', 'last': f'record {states}',
            'kmers': ' '.join(['kmer'] + [f'e{i + 1}' for i in range(w['L'].shape[1])])}[kind]


def rows_of(kind, path):
    """The rows of a file, the last one first."""
    if kind == 'npy':
        array = np.load(path)
        assert array.dtype == np.float32
        return list(array[::-1])
    if kind == 'arrays':
        names = [line.split('\t') for line in open(path + '.tsv').read().split('\n')[:-1]]
        array = np.load(path)
        assert names.pop(0) == ['record', 'position'] and len(names) == len(array)
        return list(zip(names, array))[::-1]
    rows = [line.split('\t') for line in open(path).read().split('\n')[:-1]]
    columns = header(kind.split(':')[0])
    if columns:
        assert rows.pop(0) == columns.split()
    return rows[::-1]


def check_kmers(rows):
    for x, e in enumerate(w['L']):
        kmer, *printed = rows.pop()
        assert kmer == text(x, int(about['k'])) and np.allclose([float(s) for s in printed], e, 0, 1e-6)


def check(model, sequences, files):
    """Raises an exception if one of the files, a path for each kind, is wrong."""
    global about, w
    about, w = read_model(model)
    tables = {kind: rows_of(kind, path) for kind, path in files.items()}
    assert tables
    for kind, rows in tables.items():
        if kind == 'kmers':
            check_kmers(rows)
        elif kind.startswith('greedy:'):
            check_greedy(rows, kind[7:])
    for name, sequence in read_sequences(sequences):
        steps = Steps(about, w, sequence)
        steps.sequence = sequence
        for kind, rows in tables.items():
            word, *more = kind.split(':', 1)
            if word not in ('kmers', 'greedy'):
                globals()[f'check_{word}'](rows, name, steps, *more)
    for kind, rows in tables.items():
        assert not len(rows), f'{kind}: more rows than expected'


if __name__ == '__main__':
    check(sys.argv[1], sys.argv[2], dict(argument.split('=', 1) for argument in sys.argv[3:]))
