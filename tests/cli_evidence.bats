# rnnpredict with models that have a memory: the results for a record depend only on the model and the record.
load cli

# The genome: lambda, and copies of parts of its first quarter with 5 % of the bases substituted, from which the
# calibration of the memory learns. The reads: parts of the genome, on either strand, with 3 % of the bases substituted;
# some are longer than a stretch of 16384 steps. Records with repeats: the second of two copies spans the cut between
# two stretches.
setup_file() {
  cd "$BATS_FILE_TMPDIR"
  zcat "$DATA/lambda.fa.gz" | sed '1s/.*/>lambda/' > lambda.fa
  "$PYTHON" - lambda.fa << 'EOF'
import random, sys
random.seed(21)
bases = "".join(line.strip() for line in open(sys.argv[1]) if line[0] != ">")
other_strand = str.maketrans("ACGT", "TGCA")

def write(path, records):
    with open(path, "w") as out:
        for name, text in records:
            out.write(f">{name}\n{text}\n")

def part(length, substituted, end=len(bases)):
    begin = random.randrange(end - length + 1)
    text = "".join(random.choice("ACGT") if random.random() < substituted else base
                   for base in bases[begin:begin + length])
    return text[::-1].translate(other_strand) if random.random() < 0.5 else text

def noise(length):
    return "".join(random.choices("ACGT", k=length))

write("genome.fa", [("lambda", bases), ("copies", "".join(part(500, 0.05, len(bases) // 4) for _ in range(40)))])
lengths = [random.randrange(400) for _ in range(150)] + [17000, 40000] + [random.randrange(60) for _ in range(50)]
reads = [(f"read{i}", part(n, 0.03)) for i, n in enumerate(lengths)]
write("reads.fa", reads)
write("backwards.fa", reads[::-1])
write("turned.fa", [(name, text[::-1].translate(other_strand)) for name, text in reads])
copy = noise(400)
write("known.fa", [("known", noise(16384 - 200) + bases[1000:1400] + noise(2000))])
write("repeat.fa", [("repeat", noise(3000) + copy + noise(16384 - 3600) + copy + noise(2000))])
EOF
  train --memory -e 2 -o run genome.fa
  train --memory -e 1 -s 2 -o stride genome.fa
  train --memory -e 1 --softmax full -o full genome.fa
  train -e 1 -o without genome.fa
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  DIR=$BATS_FILE_TMPDIR RUN=$BATS_FILE_TMPDIR/run
}

USES=("--memory model" "--memory others" "--memory record")

# bits RUN FILE [OPTION...]: prints the bits per base of the only record.
bits() {
  rnnpredict --mode score "${@:3}" "$1" "$2" 2> /dev/null | column bits_per_base
}

# is_less A B: whether A < B.
is_less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'; }

# asks: prints the questions whose answers a memory changes.
asks() {
  local what
  for what in "${ASKS[@]}"; do
    case "$what" in
      *embed* | *trace* | *flow* | *variants*) ;;
      *) printf '%s\n' "$what" ;;
    esac
  done
}

# ---- independence of records, threads and pipes --------------------------------------------------

@test "memory: results do not depend on threads or on the sizes of a pipe's writes" {
  while read -r what; do
    for use in "${USES[@]}"; do
      ask "$RUN" "$what $use" -t 1 "$DIR/reads.fa" > one
      ask "$RUN" "$what $use" -t 3 "$DIR/reads.fa" | cmp - one
      { head -n 300 "$DIR/reads.fa"; head -c 100 <(tail -n +301 "$DIR/reads.fa"); tail -n +301 "$DIR/reads.fa" | tail -c +101; } |
        ask "$RUN" "$what $use" -t 2 - | cmp - one
    done
  done < <(asks)
}

@test "memory: results do not depend on the records before and after" {
  for run in "$RUN" "$DIR/stride" "$DIR/full"; do
    for use in "${USES[@]}"; do
      rnnpredict --mode score --no-header $use "$run" "$DIR/reads.fa" > rows
      rnnpredict --mode score --no-header $use "$run" "$DIR/backwards.fa" | tac | cmp - rows
      for i in 1 100 151 152; do
        sed -n $((2 * i - 1)),$((2 * i))p "$DIR/reads.fa" > alone.fa
        rnnpredict --mode score --no-header $use "$run" alone.fa | cmp - <(sed -n ${i}p rows)
      done
    done
  done
}

@test "memory: --strands both gives the same results for a record and its reverse complement" {
  for use in "${USES[@]}"; do
    rnnpredict --mode score --strands both --format jsonl $use "$RUN" "$DIR/reads.fa" > forward
    rnnpredict --mode score --strands both --format jsonl $use "$RUN" "$DIR/turned.fa" |
      sed -E 's/"(nats|bits_per_base|whole_bits_per_base)"/"new_\1"/g; s/"reverse_/"/g; s/"new_/"reverse_/g' > turned
    "$PYTHON" -c 'import json
for a, b in zip(open("forward"), open("turned")):
    a, b = json.loads(a), json.loads(b)
    del a["perplexity"], b["perplexity"]
    assert a == b, (a, b)'
    ask "$RUN" "--mode classify --strands both $use" "$DIR/reads.fa" > forward
    ask "$RUN" "--mode classify --strands both $use" "$DIR/turned.fa" | cmp - forward
  done
}

@test "memory: a repeat that spans two pieces of a record is recalled to its end" {
  is_cheap='$1 > 16384 - 160 && $1 < 16384 + 160 { n++; bits += $2; if ($1 >= 16380 && $1 < 16410) cut += $2 }
            END { print bits / n, cut / 30; exit n != 319 || bits / n > 0.5 || cut / 30 > 0.5 }'
  rnnpredict --mode track --no-header "$RUN" "$DIR/known.fa" | cut -f 2,4 > bits
  awk "$is_cheap" bits
  rnnpredict --mode track --no-header --memory record "$RUN" "$DIR/repeat.fa" | cut -f 2,4 > bits
  awk "$is_cheap" bits
  rnnpredict --mode track --no-header --memory model "$RUN" "$DIR/repeat.fa" | cut -f 2,4 > bits
  run ! awk "$is_cheap" bits
}

@test "memory: the last row of --positions all equals the prediction after the end of the record" {
  for run in "$RUN" "$DIR/full"; do
    for use in "${USES[@]}"; do
      rnnpredict --bases --positions all --no-header $use "$run" "$DIR/reads.fa" |
        awk -F '\t' '$1 != name { if (name != "") print row } { name = $1; sub(/\t[^\t]+/, ""); row = $0 } END { print row }' > last
      rnnpredict --bases --no-header $use "$run" "$DIR/reads.fa" | cmp - last
    done
  done
}

@test "memory: the tables of score, track and next agree on the probabilities" {
  sed -n 1,60p "$DIR/reads.fa" > some.fa
  for use in "${USES[@]}"; do
    rnnpredict --mode track --no-header $use "$RUN" some.fa > track
    awk -F '\t' '{ n[$1] += $4 } END { for (name in n) print name, n[name] }' track | sort > sums
    rnnpredict --mode score --no-header $use "$RUN" some.fa |
      awk -F '\t' '$2 > 0 { print $1, $5 / log(2) }' | sort |
      join - sums | awk '($2 - $3) ^ 2 > 1e-4 * $3 { exit bad = 1 } END { exit bad || NR < 20 }'
    rnnpredict --positions all --no-header $use "$RUN" some.fa | awk -F '\t' '{ print $1 "." $2 "." $4, $5 }' | sort > next
    awk -F '\t' '{ print $1 "." $2 "." $3, $5 }' track | sort | join - next |
      awk '($2 - $3) ^ 2 > 1e-10 { exit bad = 1 } END { exit bad || NR < 1000 }'
  done
}

@test "memory: rnntrain and rnnpredict agree on the bits of the validation sequence" {
  { cat "$DIR/known.fa"; sed -n 2p "$DIR/repeat.fa" | sed 's/./N/5000'; } > valid.fa
  train --memory --valid valid.fa -o run "$DIR/genome.fa"
  for way in "frozen model" "adapting record"; do
    reported=$(grep -o "\"memory_${way% *}_bits_per_base\": [0-9.]*" run/run.json | cut -d ' ' -f 2)
    [ "$(printf '%.6f' "$reported")" = "$(bits run valid.fa --memory ${way#* })" ]
  done
}

# ---- the uses ------------------------------------------------------------------------------------

@test "memory: a model with a memory uses it by default" {
  for mode in "" "--mode score" "--mode track" "--mode classify"; do
    ask "$RUN" "$mode" "$DIR/reads.fa" > default
    ask "$RUN" "$mode --memory model" "$DIR/reads.fa" | cmp - default
    ask "$RUN" "$mode --memory off" "$DIR/reads.fa" > off
    run ! cmp -s off default
  done
  rnnpredict --mode score "$DIR/without" "$DIR/reads.fa" > off
  rnnpredict --mode score --memory off "$DIR/without" "$DIR/reads.fa" | cmp - off
}

@test "memory: --memory off gives the predictions of the network alone" {
  rnnpredict --mode score --memory off "$RUN" "$DIR/reads.fa" > off
  train -e 2 -o same "$DIR/genome.fa"
  rnnpredict --mode score same "$DIR/reads.fa" | cmp - off
}

@test "memory: one line reports that records are in the memory" {
  for use in "" "--memory model" "--memory record"; do
    run -0 --separate-stderr rnnpredict --mode score $use "$RUN" "$DIR/lambda.fa" "$DIR/reads.fa"
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ "$stderr" == *lambda.fa:*"in the memory of the model: 1;"*"--memory others"* ]]
  done
  for use in "--memory off" "--memory others"; do
    run -0 --separate-stderr rnnpredict --mode score $use "$RUN" "$DIR/lambda.fa"
    [ -z "$stderr" ]
  done
  # another record of the same name
  sed "s/^>read151$/>lambda/" "$DIR/reads.fa" > namesake.fa
  run -0 --separate-stderr rnnpredict --mode score "$RUN" namesake.fa
  [ -z "$stderr" ]
}

@test "--memory others scores the training sequence as if it were new" {
  for run in "$RUN" "$DIR/stride" "$DIR/full"; do
    off=$(bits "$run" "$DIR/lambda.fa" --memory off)
    is_less "$(bits "$run" "$DIR/lambda.fa" --memory model)" "$(awk -v off="$off" 'BEGIN { print off / 2 }')"
    rnnpredict --mode score --strands both --memory others "$run" "$DIR/lambda.fa" > both
    for strand in "" reverse_; do # the copies of the first quarter are recalled
      others=$(column ${strand}bits_per_base < both)
      is_less "$others" "$off"
      is_less "$(awk -v off="$off" 'BEGIN { print off * 0.8 }')" "$others"
    done
  done
  # under another name its own copy is used
  sed '1s/.*/>else/' "$DIR/lambda.fa" > else.fa
  is_less "$(bits "$RUN" else.fa --memory others)" 1
}

# peak USE: prints the memory in bytes for scoring long.fa.
peak() {
  "$PYTHON" -c 'import resource, subprocess, sys
subprocess.run(["rnnpredict", "-t", "1", "--mode", "score", "--memory", *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)
print(1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$1" "$RUN" long.fa
}

@test "--memory record takes at most 16 bytes a base and 64 MB, even just after its arrays have doubled" {
  not_sanitized "sanitizers keep freed memory"
  bases=$((2 ** 23 + 1000))
  { echo ">long"; random_bases $bases 5; } > long.fa
  difference=$(($(peak record) - $(peak model)))
  echo "$difference bytes"
  [ "$difference" -gt $((4 * bases)) ]
  [ "$difference" -le $((16 * bases + 64000000)) ]
}

@test "memory: classify compares models with separate memories" {
  random_bases 20000 7 | sed '1i >random' > random.fa
  train --memory -e 1 -o other random.fa
  rnnpredict --mode classify --model lambda="$RUN" --model random=other "$DIR/reads.fa" |
    awk -F '\t' 'NR > 1 && $2 >= 100 { n++; right += $3 == "lambda" } END { print right, n; exit right < 0.99 * n || n < 50 }'
  sed -n 1,40p "$DIR/reads.fa" > some.fa
  rnnpredict --mode classify --model a="$RUN" --model b=other some.fa > both
  for model in a="$RUN" b=other; do
    rnnpredict --mode score --no-header "${model#*=}" some.fa | cut -f 5 |
      sed 's/^[0-9]/-&/' > alone
    column loglik_${model%%=*} < both | cmp - alone
  done
  # a model without a memory uses its network alone
  rnnpredict --mode classify --model a="$RUN" --model b="$DIR/without" some.fa | column loglik_b > mixed
  rnnpredict --mode classify --memory off --model a="$RUN" --model b="$DIR/without" some.fa | column loglik_b | cmp - mixed
}

# ---- usage ---------------------------------------------------------------------------------------

@test "memory: the error for a model without a memory names the model" {
  for use in "${USES[@]}"; do
    fails 1 "without: has no memory" rnnpredict --mode score $use "$DIR/without" "$DIR/reads.fa"
  done
  fails 1 "without: has no memory" \
    rnnpredict --mode classify --memory model --model a="$RUN" --model b="$DIR/without" "$DIR/reads.fa"
}

@test "--memory is refused in modes that do not predict" {
  for mode in embed info; do
    fails 2 "--memory: goes with" rnnpredict --mode $mode --memory model "$RUN"
  done
  for mode in trace flow sample; do
    fails 2 "--memory record: goes with" rnnpredict --mode $mode --memory record "$RUN"
  done
  rnnpredict --mode embed "$RUN" "$DIR/reads.fa" > with
  rnnpredict --mode embed "$DIR/without" "$DIR/reads.fa" > without
  [ "$(wc -l < with)" -eq "$(wc -l < without)" ]
}
