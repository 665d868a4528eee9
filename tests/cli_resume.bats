# rnntrain: an interrupted run resumes as if it had not been interrupted, or fails with the reason.
load cli

# A run with much state: moments, both strands, several epochs. It has no validation, because the counts of
# Markov models take longer than all the rest. VALID is the same run with validation.
RUN=(-q -k 3 -d 8 -D 16 -B 8 -T 16 -e 12 --log-every 30 --valid-fraction 0 "$DATA/lambda.fa.gz")
NO_FILE=("${RUN[@]:0:17}")
VALID=("${RUN[@]}" --valid-fraction 0.1)

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  rnntrain -t 2 -o whole "${RUN[@]}"
  train -o short "$DATA/phix174.fa.gz"
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  WHOLE=$BATS_FILE_TMPDIR/whole
  cp -r "$BATS_FILE_TMPDIR/short" .
}

# A shell script starts background commands with SIGINT ignored; this restores the default. The process
# number is $!. The command has a low priority, so a signal reaches it before its end.
start() { nice -n 10 env --default-signal=INT,TERM rnntrain "$@" 2> messages < "${INPUT:-/dev/null}" & }

# stop SIGNAL RUN STEP: sends the signal to the last command once RUN has logged STEP, and sets $code to its exit
# code. Fails if the command has ended before.
stop() {
  local pid=$!
  await logged "$2" "$3"
  kill -"$1" "$pid" 2> kept || true
  code=0
  wait "$pid" || code=$?
}

# interrupted_by SIGNAL RUN STEP OPTION...: a run ended by the signal after STEP. If it ends by itself before the
# signal, it is restored and started again.
interrupted_by() {
  local tries
  rm -rf state
  [ ! -e "$2" ] || cp -r "$2" state
  for tries in $(seq 50); do
    rm -rf "$2"
    [ ! -e state ] || cp -r state "$2"
    start "${@:4}" -o "$2"
    stop "$1" "$2" "$3"
    [ "$code" -eq 0 ] || return 0
  done
}

interrupted() {
  rm -rf "$1"
  interrupted_by TERM "$@"
}

steps() { tail -n 1 "$1/loss.tsv" | cut -f 1; }

# ---- resuming ------------------------------------------------------------------------------------

@test "a run interrupted many times ends with the same model and rows, for any number of threads" {
  rnntrain -t 2 "${VALID[@]}" -o whole
  last=$(steps whole)
  [ "$last" -gt 2000 ]
  signals=(TERM KILL INT KILL HUP XCPU) codes=(143 137 130 137 129 152) i=0
  for at in $((last / 12)) $((last / 10)) $((last / 8)) $((last / 6)) $((last / 4)) $((last / 3)); do
    interrupted_by "${signals[i]}" run "$at" --resume=auto -t $((i % 3 + 1)) --checkpoint-every 0.02s "${VALID[@]}"
    echo "step $at ${signals[i]}: $code $(cat messages)"
    [ "$code" -eq "${codes[i]}" ]
    i=$((i + 1))
  done
  rnntrain --resume=auto -o run "${VALID[@]}"
  same_run whole run
  [ "$(LC_ALL=C ls -A run | paste -sd ' ')" = \
    "checkpoint.safetensors loss.tsv model.safetensors run.json timestep_loss.tsv" ]
}

@test "an interrupted run ends with the same model, for every optimizer, schedule and output layer" {
  local activations optimizers schedules options
  read -ra activations <<< "$(words rnntrain activation)"
  read -ra optimizers <<< "$(words rnntrain optimizer)"
  read -ra schedules <<< "$(words rnntrain schedule)"
  local softmaxes=(followers followers full full) strands=(both forward)
  for ((i = 0; i < ${#schedules[@]} || i < ${#optimizers[@]} || i < ${#activations[@]}; i++)); do
    options="--optimizer ${optimizers[i % ${#optimizers[@]}]} --activation ${activations[i % ${#activations[@]}]}
      --schedule ${schedules[i % ${#schedules[@]}]} --softmax ${softmaxes[i % 4]} --strands ${strands[i % 2]} -s $((1 + i / 3 % 2))"
    [[ "$options" != *plateau* ]] || options+=" --warmup 0 --valid-fraction 0.1"
    rm -rf one two
    # shellcheck disable=SC2086
    rnntrain "${RUN[@]}" $options -e 7 -o one
    # shellcheck disable=SC2086
    interrupted two 200 "${RUN[@]}" $options -e 7
    echo "$options: $code at $(steps two) of $(steps one)"
    [ "$code" -eq 143 ]
    rnntrain -q --resume -o two "$DATA/lambda.fa.gz"
    same_run one two
  done
}

@test "a resumed run keeps the best weights of long before" {
  options=("${VALID[@]}" --schedule constant --learning-rate 0.3 --warmup 0)
  rnntrain "${options[@]}" -o one
  best=$(grep -o '"best_step": [0-9]*' one/run.json | grep -o '[0-9]*$')
  [ "$best" -lt $(($(steps one) / 2)) ]
  interrupted two $((best + 400)) "${options[@]}"
  [ "$code" -eq 143 ]
  rnntrain -q --resume -o two "$DATA/lambda.fa.gz"
  same_run one two
}

@test "a row due at the time of the checkpoint is the same after --resume" {
  rnntrain "${RUN[@]}" --log-every 1 -e 3 -o one
  interrupted two 20 "${RUN[@]}" --log-every 1 -e 3
  [ "$code" -eq 143 ]
  rnntrain -q --resume -o two "$DATA/lambda.fa.gz"
  same_run one two
}

@test "a signal interrupts a validation, and the resumed run repeats it" {
  { echo ">random"; random_bases 300000 1; } > long.fa
  not_sanitized "it takes the address sanitizer half a minute"
  options=(-q -t 1 -k 3 -d 8 -D 256 -B 8 -T 16 -e 1 --log-every 1 --valid long.fa "$DATA/phix174.fa.gz")
  rnntrain "${options[@]}" -o one
  awk -F '\t' '$9 != "NA"' one/loss.tsv | tail -n +2 | [ "$(wc -l)" -eq 1 ]
  last=$(steps one)
  until grep "at step $last " messages; do # after the last step, and before the row that holds the validation
    rm -rf two
    interrupted two $((last - 1)) "${options[@]}"
    [ "$code" -eq 143 ]
  done
  [ "$(wc -l < two/loss.tsv)" -lt "$(wc -l < one/loss.tsv)" ] # it has not validated
  rnntrain --resume "${options[@]}" -o two
  same_run one two
}

@test "a run without a later checkpoint resumes from its first" {
  interrupted_by KILL run 500 "${RUN[@]}"
  [ "$code" -eq 137 ]
  [ ! -e run/model.safetensors ]
  rnntrain --resume -o run "${RUN[@]}"
  same_run "$WHOLE" run
}

@test "options not given keep the values of the run" {
  interrupted_by INT run 500 "${RUN[@]}"
  [ "$code" -eq 130 ]
  run --separate-stderr -0 rnntrain --resume -o run "$DATA/lambda.fa.gz"
  step=$(grep -o 'at step [0-9]*' messages | grep -o '[0-9]*')
  [[ "$stderr" == *"resuming from step $step, "* ]]
  same_run "$WHOLE" run
}

@test "an option given with its default value replaces that of the run" {
  rnntrain "${RUN[@]}" -e 1 -o run
  rnntrain -q --resume -e 2 --log-every 50 -o run "$DATA/lambda.fa.gz"
  "$PYTHON" -c 'import json
options = json.load(open("run/run.json"))["options"]
assert options["log-every"] == 50 and options["epochs"] == 2 and options["lanes"] == 8'
}

@test "a run from standard input, with a file for validation, resumes" {
  zcat "$DATA/phix174.fa.gz" > phix.fa
  zcat "$DATA/lambda.fa.gz" | rnntrain "${NO_FILE[@]}" --valid phix.fa -o one -
  zcat "$DATA/lambda.fa.gz" > lambda.fa
  INPUT=lambda.fa interrupted two 300 "${NO_FILE[@]}" --valid phix.fa -
  [ "$code" -eq 143 ]
  zcat "$DATA/lambda.fa.gz" | rnntrain -q --resume --valid phix.fa -o two -
  same_run one two
}

@test "a run that began with --init resumes" {
  rnntrain "${RUN[@]}" -e 1 --seed 7 -o begin
  rnntrain "${RUN[@]}" --init begin -o one
  interrupted two 300 "${RUN[@]}" --init begin
  [ "$code" -eq 143 ]
  rnntrain "${RUN[@]}" --init begin --resume -o two # given again, it must be the same
  same_run one two
  fails 1 "--init $WHOLE: the run in two began from another model" \
    rnntrain "${RUN[@]}" --init "$WHOLE" --resume -o two
  fails 1 "--init begin: the run in $WHOLE began from another model, or from none" \
    rnntrain "${RUN[@]}" --init begin --resume -o "$WHOLE"
}

@test "a completed run stays unchanged, and continues if --epochs is raised" {
  cp -r "$WHOLE" run
  rnntrain --resume=auto -o run "${RUN[@]:1}" 2> messages
  same_run "$WHOLE" run
  grep -x "the training was finished; -e N with N above 12 continues it" messages
  rnntrain -q --resume -e 13 -o run "$DATA/lambda.fa.gz"
  [ "$(steps run)" -gt "$(steps "$WHOLE")" ]
  head -n "$(wc -l < "$WHOLE/loss.tsv")" run/loss.tsv | cmp - "$WHOLE/loss.tsv"
}

# killed_at_once RUN FILE: resumes the run and kills it after its message "resuming"; run.json then has the status running.
killed_at_once() {
  run ! grep '"status": "running"' "$1/run.json"
  rnntrain --no-progress --resume -e 100000 -o "$1" "$2" 2> messages &
  await grep "^resuming from step" messages
  kill -KILL $!
  wait $! || true
  grep '"status": "running"' "$1/run.json"
  "$PYTHON" -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["commands"]) == 2' "$1/run.json"
}

@test "a run has the status running as soon as it resumes, and resumes if it is killed then" {
  cp -r short over
  killed_at_once over "$DATA/phix174.fa.gz"
  rnntrain -q --resume -o over "$DATA/phix174.fa.gz"
  same_run short over
  grep '"status": "done"' over/run.json
  interrupted run 100 "${RUN[@]}"
  killed_at_once run "$DATA/lambda.fa.gz"
  rnntrain -q --resume -o run "$DATA/lambda.fa.gz"
  same_run "$WHOLE" run
}

# state RUN NUMBER: prints a number of its checkpoint.
state() { grep -ao "\"state.$2\":\"[^\"]*\"" "$1/checkpoint.safetensors" | cut -d '"' -f 4; }

@test "a run resumes after more than 1000 validations without an improvement" {
  { echo ">random"; random_bases 400 1; } > random.fa
  options=(-q -t 1 -k 2 -d 2 -D 4 -B 4 -T 16 --schedule constant --log-every 1000000)
  start "${options[@]}" -e 1000000 -o run random.fa # it does not end of itself
  stop TERM run 10000
  [ "$code" -eq 143 ]
  [ "$(state run stale)" -gt 1000 ]
  [ "$(state run rate_stale)" -gt 1000 ]
  epochs=$(state run epoch)
  rnntrain -q --resume -e $((epochs + 100)) -o run random.fa
  rnntrain "${options[@]}" -e $((epochs + 100)) -o whole random.fa
  same_run whole run
  rnntrain -q --resume -e $((epochs + 200)) -o run random.fa # a run that is over is extended
  rnntrain "${options[@]}" -e $((epochs + 200)) -o longer random.fa
  same_run longer run
}

@test "a resumed run keeps the stale count of --schedule plateau" {
  { echo ">random"; random_bases 400 1; } > random.fa
  options=(-q -t 1 -k 2 -d 2 -D 4 -B 4 -T 16 --schedule plateau --warmup 0 --log-every 1000000)
  rnntrain "${options[@]}" -e 1000 -o whole random.fa
  grep -q '"status": "stopped early"' whole/run.json
  epochs=$(tail -n 1 whole/loss.tsv | cut -f 2)
  [ "$epochs" -gt 7 ]
  seen=0
  for epoch in $(seq 1 "$epochs"); do # in parts of one epoch, which end between the two failures too
    rnntrain "${options[@]}" --resume=auto -e "$epoch" -o run random.fa
    [ "$(state run rate_stale)" -ne 1 ] || seen=$((seen + 1))
  done
  [ "$seen" -gt 3 ]
  rnntrain "${options[@]}" --resume -e 1000 -o run random.fa
  same_run whole run
}

@test "--max-time includes all parts of a run" {
  with_time rnntrain -k 3 -d 8 -D 16 --valid-fraction 0 -o run "$DATA/lambda.fa.gz"
  grep -q "out of time after" messages
  steps=$(steps run)
  run --separate-stderr -0 rnntrain --resume --max-time "$time" -o run "$DATA/lambda.fa.gz"
  [[ "$stderr" == *"out of time after"* ]]
  [ "$(steps run)" -eq "$steps" ]
  rnntrain -q --resume --max-time $((3 * time)) -o run "$DATA/lambda.fa.gz"
  [ "$(steps run)" -gt "$steps" ]
  awk -F '\t' 'NR > 1 { if ($4 < before) exit bad = 1; before = $4 } END { exit bad || !(before > 2) }' run/loss.tsv
}

@test "run.json keeps the command line of each part of a run" {
  name=$(printf 'ph\351x.fa') # no UTF-8
  zcat "$DATA/phix174.fa.gz" > "$name"
  train --seed 7 -o run "$name"
  rnntrain -q --resume -e 2 -o run "$name"
  rnntrain -q --resume -e 3 --log-every 7 -o run "$name"
  "$PYTHON" -c 'import json
run = json.load(open("run/run.json"))
first, second, third = run["commands"]
assert run["command"] == first and first[-4:] == ["7", "-o", "run", "ph?x.fa"], first
assert second == ["rnntrain", "-q", "--resume", "-e", "2", "-o", "run", "ph?x.fa"], second
assert third[4:7] == ["3", "--log-every", "7"], third'
  rnntrain -q --report -o run
  grep -q "<code>rnntrain -q --resume -e 2 -o run ph" run/report.html
  grep -q "<code>rnntrain -q --resume -e 3 --log-every 7 -o run ph" run/report.html
}

# ---- signals -------------------------------------------------------------------------------------

@test "a signal is acknowledged in one sentence" {
  interrupted run 100 "${RUN[@]}"
  [ "$code" -eq 143 ]
  [ "$(wc -l < messages)" -eq 1 ]
  grep -q "^rnntrain: stopped by SIGTERM at step [0-9]* and saved in run/checkpoint.safetensors; --resume continues from there$" messages
  "$PYTHON" -c 'import json, sys
report = json.load(open("run/run.json"))
assert report["status"] == "interrupted"
assert 0 < report["result"]["longest_step_seconds"] < 600
assert 0 < report["result"]["longest_checkpoint_seconds"] < 600'
}

@test "a signal discards the unfinished step, and the resumed run repeats it" {
  options=(-q -k 6 -D 512 --softmax full -t 1 --log-every 1 --valid-fraction 0 "$DATA/phix174.fa.gz")
  for _ in 1 2 3 4 5; do # it may come when all but the sums is done
    rm -rf run
    start "${options[@]}" -e 2 -o run
    stop TERM run 1 # the next step has begun: rows are written before it
    [ "$code" -eq 143 ]
    if grep "at step $(steps run) and saved" messages; then break; fi
  done
  grep "at step $(steps run) and saved" messages
  rnntrain -q --resume -o run "$DATA/phix174.fa.gz"
  rnntrain "${options[@]}" -e 2 -o one
  same_run one run
}

@test "SIGUSR1 saves a checkpoint, and training continues" {
  start -o run "${RUN[@]:1}" -e 60 --no-progress
  pid=$!
  await logged run 500
  [ ! -e run/model.safetensors ]
  kill -USR1 "$pid"
  await [ -e run/model.safetensors ]
  kill -TERM "$pid"
  code=0
  wait "$pid" || code=$?
  [ "$code" -eq 143 ]
  grep -q "^SIGUSR1: saved at step [0-9]*$" messages
}

@test "SIGUSR1 while the input is read takes effect at the first checkpoint" {
  mkfifo pipe
  start "${NO_FILE[@]}" -o run pipe
  pid=$!
  exec 7> pipe
  zcat "$DATA/lambda.fa.gz" >&7
  await grep -qE '^SigCgt:.*[2367abef][0-9a-f]{2}$' "/proc/$pid/status" # 10 is caught
  kill -USR1 "$pid"
  exec 7>&-
  wait "$pid"
  same_weights "$WHOLE" run
  same_rows "$WHOLE" run
}

@test "repeated SIGUSR1 does not prevent validation" {
  { echo ">random"; random_bases 20000 1; } > long.fa
  start -q -k 3 -d 8 -D 256 -B 8 -T 16 -e 1 --valid long.fa -o run "$DATA/phix174.fa.gz"
  await [ -e run/run.json ]
  while kill -USR1 $! 2> kept; do sleep 0.02; done
  wait $!
  [ "$(awk -F '\t' '$9 != "NA"' run/loss.tsv | wc -l)" -eq 2 ]
}

@test "a closed pipe on stderr ends no run, even before its first line" {
  mkfifo pipe
  exec 7<> pipe 8> pipe 7<&- # a pipe that nobody reads
  rnntrain "${RUN[@]:1}" -o deaf 2>&8
  same_run "$WHOLE" deaf
  rm -f deaf/report.html
  rnntrain --report --multiqc -o deaf 2>&8
  [ -e deaf/report.html ]
  [ -e deaf/rnntrain_mqc.json ]
  exec 8>&-
  rnntrain "${RUN[@]:1}" --no-progress -o run 2> >(head -n 1 > messages)
  same_run "$WHOLE" run
  [ "$(wc -l < messages)" -eq 1 ]
}

@test "a second SIGINT ends a run at once" {
  # Steps of half a second: the first SIGINT waits for the end of one, and is no longer pending (2 of ShdPnd).
  start -q -D 768 -T 512 -B 32 -t 1 --log-every 1 --valid-fraction 0 -o run "$DATA/lambda.fa.gz"
  await logged run 1 # the next step has begun
  cp run/checkpoint.safetensors before
  kill -INT $!
  await grep -qE '^ShdPnd:.*[014589cd]$' "/proc/$!/status"
  kill -INT $!
  code=0
  wait $! || code=$?
  [ "$code" -eq 130 ]
  [ ! -s messages ]
  cmp before run/checkpoint.safetensors
}

@test "a signal that the caller ignores is ignored" {
  rnntrain "${RUN[@]}" -e 1 -o one
  (trap '' HUP; exec nice -n 10 rnntrain "${RUN[@]}" -o run) &
  stop HUP run 300
  [ "$code" -eq 0 ]
  same_run "$WHOLE" run
}

# ---- runs that cannot resume ---------------------------------------------------------------------

@test "--resume needs a run, and --resume=auto refuses one that it cannot resume" {
  fails 1 "-o none: there is no run to resume; start one without --resume" rnntrain "${RUN[@]}" --resume -o none
  [ ! -e none ]
  mkdir empty
  fails 1 "-o empty: holds no checkpoint to resume from; start a run without --resume" rnntrain "${RUN[@]}" --resume -o empty
  rm short/checkpoint.safetensors
  fails 1 "-o short: holds a run, but no checkpoint to resume from" \
    rnntrain "${TINY[@]}" --resume=auto -o short "$DATA/phix174.fa.gz"
  rm short/model.safetensors # killed before its first checkpoint
  train --resume=auto -o short "$DATA/phix174.fa.gz"
  same_run short "$BATS_FILE_TMPDIR/short"
}

@test "a changed option that cannot change on --resume is named" {
  refuses() { fails 1 "$1: the run in short began with $2, not $3" rnntrain "${TINY[@]}" --resume -o short "${@:4}" "$DATA/phix174.fa.gz"; }
  refuses --kmer 3 4 -k 4
  refuses --stride 1 2 -s 2
  refuses --embedding 8 9 -d 9
  refuses --hidden 16 17 -D 17
  refuses --lanes 8 9 -B 9
  refuses --timesteps 16 17 -T 17
  refuses --strands both forward --strands forward
  refuses --activation sigmoid relu --activation relu
  refuses --softmax followers full --softmax full
  refuses --optimizer adam sgd --optimizer sgd
  refuses --learning-rate 0.003 0.0030000001 --learning-rate 0.0030000001
  refuses --schedule linear cosine --schedule cosine
  refuses --warmup 100 0 --warmup 0
  refuses --clip 1 2 --clip 2
  refuses --valid-fraction 0 0.2 --valid-fraction 0.2
  refuses --seed 1 2 --seed 2
  refuses --min-quality 0 3 --min-quality 3
  refuses --min-length 0 100 --min-length 100
  refuses --circular no yes --circular
  refuses --lowercase keep ambiguous --lowercase ambiguous
  cmp short/checkpoint.safetensors "$BATS_FILE_TMPDIR/short/checkpoint.safetensors"
  cmp short/loss.tsv "$BATS_FILE_TMPDIR/short/loss.tsv"
}

@test "a resumed run keeps --lowercase ambiguous; a checkpoint without it means lower case counts as sequence" {
  run ! grep -qa option.lowercase short/checkpoint.safetensors
  zcat "$DATA/lambda.fa.gz" | awk 'NR % 9 == 3 { $0 = tolower($0) } 1' > soft.fa
  rnntrain "${NO_FILE[@]}" --lowercase ambiguous -o whole soft.fa
  interrupted run 60 "${NO_FILE[@]}" --lowercase ambiguous soft.fa
  fails 1 "--lowercase: the run in run began with ambiguous, not keep" \
    rnntrain -q --resume --lowercase keep -o run soft.fa
  rnntrain -q --resume -o run soft.fa
  same_run whole run
}

@test "a changed input is refused and named" {
  zcat "$DATA/phix174.fa.gz" > phix.fa
  go_on() { rnntrain "${TINY[@]}" --resume -o short "$@"; }
  fails 1 "phix.fa: is not an input of the run, which has only 1" go_on "$DATA/phix174.fa.gz" phix.fa
  fails 1 "lambda.fa.gz: differs from input 1 of the run: it has 48502 letters, not 5386" \
    go_on "$DATA/lambda.fa.gz"
  fails 1 "phix.fa: is not an input" go_on "$DATA/phix174.fa.gz" --valid phix.fa
  rnntrain "${TINY[@]:0:13}" --valid phix.fa -o valid "$DATA/phix174.fa.gz" # --valid-fraction is the default
  fails 1 "the run began with a --valid file; give it again" \
    rnntrain -q --resume -o valid "$DATA/phix174.fa.gz"
  fails 1 "phix.fa: differs from input 2 of the run: --valid does not name it" \
    rnntrain -q --resume -o valid "$DATA/phix174.fa.gz" phix.fa
  train -o two "$DATA/phix174.fa.gz" "$DATA/lambda.fa.gz"
  fails 1 "the run began with 2 input files, not 1" \
    rnntrain "${TINY[@]}" --resume -o two "$DATA/phix174.fa.gz"
  fails 1 "lambda.fa.gz: differs from input 1" \
    rnntrain "${TINY[@]}" --resume -o two "$DATA/lambda.fa.gz" "$DATA/phix174.fa.gz"
  go_on "$DATA/phix174.fa.gz"
}

@test "the same sequence is accepted in any compression and line length" {
  zcat "$DATA/phix174.fa.gz" > phix.fa
  go_on() { rnntrain "${TINY[@]}" --resume -o short "$@"; }
  go_on phix.fa
  gzip -9 < phix.fa > smaller.gz
  go_on smaller.gz
  go_on - < phix.fa
  { head -n 1 phix.fa; tail -n +2 phix.fa | tr -d '\n' | fold -w 7 | tr ACGT acgu; echo; } > folded.fa
  go_on folded.fa
  sed 's/$/\r/' phix.fa > dos.fa
  go_on dos.fa
  # The same bases as FASTQ: qualities do not matter unless they exclude bases.
  bases=$(tail -n +2 phix.fa | tr -d '\n')
  printf '@%s\n%s\n+\n%s\n' "$(head -n 1 phix.fa | tr -d '>')" "$bases" "${bases//?/I}" > phix.fq
  go_on phix.fq
  cmp short/model.safetensors "$BATS_FILE_TMPDIR/short/model.safetensors"
}

@test "a different sequence is rejected with the difference" {
  printf '>a x\nACGTACGTTGCA\nNNACGATCG\n>b\nTTGACCA\n' > a.fa
  rnntrain -q -k 2 -d 4 -D 4 -B 2 -T 8 -e 1 --valid-fraction 0 -o run a.fa
  refuses() {
    sed "$1" a.fa > b.fa
    run ! cmp a.fa b.fa
    fails 1 "b.fa: differs from input 1 of the run: $2" rnntrain -q --resume -o run b.fa
  }
  refuses 's/TTGACCA/TTGACCC/' "its bases differ"
  refuses 's/>b/>c/' "its record names differ"
  refuses 's/>b/>B/' "its record names differ"
  refuses 's/ACGTACGTTGCA/NNACGTACGTTGCA/' "it has 30 letters, not 28"
  refuses 's/NNACGATCG/NACGNATCG/' "its record or segment lengths differ"
  refuses 's/^NNACGATCG/>n\nNNACGATCG/' "it has 3 records, not 2"
  refuses 's/^NNACGATCG/NNACGATC/;s/^TTG/GTTG/' "its record or segment lengths differ"
  refuses 's/>a x/>a circular=true/' "its record or segment lengths differ"
  sed 's/>a x/>a y/' a.fa > b.fa
  rnntrain -q --resume -o run b.fa
}

@test "changed qualities matter only if they exclude other bases" {
  printf '@a\nACGTACGTTGCA\n+\nIIIIII!IIIII\n' > a.fq
  for quality in 0 20; do
    rnntrain -q -k 2 -d 4 -D 4 -B 2 -T 8 -e 1 --valid-fraction 0 --min-quality $quality -o run$quality a.fq
  done
  printf '@a\nACGTACGTTGCA\n+\nFFFFFF#FFFFF\n' > b.fq
  rnntrain -q --resume -o run0 b.fq
  rnntrain -q --resume -o run20 b.fq
  printf '@a\nACGTACGTTGCA\n+\nIIIIII!IIII!\n' > c.fq
  rnntrain -q --resume -o run0 c.fq
  fails 1 "c.fq: differs from input 1 of the run: its record or segment lengths differ" \
    rnntrain -q --resume -o run20 c.fq
}

@test "a log that was changed is not truncated" {
  for log in loss.tsv timestep_loss.tsv; do
    cp "short/$log" kept.tsv
    head -c -20 kept.tsv > "short/$log"
    fails 1 "short/$log: was changed since its checkpoint was written" \
      rnntrain "${TINY[@]}" --resume -o short "$DATA/phix174.fa.gz"
    head -c -20 kept.tsv | cmp - "short/$log"
    rm "short/$log"
    fails 1 "short/$log: cannot be opened: No such file or directory; restore it" \
      rnntrain "${TINY[@]}" --resume -o short "$DATA/phix174.fa.gz"
    cp kept.tsv "short/$log"
  done
  { cat kept.tsv; echo "12	of a line that"; } > short/timestep_loss.tsv
  train --resume -o short "$DATA/phix174.fa.gz"
  cmp kept.tsv short/timestep_loss.tsv
}

@test "a damaged checkpoint is refused, and no file changes" {
  "$PYTHON" -c 'import sys
data = bytearray(open("short/checkpoint.safetensors", "rb").read())
data[-100] ^= 1
open("short/checkpoint.safetensors", "wb").write(data)'
  cp -r short before
  fails 1 "short/checkpoint.safetensors: the data is damaged" \
    rnntrain "${TINY[@]}" --resume -o short "$DATA/phix174.fa.gz"
  diff -r before short
}

# describe KEY VALUE: sets a value in the checkpoint's metadata; "" removes it.
describe() {
  "$PYTHON" - "$1" "$2" << 'END'
import json, struct, sys
key, value = sys.argv[1:]
data = open('short/checkpoint.safetensors', 'rb').read()
end = 8 + struct.unpack('<Q', data[:8])[0]
header = json.loads(data[8:end])
del header['__metadata__']['header_crc32']
if value: header['__metadata__'][key] = value
else: del header['__metadata__'][key]
text = json.dumps(header).encode()
open('short/checkpoint.safetensors', 'wb').write(struct.pack('<Q', len(text)) + text + data[end:])
END
}

@test "a checkpoint that contradicts itself or this version is refused before memory is allocated" {
  refused() {
    describe "$1" "$2"
    (ulimit -v 2000000; fails 1 "short/checkpoint.safetensors: $3" \
      rnntrain -q -t 1 --resume -o short "$DATA/phix174.fa.gz")
    cp "$BATS_FILE_TMPDIR/short/checkpoint.safetensors" short
  }
  not_sanitized "the address sanitizer needs more than any limit"
  refused option.kmer 12 "its k does not match its option.kmer"
  refused option.hidden 65536 "its hidden does not match its option.hidden"
  refused option.dropout 0.5 "has option.dropout, which is unknown to this version"
  refused inputs "" "written by version $(rnntrain --version | grep -o '[0-9.]*' | head -n 1), which identified its input by the bytes of the files; resume the run"
  refused inputs 2 "malformed at state.inputs:"
  refused inputs 9999999999999999 "malformed at __metadata__.inputs:"
  refused option.warmup "" "has no option.warmup that this version knows"
  refused option.clip many "has no option.clip that this version knows"
  refused state.optimizer_steps 1000000 "its numbers contradict each other"
  refused state.epoch 7 "its numbers contradict each other"
  describe version 9.9.9
  run --separate-stderr -0 rnntrain --resume -o short "$DATA/phix174.fa.gz"
  [[ "$stderr" == *"version 9.9.9 made it, this is"* ]]
}

@test "--resume excludes --force and --dry-run" {
  fails 2 "--resume: does not go with --force" rnntrain "${RUN[@]}" --resume --force -o short
  fails 2 "--resume: does not go with --dry-run" rnntrain "${RUN[@]}" --resume --dry-run -o short
}

# ---- one at a time -------------------------------------------------------------------------------

@test "a second rnntrain in the same directory is refused while the first one runs" {
  start -o run "${RUN[@]}" -e 1000
  pid=$!
  await [ -e run/run.json ]
  for how in "" --force --resume --resume=auto; do
    # shellcheck disable=SC2086
    fails 1 "-o run: another rnntrain is writing there" rnntrain "${RUN[@]}" $how -o run
  done
  kill -TERM "$pid"
  wait "$pid" || [ $? -eq 143 ]
  rnntrain "${RUN[@]}" --resume -o run -e 1
}

@test "a file with a temporary name is replaced, and a directory is an error" {
  mkfifo short/checkpoint.safetensors.tmp
  ln -s /dev/full short/model.safetensors.tmp
  echo old > short/run.json.tmp
  train --resume -o short "$DATA/phix174.fa.gz"
  same_run short "$BATS_FILE_TMPDIR/short"
  find short -name '*.tmp' > left
  [ ! -s left ]
  mkdir short/checkpoint.safetensors.tmp
  fails 1 "short/checkpoint.safetensors.tmp: cannot be made: Is a directory" \
    rnntrain "${TINY[@]}" --resume -o short "$DATA/phix174.fa.gz"
}

@test "of two runs that start at once in a directory, one is refused" {
  mkfifo pipe
  start "${NO_FILE[@]}" -o run pipe
  pid=$!
  exec 7> pipe
  rnntrain "${RUN[@]}" -e 1 -o run
  cp -r run before
  zcat "$DATA/lambda.fa.gz" >&7
  exec 7>&-
  code=0
  wait "$pid" || code=$?
  [ "$code" -eq 1 ]
  grep -q "^rnntrain: -o run: another rnntrain has started a run there meanwhile" messages
  diff -r before run
}
