"""Runs a program of docs/python.md that writes, loads or exports models, and compares the predictions of its models
with those of rnnpredict, for each activation and softmax and several strides, if the program supports them.

usage: python_models.py write|train|load|export PROGRAM
"""
import contextlib, os, random, subprocess, sys
import numpy as np
from read_model import check, number, read_model

D = 7
random.seed(1)
SEQUENCE = ''.join(random.choice('ACGT') for _ in range(500))


def rnnpredict(*arguments):
    return subprocess.run(['rnnpredict', *arguments], check=True, capture_output=True, text=True).stdout


def write_sequences(path, *sequences):
    with open(path, 'w') as out:
        for i, sequence in enumerate(sequences):
            print(f'>record{i}\n{sequence}', file=out)
    return path


def networks():
    """Random networks: weights and metadata for each activation function, stride and softmax."""
    rng = np.random.default_rng(1)
    for activation in 'sigmoid', 'tanh', 'relu':
        for s, softmax in (1, 'followers'), (2, 'followers'), (1, 'full'), (4, 'full'):
            about = {'k': 4, 'stride': s, 'embedding': 5, 'hidden': D, 'activation': activation, 'softmax': softmax}
            shapes = {'L': (256, 5), 'H': (D, D), 'I': (5, D), 'b1': D, 'U': (D, 256), 'b2': 256}
            yield {name: rng.normal(0, 0.3, shape).astype('f4') for name, shape in shapes.items()}, about


def saved_networks():
    """Writes these networks to files without checksums, and yields the paths."""
    from safetensors.numpy import save_file
    os.makedirs('network')
    for weights, about in networks():
        save_file(weights, 'network/model.safetensors', {key: str(value) for key, value in about.items()})
        yield 'network/model.safetensors'


def kmers(about, sequence):
    k, s = int(about['k']), int(about['stride'])
    return np.array([number(sequence[i:i + k]) for i in range(0, len(sequence) - k + 1, s)])


def predicted(model, sequence):
    """rnnpredict's probabilities (timesteps, V): 0 for k-mers that cannot follow."""
    about, w = read_model(model)
    rows = rnnpredict('--positions', 'all', '--top', '256', '--no-header', model, write_sequences('x.fa', sequence))
    steps = {}
    for row in rows.splitlines():
        _, position, _, kmer, p = row.split('\t')
        steps.setdefault(int(position), np.zeros(len(w['L'])))[number(kmer)] = float(p)
    return np.array(list(steps.values()))


def near(found, model):
    """Checks that these are rnnpredict's probabilities, which have six decimals, up to the rounding of float32."""
    expected = predicted(model, SEQUENCE)
    assert expected.shape == found.shape and expected[expected > 0].std() > 0.1 * expected[expected > 0].mean()
    assert np.abs(found - expected).max() < 3e-6, (read_model(model)[0], np.abs(found - expected).max())


def check_write(program):
    names = {}
    exec(program, names)
    files = write_sequences('random.fa', SEQUENCE, 'ACGTTNCAGGATCTTACAG', 'ACGTACG', 'AC')
    for weights, about in networks():
        names['write_model']('written.safetensors', weights | {'U': np.asfortranarray(weights['U'], float)}, **about)
        found_about, found = read_model('written.safetensors')
        assert all(found_about[key] == str(value) for key, value in about.items()), found_about
        assert found.keys() == weights.keys()
        assert all(np.array_equal(found[name], w) for name, w in weights.items())
        for kind, options in ('score', ['--mode', 'score']), ('next', ['--top', '4096']):
            rnnpredict(*options, '-o', kind, 'written.safetensors', files)
        check('written.safetensors', files, {'score': 'score', 'next': 'next'})
    data = bytearray(open('written.safetensors', 'rb').read())
    for place in data.index(b'relu'), len(data) - 1:
        data[place] ^= 1
        open('damaged.safetensors', 'wb').write(data)
        data[place] ^= 1
        done = subprocess.run(['rnnpredict', '--mode', 'info', 'damaged.safetensors'], capture_output=True, text=True)
        assert done.returncode == 1 and 'CRC-32' in done.stderr, done


def check_train(program):
    import torch
    torch.manual_seed(1)
    names = {}
    exec(program, names)
    with torch.no_grad():
        x = torch.tensor(kmers({'k': 4, 'stride': 1}, SEQUENCE))[None]
        h, _ = names['rnn'](names['embedding'](x))
        near(torch.softmax(names['output'](h)[0], -1).numpy(), 'mine.safetensors')
    assert float(rnnpredict('--mode', 'score', '--no-header', 'mine.safetensors', 'genome.fa').split('\t')[5]) < 1.9


def check_load(program):
    import torch
    names = {}
    exec(program, names)
    for path in saved_networks():
        model = names['Model'](path)
        x = torch.tensor(kmers(model.about, SEQUENCE))
        yhat = torch.softmax(model(torch.stack((x, x.flip(0)))), -1)
        near(yhat[0].detach().numpy(), path)


def check_export(program):
    exec(program, {})
    for path in saved_networks():
        names = {}
        with contextlib.redirect_stdout(sys.stderr):
            exec(program.replace('run/model.safetensors', path), names)
        about, _ = read_model(path)
        x = kmers(about, SEQUENCE)
        h, found = np.zeros((1, 2, D), 'f4'), []
        for part in x[:100], x[100:]: # the hidden state is carried from one part to the next
            yhat, h = names['session'].run(None, {'x': np.stack((part, part[::-1]), 1), 'h0': h})
            found.extend(yhat[:, 0])
        if about['softmax'] == 'followers':
            n = len(found[0])
            for i, p in enumerate(found):
                found[i] = np.zeros(256)
                found[i][x[i] * n % 256:][:n] = p
        near(np.array(found), path)


if __name__ == '__main__':
    globals()['check_' + sys.argv[1]](open(sys.argv[2]).read())
