"""An independent reader of rnntrain's models: the equations in NumPy, in double precision.

usage: read_model.py MODEL.safetensors SEQUENCES NEXT.tsv SCORE.tsv TRACK.tsv

Computes what rnnpredict's modes next (with all that can follow), score and track must say of the
sequences, and exits 1 where a table differs by more than 1e-5, or what it rounds, or has other rows.
"""
import gzip, json, math, re, struct, sys
import numpy as np


def read_model(path):
    data = open(path, 'rb').read()
    size, = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + size])
    about = header.pop('__metadata__')
    w = {}
    for name, tensor in header.items():
        begin, end = tensor['data_offsets']
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


def predict(about, w, sequence):
    """Position, k-mer and probability of each prediction, and after the last k-mer the probability
    of each next."""
    k, s, V = int(about['k']), int(about['stride']), 4 ** int(about['k'])
    phi = {'sigmoid': lambda z: 1 / (1 + np.exp(-z)), 'tanh': np.tanh,
           'relu': lambda z: np.maximum(z, 0)}[about['activation']]
    told, yhat = [], []
    for match in re.finditer('[ACGT]+', sequence.upper().replace('U', 'T')):
        segment = match[0]
        h = np.zeros(len(w['b1']))
        for t in range(0, len(segment) - k + 1, s):
            x = sum('ACGT'.index(base) * 4 ** (k - 1 - i)
                    for i, base in enumerate(segment[t:t + k]))
            if t > 0:
                told.append((match.start() + t + k - s + 1, segment[t:t + k], yhat[x - first]))
            h = phi(h @ w['H'] + w['L'][x] @ w['I'] + w['b1'])
            first, n = (x * 4 ** s % V, 4 ** s) if about['softmax'] == 'followers' else (0, V)
            q = h @ w['U'][:, first:first + n] + w['b2'][first:first + n]
            yhat = np.exp(q - q.max())
            yhat /= yhat.sum()
    return told, {text(first + i, k): p for i, p in enumerate(yhat)}


def text(x, k):
    return ''.join('ACGT'[x >> 2 * (k - 1 - i) & 3] for i in range(k))


def near(said, true):
    assert abs(float(said) - true) <= 1e-5 * max(1, abs(true)), (said, true)


def check_next(rows, name, yhat):
    """Takes the record's rows off the table: all that can follow, likeliest first."""
    if not yhat:
        assert rows.pop(0) == [name, 'NA', 'NA', 'NA']
    seen, before = set(), 1
    for rank in range(1, len(yhat) + 1):
        record, said_rank, kmer, said = rows.pop(0)
        assert (record, int(said_rank)) == (name, rank) and kmer not in seen, (record, said_rank)
        assert float(said) <= before, (record, rank)
        seen.add(kmer)
        before = float(said)
        near(said, yhat[kmer])


def check_track(rows, name, told):
    for position, kmer, p in told:
        row = rows.pop()
        assert row[:3] == [name, str(position), kmer], row
        assert abs(float(row[3]) + math.log2(p)) < 1.1e-4, (row, -math.log2(p))
        near(row[4], p)


def check_score(row, name, told, s):
    nats, tokens = -sum(math.log(p) for _, _, p in told), len(told)
    assert row[:3] == [name, str(tokens), str(tokens * s)], row
    if tokens == 0:
        assert row[3:] == ['NA', 'NA', 'NA'], row
    else:
        near(row[3], nats)
        near(row[4], nats / (tokens * s * math.log(2)))
        near(row[5], math.exp(nats / tokens))


def table(path, header):
    rows = [line.split('\t') for line in open(path).read().split('\n')[:-1]]
    assert rows.pop(0) == header.split()
    return rows


about, w = read_model(sys.argv[1])
nexts = table(sys.argv[3], 'record rank kmer probability')
scores = table(sys.argv[4], 'record tokens bases nats bits_per_base perplexity')
track = table(sys.argv[5], 'record position kmer bits probability')[::-1]
for name, sequence in read_sequences(sys.argv[2]):
    told, yhat = predict(about, w, sequence)
    check_next(nexts, name, yhat)
    check_score(scores.pop(0), name, told, int(about['stride']))
    check_track(track, name, told)
assert not nexts and not scores and not track, 'rows of no record'
