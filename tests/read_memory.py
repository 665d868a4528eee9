"""Computes yhat with the memory of a model, following docs/model.md and docs/python.md, in independent NumPy code.

usage: read_memory.py MODEL.safetensors BASES

Prints, after each k-mer of one segment of bases, the position of the next base and yhat of the followers.
The activation must be sigmoid. Pointers end with their segment, so circles count as linear.
"""
import bisect, json, sys
import numpy as np

raw = open(sys.argv[1], 'rb').read()
size = 8 + int.from_bytes(raw[:8], 'little')
tensors = json.loads(raw[8:size])
about = tensors.pop('__metadata__')
types = {'F32': '<f4', 'U64': '<u8'}
w = {name.replace('memory.', ''): np.frombuffer(raw[size:][slice(*t['data_offsets'])], types[t['dtype']])
     .reshape(t['shape']) for name, t in tensors.items()}
k, s, m, every, bases = (int(about[key]) for key in ('k', 'stride', 'memory_m', 'memory_every', 'memory_bases'))

# Both strands, with -1 between segments; place i of a strand is before its base i.
lengths = w['segments'][:, 1].astype(int)
at = 64 + np.arange(bases) + np.repeat(np.arange(len(lengths)), lengths)
forward = np.full(bases + len(lengths) + 128, -1)
forward[at] = (w['sequence'][:, None] >> np.arange(0, 64, 2).astype('u8') & np.uint64(3)).flatten()[:bases]
strands = [forward, np.where(forward < 0, -1, 3 - forward)[::-1]][:2 if about['memory_strands'] == 'both' else 1]



def seed(bases):  # of m bases, the last one first, as in all lists of bases that were read: two of three count
    return bytes(int(base) for i, base in enumerate(bases) if i % 3 != 2)


index = {}  # by seed and strand: its two newest places inside of segments, and four bases on
for end in range(every, bases + 1, every):
    before = forward[at[end - 1]:at[end - 1] - m:-1]
    places = at[end - 1] + 5, len(forward) - at[end - m] + 4
    if min(before) >= 0 and forward[at[end - 1] + 1] >= 0:
        for strand, bits in enumerate(strands):
            if min(bits[places[strand] - m - 4:places[strand] + 1]) >= 0:
                key = seed(before), strand
                index[key] = [places[strand]] + index.get(key, [])[:1]

pool, last, h = [], [], np.zeros(len(w['b1']))  # a pointer: strand, place, its last 64 errors, bases since one
for t, base in enumerate('ACGT'.index(letter) for letter in sys.argv[2]):
    for i in range(len(pool)):
        strand, place, errors, run = pool[i]
        wrong = strands[strand][place] != base
        pool[i] = strand, place + 1, [wrong] + errors[:63], 0 if wrong else run + 1
    while (lost := [i for i, (strand, place, errors, _) in enumerate(pool) if strands[strand][place] < 0
                    or sum(errors) > 44]):
        pool[lost[0]] = pool[-1]
        pool.pop()
    last = [base] + last[:63]
    for strand, bits in enumerate(strands if len(last) >= m + 4 else []):
        key = seed([3 - base for base in last[4:m + 4][::-1]] if strand else last[4:m + 4]), strand
        for place in index.get(key, []):
            there = list(bits[place - 64:place][::-1]) + [-1]
            known = min(there.index(-1), len(last))
            errors = [i >= known or there[i] != last[i] for i in range(64)]
            run = (errors + [True]).index(True)
            similar = sum(errors) <= 24 or run >= m + 4
            if not similar or (strand, place) in [p[:2] for p in pool]:
                continue
            worst = max(range(len(pool)), key=lambda i: sum(pool[i][2])) if len(pool) == 16 else len(pool)
            if worst == len(pool) or sum(pool[worst][2]) > sum(errors):
                pool[worst:worst + 1] = [(strand, place, errors, run)]
    if t < k - 1 or (t - k + 1) % s:
        continue
    x = sum(base << 2 * i for i, base in enumerate(last[:k]))
    can = x * 4 ** s % 4 ** k + np.arange(4 ** s)
    h = 1 / (1 + np.exp(-(h @ w['H'] + w['L'][x] @ w['I'] + w['b1'])))
    q, S, odds = h @ w['U'][:, can] + w['b2'][can], np.zeros(len(can)), []
    for strand, place, errors, run in pool:
        guess = strands[strand][place:place + s]
        if min(guess) >= 0:
            newer, older, thirds = sum(errors[:32]), sum(errors[32:]), sum(errors[2::3])
            u = 8 * bisect.bisect([1, 2, 3, 4, 5, 7, 9, 12, 16, 20, 24, 32, 64, 256, 1024], run)
            u = 4 * (u + bisect.bisect([1, 2, 3, 5, 9, 13, 17], newer)) + bisect.bisect([5, 10, 16], older)
            odds.append(w['odds'][4 * u + bisect.bisect([-3, 1, 5], 3 * thirds - newer - older)])
            S[int(guess @ 4 ** np.arange(s)[::-1])] += odds[-1]
    if odds:
        others = (S.sum() - S.max()) / (S.max() + 1 / (len(can) - 1))
        c = 1 + 16 * bisect.bisect([.5, 1, 2, 4, 8, 16, 32, 100], max(odds))
        c += 4 * bisect.bisect([2, 3, 5], len(odds)) + bisect.bisect([.01, .1, .4], others)
        q = w['a'][c] * q + w['w'][c] * np.log(1 + (len(can) - 1) * S)
    print(t + 2, *np.exp(q) / np.exp(q).sum())
