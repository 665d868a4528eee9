"""The network and its gradient in NumPy, to compare with `rnnpredict --mode trace`.

usage: trace.py WEIGHTS SEQUENCES TRACE.json [FLOW.tsv]

WEIGHTS is a .json worksheet or a model.safetensors. Recomputes every node of every record in the trace,
forward and backward, and the norms of FLOW.tsv; exits with 1 if one differs. The sums are also compared
with central differences of J, which must not agree with h(t)^T dz(t) for dH, a misprint of lecture notes.
The evidence of a memory is computed from the pointers in the trace.
"""
import json, re, sys
import numpy as np
from activations import ACTIVATIONS
from read_model import read_model, read_sequences


def read_weights(path):
    """The sizes, and the matrices as float32 has them."""
    if not path.endswith('.json'):
        about, w = read_model(path)
        return int(about['k']), int(about['stride']), about['activation'], about['softmax'], w
    sheet = json.load(open(path))
    w = {name: np.array(sheet[name], 'f4').astype(float) for name in ('L', 'H', 'I', 'b1', 'U', 'b2')}
    k = {4 ** k: k for k in range(1, 7)}[len(w['L'])]
    return k, sheet.get('stride', 1), sheet.get('activation', 'sigmoid'), sheet.get('softmax', 'followers'), w


K, S, ACTIVATION, SOFTMAX, W = read_weights(sys.argv[1])
PHI, SLOPE = ACTIVATIONS[ACTIVATION]


def code(kmer):
    return sum('ACGT'.index(base) * 4 ** i for i, base in enumerate(reversed(kmer)))


def followers(x):
    return np.arange(4 ** K) if SOFTMAX == 'full' else x * 4 ** S % 4 ** K + np.arange(4 ** S)


def evidence_of(step, xt):
    """a, w and s of a timestep, after a comparison of s with the pointers; 1, 0 and 0 without a memory."""
    if not MEMORY:
        return 1, 0, 0
    can, sums = list(followers(xt)), np.zeros(len(followers(xt)))
    for pointer in step['pointers']:
        sums[can.index(code(pointer['guess']))] += pointer['odds']
    assert np.allclose(step['s'], np.log(1 + (4 ** S - 1) * sums), rtol=1e-6), (step, sums)
    assert step['pointers'] or (step['a'], step['c']) == (1, 0)
    return step['a'], step['w'], np.array(step['s'])


def forward(w, x, y, evidence):
    """The nodes of each timestep."""
    steps, h = [], np.zeros(len(w['b1']))
    for xt, yt, (a, weight, s) in zip(x, y, evidence):
        step = {'before': h, 'e': w['L'][xt], 'a': a, 'w': weight, 's': s}
        step['z'] = h @ w['H'] + step['e'] @ w['I'] + w['b1']
        h = step['h'] = PHI(step['z'])
        can = followers(xt)
        step['net'] = h @ w['U'][:, can] + w['b2'][can]
        step['q'] = a * step['net'] + weight * s
        step['yhat'] = np.exp(step['q'] - step['q'].max())
        step['yhat'] /= step['yhat'].sum()
        step['J'] = -np.log(step['yhat'][list(can).index(yt)])
        steps.append(step)
    return steps


def backward(w, x, y, steps, at, misprint=False):
    """The deltas of timesteps at..1 with their parts of the gradient, and the sums, of U and b2 over all V."""
    can = followers(x[at - 1])
    sums = {name: np.zeros_like(value) for name, value in w.items()}
    deltas, dz = [], None
    for t in range(at - 1, -1, -1):
        step, back = steps[t], {}
        if dz is None:
            back['dq'] = step['yhat'] - (can == y[t])
            dnet = step['a'] * back['dq']
            if MEMORY:
                back.update(da=back['dq'] @ step['net'], dw=back['dq'] @ step['s'], dnet=dnet)
            back['dh'] = dnet @ w['U'][:, can].T
            back['dU'], back['db2'] = np.outer(step['h'], dnet), dnet
            sums['U'][:, can] += back['dU']
            sums['b2'][can] += back['db2']
        else:
            back['dh'] = dz @ w['H'].T
        dz = back['dz'] = back['dh'] * SLOPE(step['z'], step['h'])
        back['de'] = back['dL'] = dz @ w['I'].T
        back['dH'] = np.outer(step['h'] if misprint else step['before'], dz)
        back['dI'], back['db1'] = np.outer(step['e'], dz), dz
        for name in ('H', 'I', 'b1'):
            sums[name] += back['d' + name]
        sums['L'][x[t]] += back['dL']
        deltas.append(back)
    return deltas, sums


def slopes(w, x, y, at, name, evidence):
    """Central differences of J(at) for one weight matrix, at 200 of its numbers at most."""
    eps, flat = 1e-5, w[name].reshape(-1)
    places = np.unique(np.linspace(0, flat.size - 1, 200).astype(int))
    found = []
    for i in places:
        kept, sides = flat[i], []
        for flat[i] in (kept + eps, kept - eps):
            sides.append(forward(w, x[:at], y[:at], evidence)[-1]['J'])
        flat[i] = kept
        found.append((sides[0] - sides[1]) / (2 * eps))
    return places, np.array(found)


def same(printed, true, name):
    assert np.shape(printed) == np.shape(true), (name, np.shape(printed), np.shape(true))
    assert np.allclose(printed, true, rtol=1e-11, atol=1e-14), (name, printed, true)


def check_gradient(printed, sums, can, x, at):
    assert [code(kmer) for kmer in printed['kmers']] == list(can)
    same(printed['dU'], sums['U'][:, can], 'dU')
    same(printed['db2'], sums['b2'][can], 'db2')
    for name in ('H', 'I', 'b1'):
        same(printed['d' + name], sums[name], 'd' + name)
    assert {code(kmer) for kmer in printed['dL']} == set(x[:at])
    for kmer, row in printed['dL'].items():
        same(row, sums['L'][code(kmer)], 'dL')


def check_slopes(x, y, at, sums, wrong, evidence):
    for name in W:
        places, found = slopes(W, x, y, at, name, evidence)
        assert np.allclose(found, sums[name].reshape(-1)[places], atol=1e-8), name
        if name == 'H' and at > 1:
            apart = np.abs(found - wrong['H'].reshape(-1)[places]).max()
            assert apart > 1e-3 * np.abs(found).max(), apart


def check_record(printed, sequence):
    segments = [s for s in re.findall('[ACGT]+', sequence.upper().replace('U', 'T')) if len(s) >= K + S]
    kmers = [segments[0][i:i + K] for i in range(0, len(segments[0]) - K + 1, S)] if segments else []
    n = len(printed['forward'])
    assert printed['position'] == (sequence.upper().replace('U', 'T').index(segments[0]) + 1 if segments else None)
    assert [step['x'] for step in printed['forward']] == kmers[:n]
    assert [step['y'] for step in printed['forward']] == kmers[1:n + 1]
    x, y = [code(kmer) for kmer in kmers[:n]], [code(kmer) for kmer in kmers[1:n + 1]]
    evidence = [evidence_of(step, xt) for step, xt in zip(printed['forward'], x)]
    steps = forward(W, x, y, evidence)
    for t, (step, true) in enumerate(zip(printed['forward'], steps), 1):
        assert step['t'] == t and [code(kmer) for kmer in step['kmers']] == list(followers(x[t - 1]))
        for name in ('e', 'z', 'h', 'q', 'yhat', 'J'):
            same(step[name], true[name], (t, name))
        if MEMORY:
            same(step['net'], true['net'], (t, 'net'))
    at = printed['loss_at']
    if at is None:
        assert 'backward' not in printed
        return []
    deltas, sums = backward(W, x, y, steps, at)
    assert [back['t'] for back in printed['backward']] == list(range(at, 0, -1))
    for back, true in zip(printed['backward'], deltas):
        assert set(back) - {'t', 'x', 'y', 'kmers'} == set(true)
        for name in true:
            same(back[name], true[name], (back['t'], name))
    check_gradient(printed['gradient'], sums, followers(x[at - 1]), x, at)
    check_slopes(x, y, at, sums, backward(W, x, y, steps, at, misprint=True)[1], evidence)
    return [np.linalg.norm(back['dh']) for back in reversed(deltas)]


trace = json.load(open(sys.argv[3]))
MEMORY = 'memory_bases' in trace
assert (trace['k'], trace['stride'], trace['activation']) == (K, S, ACTIVATION)
assert trace['softmax'] == ('full' if K == S else SOFTMAX)
assert trace['shapes'] == {name: list(np.atleast_2d(value).shape) for name, value in W.items()}
sequences = read_sequences(sys.argv[2])
assert [record['record'] for record in trace['records']] == [name for name, _ in sequences]
rows = [line.split('\t') for line in open(sys.argv[4])][1:] if len(sys.argv) > 4 else None
for record, (name, sequence) in zip(trace['records'], sequences):
    norms = check_record(record, sequence)
    if rows is None:
        continue
    for t, norm in enumerate(norms, 1):
        printed_name, at, timestep, value = rows.pop(0)[:4]
        assert (printed_name, int(at), int(timestep)) == (name, len(norms), t)
        assert abs(float(value) - norm) <= 1e-5 * norm, (value, norm)
    if not norms:
        assert [cell.strip() for cell in rows.pop(0)[:4]] == [name, 'NA', 'NA', 'NA']
assert not rows
