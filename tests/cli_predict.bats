# rnnpredict: its results match the equations and depend only on the record.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run -e 3 "$DATA/phix174.fa.gz"
  train -o full -e 3 --softmax full "$DATA/phix174.fa.gz"
  zcat "$DATA/reads.fq.gz" > reads.fq
  head -n 160 reads.fq > forty.fq
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run FULL=$BATS_FILE_TMPDIR/full
  READS=$BATS_FILE_TMPDIR/reads.fq FORTY=$BATS_FILE_TMPDIR/forty.fq
}

# The options of rnnpredict for each KIND of read_model.py.
declare -gA ASK=(
  [next]="--top 4096" [all]="--positions all --top 256"
  [bases]="--bases" [allbases]="--bases --positions all"
  [score]="--mode score" [both]="--mode score --strands both"
  [track]="--mode track" [bedgraph]="--mode track --format bedgraph" [window7]="--mode track --window 7"
  [states]="--mode embed --positions all" [duplex_states]="--mode embed --positions all --strands both"
  [duplex_track]="--mode track --strands both" [duplex_bedgraph]="--mode track --strands both --format bedgraph"
  [duplex_window7]="--mode track --strands both --window 7" [duplex_mean]="--mode embed --strands both"
  [duplex_allbases]="--bases --positions all --strands both"
  [mean]="--mode embed" [last]="--mode embed --state last" [npy]="--mode embed --format npy")

# as_computed RUN FILE [KIND...]: checks that the tables of these kinds, or of all, equal those that read_model.py
# computes from model and sequence. With a sanitizer the tables are only made.
as_computed() {
  need_numpy
  local run=$1 file=$2 kind tables=()
  shift 2
  [ $# -gt 0 ] || set -- "${!ASK[@]}"
  for kind; do
    rnnpredict ${ASK[$kind]} -o $kind.table "$run" "$file"
    tables+=("$kind=$kind.table")
  done
  is_sanitized || "$PYTHON" "$SOURCE/tests/read_model.py" "$run/model.safetensors" "$file" "${tables[@]}"
}

@test "the help of each program lists only its own exit codes" {
  run -0 rnnpredict --help
  [[ "$output" == *"exit codes: 0 success"* ]]
  [[ "$output" != *diverged* ]]
}

@test "the order of k-mers does not depend on --top" {
  train --softmax full -k 4 --force -o run "$DATA/phix174.fa.gz"
  rnnpredict --top 256 run "$DATA/phix174.fa.gz" > all.tsv # sorted; few are inserted one by one
  rnnpredict --top 20 run "$DATA/phix174.fa.gz" > few.tsv
  cmp few.tsv <(head -n 21 all.tsv)
  sort -c -t $'\t' -k4,4gr <(tail -n +2 all.tsv)
}

@test "--top of any size is fast" {
  train --softmax full -k 6 -o run "$DATA/phix174.fa.gz"
  with_cpu 60 rnnpredict --positions all --top 256 run "$DATA/phix174.fa.gz" > many.tsv # sorting all takes minutes
  rnnpredict --positions all --top 3 run "$DATA/phix174.fa.gz" | cmp - <(awk -F '\t' 'NR == 1 || $3 <= 3' many.tsv)
}

@test "k-mers of equal probability are in alphabetical order" {
  "$PYTHON" -B -c 'import sys
sys.path.insert(0, sys.argv[1])
import make
make.numbers = lambda size: bytes(size)
open("even.safetensors", "wb").write(make.pack(*make.intact(*make.header())))' "$SOURCE/tests/broken"
  [ "$(rnnpredict --top 3 --no-header even.safetensors "$FORTY" | head -n 3 | cut -f 2-4 | tr '\t\n' ' ;')" = \
    "1 A 0.250000;2 C 0.250000;3 G 0.250000;" ]
}

# ---- the numbers ---------------------------------------------------------------------------------

@test "NumPy computes the same predictions for every activation, softmax and stride" {
  printf '>short\nAC\n>one\nACG\n>two\nACGT\n>lower\nacguACGT\n>gap\nACGTTNNNGATTACAN\n' > few.fa
  printf '>gap at the end\nACGTTNAC\n>rest\nACGTTGC\n>rest behind a gap\nTTACGNGATTACAG\n>empty\n>n\nNN\n' >> few.fa
  printf '>odd\nACGTTGCATTGACCAACGTTGCATTGACCAGRACGTTGCATTGACCAACGTTGCATTGACCANNGATTACAGATTACAGA\n' >> few.fa
  zcat "$DATA/phix174.fa.gz" | sed -n 1,30p > some.fa
  activations=$(words rnntrain activation)
  for activation in $activations; do
    for softmax in "followers -s 1" "followers -s 2" "full -s 1" "full -s 3"; do
      train -e 5 --activation $activation --softmax $softmax --force -o run "$DATA/phix174.fa.gz"
      as_computed run few.fa
    done
    as_computed run some.fa
    rnnpredict --mode embed --kmers run > kmers.tsv
    "$PYTHON" "$SOURCE/tests/read_model.py" run/model.safetensors few.fa kmers=kmers.tsv
  done
}

# turned FILE: prints the reverse complements of its records.
turned() {
  awk '!/^>/ { line = ""
               for (i = length($0); i > 0; i--) line = line substr($0, i, 1)
               $0 = line } 1' "$1" | sed '/^>/!y/ACGTacgtu/TGCAtgcaa/'
}

@test "--strands both scores a record and its reverse complement, and takes the mean" {
  printf '>short\nAC\n>mixed\nACguuTGATTACANNGATTRACAGGATCCTTGAC\n>empty\n>ring circular=true\nGATTACAGG\n' > few.fa
  { cat few.fa; printf '>lambda\n'; zcat "$DATA/lambda.fa.gz" | tail -n +2 | tr -d '\n'; echo; } > all.fa
  turned all.fa > turned.fa
  rnnpredict --mode score "$RUN" all.fa > forward.tsv 2> /dev/null
  rnnpredict --mode score "$RUN" turned.fa > reverse.tsv 2> /dev/null
  rnnpredict --mode score --strands both "$RUN" all.fa > both.tsv 2> circles.txt
  [ "$(cat circles.txt)" = "rnnpredict: all.fa: circular records: 1" ]
  cmp forward.tsv <(cut -f 1-7,12 both.tsv)
  cut -f 5,6,8 reverse.tsv | diff - <(cut -f 8,9,13 both.tsv | sed 's/reverse_//g')
  awk -F '\t' 'NR == 1 { next }
    $2 == 0 { if ($8 $9 $10 $11 != "NANANANA") exit bad = 1; short++; next }
    ($10 - ($5 + $8) / 2) ^ 2 > 4e-12 || ($11 - ($6 + $9) / 2) ^ 2 > 4e-12 || ($14 - ($12 + $13) / 2) ^ 2 > 4e-12 || $5 == $8 { exit bad = 1 }
    { long++ } END { exit bad || !(short == 2 && long == 3) }' both.tsv
  rnnpredict --mode score --strands both -t 1 "$RUN" - < all.fa 2> /dev/null | cmp - both.tsv
}

@test "NumPy computes the same predictions for real reads and for a record of many pieces" {
  as_computed "$RUN" "$FORTY"
  as_computed "$FULL" "$FORTY"
  zcat "$DATA/lambda.fa.gz" | sed -n 1,480p > pieces.fa # 33,530 bases: two pieces, and the beginning of a third
  as_computed "$RUN" pieces.fa next allbases score both track bedgraph window7 npy \
    states duplex_states duplex_track duplex_bedgraph duplex_window7 duplex_allbases
}

@test "NumPy finds the same best model, and the same likeliest base at each timestep" {
  need_numpy
  train -o other -e 3 --activation tanh -d 4 "$DATA/lambda.fa.gz"
  { printf '>short\nAC\n'; sed -n '1~4s/^@/>/p; 2~4p' "$FORTY"; } > mixed.fa
  check() { "$PYTHON" "$SOURCE/tests/read_model.py" "$1/model.safetensors" mixed.fa "$2"; }
  rnnpredict --mode classify --model this="$RUN" --model other=other mixed.fa > best.tsv
  check "$RUN" classify:other/model.safetensors=best.tsv
  sed '3s/\t-/\t-1/' best.tsv > wrong.tsv
  run -1 check "$RUN" classify:other/model.safetensors=wrong.tsv
  for run in "$RUN" "$FULL" other; do
    rnnpredict --mode sample --temperature 0 --prompt GATTACAGG --length 100 "$run" > greedy.fa
    check "$run" greedy:GATTACAGG=greedy.fa
  done
  sed '2y/ACGT/CGTA/' greedy.fa > wrong.fa
  run -1 check other greedy:GATTACAGG=wrong.fa
}

@test "read_model.py detects one wrong digit in each output, an extra row and a missing row" {
  need_numpy
  not_sanitized "the reader is the same for all builds"
  head -n 12 "$FORTY" > three.fq
  [ ${#ASK[@]} -eq 19 ]
  for kind in "${!ASK[@]}"; do rnnpredict ${ASK[$kind]} -o $kind "$RUN" three.fq; done
  "$PYTHON" -B - "$SOURCE/tests" "$RUN/model.safetensors" "${!ASK[@]}" << 'EOF'
import re, sys
sys.path.insert(0, sys.argv[1])
import read_model

def right(rows, kind):
    open('table', 'w').writelines('\t'.join(row) + '\n' for row in rows)
    try:
        read_model.check(sys.argv[2], 'three.fq', {kind: 'table'})
    except Exception:
        return False
    return True

for kind in sys.argv[3:]:
    if kind == 'npy':
        read_model.check(sys.argv[2], 'three.fq', {kind: kind})
        continue
    rows = [line.split('\t') for line in open(kind).read().splitlines()]
    assert right(rows, kind), kind
    # Most columns of states are numbers of one state.
    for column in [1, 8, 15, len(rows[1]) - 1] if 'h2' in rows[0] else range(1, len(rows[1])):
        cell = rows[2][column]
        wrong = 'GGG' if re.search('[ACGT]', cell) else '%.6g' % (float(cell) * 1.001 + 0.0002)
        changed = rows[2][:column] + [wrong] + rows[2][column + 1:]
        assert not right(rows[:2] + [changed] + rows[3:], kind), (kind, column)
    assert not right(rows[:-1], kind), kind
    assert not right(rows + rows[-1:], kind), kind
EOF
}

@test "embed: arrays of the state after each k-mer agree with NumPy, and --half with its rounding" {
  need_numpy
  printf '>short\nAC\n>lower\nacguACGT\n>gap\nACGTTNNNGATTACANTTGACCATGNACG\n' > few.fa
  zcat "$DATA/lambda.fa.gz" | sed -n 1,3p >> few.fa
  for options in "-k 3" "-k 4 -s 3 --softmax full" "-k 3 -s 2 --activation relu"; do
    train -e 3 $options --force -o run "$DATA/phix174.fa.gz"
    for strands in forward both; do
      states() { rnnpredict --mode embed --positions all --strands $strands --format npy "$@" run few.fa; }
      states -o whole > whole.tsv
      states -o half --half > half.tsv
      cmp whole.tsv half.tsv
      states -o half --half --no-header -t 1 | cmp - <(tail -n +2 whole.tsv)
      rnnpredict --mode embed --positions all --strands $strands run few.fa | cut -f 1,2 | cmp - whole.tsv
      is_sanitized || "$PYTHON" "$SOURCE/tests/read_model.py" run/model.safetensors few.fa arrays=whole
      "$PYTHON" -c 'import numpy as np
whole, half = np.load("whole"), np.load("half")
assert whole.dtype == np.float32 and half.dtype == np.float16 and len(half) > 50
assert np.array_equal(whole.astype(np.float16), half, equal_nan=True)
assert np.isnan(half).any() == (half.shape[1] == 32)'
    done
  done
}

@test "embed: a wide network, whose records are cut into shorter pieces, has the same states" {
  need_numpy
  train -D 300 -e 1 -o run "$DATA/phix174.fa.gz"
  zcat "$DATA/lambda.fa.gz" | sed -n 1,76p > pieces.fa # 5250 bases, pieces of 2048
  rnnpredict --mode embed --positions all --format npy -t 1 -o one run pieces.fa > one.tsv
  rnnpredict --mode embed --positions all --format npy -t 3 -o three run pieces.fa | cmp - one.tsv
  cmp one three
  is_sanitized || "$PYTHON" "$SOURCE/tests/read_model.py" run/model.safetensors pieces.fa arrays=one
}

@test "track: both strands of a circle have the values of the circle and its reverse complement" {
  for options in "-k 3" "-k 4 -s 2" "-k 5 -s 3"; do
    train -e 3 $options --force -o run "$DATA/phix174.fa.gz"
    "$PYTHON" -c 'import random
random.seed(3)
for i in range(120):
    n = random.randint(1, 60)
    print(">%d circular=true\n%s" % (i, "".join(random.choice("ACGTACGTACGTACGTN"[:17 - i % 2]) for _ in range(n))))' > rings.fa
    turned rings.fa > turned.fa
    for i in 0 1 2; do # the turned circles from base i on: the alignment may skip the first bases
      awk -v i=$i '/^>/ { print; next } length($0) > i { $0 = substr($0, i + 1) substr($0, 1, i) } 1' turned.fa > cut.fa
      rnnpredict --mode track run cut.fa > cut$i 2> /dev/null
    done
    rnnpredict --mode track run rings.fa > forward 2> /dev/null
    rnnpredict --mode track --strands both run rings.fa > both 2> /dev/null
    awk -F '\t' '$4 != "NA"' both | cut -f 1-5 | sort | cmp - <(sort forward)
    "$PYTHON" - ${options//[!0-9 ]/} << 'EOF'
import sys
k, s = int(sys.argv[1]), int((sys.argv + [1])[2])
lines = open('rings.fa').read().split('\n')
rings = {name.split()[0][1:]: bases for name, bases in zip(lines[::2], lines[1::2])}
rows, cut, seen = {name: [] for name in rings}, [{}, {}, {}], 0
for line in open('both').read().splitlines()[1:]:
    name, position, *_, reverse, mean = line.split('\t')
    rows[name].append((int(position), reverse))
for i in range(3):
    for line in open('cut%d' % i).read().splitlines()[1:]:
        name, position, _, bits, _ = line.split('\t')
        cut[i].setdefault(name, {})[int(position)] = bits
for name, bases in rings.items():
    n = len(bases)
    positions = [position for position, _ in rows[name]]
    assert positions == sorted(set(positions)) and all(1 <= p <= n for p in positions), name
    if 'N' in bases:
        continue
    skipped = (n - 2 * k) % s if n >= k else 0
    right = {}
    for q, bits in cut[skipped].get(name, {}).items(): # which predicts bases k + 1, k + 2, ... of n
        if (q - k - 1) % n + s <= n - skipped:
            right[n - (q + s - 2 + skipped) % n] = bits
    messages = {position: bits for position, bits in rows[name] if bits != 'NA'}
    assert messages == right, (name, n, skipped, messages, right)
    seen += len(messages)
assert seen > 300, seen
EOF
  done
}

@test "a track continues over the end of a circle, and its bits add up to those of the score" {
  printf '>ring topology=circular\nACGTTGCATTGACCA\n' > ring.fa
  rnnpredict --mode track "$RUN" ring.fa > track.tsv 2> /dev/null
  [ "$(column position < track.tsv | tr '\n' ' ')" = "4 5 6 7 8 9 10 11 12 13 14 15 1 2 3 " ]
  [ "$(column kmer < track.tsv | tail -n 3 | tr '\n' ' ')" = "CAA AAC ACG " ]
  nats=$(rnnpredict --mode score "$RUN" ring.fa 2> /dev/null | column nats)
  column bits < track.tsv | awk -v nats="$nats" '{ sum += $1 } END { exit !((sum * log(2) - nats) ^ 2 < 1e-6) }'
}

@test "a name of any length is written unchanged" {
  name=$(head -c 70000 /dev/zero | tr '\0' x)
  printf '>%s\nACGTTG\n' "$name" > long.fa
  rnnpredict --mode track "$RUN" long.fa | awk -F '\t' -v name="$name" 'NR > 1 && ($1 != name || $2 != NR + 2) { exit bad = 1 }
    END { exit bad || NR != 4 }'
}

@test "the probabilities of a record sum to 1 and are in descending order" {
  sums_to_1() {
    awk -F '\t' 'NR == 1 { next } $2 == "NA" { n++; next } { sum[$1] += $4 }
      $2 == 1 { before = 1; rank = 0 }
      $2 != ++rank || $4 > before || $4 <= 0 { print; exit bad = 1 }
      { before = $4 }
      END { if (bad) exit 1; for (r in sum) { n++; if ((sum[r] - 1) ^ 2 > 1e-10) { print r, sum[r]; exit 1 } }
            if (n != 400) exit bad = 1 }'
  }
  rnnpredict "$RUN" "$READS" | sums_to_1
  rnnpredict --top 256 "$RUN" "$READS" | sums_to_1
  rnnpredict --top 64 "$FULL" "$READS" | sums_to_1
}

@test "--top limits the number of rows; the default is 10, or every possible k-mer if they are fewer" {
  rows() { rnnpredict "$@" "$FORTY" | tail -n +2 | wc -l; }
  [ "$(rows "$RUN")" -eq $((40 * 4)) ]
  [ "$(rows --top 1 "$RUN")" -eq 40 ]
  [ "$(rows "$FULL")" -eq $((40 * 10)) ]
  [ "$(rows --top 16777216 "$FULL")" -eq $((40 * 64)) ]
}

@test "bits per base and perplexity follow from nats" {
  rnnpredict --mode score "$RUN" "$READS" | awk -F '\t' 'function off(a, b) { return (a / b - 1) ^ 2 > 1e-10 }
    NR > 1 && (off($6, $5 / $3 / log(2)) || off($7, exp($5 / $2)) || $2 != $3) { print; exit bad = 1 }
    END { exit bad || NR != 401 }'
}

@test "the row of a record that is too short has NA" {
  printf '>none\n>short\nAC\n>kmer\nACG\n>two\nACGT\n' > short.fa
  [ "$(rnnpredict --top 1 "$RUN" short.fa | cut -f 1,2 | tr '\t\n' ' ;')" = \
    "record rank;none NA;short NA;kmer 1;two 1;" ]
  [ "$(rnnpredict --mode score "$RUN" short.fa | cut -f 1-4 | tr '\t\n' ' ;')" = \
    "record tokens bases skipped;none 0 0 0;short 0 0 2;kmer 0 0 3;two 1 1 3;" ]
  [ "$(rnnpredict --mode score "$RUN" short.fa | cut -f 5-8 | tr '\t\n' ' ;')" = \
    "$(rnnpredict --mode score "$RUN" short.fa | cut -f 5-8 | awk -F '\t' 'NR == 1 || NR == 5' | tr '\t\n' ' ;' |
       sed 's/;/;NA NA NA NA;NA NA NA 2.000000;NA NA NA 2.000000;/')" ]
}

@test "a model predicts its own kind of sequence better than reads" {
  bits() { rnnpredict --mode score "$1" "$2" | awk 'NR > 1 && $2 > 0 { n += $5; b += $3 } END { print n / b / log(2) }'; }
  train -e 20 -o run "$DATA/phix174.fa.gz"
  awk -v own="$(bits run "$DATA/phix174.fa.gz")" -v other="$(bits run "$READS")" \
    'BEGIN { print own, other; exit !(own < 1.97 && other > 1.98) }'
}

# ---- a record alone ------------------------------------------------------------------------------

@test "the predictions for a record do not depend on its neighbours" {
  zcat "$DATA/lambda.fa.gz" > lambda.fa
  head -n 16 "$FORTY" | split -l 4 - one.
  tac "$FORTY" | awk '{ l[NR % 4] = $0 } NR % 4 == 0 { print l[0]; print l[3]; print l[2]; print l[1] }' \
    > reversed.fq
  head -n 68 "$FORTY" > left.fq
  tail -n +69 "$FORTY" > right.fq
  sed -n '1~4s/^@/>/p; 2~4p' "$FORTY" > forty.fa
  { cat lambda.fa; head -n 30 forty.fa; cat lambda.fa; tail -n +31 forty.fa; } > between.fa
  for run in "$RUN" "$FULL"; do
    for what in "${ASKS[@]}"; do
      [[ "$what" != *jsonl && "$what" != *trace* ]] || continue # the awk below looks at tables
      predict() { ask "$run" "$what" "$@"; }
      predict "$FORTY" > together
      { for one in one.*; do predict $one; done; } | awk 'NR == 1 || !/^record/' > alone # less headers
      diff <(head -n $(wc -l < alone) together) alone
      diff together <(predict left.fq right.fq)
      sort together | diff - <(predict reversed.fq | sort)
      predict between.fa > between
      grep -v '^gi|' between | diff together -
      grep '^gi|' between > lambda.twice
      predict lambda.fa | sed '/^record/d' > lambda.once
      diff <(cat lambda.once lambda.once) lambda.twice
    done
  done
}

@test "the bytes do not depend on the number of threads" {
  for run in "$RUN" "$FULL"; do
    for what in "${ASKS[@]}"; do
      files=("$READS" "$DATA/lambda.fa.gz")
      [[ "$what" != *trace* ]] || files=("$FORTY") # one thread writes it, and much
      for threads in 1 2 3 20; do
        ask "$run" "$what" -t $threads "${files[@]}" > threads$threads
        cmp threads1 threads$threads
      done
    done
  done
}

@test "a break has the effect of the end of a record" {
  printf '>a\nACGTTGCAACGTANTTGACCATG\n' > broken.fa
  printf '>a\nACGTTGCAACGTA\n>b\nTTGACCATG\n' > apart.fa
  { rnnpredict --mode score "$RUN" broken.fa; rnnpredict --mode score "$RUN" apart.fa; } |
    awk '$1 == "record" { sign++; next } { t[sign] += $2; n[sign] += $5 }
         END { exit !(t[1] == 16 && t[2] == 16 && (n[1] - n[2]) ^ 2 < 1e-11) }'
  diff <(rnnpredict "$RUN" broken.fa | cut -f 2-) \
    <(rnnpredict "$RUN" apart.fa | awk 'NR == 1 || $1 == "b"' | cut -f 2-)
}

# ---- pipelines -----------------------------------------------------------------------------------

@test "standard input, a file and a gzip file give the same table" {
  rnnpredict "$RUN" "$READS" > file
  rnnpredict "$RUN" < "$READS" | cmp - file
  rnnpredict "$RUN" - < "$READS" | cmp - file
  rnnpredict "$RUN" "$DATA/reads.fq.gz" | cmp - file
  rnnpredict "$RUN" < "$DATA/reads.fq.gz" | cmp - file
  rnnpredict "$RUN/model.safetensors" "$READS" | cmp - file
}

@test "sort and head find the likeliest next k-mers of a hundred reads" {
  run --separate-stderr -0 bash -e -o pipefail -c "
    head -400 '$READS' | rnnpredict '$RUN' | sort -t \$'\\t' -k4,4gr > sorted; head sorted"
  [ -z "$stderr" ]
  [ "${#lines[@]}" -eq 10 ]
  [ "$(wc -l < sorted)" -eq 401 ]
  [ "$(cut -f 4 <<< "${lines[0]}")" = \
    "$(head -400 "$READS" | rnnpredict "$RUN" | column probability | sort -gr | head -n 1)" ]
}

@test "a reader that closes the pipe ends the program silently" {
  run --separate-stderr -0 bash -ec \
    "rnnpredict --top 64 '$FULL' '$READS' | head -n 1; echo \${PIPESTATUS[0]}"
  [ -z "$stderr" ]
  [ "${lines[0]}" = "$(printf 'record\trank\tkmer\tprobability')" ]
  [ "${lines[1]}" -eq 141 ]
}

# on_terminal WHICH EVENT ACTION COMMAND...: prints the drawn text, without carriage returns before line feeds.
on_terminal() { timeout 600 "$PYTHON" "$SOURCE/tests/on_terminal.py" "$@" | sed 's/\r$//'; }

@test "a message announces that the program waits for input on a terminal" {
  on_terminal 02 Ctrl-D 'type:>a\nACGTACGT\n\x04' rnnpredict "$RUN" > drawn # the table is on standard output
  [ "$(grep -c '^rnnpredict: reading standard input; press Ctrl-D to end$' drawn)" -eq 1 ]
  [ "$(grep -c '^a.[1-4]' drawn)" -eq 4 ]
  on_terminal 02 Ctrl-D 'type:>a\nACGTACGT\n\x04' rnnpredict --mode sample --prompt - "$RUN" | grep '^>sample1$'
  on_terminal 02 Ctrl-D 'type:>a\nACGTACGT\n\x04' rnntrain -k 2 -D 4 -e 1 --valid-fraction 0 -o typed - | grep '^model: '
  rnnpredict "$RUN" < "$FORTY" 2> messages > /dev/null
  [ ! -s messages ]
}

@test "a terminal shows progress unless the table is printed on it" {
  local many=() passage='[0-9]+ records  [0-9]+ bases  [0-9]+k bases/s'
  on_terminal 2 "$passage" 'feed:>a\nACGTACGT\n' rnnpredict -o table "$RUN" > drawn
  grep -qE $'^\r *[0-9]+m?s?( [0-9]+s)?  '"$passage"$'\e\\[J' drawn
  tail -c 4 drawn | cmp - <(printf '\r\e[J') # and is gone in the end
  for i in {1..2000}; do many+=("$DATA/lambda.fa.gz"); done
  on_terminal 2 "%  .* left  $passage" kill rnnpredict --mode score -o /dev/null "$RUN" "${many[@]}"
  on_terminal 2 "%  .* left  $passage" kill rnnpredict --mode sample --length 1000000000000 -o /dev/null "$RUN"
  for which in 1 12; do # more than a fifth of a second of rows
    on_terminal $which record none rnnpredict --mode track "$RUN" "${many[@]:0:4}" > drawn
    run ! grep -q records drawn
  done
  on_terminal 12 record none rnnpredict --mode embed --positions all --format npy -o states "$RUN" "${many[@]:0:9}" > drawn
  run ! grep -q records drawn # the rows of the array have their names there
  rnnpredict --mode track -o table "$RUN" "${many[@]:0:20}" > messages 2>&1
  [ ! -s messages ]
}

@test "a terminal shows the progress of indexing a memory" {
  { echo ">long"; random_bases 48000000 1; } > long.fa # the first redraw is after 0.2 s
  rnntrain -q -k 3 -d 8 -D 16 -e 1 -o tiny "$DATA/phix174.fa.gz"
  rnntrain -q -k 3 -d 8 -D 16 -e 0 --memory --valid-fraction 0 --init tiny -o large long.fa
  on_terminal 2 '% .* left  indexing the memory  [0-9]+ bases' kill rnnpredict --mode score large "$FORTY" > drawn
}

@test "progress counts computed bases, not those that are only read" {
  train -D 128 -o wide "$DATA/phix174.fa.gz"
  { echo ">long"; random_bases 6000000 1; } > long.fa
  # with two threads for any OMP_NUM_THREADS: with 64, a batch would contain the whole record
  on_terminal 2 '% .*bases/s' kill rnnpredict -t 2 --mode score -o /dev/null wide long.fa > drawn
  [[ "$(< drawn)" =~ ([0-9]+)% ]]
  [ "${BASH_REMATCH[1]}" -lt 80 ]
}

@test "control characters in a record name do not reach a terminal" {
  printf '>a\033[31m\177\302\233\007b circular=true\nACGTACGT\n' > evil.fa
  for what in "${ASKS[@]}"; do
    echo "$what"
    ask "$RUN" "$what" evil.fa > file 2> messages
    on_terminal 12 'a' none bash -c 'ask "$@"' - "$RUN" "$what" evil.fa > drawn
    run ! grep -P '[^\x20-\x7e\t]' drawn
    [[ "$what" == *trace* ]] || [[ "$what" == *jsonl* ]] || grep -q $'^a\033\\[31m\177\302\233\007b\t' file
  done
  on_terminal 12 'a' none rnnpredict "$RUN" evil.fa | grep '^a?\[31m????b'
}

@test "no output is lost in a non-blocking pipe" {
  through() { "$PYTHON" "$SOURCE/tests/nonblocking.py" "$@"; }
  rnnpredict --mode track "$RUN" "$READS" > whole
  rnnpredict --mode embed "$RUN" "$READS" > states
  printf '>ring circular=true\nACGTTGCATTGACCA\n' > ring.fa
  for i in {1..200}; do echo "ring.fa"; done > rings
  rnnpredict --mode score "$RUN" $(cat rings) 2> circles > /dev/null
  for when in before after; do
    through 1 $when rnnpredict --mode track "$RUN" "$READS" | cmp - whole
    through 1 $when rnnpredict --mode track -o /dev/stdout "$RUN" "$READS" | cmp - whole
    through 1 $when rnnpredict --mode embed -o - "$RUN" "$READS" | cmp - states
    through 2 $when rnnpredict --mode score -o scores "$RUN" $(cat rings) | cmp - circles
  done
  rnnpredict --help > help
  through 1 before rnnpredict --help | cmp - help
}

@test "a table that cannot be written is an error" {
  [ -w /dev/full ] || skip "no /dev/full"
  for what in "${ASKS[@]}" "${ALONE[@]}"; do
    files=("$READS")
    if is_alone "$what"; then files=(); fi
    run -1 bash -c 'ask "$@" > /dev/full' - "$RUN" "$what" "${files[@]}"
    [ "${#lines[@]}" -eq 1 ]
    echo "$what: $output"
    [[ "$output" == *"standard output: cannot be written: No space left"* ]]
  done
}

@test "-o writes the same to a file, compressed if its name ends in .gz" {
  rnnpredict "$RUN" "$READS" > stdout
  run -0 rnnpredict -o table.tsv "$RUN" "$READS"
  [ -z "$output" ]
  cmp stdout table.tsv
  run -0 rnnpredict "$RUN" "$READS" -o table.tsv.gz
  [ -z "$output" ]
  gzip -t table.tsv.gz
  zcat table.tsv.gz | cmp - stdout
  rnnpredict --mode info -o table.tsv "$RUN"
  cmp table.tsv <(rnnpredict --mode info "$RUN")
  [ "$(ls | paste -sd ' ')" = "stdout table.tsv table.tsv.gz" ]
}

@test "-o writes into an existing named pipe" {
  rnnpredict "$RUN" "$FORTY" > stdout
  mkfifo pipe
  cat pipe > piped &
  rnnpredict -o pipe "$RUN" "$FORTY"
  wait $!
  [ -p pipe ]
  cmp stdout piped
}

@test "-o through a link writes the target of the link" {
  touch target
  ln -s target link
  rnnpredict -o link "$RUN" "$FORTY"
  [ -L link ]
  rnnpredict "$RUN" "$FORTY" | cmp - target
}

@test "-o refuses to replace an input file or a dangling link" {
  cp "$FORTY" own.fq
  ln -s own.fq link.fq
  cp -r "$RUN" model
  for output in own.fq link.fq model/model.safetensors; do
    fails 1 "-o $output: is also an input file" rnnpredict -o $output model "$FORTY" own.fq
  done
  fails 1 "is also an input file" rnnpredict -o own.fq "$RUN" < own.fq
  fails 1 "is also an input file" rnnpredict -o own.fq "$RUN" - < own.fq
  fails 1 "is also an input file" rnnpredict --mode sample --prompt own.fq -o own.fq "$RUN"
  fails 1 "is also an input file" rnnpredict --mode classify --model a="$RUN" --model b=model -o model/model.safetensors own.fq
  cmp own.fq "$FORTY"
  cmp model/model.safetensors "$RUN/model.safetensors"
  ln -s nowhere loose
  fails 1 "-o loose: is a link to a missing file" rnnpredict -o loose "$RUN" "$FORTY"
  [ -L loose ]
  [ ! -e nowhere ]
}

@test "-o with a path that cannot be written is rejected before input is read" {
  mkfifo never # nobody writes to it
  mkdir directory
  touch file
  ln -s nowhere loose
  ln -s loop loop
  for place in loose loop directory nowhere/file file/file directory/ "$(printf 'a%.0s' {1..256})"; do
    run --separate-stderr -1 timeout 600 rnnpredict -o "$place" "$RUN" never
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
  done
  long=$(printf 'a%.0s' {1..255})
  rnnpredict -o $long "$RUN" "$FORTY"
  rnnpredict "$RUN" "$FORTY" | cmp - $long
  [ "$(ls a* | wc -l)" -eq 1 ]
}

@test "-o keeps the permissions of an existing file; - is standard output" {
  touch private
  chmod 600 private
  (umask 027; rnnpredict -o private "$RUN" "$FORTY"; rnnpredict -o fresh "$RUN" "$FORTY")
  [ "$(stat -c %a private fresh | paste -sd ' ')" = "600 640" ]
  rnnpredict -o - "$RUN" "$FORTY" | cmp - fresh
  [ ! -e ./- ]
  echo kept > log
  rnnpredict -o /dev/stdout "$RUN" "$FORTY" >> log
  cmp log <(echo kept; cat fresh)
}

@test "a killed program leaves no file" {
  rnnpredict --mode sample --length 300000000 -o new.fa "$RUN" &
  writes() { ls -l "/proc/$1/fd" | grep "$PWD" > /dev/null; }
  await writes $!
  kill -KILL $!
  wait $! || [ $? -eq 137 ]
  touch here
  local there
  there=$(ls)
  [ "$there" = here ] || [[ "$(stat -f -c %T .)" == overlayfs && "$there" == here*new.fa.* ]]
}

@test "a missing input file is an error before the first is read" {
  fails 1 "nowhere.fq: cannot be opened" rnnpredict "$RUN" "$FORTY" nowhere.fq
}

@test "-o touches no other file" {
  echo mine > table.tsv.tmp
  rnnpredict -o table.tsv "$RUN" "$FORTY"
  [ "$(cat table.tsv.tmp)" = mine ]
}

@test "info lists the properties and the origin of the model" {
  rnnpredict --mode info "$RUN" > info
  [ "$(head -n 1 info)" = "$(printf 'field\tvalue')" ]
  for row in k:3 stride:1 embedding:8 hidden:16 activation:sigmoid softmax:followers seed:1 epochs:3 \
    train_tokens:5383 valid_tokens:0 vocabulary:64 softmax_width:4; do
    grep -qx "$(tr : '\t' <<< $row)" info || { echo "no $row"; false; }
  done
  grep -qx "parameters	$((64 * 8 + 16 * 16 + 8 * 16 + 16 + 16 * 64 + 64))" info
  cut -f 1 info | sort | uniq -d > twice
  [ ! -s twice ]
}
