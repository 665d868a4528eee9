"""Makes the model files of this directory, each broken in one way, from one intact model.

usage: make.py DIRECTORY         the files, and EXPECT.tsv with the error message of each
       make.py --seeds DIRECTORY seeds for the fuzzer: files that are intact except for their CRC-32
"""
import json, math, os, struct, sys, zlib

METADATA = {'format': 'kmer-rnn', 'format_version': '1', 'k': '1', 'stride': '1', 'embedding': '1',
            'hidden': '1', 'activation': 'sigmoid', 'softmax': 'full', 'data_crc32': '00000000'}
SHAPES = {'L': [4, 1], 'H': [1, 1], 'I': [1, 1], 'b1': [1], 'U': [1, 4], 'b2': [4]}
NUMBERS = ('step epoch tokens skipped bad_in_a_row optimizer_steps rate gradient_norm seconds '
           'best_valid_loss best_step stale next_validation validated_step rate_halvings '
           'rate_stale loss loss_tokens loss_log_bytes timestep_log_bytes').split()
SIZES = {'F32': 4, 'F64': 8, 'U64': 8}
STATES, CLASSES = 16 * 8 * 4 * 4, 1 + 9 * 4 * 4 # of recall.h


def tensor(shape, dtype='F32'):
    return {'dtype': dtype, 'shape': shape}


def weights(prefix=''):
    return {prefix + name: tensor(shape) for name, shape in SHAPES.items()}


def header(metadata=METADATA, tensors=weights()):
    """The header, and the number of bytes after it."""
    end, places = 0, {}
    for name, about in tensors.items():
        begin = end
        end += SIZES[about['dtype']] * math.prod(about['shape'])
        places[name] = {**about, 'data_offsets': [begin, end]}
    return json.dumps({'__metadata__': metadata, **places}, separators=(',', ':')), end


def pack(text, data):
    return struct.pack('<Q', len(text)) + text + data


def numbers(size):
    """Floats from 1 up: their bytes are no zeros, and finite as doubles too."""
    return struct.pack('<%df' % (size // 4), *range(1, size // 4 + 1))


def sealed(text, data):
    """The header with the CRC-32 of its data, padded."""
    text = text.replace('"data_crc32":"00000000"', '"data_crc32":"%08x"' % zlib.crc32(data))
    return text.encode() + b' ' * (-len(text) % 8), data


def intact(text, size):
    return sealed(text, numbers(size))


def changed(old, new):
    """The intact header with `new` in place of `old`."""
    text, size = header()
    assert text.count(old) == 1, (old, text)
    return pack(*intact(text.replace(old, new), size))


def described(**values):
    """A model with other metadata; None removes a key."""
    metadata = {key: value for key, value in {**METADATA, **values}.items() if value is not None}
    return pack(*intact(*header(metadata)))


def shaped(metadata={}, without='', **tensors):
    """A model with other tensors."""
    kept = {name: about for name, about in {**weights(), **tensors}.items() if name != without}
    return pack(*intact(*header({**METADATA, **metadata}, kept)))


def remembered(metadata={}, without='', **changes):
    """Header and data of a model with a memory of 11 bases in 2 records, the first a circle whose last segment ends
    with its first two bases. changes: the bytes of tensors."""
    values = {'odds': floats(STATES), 'a': floats(CLASSES), 'w': floats(CLASSES),
              'segments': wholes(0, 4, 5, 5, 0, 2), 'records': wholes(2, 8, 1, 1, 3, 0), 'names': b'ring\0two\0' + bytes(7),
              'sequence': wholes(0x27e41b), **changes}
    tensors = {'memory.odds': tensor([STATES]), 'memory.a': tensor([CLASSES]), 'memory.w': tensor([CLASSES]),
               'memory.segments': tensor([3, 2], 'U64'), 'memory.records': tensor([2, 3], 'U64'),
               'memory.names': tensor([2], 'U64'), 'memory.sequence': tensor([1], 'U64')}
    kept = {name: about for name, about in {**weights(), **tensors}.items() if name != without}
    about = {**METADATA, 'format_version': '2', 'memory_bases': '11', 'memory_segments': '3', 'memory_records': '2',
             'memory_names': '9', 'memory_m': '11', 'memory_every': '1', 'memory_strands': 'both', **metadata}
    text, _ = header({key: value for key, value in about.items() if value is not None}, kept)
    return text, numbers(header()[1]) + b''.join(data for name, data in values.items() if 'memory.' + name != without)


def floats(n, *first):
    return struct.pack('<%df' % n, *first, *range(1, n + 1 - len(first)))


def wholes(*numbers):
    return struct.pack('<%dQ' % len(numbers), *numbers)


def remembering(metadata={}, without='', **changes):
    return pack(*sealed(*remembered(metadata, without, **changes)))


TEXT, DATA = intact(*header())
BARE = TEXT.rstrip()
H = '"H":{"dtype":"F32","shape":[1,1],"data_offsets":[16,20]}'


def not_finite():
    data = DATA[:-4] + struct.pack('<f', float('nan'))
    return pack(TEXT.replace(b'%08x' % zlib.crc32(DATA), b'%08x' % zlib.crc32(data)), data)


ENTRY = 'malformed at H: must have dtype, shape, two data_offsets and nothing else'
SHAPE = 'malformed at H.shape: must be one or two whole numbers'

# file, error message, bytes of the file
BROKEN = [
    # lengths
    ('7-bytes', 'ends early: it was cut short', b'{}     '),
    ('header-of-17-MiB', 'is not a safetensors file', struct.pack('<Q', 17 << 20) + TEXT + DATA),
    ('header-longer-than-file', 'ends early: it was cut short',
     struct.pack('<Q', len(TEXT + DATA) + 1) + TEXT + DATA),
    ('cut-short', 'ends early: it was cut short', pack(TEXT, DATA[:-1])),
    ('bytes-after', 'malformed at byte 580:', pack(TEXT, DATA + b'\0')),
    # JSON
    ('blank-before', 'malformed at byte 8:', pack(b' ' + BARE, DATA)),
    ('newline-after', 'malformed at byte 8:', pack(BARE + b'\n', DATA)),
    ('object-after', 'malformed at byte 521:', pack(BARE + b'{}', DATA)),
    ('no-end', 'malformed at byte 519:', pack(BARE[:-1], DATA)),
    ('single-quotes', 'malformed at byte 238:', changed('"H"', "'H'")),
    ('latin-1', 'malformed at byte 238:', pack(TEXT.replace(b'"H"', b'"\xdf"'), DATA)),
    ('nul-in-name', 'malformed at byte 246:', changed('"H"', '"H\\u0000"')),
    ('name-twice', 'malformed at byte 245:', changed('"H"', '"\\u004c"')),
    ('nested', 'malformed at byte 2289:', changed(H, '"H":' + '[' * 2100 + ']' * 2100)),
    ('many-values', 'malformed at byte 8:', changed(H, '"H":' + '[' * 65536)),
    ('long-name', 'malformed at byte 8:',
     changed('"H"', '"' + 'H' * 65537 + '"')),
    ('20-digits', 'malformed at byte 309:',
     changed('[16,20]', '[16,99999999999999999999]')),
    # metadata
    ('no-metadata', 'has no metadata k; docs/python.md',
     pack(b'{' + TEXT[TEXT.index(b'"L"'):], DATA)),
    ('metadata-misspelt', 'malformed at __metadata:', changed('__metadata__', '__metadata')),
    ('metadata-is-list', 'malformed at __metadata__:',
     pack(b'{"__metadata__":[],' + TEXT[TEXT.index(b'"L"'):], DATA)),
    ('metadata-is-number', 'malformed at __metadata__.k:', changed('"k":"1"', '"k":1')),
    ('escape-in-metadata', 'malformed at __metadata__.k:',
     changed('"k":"1"', '"k":"\\u001b[2J"')),
    ('escape-in-metadata-name', 'malformed at __metadata__.?[2J:',
     changed('"k"', '"\\u001b[2J"')),
    ('no-crc', 'malformed at __metadata__.data_crc32:', described(data_crc32=None)),
    ('header-damaged', 'the header is damaged (CRC-32)',
     described(header_crc32='00000000')),
    ('damaged', 'the data is damaged (CRC-32)', pack(TEXT, DATA[:-1] + b'?')),
    # tensors
    ('tensor-is-number', ENTRY, changed(H, '"H":1')),
    ('tensor-without-dtype', ENTRY,
     changed(H, H.replace('"dtype":"F32",', ''))),
    ('tensor-with-more', ENTRY,
     changed(H, H[:-1] + ',"more":1}')),
    ('dtype-is-number', ENTRY, changed(H, H.replace('"F32"', '32'))),
    ('dtype-unknown', 'malformed at H.dtype: must be F32', changed(H, H.replace('F32', 'BF16'))),
    ('shape-is-number', SHAPE, changed(H, H.replace('[1,1]', '1'))),
    ('shape-of-3', SHAPE,
     changed(H, H.replace('[1,1]', '[1,1,1]'))),
    ('shape-too-large', 'malformed at H.shape:',
     changed(H, H.replace('[1,1]', '[4294967296,4294967296]'))),
    ('size-is-string', SHAPE, changed(H, H.replace('[1,1]', '["1",1]'))),
    ('size-is-1.0', SHAPE, changed(H, H.replace('[1,1]', '[1,1.0]'))),
    ('size-is-negative', 'malformed at H.shape:', changed(H, H.replace('[1,1]', '[-1,-1]'))),
    ('offsets-are-number', ENTRY, changed('[16,20]', '16')),
    ('offsets-of-3', ENTRY, changed('[16,20]', '[16,20,24]')),
    ('offset-is-string', ENTRY, changed('[16,20]', '[16,"20"]')),
    ('offset-is-20.0', ENTRY, changed('[16,20]', '[16,20.0]')),
    ('offset-is-negative', 'malformed at H.data_offsets:', changed('[16,20]', '[-16,20]')),
    ('offsets-backwards', 'malformed at H.data_offsets:', changed('[16,20]', '[20,16]')),
    ('offsets-unlike-shape', 'malformed at H.data_offsets:',
     changed('[16,20]', '[16,24]')),
    ('hole', 'malformed at H.data_offsets:', changed('[16,20]', '[17,21]')),
    ('overlap', 'malformed at H.data_offsets:', changed('[16,20]', '[15,19]')),
    # the network
    ('format', 'its format is not kmer-rnn', described(format='pt')),
    ('version', 'its format is not version 1 or 2 of kmer-rnn', described(format_version='3')),
    ('format-of-another', 'its format is not kmer-rnn',
     described(format='pt', format_version=None, data_crc32=None)),
    ('no-format', 'its format is not kmer-rnn', described(format=None)),
    ('no-k', 'malformed at __metadata__.k:', described(k=None)),
    ('k', 'malformed at __metadata__.k:', described(k='13')),
    ('no-stride', 'malformed at __metadata__.stride:', described(stride=None)),
    ('stride', 'malformed at __metadata__.stride:', described(stride='2')),
    ('no-embedding', 'malformed at __metadata__.embedding:', described(embedding=None)),
    ('embedding', 'malformed at __metadata__.embedding:',
     described(embedding='-1')),
    ('no-hidden', 'malformed at __metadata__.hidden:', described(hidden=None)),
    ('hidden', 'malformed at __metadata__.hidden:', described(hidden='1.0')),
    ('no-activation', 'malformed at __metadata__.activation: is missing', described(activation=None)),
    ('activation', 'its activation, swish, is none of sigmoid, tanh, relu', described(activation='swish')),
    ('no-softmax', 'malformed at __metadata__.softmax: is missing', described(softmax=None)),
    ('softmax', 'its softmax, hard, is none of followers, full', described(softmax='hard')),
    ('softmax-unlike-stride', 'malformed at __metadata__.softmax:', described(softmax='followers')),
    ('tensor-unknown', 'malformed at W:', shaped(W=tensor([1]))),
    ('tensor-missing', 'malformed at b2:', shaped(without='b2')),
    ('dtype', 'malformed at H:', shaped(H=tensor([1, 1], 'F64'))),
    ('shape-unlike-k', 'malformed at L:', described(k='2')),
    ('shape-unlike-d', 'malformed at I:',
     shaped({'embedding': '2'}, L=tensor([4, 2]))),
    ('shape-unlike-D', 'malformed at H:', described(hidden='2')),
    ('not-finite', 'malformed at b2:', not_finite()),
    # the memory
    ('memory-none', 'malformed at __metadata__.memory_bases:', described(format_version='2')),
    ('memory-of-version-1', 'malformed at memory.odds:', remembering({'format_version': '1'})),
    ('memory-without-names', 'malformed at memory.names:', remembering(without='memory.names')),
    ('memory-bases', 'malformed at memory.segments:', remembering({'memory_bases': '10'})),
    ('memory-strands', 'malformed at __metadata__.memory_strands:', remembering({'memory_strands': '+'})),
    ('memory-odds-negative', 'malformed at memory.odds:', remembering(odds=floats(STATES, -1))),
    ('memory-segments-overlap', 'malformed at memory.segments:',
     remembering(segments=wholes(0, 4, 3, 5, 0, 2))),
    ('memory-record-of-4-segments', 'malformed at memory.records:',
     remembering(records=wholes(4, 8, 1, 1, 3, 0))),
    ('memory-names-without-end', 'malformed at memory.names:', remembering(names=b'ring\0two.' + bytes(7))),
    ('memory-bits-after-sequence', 'malformed at memory.sequence:',
     remembering(sequence=wholes(0x67e41b))),
]


def checkpoint():
    """The header of a checkpoint of one lane, two timesteps and one input, with adam."""
    tensors = weights()
    for prefix in 'optimizer.m.', 'optimizer.v.', 'optimizer.average.', 'best.':
        tensors.update(weights(prefix))
    tensors.update({'state.h': tensor([1, 1]), 'state.lanes': tensor([4], 'U64'),
                    'state.timestep_loss': tensor([2], 'F64'),
                    'state.timestep_tokens': tensor([2], 'U64'), 'state.inputs': tensor([1, 6], 'U64')})
    return header({**METADATA, 'inputs': '1', **{'state.' + name: '1' for name in NUMBERS}}, tensors)


def write(directory, name, data):
    with open(os.path.join(directory, name), 'wb') as out:
        out.write(data)


def seeds(directory):
    """The fuzzer takes every CRC-32 for 0."""
    for name, (text, size) in ('model', header()), ('checkpoint', checkpoint()):
        write(directory, name, pack(text.encode(), numbers(size)))
    text, size = header({**METADATA, 'k': '2', 'softmax': 'followers', 'activation': 'tanh'},
                        {**weights(), 'L': tensor([16, 1]), 'U': tensor([1, 16]),
                         'b2': tensor([16])})
    write(directory, 'followers', pack(text.encode(), numbers(size)))
    text, data = remembered()
    write(directory, 'memory', pack(text.encode(), data))


def main():
    if sys.argv[1] == '--seeds':
        return seeds(sys.argv[2])
    write(sys.argv[1], 'intact.safetensors', pack(TEXT, DATA))
    write(sys.argv[1], 'intact-of-another.safetensors', described(format=None, format_version=None, data_crc32=None))
    for name, _, data in BROKEN:
        write(sys.argv[1], name + '.safetensors', data)
    write(sys.argv[1], 'EXPECT.tsv',
          ''.join('%s.safetensors\t%s\n' % row[:2] for row in BROKEN).encode())


if __name__ == '__main__':
    main()
