"""Makes the model files of this directory, each broken in one way, from one honest model.

usage: make.py DIRECTORY         the files, and EXPECT.tsv with what is to be said of each
       make.py --seeds DIRECTORY what the fuzzer begins with: honest files, but for their CRC-32
"""
import json, math, os, struct, sys, zlib

METADATA = {'format': 'kmer-rnn', 'format_version': '1', 'k': '1', 'stride': '1', 'embedding': '1',
            'hidden': '1', 'activation': 'sigmoid', 'softmax': 'full', 'data_crc32': '00000000'}
SHAPES = {'L': [4, 1], 'H': [1, 1], 'I': [1, 1], 'b1': [1], 'U': [1, 4], 'b2': [4]}
NUMBERS = ('step epoch tokens skipped bad_in_a_row optimizer_steps rate gradient_norm seconds '
           'best_valid_loss best_step stale next_validation validated_step rate_halvings '
           'rate_stale loss loss_tokens loss_log_bytes timestep_log_bytes').split()
SIZES = {'F32': 4, 'F64': 8, 'U64': 8}


def tensor(shape, dtype='F32'):
    return {'dtype': dtype, 'shape': shape}


def weights(prefix=''):
    return {prefix + name: tensor(shape) for name, shape in SHAPES.items()}


def header(metadata=METADATA, tensors=weights()):
    """The header and how many bytes follow it."""
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


def honest(text, size):
    """The header with the CRC-32 of its data, padded."""
    data = numbers(size)
    text = text.replace('"data_crc32":"00000000"', '"data_crc32":"%08x"' % zlib.crc32(data))
    return text.encode() + b' ' * (-len(text) % 8), data


def changed(old, new):
    """The honest header with this in another's place."""
    text, size = header()
    assert text.count(old) == 1, (old, text)
    return pack(*honest(text.replace(old, new), size))


def described(**values):
    """Of other metadata; None: without."""
    metadata = {key: value for key, value in {**METADATA, **values}.items() if value is not None}
    return pack(*honest(*header(metadata)))


def shaped(metadata={}, without='', **tensors):
    """Of other tensors."""
    kept = {name: about for name, about in {**weights(), **tensors}.items() if name != without}
    return pack(*honest(*header({**METADATA, **metadata}, kept)))


TEXT, DATA = honest(*header())
BARE = TEXT.rstrip()
H = '"H":{"dtype":"F32","shape":[1,1],"data_offsets":[16,20]}'


def not_finite():
    data = DATA[:-4] + struct.pack('<f', float('nan'))
    return pack(TEXT.replace(b'%08x' % zlib.crc32(DATA), b'%08x' % zlib.crc32(data)), data)


# file, what is to be said of it, its bytes
BROKEN = [
    # lengths
    ('7-bytes', 'the file is shorter than 8 bytes', b'{}     '),
    ('header-of-17-MiB', 'a header longer than 16 MiB', struct.pack('<Q', 17 << 20) + TEXT + DATA),
    ('header-longer-than-file', 'a header longer than the file',
     struct.pack('<Q', len(TEXT + DATA) + 1) + TEXT + DATA),
    ('cut-short', 'the file ends early: it was cut short', pack(TEXT, DATA[:-1])),
    ('bytes-after', 'bytes after the last tensor', pack(TEXT, DATA + b'\0')),
    # JSON
    ('blank-before', "the header does not begin with '{'", pack(b' ' + BARE, DATA)),
    ('newline-after', "the header does not end in '}' and spaces", pack(BARE + b'\n', DATA)),
    ('object-after', "the header goes on after its '}'", pack(BARE + b'{}', DATA)),
    ('no-end', "the header ends before its '}'", pack(BARE[:-1], DATA)),
    ('single-quotes', 'the header is no JSON', changed('"H"', "'H'")),
    ('latin-1', 'the header is no UTF-8', pack(TEXT.replace(b'"H"', b'"\xdf"'), DATA)),
    ('nul-in-name', 'the header has a NUL in a name or value', changed('"H"', '"H\\u0000"')),
    ('name-twice', 'a name stands twice in the header', changed('"H"', '"\\u004c"')),
    ('nested', 'the header is nested too deeply', changed(H, '"H":' + '[' * 2100 + ']' * 2100)),
    ('many-values', 'the header has more than 65536 values', changed(H, '"H":' + '[' * 65536)),
    ('long-name', 'the header has a name or value of more than 65536 bytes',
     changed('"H"', '"' + 'H' * 65537 + '"')),
    ('20-digits', 'a number in the header needs more than 64 bits',
     changed('[16,20]', '[16,99999999999999999999]')),
    # metadata
    ('no-metadata', 'the header has no __metadata__', changed('__metadata__', '__metadata')),
    ('metadata-is-list', '__metadata__ that is no object',
     pack(b'{"__metadata__":[],' + TEXT[TEXT.index(b'"L"'):], DATA)),
    ('metadata-is-number', 'metadata that is no string: k', changed('"k":"1"', '"k":1')),
    ('escape-in-metadata', 'metadata with a control character: k',
     changed('"k":"1"', '"k":"\\u001b[2J"')),
    ('escape-in-metadata-name', 'metadata with a control character in its name: ?[2J',
     changed('"k"', '"\\u001b[2J"')),
    ('no-crc', 'no data_crc32 in the metadata', described(data_crc32=None)),
    ('header-damaged', 'the header is damaged: its CRC-32 is not the one in it',
     described(header_crc32='00000000')),
    ('damaged', 'the data is damaged: its CRC-32 is not', pack(TEXT, DATA[:-1] + b'?')),
    # tensors
    ('tensor-is-number', 'a tensor that is no object: H', changed(H, '"H":1')),
    ('tensor-without-dtype', 'a tensor without dtype, shape and data_offsets: H',
     changed(H, H.replace('"dtype":"F32",', ''))),
    ('tensor-with-more', 'a tensor with more than dtype, shape and data_offsets: H',
     changed(H, H[:-1] + ',"more":1}')),
    ('dtype-is-number', 'a dtype that is no string: H', changed(H, H.replace('"F32"', '32'))),
    ('dtype-unknown', 'a tensor of unknown dtype: H', changed(H, H.replace('F32', 'BF16'))),
    ('shape-is-number', 'a shape that is no list: H', changed(H, H.replace('[1,1]', '1'))),
    ('shape-of-3', 'a tensor that is neither a vector nor a matrix: H',
     changed(H, H.replace('[1,1]', '[1,1,1]'))),
    ('shape-too-large', 'a shape too large for any memory: H',
     changed(H, H.replace('[1,1]', '[4294967296,4294967296]'))),
    ('size-is-string', 'a size that is no number: H', changed(H, H.replace('[1,1]', '["1",1]'))),
    ('size-is-1.0', 'a size that is no whole number: H', changed(H, H.replace('[1,1]', '[1,1.0]'))),
    ('size-is-negative', 'a size below 0: H', changed(H, H.replace('[1,1]', '[-1,-1]'))),
    ('offsets-are-number', 'data_offsets that are no list: H', changed('[16,20]', '16')),
    ('offsets-of-3', 'data_offsets that are not two: H', changed('[16,20]', '[16,20,24]')),
    ('offset-is-string', 'an offset that is no number: H', changed('[16,20]', '[16,"20"]')),
    ('offset-is-20.0', 'an offset that is no whole number: H', changed('[16,20]', '[16,20.0]')),
    ('offset-is-negative', 'an offset below 0: H', changed('[16,20]', '[-16,20]')),
    ('offsets-backwards', 'data_offsets that run backwards: H', changed('[16,20]', '[20,16]')),
    ('offsets-unlike-shape', 'data_offsets that do not fit the shape: H',
     changed('[16,20]', '[16,24]')),
    ('hole', 'a hole before tensor: H', changed('[16,20]', '[17,21]')),
    ('overlap', 'an overlap before tensor: H', changed('[16,20]', '[15,19]')),
    # the network
    ('format', 'its format is not kmer-rnn', described(format='pt')),
    ('version', 'its format is not version 1', described(format_version='2')),
    ('no-k', 'its metadata has no k;', described(k=None)),
    ('k', "its metadata's k is no number from 1 to 12", described(k='13')),
    ('no-stride', 'its metadata has no stride;', described(stride=None)),
    ('stride', "its metadata's stride is no number from 1 to 1", described(stride='2')),
    ('no-embedding', 'its metadata has no embedding;', described(embedding=None)),
    ('embedding', "its metadata's embedding is no number from 1 to 1048576",
     described(embedding='-1')),
    ('no-hidden', 'its metadata has no hidden;', described(hidden=None)),
    ('hidden', "its metadata's hidden is no number from 1 to 1048576", described(hidden='1.0')),
    ('no-activation', 'its metadata has no activation;', described(activation=None)),
    ('activation', "its metadata's activation is none", described(activation='swish')),
    ('no-softmax', 'its metadata has no softmax;', described(softmax=None)),
    ('softmax', "its metadata's softmax is none", described(softmax='hard')),
    ('softmax-unlike-stride', 'its softmax is followers, but', described(softmax='followers')),
    ('tensor-unknown', 'a tensor that does not belong there: W', shaped(W=tensor([1]))),
    ('tensor-missing', 'a tensor is missing: b2', shaped(without='b2')),
    ('dtype', 'wrong dtype: H', shaped(H=tensor([1, 1], 'F64'))),
    ('shape-unlike-k', 'a shape that does not fit the metadata: L', described(k='2')),
    ('shape-unlike-d', 'a shape that does not fit the metadata: I',
     shaped({'embedding': '2'}, L=tensor([4, 2]))),
    ('shape-unlike-D', 'a shape that does not fit the metadata: H', described(hidden='2')),
    ('not-finite', 'a weight that is not finite: b2', not_finite()),
]


def checkpoint():
    """Of one lane, two timesteps and one input, by adam."""
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


def main():
    if sys.argv[1] == '--seeds':
        return seeds(sys.argv[2])
    write(sys.argv[1], 'honest.safetensors', pack(TEXT, DATA))
    for name, _, data in BROKEN:
        write(sys.argv[1], name + '.safetensors', data)
    write(sys.argv[1], 'EXPECT.tsv',
          ''.join('%s.safetensors\t%s\n' % row[:2] for row in BROKEN).encode())


if __name__ == '__main__':
    main()
