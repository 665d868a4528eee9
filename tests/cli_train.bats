# rnntrain: the run directory, reproducibility, and learning.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  rnntrain -q -k 3 -d 8 -D 16 -B 8 -T 16 -e 2 -t 2 --log-every 10 -o run "$DATA/phix174.fa.gz"
  train -o plain "$DATA/phix174.fa.gz"
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run PLAIN=$BATS_FILE_TMPDIR/plain
}

same_model() { cmp "$1/model.safetensors" "$2/model.safetensors"; }

# last COLUMN RUN: prints the last number in this column of loss.tsv.
last() { column "$1" < "$2/loss.tsv" | grep -v NA | tail -n 1; }

# within LOW X HIGH
within() { awk -v a="$1" -v x="$2" -v b="$3" 'BEGIN { print x; exit !(x != "" && a <= x && x < b) }'; }

# weights RUN: prints the bytes of its tensors.
weights() {
  tail -c +$((9 + $(od -An -tu8 -N8 "$1/model.safetensors"))) "$1/model.safetensors"
}

# ---- messages ------------------------------------------------------------------------------------

@test "a terminal shows the progress in one line, redrawn also when the terminal becomes narrower" {
  "$PYTHON" "$SOURCE/tests/terminal.py" run "$DATA/phix174.fa.gz"
}

@test "standard error in a file has whole lines for phases and validations" {
  rnntrain -t 1 -k 3 -D 64 -e 3 -o run "$DATA/phix174.fa.gz" 2> messages
  run ! grep -q $'[\r\033]' messages
  number='[0-9]+\.[0-9]{4}'
  [ "$(grep -cE "^step [0-9]+, epoch [0-9]+\.[0-9]{2}: train $number, valid $number, best $number bits per base; [0-9]+k k-mers/s$" messages)" -eq 3 ]
  [ "$(grep -oE '^(reading|validation: [^0-9]|best Markov model|step|done|longest step|model: run/model.safetensors$)' messages | uniq | paste -sd '|')" = \
    "reading|validation: /|best Markov model|step|done|longest step|model: run/model.safetensors" ]
}

@test "standard error in a file has the first hundred validations and the last, others seconds apart" {
  rnntrain -t 1 -k 2 -d 4 -D 8 -B 8 -T 16 -e 300 -o run "$DATA/phix174.fa.gz" 2> messages
  validations=$(column valid_loss < run/loss.tsv | grep -vc NA)
  [ "$validations" -eq 300 ]
  [ "$(grep -c '^step' messages)" -lt 200 ]
  [ "$(grep -cE '^step .*, epoch [0-9]{1,2}\.00:' messages)" -eq 99 ]
  last=$(tail -n 1 run/loss.tsv | cut -f 1)
  valid=$(tail -n 1 run/loss.tsv | cut -f 10)
  grep '^step' messages > steps
  shown=$(tail -n 1 steps | sed -n "s/^step $last, epoch 300.00: .* valid \([0-9.]*\),.*/\1/p")
  awk -v a="$shown" -v b="$valid" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-8) }' # both are rounded
  head -n 1 steps | grep "epoch 1.00:"
}

@test "--no-progress omits the validations, and -q omits all messages" {
  rnntrain --no-progress -t 1 -k 3 -d 8 -D 16 -e 1 -o run "$DATA/phix174.fa.gz" 2> messages
  run ! grep -q '^step' messages
  grep -q '^reading' messages
  rnntrain -q -t 1 -k 3 -d 8 -D 16 -e 1 --force -o run "$DATA/phix174.fa.gz" > messages 2>&1
  [ ! -s messages ]
}

# ---- results of the network ----------------------------------------------------------------------

@test "run.json: calibration and gradient flow are those of the model on its validation" {
  need_numpy
  { echo ">a"; zcat "$DATA/lambda.fa.gz" | sed -n '2,15p'; } > valid.fa
  local shape bases
  for shape in "-k 3" "-k 4 -s 2" "-k 3 --softmax full --activation tanh"; do
    train --force --valid valid.fa $shape -o run "$DATA/lambda.fa.gz"
    (cd "$SOURCE/tests" && "$PYTHON" - "$OLDPWD") << 'EOF'
import json, sys
import numpy as np
from read_model import Steps, read_model, read_sequences
here = sys.argv[1]
run = json.load(open(here + '/run/run.json'))
(_, sequence), = read_sequences(here + '/valid.fa')
about, w = read_model(here + '/run/model.safetensors')
steps = Steps(about, w, sequence)
p, true = np.zeros((len(steps.after) - 1, 4)), np.zeros((len(steps.after) - 1, 4))
for i, (position, first, yhat) in enumerate(steps.after[:-1]):
    for j, q in enumerate(yhat):
        p[i, (first + j) >> 2 * (steps.s - 1) & 3] += q
    true[i, 'ACGT'.index(sequence[position - 1].upper())] = 1
assert run['valid_tokens'] == len(p) > 300
bins = (p * 20).astype(int)
for point, i in zip(run['calibration'], sorted(set(bins.flat)), strict=True):
    assert point['predictions'] == (bins == i).sum(), (point, i)
    assert abs(point['probability'] - p[bins == i].mean()) < 1e-6
    assert abs(point['observed'] - true[bins == i].mean()) < 1e-9
assert len(run['gradient_flow']) == 16
EOF
    bases=275
    [[ "$shape" != *-s\ * ]] || bases=548 # 256 k-mers to warm up, and the 16 timesteps of a window
    { echo ">a"; sed -n '2,$p' valid.fa | tr -d '\n' | cut -c 1-$bases; } > short.fa
    train --force --valid short.fa $shape -o run "$DATA/lambda.fa.gz"
    rnnpredict --mode flow --timesteps 272 run short.fa > flow.tsv
    "$PYTHON" -c '
import json, math
messages = json.load(open("run/run.json"))["gradient_flow"]
norms = [float(line.split()[3]) for line in open("flow.tsv").readlines()[1:]]
assert len(messages) == 16 and len(norms) == 272
for i, point in enumerate(messages):
    assert point["steps_back"] == i
    for name in ("lower_quartile", "median", "upper_quartile"): # of a single stretch
        assert abs(point[name] - norms[-1 - i]) <= 1e-5 * norms[-1 - i], (point, norms[-1 - i])'
  done
  train --force -o run "$DATA/phix174.fa.gz" # without validation
  grep -q '"calibration": null' run/run.json
  grep -q '"gradient_flow": null' run/run.json
}

# ---- the run directory ---------------------------------------------------------------------------

@test "a run has five files" {
  [ "$(LC_ALL=C ls -A "$RUN" | paste -sd ' ')" = \
    "checkpoint.safetensors loss.tsv model.safetensors run.json timestep_loss.tsv" ]
}

@test "loss.tsv has ten columns, and NA only for values that were not measured" {
  head -n 1 "$RUN/loss.tsv" | tr '\t' ' ' | grep -x "step epoch tokens seconds learning_rate \
gradient_norm train_loss train_bits_per_base valid_loss valid_bits_per_base"
  awk -F '\t' 'NF != 10 { exit bad = 1 }
    NR > 1 { for (i = 1; i <= 8; i++) if ($i !~ /^[0-9.e+-]+$/) exit bad = 1
             if (($9 == "NA") != ($10 == "NA") || $1 <= step) exit bad = 1
             if ($9 != "NA") validated++
             step = $1 }
    END { if (bad) exit 1; if (validated != 2) exit 1 }' "$RUN/loss.tsv"
  [ "$(column valid_loss < "$PLAIN/loss.tsv" | sort -u)" = NA ]
  awk -F '\t' 'NR > 1 && ($7 / log(2) / $8 - 1) ^ 2 > 1e-8 { exit 1 }' "$RUN/loss.tsv"
}

@test "bits per base count every base that a stride adds, in every report" {
  rnntrain "${TINY[@]:1}" -k 4 -s 3 -e 4 --valid-fraction 0.2 -o run "$DATA/phix174.fa.gz" 2> messages
  paste <(column train_loss < run/loss.tsv) <(column train_bits_per_base < run/loss.tsv) > train
  paste <(column valid_loss < run/loss.tsv) <(column valid_bits_per_base < run/loss.tsv) | grep -v NA > valid
  for rows in train valid; do
    awk '($1 / (3 * log(2)) / $2 - 1) ^ 2 > 1e-8 { exit bad = 1 } END { exit bad || NR < 4 }' $rows
  done
  # The same for the output of rnnpredict for the validation bases, with a token per three bases.
  { echo '>valid'; zcat "$DATA/phix174.fa.gz" | tail -n +2 | tr -d '\n' | tail -c $((5386 / 5)); } > valid.fa
  rnnpredict --mode score run valid.fa > score
  [ "$(column bases < score)" -eq $((3 * $(column tokens < score))) ]
  near() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && (a - b) ^ 2 < 1e-6) }'; }
  best=$(column bits_per_base < score)
  near "$(cut -f 2 valid | sort -g | head -n 1)" "$best"
  near "$(sed -n 's/^validation: \([0-9.]*\) bits per base.*/\1/p' messages)" "$best"
  read -r trained valid least <<< \
    "$(sed -n 's/^step .*: train \([0-9.]*\), valid \([0-9.]*\), best \([0-9.]*\) bits.*/\1 \2 \3/p' messages |
      tail -n 1)"
  near "$trained" "$(tail -n 1 train | cut -f 2)"
  near "$valid" "$(tail -n 1 valid | cut -f 2)"
  near "$least" "$best"
  near "$(sed -n 's/.*"whole_bits_per_base": *\([0-9.]*\).*/\1/p' run/run.json | tail -n 1)" \
    "$(column whole_bits_per_base < score)"
  near "$(rnnpredict --mode info run | awk '$1 == "valid_bits_per_base" { print $2 }')" "$best"
  near "$(sed -n 's/.*"best_valid_bits_per_base": *\([0-9.]*\).*/\1/p' run/run.json)" "$best"
  rnntrain "${TINY[@]:1}" -k 4 -s 3 --init run --valid-fraction 0.2 -o next "$DATA/phix174.fa.gz" 2> messages
  near "$(sed -n 's/.*: \([0-9.]*\) bits per base before training/\1/p' messages)" "$best"
}

@test "tokens in loss.tsv are the k-mers of the sequence in all epochs" {
  train_bases=$((5386 - 5386 / 10))
  [ "$(last tokens "$RUN")" -eq $((2 * (train_bases - 3))) ]
  [ "$(last tokens "$PLAIN")" -eq $((5386 - 3)) ]
}

@test "timestep_loss.tsv has T rows per step, whose mean is train_loss of loss.tsv" {
  [ "$(head -n 1 "$RUN/timestep_loss.tsv")" = "$(printf 'step\ttimestep\tloss\ttokens')" ]
  awk -F '\t' 'FNR == 1 { next }
    FILENAME ~ /timestep/ { if (NF != 4 || $2 != ++row[$1]) exit bad = 1
                            if ($3 != "NA") sum[$1] += $3 * $4
                            all[$1] += $4; tokens += $4; next }
    { if (row[$1] != 16 || (sum[$1] / all[$1] / $7 - 1) ^ 2 > 1e-8) exit bad = 1
      rows++; last = $3 }
    END { if (bad) exit 1; if (rows != length(row) || rows < 5 || tokens != last) exit 1 }' \
    "$RUN/timestep_loss.tsv" "$RUN/loss.tsv"
}

@test "run.json records the options, the input and the results" {
  "$PYTHON" -m json.tool "$RUN/run.json" > /dev/null
  "$PYTHON" - "$RUN" "$DATA/phix174.fa.gz" << 'END'
import json, os, sys, zlib
run, path = sys.argv[1:]
report = json.load(open(run + '/run.json'))
assert report['program'] == 'rnntrain' and report['status'] == 'done' and report['seed'] == 1
assert report['command'][-1] == path and report['options']['kmer'] == 3
data = open(path, 'rb').read()
file, = report['inputs']
assert file['bytes'] == len(data) and int(file['crc32'], 16) == zlib.crc32(data)
assert (file['records'], file['bases']) == (1, 5386)
assert report['train_tokens'] == 4848 - 3 and report['valid_tokens'] == 538 - 3
markov = report['markov']
orders = markov['bits_per_base_by_order']
assert len(orders) == 12 and min(orders) == markov['best_bits_per_base'] == orders[markov['best_order']]
assert 1.8 < markov['best_bits_per_base'] < 2.1
result = report['result']
last = open(run + '/loss.tsv').read().split('\n')[-2].split('\t')
assert result['steps'] == int(last[0]) and result['tokens'] == int(last[2])
assert abs(result['best_valid_loss'] - float(last[8])) < 1e-5 and result['seconds'] > 0
assert result['peak_memory_bytes'] > 1e6 and report['openblas'] and report['cpu_level']
END
}

@test "the summary shows the bits of the validation and of the Markov model; -q omits it" {
  run --separate-stderr -0 rnntrain -k 2 -d 4 -D 8 -e 1 -o run "$DATA/phix174.fa.gz"
  [ -z "$output" ]
  bits=$(printf %.4f "$(last valid_bits_per_base run)")
  [[ "$stderr" =~ "validation: $bits bits per base; best Markov model (order "[0-9]+"): "[12]\. ]]
  run -0 train -o quiet "$DATA/phix174.fa.gz"
  [ -z "$output" ]
}

# ---- dry run -------------------------------------------------------------------------------------

@test "--dry-run agrees with awk on the input's counts, and writes nothing" {
  printf '>a b\nACGTNNacgt\nRYac--gt\n>empty\n>c\nUUu\n' > mixed.fa
  files=("$DATA/lambda.fa.gz" "$DATA/reads.fq.gz" mixed.fa)
  run --separate-stderr -0 rnntrain --dry-run -k 3 --valid-fraction 0 -o run "${files[@]}"
  [ "$(ls)" = mixed.fa ]
  [[ "$stderr" == *"training k-mers: "* && "$stderr" == *parameters* && "$stderr" == *memory* ]]
  {
    echo file records bases A C G T ambiguous lowercase segments longest n50 \
      circular masked low_quality short_segments short_bases
    for file in "${files[@]}"; do
      zcat -f "$file" | awk -v file="$file" '
        NR == 1 { fastq = /^@/ }
        fastq ? NR % 4 == 1 : /^>/ { records++; next }
        fastq && NR % 4 != 2 { next }
        { text[records] = text[records] $0 }
        END {
          for (r = 1; r <= records; r++) {
            s = text[r]; bases += n = length(s); of[n]++
            if (n > longest) longest = n
            lower += gsub(/[a-z]/, "&", s); s = toupper(s)
            a += gsub("A", "A", s); c += gsub("C", "C", s); g += gsub("G", "G", s)
            t += gsub(/[TU]/, "T", s); other += gsub(/[^ACGT]/, "-", s)
            segments += gsub(/[ACGT]+/, "", s)
          }
          for (n50 = longest; (sum += n50 * of[n50]) * 2 < bases; n50--);
          print file, records, bases, a + 0, c + 0, g + 0, t + 0, other + 0, lower + 0, segments + 0,
                longest, n50, 0, 0, 0, 0, 0
        }'
    done
  } > counted
  diff counted <(tr '\t' ' ' <<< "$output")
}

@test "a terminal shows the progress of the phases before training and of the memory" {
  local shown='.*\r *[0-9]+% .* left  [0-9]+ bases' learn=(-k 3 -d 8 -D 16 -e 0 --memory --valid-fraction 0 --init "$RUN")
  drawn() { timeout 600 "$PYTHON" "$SOURCE/tests/on_terminal.py" 2 "(?s)$1" "$2" rnntrain --force -o shown "${@:3}" ||
    [ $? -eq 143 ]; }
  random_bases 3000000 1 > bases
  { echo ">long"; cat bases bases bases bases bases bases; } > long.fa
  drawn "reading 3 files$shown" kill -e 1 long.fa long.fa long.fa
  drawn "counting Markov models$shown" kill -e 1 long.fa
  drawn "indexing the memory of repeats$shown" kill "${learn[@]}" long.fa
  drawn "calibrating the memory of repeats$shown" kill "${learn[@]}" long.fa
  drawn '\r *[0-9]+m?s?( [0-9]+s)?  [0-9]+ bases' 'feed:>a\nACGTACGT\n' -k 2 -D 4 -e 1 -
}

@test "control characters in a file name break no row and do not reach a terminal" {
  name=$(printf 'a\tb\nc\033[31m\302\233d.fa')
  cp "$DATA/phix174.fa.gz" "$name"
  rnntrain --dry-run "$name" > table 2> messages
  [ "$(wc -l < table)" -eq 2 ]
  [ "$(cut -f 1 table | tail -n 1)" = "$(printf 'a\\tb\\nc\033[31m\302\233d.fa')" ]
  run ! grep -P '[^\x20-\x7e\n]' messages
  "$PYTHON" "$SOURCE/tests/on_terminal.py" 12 file none rnntrain --dry-run "$name" > drawn
  grep -q '^a?b?c?\[31m??d.fa' drawn
  run ! grep -P '[^\x20-\x7e\t\r]' drawn
  train --force -o "$name.run" "$name" 2> messages
  rnntrain -k 2 -D 4 -e 1 --force -o "$name.run" "$name" 2> messages
  grep -q 'a?b?c?\[31m??d.fa.run/model.safetensors' messages
  run ! grep -P '[^\x20-\x7e\n]' messages
}

@test "--dry-run prints the k-mers and parameters of the run" {
  rnntrain --dry-run -k 3 -d 8 -D 16 "$DATA/phix174.fa.gz" > table 2> messages
  grep -q "training k-mers: 4845 in .* pieces; 535 for validation" messages
  grep -q "parameters: $((64 * 8 + 16 * 16 + 8 * 16 + 16 + 16 * 64 + 64))," messages
  rnntrain -q --dry-run "$DATA/phix174.fa.gz" > table 2> messages
  [ ! -s messages ]
}

# ---- the same, and not the same ------------------------------------------------------------------

@test "the same seed gives the same bytes, and another seed others" {
  train -o again "$DATA/phix174.fa.gz"
  same_model again "$PLAIN"
  train -o other --seed 2 "$DATA/phix174.fa.gz"
  [ "$(about other data_crc32)" != "$(about "$PLAIN" data_crc32)" ]
}

@test "the largest seed keeps its last digit, and leading zeros have no effect" {
  train -o run --seed 9007199254740992 "$DATA/phix174.fa.gz"
  grep -q '"seed": 9007199254740992,' run/run.json
  rnnpredict --mode info run | grep -x "seed	9007199254740992"
  train --resume -o run --seed 009007199254740992 "$DATA/phix174.fa.gz"
  train -o before --seed 9007199254740991 "$DATA/phix174.fa.gz"
  [ "$(about run data_crc32)" != "$(about before data_crc32)" ]
}

@test "the bytes do not depend on the number of threads, in both forms of the softmax" {
  for softmax in followers full; do
    for threads in 1 2 3; do
      rnntrain "${TINY[@]}" -B 64 -D 64 -t $threads --softmax $softmax -o $softmax$threads \
        "$DATA/phix174.fa.gz"
      same_model $softmax$threads ${softmax}1
    done
  done
}

@test "the weights do not depend on a pipe or on the line length of the input" {
  zcat "$DATA/phix174.fa.gz" | train -o pipe -
  same_weights pipe "$PLAIN"
  zcat "$DATA/phix174.fa.gz" | sed '1!s/$/\r/' | tr ACGT acgt | train -o crlf -
  same_weights crlf "$PLAIN"
}

@test "--force overwrites a run and keeps other files" {
  train -o run --seed 2 "$DATA/phix174.fa.gz"
  echo mine > run/notes.txt
  train -o run --force "$DATA/phix174.fa.gz"
  same_model run "$PLAIN"
  [ "$(cat run/notes.txt)" = mine ]
}

@test "--init continues from a model, which stays the best if training makes it worse" {
  train --valid-fraction 0.1 -o first "$DATA/lambda.fa.gz"
  train --valid-fraction 0.1 --init first -o next "$DATA/lambda.fa.gz"
  [ "$(sed -n 2p next/loss.tsv | cut -f 1,3,7)" = "0	0	NA" ]
  [ "$(sed -n 2p next/loss.tsv | cut -f 9)" = "$(last valid_loss first)" ]
  within 0 "$(last valid_loss next)" "$(last valid_loss first)"
  crc=$(rnnpredict --mode info first | awk '$1 == "data_crc32" { print $2 }')
  [ "$(rnnpredict --mode info next | awk '$1 == "init_data_crc32" { print $2 }')" = "$crc" ]
  # A much too large rate makes the network diverge at once.
  run -0 train --valid-fraction 0.1 --init first/model.safetensors --learning-rate 0.3 --warmup 0 -o spoilt \
    "$DATA/lambda.fa.gz"
  within "$(last valid_loss first)" "$(last valid_loss spoilt)" 99
  weights first | cmp - <(weights spoilt)
  # Without validation there is nothing to compare.
  train --valid-fraction 0 --init first -o blind "$DATA/lambda.fa.gz"
  # In place: the model is read before it is replaced.
  train --valid-fraction 0.1 --init first --force -o first "$DATA/lambda.fa.gz"
  weights first | cmp - <(weights next)
}

@test "--init refuses a model of another shape and names the options that fit" {
  train -o first "$DATA/phix174.fa.gz"
  for row in "-k 4:-k 3" "-s 2:-s 1" "-d 9:-d 8" "-D 9:-D 16" \
    "--activation tanh:--activation sigmoid" "--softmax full:--softmax followers" \
    "-k 4 -s 2 -d 9 -D 9 --activation relu --softmax full:-k 3 -s 1 -d 8 -D 16 --activation sigmoid --softmax followers"; do
    run -1 train ${row%:*} --init first -o next "$DATA/phix174.fa.gz"
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == "rnntrain: first: its "*"give ${row#*:}, or another model" ]]
    [ ! -e next ]
  done
  run -1 train --init nowhere -o next "$DATA/phix174.fa.gz"
  [[ "$output" == *nowhere* ]]
  run -1 train --init "$DATA/phix174.fa.gz" -o next "$DATA/phix174.fa.gz"
  [[ "$output" == *phix174.fa.gz* ]]
}

@test "--init refuses a model with a weight that is not finite" {
  train -o first "$DATA/phix174.fa.gz"
  "$PYTHON" -c 'import sys, zlib
data = open("first/model.safetensors", "rb").read()
size = 8 + int.from_bytes(data[:8], "little")
head, tensors = data[:size], data[size:-4] + b"\0\0\xc0\x7f" # NaN
old, new = (b"%08x" % zlib.crc32(bytes) for bytes in (data[size:], tensors))
assert head.count(old) == 1
open("nan.safetensors", "wb").write(head.replace(old, new).replace(b"header_crc32", b"header_crc__") + tensors)'
  run -1 train --valid-fraction 0.1 --init nan.safetensors -o next "$DATA/phix174.fa.gz"
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"nan.safetensors: malformed at b2: has a number that is not finite"* ]]
  [ ! -e next ]
}

@test "with --max-time epochs do not end a run; with --schedule plateau validation does" {
  printf '>s\n%s\n' "$(random_bases 100 1)" > short.fa # an epoch is a step
  with_time rnntrain -q -k 2 -d 4 -D 8 -B 8 -T 16 -t 1 --valid-fraction 0 -o timed short.fa
  within 12 "$(last epoch timed)" 1e9
  grep -q '"status": "out of time"' timed/run.json
  grep -q '"epochs": null' timed/run.json
  rnnpredict --mode info timed > info
  run ! grep epochs info
  rnntrain -q -k 2 -d 4 -D 8 -B 8 -T 16 -t 1 --max-time 1h -e 12 -o both "$DATA/phix174.fa.gz"
  grep -q '"status": "done"' both/run.json
  rnntrain -q -k 2 -d 4 -D 8 -B 8 -T 16 -t 1 --schedule plateau -o plateau "$DATA/phix174.fa.gz"
  grep -q '"status": "stopped early"' plateau/run.json
  [ "$(column learning_rate < plateau/loss.tsv | tail -n +9 | sort -u | grep -c .)" -ge 6 ]
}

@test "the followers softmax is the full softmax if the stride is k" {
  for softmax in followers full; do
    train -s 3 --softmax $softmax -o $softmax "$DATA/phix174.fa.gz"
    weights $softmax > $softmax.data
  done
  [ -s full.data ]
  cmp followers.data full.data
}

@test "a loss far above that of guessing is divergence, and the best earlier model is kept" {
  activations=$(words rnntrain activation)
  for activation in $activations; do
    run -3 rnntrain -q -k 2 -D 16 -B 8 -e 3 --activation $activation --learning-rate 1e6 --force \
      -o run "$DATA/lambda.fa.gz"
    [[ "$output" == *diverged*--learning-rate* ]]
  done
  # The rate rises slowly, so the first epochs are sound.
  run -3 rnntrain -q -k 2 -d 4 -D 8 -B 8 -T 16 -e 300 --learning-rate 300 --warmup 6000 -o late \
    "$DATA/phix174.fa.gz"
  [[ "$output" == *"best model before that is kept"* ]]
  within 1 "$(rnnpredict --mode score late "$DATA/phix174.fa.gz" | column bits_per_base)" 3
}

@test "a validation loss that is NaN is divergence" {
  run -3 with_cpu 60 rnntrain -q -e 1 --activation relu --learning-rate 1e4 --warmup 0 -t 1 -d 8 -D 32 \
    -o run "$DATA/phix174.fa.gz"
  [[ "$output" == *diverged* ]]
  [ ! -e run/model.safetensors ]
  [ "$(column valid_loss < run/loss.tsv | sort -u)" = NA ]
}

@test "hidden states that are not finite reach no checkpoint" {
  for rate in 0.5 10 1e4; do
    run -3 rnntrain -q -e 3 --activation relu --valid-fraction 0 --checkpoint-every 0.0001s --warmup 0 \
      --learning-rate $rate -t 1 -d 8 -D 32 --force -o run "$DATA/lambda.fa.gz"
    run -3 rnntrain -q --resume -o run "$DATA/lambda.fa.gz" # it can be read
  done
}

@test "weights that are not finite reach no checkpoint, even if one is written after every step" {
  # Which of these steps makes an H that is not finite may differ from CPU to CPU.
  for T in 5 6 7; do
    for rate in 1e6 1e7 1e8; do
      run -3 rnntrain "${TINY[@]}" -T $T --activation relu --optimizer sgd --clip 0 --schedule constant \
        --learning-rate $rate --warmup 0 --checkpoint-every 0.000001s --force -o run "$DATA/phix174.fa.gz"
      [ "${#lines[@]}" -eq 1 ]
      run -3 rnntrain -q --resume -o run "$DATA/phix174.fa.gz" # it can be read
      grep -q '"status": "diverged"' run/run.json
    done
  done
}

@test "divergence from a high learning rate exits with 3 and leaves only finite weights" {
  run -3 rnntrain "${TINY[@]}" --activation relu --optimizer sgd --clip 0 --learning-rate 1e8 \
    --schedule constant --warmup 0 -e 20 -o run "$DATA/phix174.fa.gz"
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *--learning-rate* ]]
  [ ! -e run/model.safetensors ] # nothing was ever validated, so there is nothing to keep
  grep -q '"status": "diverged"' run/run.json
  grep -q '"skipped_steps": 10' run/run.json
}

@test "the model has the weights of the best validation, and scores its bits" {
  # The network overfits 200 bases, so the validation loss increases after a while.
  printf '>a\n%s\n' "$(random_bases 200 1)" > a.fa
  printf '>b\n%s\n' "$(random_bases 900 2)" > b.fa
  rnntrain -q -k 3 -d 8 -D 32 -B 4 -T 16 -e 40 -t 2 --learning-rate 0.02 --valid b.fa -o run a.fa
  best=$(column valid_bits_per_base < run/loss.tsv | grep -v NA | sort -g | sed -n 1p)
  within 0.1 "$(awk -v a="$(last valid_bits_per_base run)" -v b="$best" 'BEGIN { print a - b }')" 9
  score=$(rnnpredict --mode score run b.fa | column bits_per_base)
  within "$(awk -v b="$best" 'BEGIN { print b - 1e-5 }')" "$score" \
    "$(awk -v b="$best" 'BEGIN { print b + 1e-5 }')"
}

@test "the cuts of a validation do not change its loss" {
  rnntrain -q -k 3 -d 8 -D 32 -B 8 -T 32 -e 2 -t 2 --valid "$DATA/phix174.fa.gz" -o run "$DATA/lambda.fa.gz"
  score=$(rnnpredict --mode score run "$DATA/phix174.fa.gz" | column bits_per_base)
  valid=$(last valid_bits_per_base run)
  within -0.0001 "$(awk -v a="$score" -v b="$valid" 'BEGIN { print a - b }')" 0.0001
}

@test "with standard error closed, messages are discarded and do not get into a file" {
  rnntrain -k 2 -d 4 -D 8 -B 4 -e 1 -o run "$DATA/phix174.fa.gz" 2>&-
  awk -F '\t' 'NF != 10 { exit bad = 1 } END { exit bad || NR < 2 }' run/loss.tsv
  awk -F '\t' 'NF != 4 { exit bad = 1 } END { exit bad || NR < 2 }' run/timestep_loss.tsv
}

@test "with standard error closed and without /dev/null, messages do not get into a file" {
  unshare -rm true 2> kept || skip "nothing can be mounted here"
  # shellcheck disable=SC2016
  run -0 unshare -rm bash -euc '
    mount -t tmpfs none /dev
    [ ! -e /dev/null ]
    rnntrain -k 2 -d 4 -D 8 -B 4 -e 1 -o run "$1" 2>&-
    rnntrain -k 2 -d 4 -D 8 -B 4 -e 1 -o none "$1" <&- >&- 2>&-
    code=0
    rnnpredict run "$1" > messages 2>&1 >&- || code=$?
    [ $code -eq 1 ]' bash "$DATA/phix174.fa.gz"
  for run in run none; do
    awk -F '\t' 'NF != 10 { exit bad = 1 } END { exit bad || NR < 2 }' $run/loss.tsv
    awk -F '\t' 'NF != 4 { exit bad = 1 } END { exit bad || NR < 2 }' $run/timestep_loss.tsv
    same_model $run run
    rnnpredict --mode info $run/checkpoint.safetensors > kept
    "$PYTHON" -m json.tool $run/run.json > kept
  done
  grep -q "standard output: cannot be written: Bad file descriptor" messages
}

@test "a closed standard stream that cannot be reserved ends a program before it creates a file" {
  strace -o kept true 2> kept || skip "no strace: apt-get install strace"
  not_sanitized "the sanitizers do not work under strace"
  for closed in '<&-' '>&-' '2>&-'; do
    code=0
    strace -f -o trace -P / -e inject=openat:error=EMFILE \
      bash -c "exec rnntrain -k 2 -d 4 -D 8 -e 1 -o run '$DATA/phix174.fa.gz' $closed" 2> messages || code=$?
    [ "$code" -eq 1 ]
    [ ! -e run ]
    [ "$closed" = '2>&-' ] || grep -q "^rnntrain: file descriptor [01] is closed and cannot be reserved: Too many open files" messages
  done
}

@test "the memory estimate is accurate to a tenth" {
  not_sanitized "the address sanitizer takes memory of its own"
  zcat "$DATA/phix174.fa.gz" "$DATA/lambda.fa.gz" > both.fa
  for shape in "-k 4" "-k 6 -d 16 -D 32 --softmax full" "-k 2 -d 8 -D 64 -B 2048 -T 20 --valid-fraction 0" \
    "-k 9 -D 16" "-k 9 -D 16 --optimizer sgd --valid-fraction 0" "-k 6 -d 128 -D 128 -B 256 -T 64 --valid-fraction 0" \
    "-k 3 -D 256 -B 128 -T 128 --valid-fraction 0 --optimizer momentum" "-k 7 -D 8 --softmax full --valid-fraction 0" \
    "-k 5 -d 256 -B 512 -T 32 --valid-fraction 0"; do
    forecast=$(rnntrain --dry-run -t 2 $shape -e 1 both.fa 2>&1 > /dev/null |
      awk '/^memory:/ { unit["kB"] = 1e3; unit["MB"] = 1e6; unit["GB"] = 1e9; print $2 * unit[$3] }')
    rnntrain -q -t 2 $shape -e 1 --force -o run both.fa
    taken=$(awk -F '[ ,]+' '/peak_memory_bytes/ { print $3 }' run/run.json)
    echo "$shape: forecast $forecast, taken $taken"
    within 0.98 "$(awk -v forecast="$forecast" -v taken="$taken" 'BEGIN { print forecast / taken }')" 1.12
  done
}

@test "every step has a learning rate above 0, the first one too" {
  train --log-every 1 -e 2 -o run "$DATA/phix174.fa.gz"
  column learning_rate < run/loss.tsv | awk '!($1 > 0) { exit bad = 1 } END { exit bad || NR < 2 }'
}

# ---- validation and time -------------------------------------------------------------------------

@test "--valid FILE validates on that file and trains on all others" {
  rnntrain "${TINY[@]}" --valid "$DATA/reads.fq.gz" -o run "$DATA/phix174.fa.gz"
  within 1 "$(last valid_bits_per_base run)" 3
  "$PYTHON" -c 'import json; r = json.load(open("run/run.json"))
assert r["train_tokens"] == 5386 - 3 and [i["use"] for i in r["inputs"]] == ["training", "validation"]
assert 25000 < r["valid_tokens"] < 28800 - 400 * 3'
}

@test "--max-time ends a run in time, with a model" {
  for time in 1 4 16 64; do # a pause of the machine is a smaller part of a longer run
    rnntrain "${TINY[@]}" -e 1000000 --force --max-time "$time" -o run "$DATA/phix174.fa.gz" || [ "$time" -lt 64 ]
    if [ -e run/run.json ] && within 0 "$(last learning_rate run)" 0.0001; then break; fi
  done
  within 0 "$(last learning_rate run)" 0.0001
  within "$((time - 1)).9" "$(last seconds run)" 600
  grep -q '"status": "out of time"' run/run.json
  [ -s run/model.safetensors ]
}

@test "--patience stops when validation no longer improves" {
  printf '>r\n%s\n' "$(random_bases 3000 7)" > random.fa
  rnntrain "${TINY[@]}" --valid-fraction 0.2 --patience 2 -e 100 --learning-rate 0.03 -o run random.fa
  grep -q '"status": "stopped early"' run/run.json
  within 1 "$(last epoch run)" 60
}

@test "--patience N stops after exactly N validations without an improvement" {
  printf '>r\n%s\n' "$(random_bases 3000 7)" > random.fa
  for patience in 1 2 5; do
    rnntrain "${TINY[@]}" --force --valid-fraction 0.2 --patience $patience -e 100 --learning-rate 0.03 -o run random.fa
    grep -q '"status": "stopped early"' run/run.json
    best=$(grep -o '"best_step": [0-9]*' run/run.json | grep -o '[0-9]*$')
    later=$(awk -F '\t' -v best="$best" 'NR > 1 && $9 != "NA" && $1 > best' run/loss.tsv | wc -l)
    [ "$later" -eq "$patience" ]
  done
}

@test "a validation in pieces has the loss of one long read" {
  rnntrain -q -k 3 -d 8 -D 32 -B 32 -T 16 -e 3 -t 2 --learning-rate 0.01 --valid "$DATA/lambda.fa.gz" -o run "$DATA/lambda.fa.gz"
  cut=$(rnnpredict --mode info run | awk '$1 == "valid_bits_per_base" { print $2 }')
  whole=$(rnnpredict --mode score run "$DATA/lambda.fa.gz" | column bits_per_base)
  awk -v a="$cut" -v b="$whole" 'BEGIN { print a, b; exit !(a > 1 && (a - b) ^ 2 < 9e-12) }'
}

@test "run.json: the quartiles of the gradient flow are those over the stretches" {
  # Five records of 256 timesteps and a window each: a stretch each.
  random_bases 1375 3 | fold -w 275 | awk '{ printf ">%d\n%s\n", NR, $1 }' > five.fa
  train --valid five.fa -e 3 -o run "$DATA/lambda.fa.gz"
  rnnpredict --mode flow --timesteps 272 run five.fa > flow.tsv
  "$PYTHON" -c '
import json
run = json.load(open("run/run.json"))
assert run["gradient_flow_stretches"] == 5 and len(run["gradient_flow"]) == 16
norms = {}
for line in open("flow.tsv").readlines()[1:]:
    record, _, timestep, norm = line.split("\t")
    norms.setdefault(272 - int(timestep), []).append(float(norm))
for point in run["gradient_flow"]:
    ordered = sorted(norms[point["steps_back"]])
    for name, i in (("lower_quartile", 1), ("median", 2), ("upper_quartile", 3)):
        assert abs(point[name] - ordered[i]) <= 1e-5 * ordered[i], (point, ordered)'
}

# ---- learning ------------------------------------------------------------------------------------

@test "a short sequence is memorised" {
  printf '>s\n%s\n' "$(random_bases 200 5)" > short.fa
  for softmax in followers full; do
    rnntrain -q -k 4 -d 16 -D 64 -B 1 -T 32 -e 300 --learning-rate 0.01 --valid-fraction 0 \
      --softmax $softmax -t 2 -o $softmax short.fa
    within 0 "$(last train_bits_per_base $softmax)" 0.05
  done
}

# periodic FILE: one record, 17 random bases 400 times.
periodic() {
  unit=$(random_bases 17 5)
  { echo ">p"; for i in {1..400}; do echo "$unit"; done; } > "$1"
}

@test "a periodic sequence is learnt, also in the held-out part" {
  periodic periodic.fa
  rnntrain -q -k 3 -d 16 -D 32 -B 4 -T 32 -e 10 --learning-rate 0.01 -t 2 -o run periodic.fa
  within 0 "$(last valid_bits_per_base run)" 0.05
}

@test "--strands both learns the other strand as well" {
  periodic periodic.fa
  { echo ">c"; grep -v '>' periodic.fa | tac | rev | tr ACGT TGCA; } > complement.fa
  rnntrain -q -k 3 -d 16 -D 32 -B 4 -T 32 -e 20 --learning-rate 0.01 -t 2 --strands both \
    --valid complement.fa -o run periodic.fa
  within 0 "$(last valid_bits_per_base run)" 0.1
}

@test "every optimizer with every schedule lowers the loss" {
  periodic periodic.fa
  optimizers=$(words rnntrain optimizer)
  schedules=$(words rnntrain schedule)
  for optimizer in $optimizers; do
    for schedule in $schedules; do
      train -e 3 --optimizer $optimizer --schedule $schedule --valid periodic.fa --force -o run periodic.fa
      within 0 "$(last train_bits_per_base run)" 1.95
    done
  done
}

@test "independent random bases stay at 2 bits per base" {
  printf '>r\n%s\n' "$(random_bases 60000 5)" > random.fa
  rnntrain -q -d 16 -D 32 -B 16 -T 32 -e 3 -t 2 -o run random.fa
  for bits in $(column valid_bits_per_base < run/loss.tsv | grep -v NA); do
    within 1.99 "$bits" 2.03
  done
  within 1.99 "$(last valid_bits_per_base run)" 2.03
}
