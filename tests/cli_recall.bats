# Bits per base with a memory, for sequence that it contains and for sequence that it does not.
load cli

# The genome: lambda, in which repeats are rare, and 40 copies of parts of it, of either strand, with
# 5 % of the bases substituted. Held-out sequence: 10 more copies, and random bases.
setup_file() {
  cd "$BATS_FILE_TMPDIR"
  "$PYTHON" - "$DATA/lambda.fa.gz" << 'EOF'
import gzip, random, sys
random.seed(1)
bases = "".join(gzip.open(sys.argv[1], "rt").read().split("\n")[1:])

def copies(n):
    for i in range(n):
        begin = random.randrange(len(bases) - 500)
        text = bases[begin:begin + 500]
        if i % 2:
            text = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
        yield "".join(random.choice("ACGT") if random.random() < 0.067 else base for base in text)

def write(name, text):
    open(name + ".fa", "w").write(f">{name}\n{text}\n")

write("genome", bases + "".join(copies(40)))
write("held", "".join(copies(10)))
write("random", "".join(random.choices("ACGT", k=40000)))
write("half", "".join(copies(20)) + "".join(random.choices("ACGT", k=10000)))
EOF
  for shape in "-s 1" "-s 2" "-s 1 --softmax full" "-s 2 --softmax full"; do
    train --memory -e 3 $shape -o "run${shape//[ -]/}" genome.fa
  done
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/runs1 GENOME=$BATS_FILE_TMPDIR/genome.fa HELD=$BATS_FILE_TMPDIR/held.fa
  RANDOM_BASES=$BATS_FILE_TMPDIR/random.fa HALF=$BATS_FILE_TMPDIR/half.fa
}

# bits RUN FILE [OPTION...]: prints the bits per base of the only record.
bits() {
  local run=$1 file=$2
  shift 2
  rnnpredict --mode score "$@" "$run" "$file" 2> /dev/null | column bits_per_base
}

# is_less A B: whether A < B.
is_less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'; }

# costs RUN FILE [OPTION...]: prints "position bits" for each base of the only record.
costs() {
  local run=$1 file=$2
  shift 2
  rnnpredict --mode track --no-header "$@" "$run" "$file" 2> /dev/null | cut -f 2,4
}

# recalls RUN FILE POSITION [SETTING WITHOUT]: whether --memory SETTING (default model) changes the
# prediction of this base compared with --memory WITHOUT (default off).
recalls() {
  costs "$1" "$2" --memory "${5:-off}" | awk -v at="$3" '$1 == at' > without
  [ -s without ] || return 2
  costs "$1" "$2" --memory "${4:-model}" | awk -v at="$3" '$1 == at' > with
  [ "$(cat with)" != "$(cat without)" ]
}

# ---- recalled repeats ----------------------------------------------------------------------------

@test "memory: copies of the training sequence cost fewer bits, for every shape of network" {
  for run in "$BATS_FILE_TMPDIR"/run*; do
    is_less "$(bits "$run" "$HELD")" "$(bits "$run" "$HELD" --memory off | awk '{ print $1 - 0.3 }')"
  done
}

@test "memory: a read is recalled after m + 4 bases" {
  m=$(rnnpredict --mode info "$RUN" | awk '$1 == "memory_m" { print $2 }')
  { echo ">a"; sed -n 2p "$GENOME" | cut -c 20001-20100; } > read.fa
  run -1 recalls "$RUN" read.fa $((m + 4))
  recalls "$RUN" read.fa $((m + 5))
}

@test "memory: the network with a memory needs fewer bits for reads than the best Markov model" {
  [ -d "$SHARED_DATA/reads" ] || skip "no ../shared/data beside the source tree, nor in \$SHARED"
  for reads in illumina_ERR127302_1_20k ont_seqkit_4k; do
    rnntrain -q --force --memory -e 3 -t 2 -o run "$SHARED_DATA/reads/$reads.fastq.gz" 2> messages
    "$PYTHON" -c 'import json
run = json.load(open("run/run.json"))
frozen, adapting = (run["result"][f"memory_{way}_bits_per_base"] for way in ("frozen", "adapting"))
assert adapting <= frozen < run["markov"]["best_bits_per_base"], (frozen, adapting, run["markov"])'
  done
}

# ---- leaks ---------------------------------------------------------------------------------------

@test "memory: random sequence costs at least 2 bits per base in every setting" {
  for run in "$BATS_FILE_TMPDIR"/run*; do
    for setting in off model others record "model --circular" "record --circular"; do
      is_less 1.9999999 "$(bits "$run" "$RANDOM_BASES" --memory $setting)"
    done
    rnnpredict --mode score --strands both --memory record "$run" "$RANDOM_BASES" | column mean_bits_per_base > mean
    is_less 1.9999999 "$(cat mean)"
  done
}

@test "memory: after copies, random bases cost at least 2 bits again" {
  for setting in model others record; do
    costs "$RUN" "$HALF" --memory $setting |
      awk '$1 <= 10000 { copies += $2 } $1 > 10000 { random += $2 }
           END { print copies / 10000, random / 10000; exit copies > 18000 || random < 20000 }'
  done
}

@test "memory: random bases in the validation span cost at least 2 bits, frozen and adapting" {
  train --memory --valid "$RANDOM_BASES" -o run "$GENOME"
  grep -o '"memory_[a-z]*_bits_per_base": [0-9.]*' run/run.json > found
  [ "$(wc -l < found)" -eq 2 ]
  awk '$2 < 2 { exit bad = 1 } END { exit bad }' found
}

# Copies with 15 % of the bases substituted have 0.85 bits per base. If its own place, with only right
# guesses, were used in calibration, the memory would trust pointers too much and need more than 1.2 bits.
@test "memory: calibration excludes the position being read" {
  "$PYTHON" -c 'import random
random.seed(2)
bases = random.choices("ACGT", k=40000)
def copies(n):
    for _ in range(n):
        begin = random.randrange(39000)
        for base in bases[begin:begin + 1000]:
            yield random.choice("ACGT".replace(base, "")) if random.random() < 0.15 else base
open("genome.fa", "w").write(">a\n" + "".join([*bases, *copies(40)]) + "\n")
open("valid.fa", "w").write(">b\n" + "".join(copies(20)) + "\n")'
  train --memory --valid valid.fa -e 1 -o run genome.fa
  frozen=$(grep -o '"memory_frozen_bits_per_base": [0-9.]*' run/run.json | cut -d ' ' -f 2)
  is_less "$frozen" 1.1
}

@test "memory: sequence without repeats costs no more bits than without the memory" {
  { echo ">a"; random_bases 400000 3; } > random.fa
  train --memory --valid-fraction 0.5 -e 1 -o run random.fa
  "$PYTHON" -c 'import json
result = json.load(open("run/run.json"))["result"]
for way in "frozen", "adapting":
    assert abs(result[f"memory_{way}_bits_per_base"] - result["best_valid_bits_per_base"]) < 0.002, result'
  # There was nothing to learn about pointers, but half of the sequence is in the memory.
  is_less "$(bits run random.fa)" 1.1
}

# ---- boundaries ----------------------------------------------------------------------------------

# texts: makes random sequences A to D of 300 bases. ends X Y: prints the last 60 bases of X and the first 60
# of Y; only a pointer that crosses from one to the other can predict base 61.
texts() {
  A=$(random_bases 300 11) B=$(random_bases 300 12) C=$(random_bases 300 13) D=$(random_bases 300 14)
}
ends() { printf '>ends\n%s%s\n' "${1: -60}" "${2:0:60}"; }
reverse_complement() { rev <<< "$1" | tr ACGT TGCA; }

@test "memory: no pointer crosses an N, a gap or the end of a remembered record" {
  texts
  printf '>one\n%sN%s\n>two\n%s---%s\n>three\n%s\n' "$A" "$B" "$C" "$D" "$A" > genome.fa
  train --memory -o run genome.fa
  for pair in "$A $B" "$C $D" "$B $C" "$D $A"; do
    ends $pair > query.fa
    recalls run query.fa 60
    run -1 recalls run query.fa 61
    recalls run query.fa 90
    # and the same on the other strand
    printf '>ends\n%s\n' "$(reverse_complement "$(sed -n 2p query.fa)")" > other.fa
    recalls run other.fa 60
    run -1 recalls run other.fa 61
  done
  printf '>one\n%s\n' "$A$B" > genome.fa
  train --force --memory -o run genome.fa
  ends "$A" "$B" > query.fa
  recalls run query.fa 61
}

@test "memory: pointers end at a break in the record being read" {
  { echo ">a"; sed -n 2p "$GENOME" | cut -c 20001-20100 | sed 's/./N/60'; } > query.fa
  recalls "$RUN" query.fa 59
  run -1 recalls "$RUN" query.fa 64
  recalls "$RUN" query.fa 90
}

@test "memory: the part of a record already read is recalled, but not across an N" {
  texts
  ends=${A: -60}${B:0:60}
  printf '>a\n%sN%s%s%s\n' "${A: -60}" "${B:0:60}" "$C" "$ends" > query.fa
  recalls "$RUN" query.fa 481 record model
  run -1 recalls "$RUN" query.fa 482 record model
  recalls "$RUN" query.fa 520 record model
  printf '>a\n%s%s%s\n' "$ends" "$C" "$ends" > query.fa
  recalls "$RUN" query.fa 481 record model
  # A record does not depend on the one before it.
  printf '>a\n%s\n>b\n%s\n' "$ends" "$ends" > two.fa
  rnnpredict --mode score --no-header --memory record "$RUN" two.fa 2> /dev/null | cut -f 2- > rows
  [ "$(sort -u rows | wc -l)" -eq 1 ]
}

@test "memory: pointers continue at the start of a circle" {
  texts
  for header in circular=true linear; do
    printf '>one %s\n%s\n' $header "$A$B" > genome.fa
    train --force --memory -o run genome.fa
    ends "$B" "$A" > query.fa
    recalls run query.fa 60
    if [ $header = linear ]; then
      run -1 recalls run query.fa 61
    else
      recalls run query.fa 61
      recalls run query.fa 75
    fi
    printf '>ends\n%s\n' "$(reverse_complement "$(sed -n 2p query.fa)")" > other.fa
    if [ $header = linear ]; then
      run -1 recalls run other.fa 61
    else
      recalls run other.fa 61
    fi
  done
}

@test "memory: bases that --min-length and --min-quality exclude are not in it" {
  texts
  printf '>one\n%sN%s\n' "$A" "${B:0:100}" > genome.fa
  printf '>b\n%s\n' "${B:0:100}" > query.fa
  train --memory -o run genome.fa
  recalls run query.fa 50
  train --force --memory --min-length 101 -o run genome.fa
  run -1 recalls run query.fa 50
  # One base of low quality between A and B.
  printf '@one\n%sG%s\n+\n%s!%s\n' "$A" "$B" "${A//?/I}" "${B//?/I}" > genome.fq
  printf '>ends\n%sG%s\n' "${A: -60}" "${B:0:60}" > query.fa
  train --force --memory -o run genome.fq
  recalls run query.fa 62
  train --force --memory --min-quality 20 -o run genome.fq
  recalls run query.fa 60
  run -1 recalls run query.fa 62
}

@test "memory: --strands forward has no pointers to the other strand" {
  texts
  printf '>one\n%s\n' "$A$B" > genome.fa
  printf '>same\n%s\n' "$A" > same.fa
  printf '>other\n%s\n' "$(reverse_complement "$A")" > other.fa
  train --memory -o run genome.fa
  recalls run same.fa 100
  recalls run other.fa 100
  train --force --memory --strands forward -o run genome.fa
  recalls run same.fa 100
  costs run other.fa --memory off > off
  costs run other.fa --memory model | cmp - off
}

# ---- trace, flow, sample -------------------------------------------------------------------------

@test "trace, flow: NumPy computes the same nodes of a memory, and mode next the same yhat" {
  need_numpy
  { echo ">a"; sed -n 2p "$GENOME" | cut -c 20001-20040; echo ">b"; head -c 40 <(sed -n 2p "$RANDOM_BASES"); } > s.fa
  for run in "$BATS_FILE_TMPDIR"/run*; do
    for options in "--timesteps 30" "--timesteps 25 --loss-at 12"; do
      rnnpredict --mode trace $options "$run" s.fa > trace.json
      rnnpredict --mode flow $options "$run" s.fa > flow.tsv
      "$PYTHON" "$SOURCE/tests/trace.py" "$run/model.safetensors" s.fa trace.json flow.tsv
      grep -q '"record": "genome"' trace.json
    done
    rnnpredict --mode trace --memory off "$run" s.fa > trace.json
    run ! grep -E 'pointers|memory_bases' trace.json
  done
  rnnpredict --mode trace --timesteps 30 "$RUN" s.fa > trace.json
  rnnpredict --top 4 --positions all --no-header "$RUN" s.fa 2> /dev/null > next.tsv
  "$PYTHON" -c 'import json
predicted = {}
for line in open("next.tsv"):
    name, position, _, kmer, p = line.split("\t")
    predicted[name, int(position), kmer] = float(p)
for record in json.load(open("trace.json"))["records"]:
    for t, step in enumerate(record["forward"]):
        for kmer, p in zip(step["kmers"], step["yhat"]):
            assert abs(predicted[record["record"], t + 4, kmer] - p) < 1e-5, (t, kmer, p)'
}

@test "trace: the text shows the place, strand and success rate of each pointer" {
  { echo ">a"; sed -n 2p "$GENOME" | cut -c 20001-20040; } > s.fa
  rnnpredict --mode trace --format text --timesteps 30 "$RUN" s.fa > trace.txt
  grep -E '^  pointer to genome:20033, strand \+, guesses [ACGT]{3}; last error [0-9]+ bases ago, [0-9]+ errors in 32 bases, [0-9]+ in 64, odds [0-9.]+$' trace.txt
  grep -E '^  q\(30\) = a\[[0-9]+\] net\(30\) \+ w\[[0-9]+\] s\(30\)$' trace.txt
  grep -E '^  dnet\(30\) = a\[[0-9]+\] dq\(30\)$' trace.txt
}

@test "flow: the evidence and the most trusted pointer of each timestep equal those of the trace" {
  { echo ">a"; sed -n 2p "$GENOME" | cut -c 20001-20040; } > s.fa
  rnnpredict --mode trace --timesteps 30 "$RUN" s.fa > trace.json
  rnnpredict --mode flow --timesteps 30 "$RUN" s.fa > flow.tsv
  grep -q $'\tgenome\t20033\t+\t' flow.tsv
  "$PYTHON" -c 'import json
rows = [line.rstrip("\n").split("\t") for line in open("flow.tsv")][1:]
for row, step in zip(rows, json.load(open("trace.json"))["records"][0]["forward"], strict=True):
    s = step["s"][step["kmers"].index(step["y"])]
    assert all(abs(float(x) - y) < 1e-4 for x, y in zip(row[4:7], (step["a"], step["w"], s))), (row, step)
    assert int(row[7]) == len(step["pointers"]), (row, step)
    best = max(step["pointers"], key=lambda pointer: pointer["odds"], default=None)
    keys = "record", "position", "strand", "since_error", "errors_64"
    assert row[8:] == ([str(best[key]) for key in keys] if best else ["NA"] * 5), (row, best)'
  rnnpredict --mode flow --memory off "$RUN" s.fa > off.tsv
  grep -qx $'record\tloss_at\ttimestep\tnorm' off.tsv
}

@test "sample: the memory is used only on request" {
  prompt=$(sed -n 2p "$GENOME" | cut -c 20001-20040)
  next=$(sed -n 2p "$GENOME" | cut -c 20041-20080)
  rnnpredict --mode sample --temperature 0 --length 40 --prompt "$prompt" "$RUN" > plain
  rnnpredict --mode sample --temperature 0 --length 40 --prompt "$prompt" --memory off "$RUN" | cmp - plain
  [ "$(tail -n 1 plain)" != "$next" ]
  rnnpredict --mode sample --temperature 0 --length 40 --prompt "$prompt" --memory model "$RUN" > recited
  [ "$(tail -n 1 recited)" = "$next" ]
  fails 2 "--memory record" rnnpredict --mode sample --memory record "$RUN"
}
