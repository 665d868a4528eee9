# The origin of a model in its metadata: its input files, and a command that reproduces it.
load cli

SMALL=(-k 2 -d 4 -D 8 -B 8 -T 16 -e 1)

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  cp "$DATA/phix174.fa.gz" .
  zcat phix174.fa.gz > phix.fa
  zcat "$DATA/lambda.fa.gz" | awk 'NR <= 40' > some.fa
}

# again RUN OPTION...: runs the stored command with these options in a shell; its model must equal that of the run.
again() {
  local command
  command=$(about "$1" command)
  echo "$command"
  rm -rf again
  bash -ec "$command"' "$@"' - -q -t 1 "${@:2}" -o again
  cmp "$1/model.safetensors" again/model.safetensors
}

# metadata FILE: prints the metadata of a model or checkpoint as JSON, read without kmer-rnn.
metadata() {
  "$PYTHON" -c 'import json, sys
raw = open(sys.argv[1], "rb").read()
header = raw[8:8 + int.from_bytes(raw[:8], "little")]
assert all(0x20 <= byte for byte in header)
print(json.dumps(json.loads(header.decode())["__metadata__"]))' "$1"
}

# ---- input files ---------------------------------------------------------------------------------

@test "the origin has the names, uses, sizes, checksums and counts of the files" {
  cp "$DATA/reads.fq.gz" .
  { echo ">odd"; echo ACGTNNRYACGTACGTTTTTTTTTACGT; } > odd.fa
  mkdir far
  cp some.fa far/valid.fa
  rnntrain -q "${SMALL[@]}" --valid ./far/valid.fa -o run reads.fq.gz - "$PWD/odd.fa" < phix174.fa.gz
  metadata run/model.safetensors > about.json
  "$PYTHON" - << 'END'
import gzip, json, os, re, zlib
about, run = json.load(open('about.json')), json.load(open('run/run.json'))
files = [('reads.fq.gz', 'reads.fq.gz'), ('-', 'phix174.fa.gz'), ('odd.fa', 'odd.fa'), ('valid.fa', 'some.fa')]
bases = 0
assert about['input_files'] == '4' and 'input_5_name' not in about
for i, (name, path) in enumerate(files, 1):
    raw = open(path, 'rb').read()
    text = (gzip.decompress(raw) if raw[:2] == b'\x1f\x8b' else raw).decode()
    lines = text.splitlines()
    if path.endswith('fq.gz'):
        sequences = lines[1::4]
    else:
        sequences = [''.join(record.split('\n')[1:]) for record in text.split('>')[1:]]
    right = {'name': name, 'use': 'validation' if i == 4 else 'training', 'bytes': str(os.path.getsize(path)),
             'crc32': '%08x' % zlib.crc32(raw), 'records': str(len(sequences)),
             'bases': str(sum(map(len, sequences)))}
    assert {key: about[f'input_{i}_{key}'] for key in right} == right, right
    acgt = sum(len(re.findall('[ACGT]', sequence.upper())) for sequence in sequences)
    if i < 4:
        bases += acgt
    else:
        assert about['valid_bases'] == str(acgt)
    entry = run['inputs'][i - 1]
    for key in ('use', 'bytes', 'crc32', 'records', 'bases'):
        assert str(entry[key]) == right[key], (entry, key)
assert about['train_bases'] == str(bases)
assert about['markov_order'] == str(run['markov']['best_order'])
for key, value in (('markov_bits_per_base', run['markov']['best_bits_per_base']),
                   ('valid_bits_per_base', run['result']['best_valid_bits_per_base'])):
    assert abs(float(about[key]) - value) < 1e-6, key
END
}

@test "a file whose end is for validation has its bases counted on both sides" {
  rnntrain -q "${SMALL[@]}" --valid-fraction 0.2 -o run phix174.fa.gz
  [ "$(about run input_1_use)" = "training and validation" ]
  [ "$(about run train_bases)" -eq $((5386 - 5386 / 5)) ]
  [ "$(about run valid_bases)" -eq $((5386 / 5)) ]
  rnntrain -q "${SMALL[@]}" --valid-fraction 0 -o blind phix174.fa.gz
  [ "$(about blind input_1_use)" = training ]
  [ "$(about blind train_bases)" -eq 5386 ]
  [ "$(about blind valid_bases)" = 0 ]
}

@test "a name without control characters is quoted for every shell" {
  cp some.fa "it's \$HOME, \`said\` \"he\" & 'x'.fa"
  rnntrain -q "${SMALL[@]}" -o run it*
  sh -c "$(about run command) -q -o again"
  cmp run/model.safetensors again/model.safetensors
}

@test "names may have blanks, quotes, control characters and bytes that are not text" {
  names=("a b.fa" "it's \$HOME.fa" 'x"y\n.fa' $'line\nbreak\tand tab.fa' $'\377\303\251\302\233.fa' "-dash.fa" "~"
    "Größe.fa" "*")
  for name in "${names[@]}"; do cp some.fa "./$name"; done
  rnntrain -q "${SMALL[@]}" --valid "./-dash.fa" -o run -- ./a\ b.fa "$PWD/${names[1]}" "${names[@]:2:3}" ./-dash.fa \
    "${names[@]:6}"
  again run
  [ "$(about run input_1_name)" = "a b.fa" ]
  [ "$(about run input_4_name)" = 'line\012break\011and tab.fa' ]
  [ "$(about run input_5_name)" = '\377é\302\233.fa' ]
  [ "$(about run input_6_name)" = "./-dash.fa" ]
  rnnpredict --mode info run > table
  awk -F '\t' 'NF != 2 { exit bad = 1 } END { exit bad || NR < 50 }' table
  [ "$(grep -c '^input_[0-9]*_name' table)" -eq 10 ]
  # The names of the files of a resumed run do not replace them.
  rnntrain -q --resume -e 1 --valid some.fa -o run some.fa some.fa some.fa some.fa some.fa some.fa some.fa some.fa some.fa
  cmp run/model.safetensors again/model.safetensors
  metadata run/model.safetensors > about.json
  metadata run/checkpoint.safetensors > saved.json
  "$PYTHON" - run/model.safetensors "${names[@]:0:5}" << 'END'
import json, os, re, sys
about, saved = json.load(open('about.json')), json.load(open('saved.json'))
for i, name in enumerate(sys.argv[2:], 1):
    escaped = about[f'input_{i}_name']
    assert saved[f'input_{i}_name'] == escaped
    plain = re.sub(rb'\\([0-7]{3})', lambda found: bytes([int(found[1], 8)]), escaped.encode())
    assert plain == os.fsencode(name), (plain, name)
try:
    from safetensors import safe_open
    with safe_open(sys.argv[1], 'np') as file:
        assert file.metadata() == about
except ImportError:
    pass
END
}

@test "thousands of files are listed, and the first 4000 of more" {
  mkdir many
  { echo ">r"; random_bases 60 1; } > seed.fa
  "$PYTHON" -c 'import shutil
for i in range(1, 4101):
    shutil.copy("seed.fa", f"many/{i}")
for i in range(1, 2001):
    shutil.copy("seed.fa", f"many/file_number_{i}.fa")'
  seq -f "many/file_number_%.0f.fa" 2000 > names
  seq -f "many/%.0f" 4100 > short
  rnntrain -q "${SMALL[@]}" --valid-fraction 0 -o run $(cat names)
  metadata run/model.safetensors > about.json
  rnnpredict --mode info run > table
  "$PYTHON" - << 'END'
import json, zlib
about = json.load(open('about.json'))
crc = '%08x' % zlib.crc32(open('seed.fa', 'rb').read())
for i in range(1, 2001):
    assert about[f'input_{i}_name'] == f'file_number_{i}.fa' and about[f'input_{i}_crc32'] == crc
assert about['input_files'] == '2000' and about['train_bases'] == str(2000 * 60)
assert dict(line.rstrip('\n').split('\t') for line in open('table'))['input_2000_bases'] == '60'
# A command of 2000 such names exceeds the limit.
command = about['command']
assert 32000 < len(command) <= 32768 + 4 and command.endswith(' ...')
assert command.split()[-2] == f'file_number_{len([w for w in command.split() if w.startswith("file_")])}.fa'
END
  rnnpredict --mode score run some.fa > scores
  rnntrain -q --resume -o run $(cat names)
  metadata run/model.safetensors | cmp - about.json
  rnntrain -q "${SMALL[@]}" --valid some.fa -o more $(cat short)
  [ "$(about more input_files)" -eq 4101 ]
  [ "$(about more input_4000_name)" = 4000 ]
  rnnpredict --mode info more > table
  [ "$(grep -c '^input_' table)" -eq $((4000 * 6 + 1)) ]
  [[ "$(about more command)" == "rnntrain --kmer 2 --embedding 4 --hidden 8 --epochs 1 --lanes 8 --timesteps 16 --valid ... 1 2 "*" 4000 ..." ]]
  cp -r more before
  rnntrain -q --resume --valid some.fa -o more $(cat short)
  cmp before/model.safetensors more/model.safetensors
}

@test "the memory estimate includes a header of thousands of values" {
  not_sanitized "the address sanitizer takes more"
  mkdir many
  "$PYTHON" -c 'import random
for i in range(2000):
    print(">r", "".join(random.choices("ACGT", k=60)), sep="\n", file=open(f"many/file_number_{i}.fa", "w"))'
  cat many/* > one.fa
  for files in one.fa "many/*"; do
    rnntrain --dry-run "${SMALL[@]}" -t 1 --valid-fraction 0 $files 2>&1 > kept | grep -oE 'memory: [0-9.]+ MB' > foretold
    rnntrain -q "${SMALL[@]}" -t 1 --valid-fraction 0 --force -o run $files
    "$PYTHON" -c 'import json
peak = json.load(open("run/run.json"))["result"]["peak_memory_bytes"] / 1e6
part = peak / float(open("foretold").read().split()[1])
assert 0.6 < part < 1.05, (peak, part)'
  done
}

# ---- the command ---------------------------------------------------------------------------------

@test "the recorded command has the options that differ from their defaults and trains the same model" {
  rnntrain -q -e 1 --log-every 7 --checkpoint-every 5m --report -o run ./phix174.fa.gz
  [ "$(about run command)" = "rnntrain --epochs 1 phix174.fa.gz" ]
  again run
  # Options with their default values, some of which depend on others.
  rnntrain -q -k 4 -e 1 -B 64 --learning-rate 0.004242640687119286 --clip 1.0 --warmup 0100 -o run --force phix174.fa.gz
  [ "$(about run command)" = "rnntrain --epochs 1 --lanes 64 phix174.fa.gz" ]
  again run
  rnntrain -q -e 1 --optimizer sgd --learning-rate 0.1 -o run --force phix174.fa.gz
  again run
  for options in "-k 3 -s 2 -d 7 -D 9 --activation tanh --strands forward --circular -e 2 -B 3 -T 5 --seed 7" \
    "-k 2 -D 8 --softmax full --optimizer momentum --learning-rate 0.05 --schedule cosine --warmup 3 --clip 0.5 -e 2" \
    "-k 2 -D 8 --min-quality 20 --min-length 40 --valid-fraction 0.3 --patience 2 -e 3 $DATA/reads.fq.gz" \
    "-k 2 -D 8 --schedule plateau --valid phix.fa some.fa" "-k 2 -D 8 -e 1 --memory --memory-limit 400k some.fa"; do
    [[ "$options" != *reads* ]] || cp "$DATA/reads.fq.gz" .
    # shellcheck disable=SC2086
    rnntrain -q $options -o run --force phix174.fa.gz
    again run
  done
}

@test "the recorded command has every option that can change the model, and no others" {
  rnntrain -q -k 3 -s 2 -d 7 -D 9 --activation tanh --softmax full --strands forward --min-quality 1 --min-length 30 \
    --lowercase ambiguous --circular -e 2 -B 3 -T 5 --optimizer momentum --learning-rate 0.01 --schedule constant --warmup 5 --clip 2 \
    --valid some.fa --patience 5 --max-time 100s --seed 3 -t 2 --memory --memory-limit 1M --resume=auto --log-every 3 \
    --checkpoint-every 1h --no-progress --report --multiqc -o run phix.fa
  [ "$(about run command)" = "rnntrain --lowercase ambiguous --min-quality 1 --min-length 30 --circular --kmer 3 --stride 2 --strands forward \
--embedding 7 --hidden 9 --activation tanh --softmax full --epochs 2 --lanes 3 --timesteps 5 --optimizer momentum \
--learning-rate 0.01 --schedule constant --warmup 5 --clip 2 --valid some.fa --patience 5 --max-time 100 --seed 3 --memory \
--memory-limit 1000000 phix.fa" ]
}

@test "the origin names the model of --init with the checksum of its weights" {
  rnntrain -q "${SMALL[@]}" -o first phix.fa
  for init in first "$PWD/first/" first/model.safetensors; do
    rnntrain -q "${SMALL[@]}" --init "$init" --memory -e 0 -o next --force some.fa
    [ "$(about next init_name)" = "$(basename "$init")" ]
    [ "$(about next init_data_crc32)" = "$(about first data_crc32)" ]
    [[ "$(about next command)" == "rnntrain "*" --init $(basename "$init") --epochs 0 "*" --memory some.fa" ]]
  done
  cp first/model.safetensors .
  again next
  cp -r next before
  rnntrain -q --resume -o next some.fa # which needs no --init
  cmp before/model.safetensors next/model.safetensors
}

@test "--init accepts a file of another program, without a checksum, and records one" {
  rnntrain -q "${SMALL[@]}" -o first phix.fa
  "$PYTHON" - << 'END'
import json
raw = open('first/model.safetensors', 'rb').read()
n = 8 + int.from_bytes(raw[:8], 'little')
header = json.loads(raw[8:n])
kept = ('k', 'stride', 'embedding', 'hidden', 'activation', 'softmax')
header['__metadata__'] = {key: header['__metadata__'][key] for key in kept}
text = json.dumps(header).encode()
open('foreign.safetensors', 'wb').write(len(text).to_bytes(8, 'little') + text + raw[n:])
END
  rnntrain -q "${SMALL[@]}" --init foreign.safetensors -o next some.fa
  [ "$(about next init_data_crc32)" = "$(about first data_crc32)" ]
  rnntrain -q --resume -e 2 --init foreign.safetensors -o next some.fa
  rnntrain -q "${SMALL[@]}" -o second some.fa
  fails 1 "began from another model" rnntrain -q --resume --init second -o next some.fa
}

# ---- the same bytes ------------------------------------------------------------------------------

@test "paths, threads and options that do not affect the model change no byte of it" {
  mkdir far
  cp phix.fa some.fa far
  rnntrain -q "${SMALL[@]}" -t 1 -o run phix.fa --valid some.fa
  rnntrain "${SMALL[@]}" -t 3 -o other "$PWD/far/phix.fa" --valid ././some.fa --log-every 1 --checkpoint-every 1s \
    --no-progress --multiqc 2> messages
  cmp run/model.safetensors other/model.safetensors
  mv far/phix.fa far/phi.fa
  rnntrain -q "${SMALL[@]}" -o named far/phi.fa --valid some.fa
  run ! cmp -s run/model.safetensors named/model.safetensors
  same_weights run named
  [ "$(about run data_crc32)" = "$(about named data_crc32)" ]
}

@test "a resumed run records its original input files and its last --epochs" {
  rnntrain -q "${SMALL[@]}" --schedule constant -e 3 -o whole phix174.fa.gz some.fa
  rnntrain -q "${SMALL[@]}" --schedule constant -o run phix174.fa.gz some.fa
  [[ "$(about run command)" == *" --epochs 1 "* ]]
  xz -k some.fa
  rnntrain -q --resume -e 2 -o run phix.fa some.fa.xz
  rnntrain -q --resume -e 3 -o run - some.fa < phix.fa
  cmp run/model.safetensors whole/model.safetensors
  again run
}

# without_origin FILE: removes the keys that older versions did not write, from a model or a checkpoint.
without_origin() {
  "$PYTHON" - "$1" << 'END'
import json, re, sys, zlib
raw = open(sys.argv[1], 'rb').read()
n = 8 + int.from_bytes(raw[:8], 'little')
header = json.loads(raw[8:n])
old = {key: value for key, value in header['__metadata__'].items()
       if not re.match('input_|command$|init_name|train_bases|valid_bases', key)}
assert len(old) < len(header['__metadata__'])
header['__metadata__'] = {**old, 'header_crc32': '0' * 8}
text = json.dumps(header, separators=(',', ':'))
text += ' ' * (-len(text) % 8)
text = text.replace('"header_crc32":"00000000"', '"header_crc32":"%08x"' % zlib.crc32(text.encode()))
open(sys.argv[1], 'wb').write(len(text).to_bytes(8, 'little') + text.encode() + raw[n:])
END
}

@test "models and checkpoints without an origin, of older versions, are read" {
  rnntrain -q "${SMALL[@]}" -o run some.fa
  cp -r run old
  without_origin old/model.safetensors
  run ! about old command
  same_weights run old | grep -c '^[<>]' > differ || true
  [ "$(cat differ)" -eq 2 ] # train_bases and valid_bases
  rnnpredict --mode score run phix.fa > expected
  rnnpredict --mode score old phix.fa | cmp - expected
  without_origin old/checkpoint.safetensors
  rnntrain -q --resume -o old some.fa
  cmp run/model.safetensors old/model.safetensors
}

@test "a model with a memory records its bits per base with the memory" {
  rnntrain -q "${SMALL[@]}" --memory -o run phix.fa
  "$PYTHON" -c 'import json, sys
messages = json.load(open("run/run.json"))["result"]["memory_frozen_bits_per_base"]
assert abs(messages - float(sys.argv[1])) < 1e-6, messages' "$(about run memory_frozen_bits_per_base)"
  rnntrain -q "${SMALL[@]}" --memory --valid-fraction 0 --force -o run phix.fa
  run ! about run memory_frozen_bits_per_base
  rnnpredict --mode info run | grep memory_bases
}
