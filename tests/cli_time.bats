# rnntrain: --max-time, announcements, and the order of saving.
load cli

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  zcat "$DATA/phix174.fa.gz" > phix.fa
}

# in_time RUN OPTION...: a run with little time ends with a model and reports it, or reports which phase
# took the time. A machine may be too slow for a single step, so a test cannot require more.
in_time() {
  local run=$1 code=0
  shift
  rnntrain -o "$run" "$@" > out 2> messages || code=$?
  cat messages
  [ ! -s out ]
  if [ "$code" -eq 0 ]; then
    [ "$(tail -n 1 messages)" = "model: $run/model.safetensors" ]
    rnnpredict --mode info "$run" > out
  else
    [ "$code" -eq 1 ]
    [[ "$(tail -n 1 messages)" =~ ^"rnntrain: --max-time "[0-9.]+" s ended before the first training step; ".+" took "[0-9.]+" s; "(give|"resume with")" a longer --max-time"$ ]]
    run ! grep '^model:' messages
    [ ! -e "$run/model.safetensors" ]
  fi
}

@test "if --max-time ends while the input is read, the exit code is 1 and the message names the phase" {
  mkfifo pipe
  exec 7<> pipe # nobody will ever write to it
  fails 1 "--max-time 0.2 s ended before the first training step; reading the input took 0" \
    rnntrain -q --max-time 0.2 -o run pipe
  [ ! -e run ]
  echo ">one" >&7
  fails 1 "reading the input took" rnntrain -q --max-time 0.2 -o run --valid pipe phix.fa
  [ ! -e run ]
}

@test "a run that exits with 0 leaves a model, whatever its --max-time" {
  for time in 0.001 0.05 0.2 0.3 0.4 0.6 1; do
    for options in "-k 3 --valid-fraction 0" "-k 3" "-k 6 --softmax full -D 256"; do
      rm -rf run
      # shellcheck disable=SC2086
      in_time run $options --max-time "$time" phix.fa
    done
  done
}

@test "a validation longer than --max-time leaves a model" {
  { echo ">random"; random_bases 300000 1; } > long.fa
  in_time run -k 3 -D 1024 -d 8 -B 8 -T 16 --max-time 4 --valid long.fa phix.fa
}

@test "a run without a first step can be started again, and resumed" {
  in_time run --max-time 0.001 phix.fa
  train -o run phix.fa
  # Without time for another step.
  rnntrain -q --resume --max-time 0.001 -o run phix.fa
  train -o one phix.fa
  same_weights one run
  same_rows one run
}

@test "a resumed run without time left validates and examines its model" {
  options=(-q -t 1 -k 3 -d 8 -D 16 -B 8 -T 16 --log-every 1)
  rnntrain "${options[@]}" -e 1 -o run phix.fa
  rnntrain -q --resume --max-time 0.001 -o run phix.fa
  "$PYTHON" -c 'import json
run = json.load(open("run/run.json"))
assert run["status"] in ("done", "out of time")
assert run["examination"] == "whole" and len(run["calibration"]) > 1 and len(run["gradient_flow"]) == 16'
}

@test "the help explains that a plain number is seconds, and the phases that --max-time includes" {
  rnntrain --help | tr -s ' \n' ' ' > help
  grep -qF 'Stop after this much time: seconds, or 90s, 10m, 2h. It includes reading, the Markov count, validation, checkpoints and the examination' help
  grep -qF 'The current training step is finished first.' help
  grep -qF 'Time between checkpoints: seconds, or 90s, 10m, 2h' help
}

@test "if --max-time ends after the first checkpoint, the message advises to resume, which works" {
  local code=0
  need_strace
  # run.json, which follows the checkpoint, is written after the end of the time. If the time ends before the
  # checkpoint, on a slow machine, no file of the run may be left.
  strace -o trace -e trace=renameat -e inject=renameat:delay_enter=3000000:when=2 \
    rnntrain -q -k 3 -d 8 -D 16 --max-time 2 -o run phix.fa 2> messages || code=$?
  cat messages
  [ "$code" -eq 1 ]
  if [ -e run/checkpoint.safetensors ]; then
    grep -q "; resume with a longer --max-time$" messages
    grep -q '"status": "out of time"' run/run.json
  fi
  rnntrain -q -k 3 -d 8 -D 16 -e 1 --max-time 10m --resume=auto -o run phix.fa
}

# ---- the examination -----------------------------------------------------------------------------

@test "SIGTERM during the examination loses nothing, and --resume repeats it" {
  # An examination of about a second.
  options=(-t 2 -k 6 --softmax full -D 512 -B 8 -T 16 -e 1)
  head -n 30 phix.fa > few.fa
  rnntrain -q "${options[@]}" -o one few.fa --valid phix.fa
  env --default-signal=TERM rnntrain "${options[@]}" -o two few.fa --valid phix.fa 2> messages &
  pid=$!
  await grep -qx "examining the model" messages
  cmp one/model.safetensors two/model.safetensors # saved before
  kill -TERM "$pid"
  code=0
  wait "$pid" || code=$?
  [ "$code" -eq 143 ]
  grep -q '^rnntrain: stopped by SIGTERM after the last step; the model is saved in two/model.safetensors; --resume examines it$' messages
  grep -q '"status": "interrupted"' two/run.json
  rnntrain -q --resume -o two few.fa --valid phix.fa
  same_run one two
  "$PYTHON" -c 'import json
one, two = (json.load(open(name + "/run.json")) for name in ("one", "two"))
assert one["status"] == two["status"] == "done"
for key in ("calibration", "gradient_flow", "examination"):
    assert one[key] == two[key] and one[key], key'
}

# ---- announcements -------------------------------------------------------------------------------

@test "the first message is printed before the input is read; short phases have none" {
  mkfifo pipe
  rnntrain "${TINY[@]:1}" --valid-fraction 0.1 -o run pipe 2> messages &
  pid=$!
  exec 7> pipe
  await grep -qx "reading pipe" messages
  [ "$(wc -l < messages)" -eq 1 ]
  cat phix.fa >&7
  exec 7>&-
  wait "$pid"
  run ! grep -E "^(counting|preparing|writing|examining) " messages
}

@test "the long phases of a large network are announced" {
  rnntrain -k 8 -D 64 -d 32 -e 1 -o run phix.fa 2> messages
  grep -E "^(counting|preparing|writing|examining) " messages > phases
  printf '%s\n' "preparing the network" "writing the first checkpoint" "writing the last checkpoint" \
    "examining the model" | cmp - phases
}

@test "counting the Markov models of a large genome is announced" {
  "$PYTHON" -c 'import random
random.seed(1)
print(">a\n" + "".join(random.choices("ACGT", k=100000)) * 120)' > large.fa
  rnntrain --max-time 1h -k 1 -d 1 -D 1 -o run large.fa 2> messages &
  pid=$!
  await grep -qx "counting Markov models" messages
  kill -TERM "$pid"
  wait "$pid" || [ "$?" -eq 143 ]
}
