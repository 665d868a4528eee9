# rnntrain: changes of the run directory while a run writes to it.
load cli

# OLD is a run without end; NEW is another run, which ends after a moment.
BOTH=(-q -t 1 -k 2 -d 2 -D 4 -B 4 -T 16 --log-every 1 --valid-fraction 0 --schedule constant)
OLD=("${BOTH[@]}" -e 1000000 --seed 1) NEW=("${BOTH[@]}" -e 2 --seed 2)
PHIX=$DATA/phix174.fa.gz
REMOVED="was removed or replaced while this run was writing to it" # the directory, or loss.tsv in it

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
}

# begin DIR [OPTION...]: starts OLD in DIR and waits for its first rows; $old is its process.
begin() {
  env --default-signal=INT,TERM rnntrain "${OLD[@]}" "${@:2}" -o "$1" "$PHIX" 2> messages &
  old=$!
  await [ -e "$1/run.json" ]
  [ "$#" -gt 1 ] || await logged "$1" 5
}

# halt: stops OLD until kill -CONT.
halt() {
  kill -STOP "$old"
  await grep -q "^State:.T" "/proc/$old/status"
}

gone() {
  if grep -qs "^State:.[^ZX]" "/proc/$old/status"; then return 1; fi
}

# ends WORDS: OLD ends with exit code 1 and these words, and does not name a model.
ends() {
  code=0
  await gone || kill -KILL "$old"
  wait "$old" || code=$?
  cat messages
  [ "$code" -eq 1 ] || return 1
  [ "$(wc -l < messages)" -eq 1 ] || return 1
  grep -qF -- "$1" messages || return 1
  if grep -q "model:" messages; then return 1; fi
}

# untouched DIR: checks that it has the files of an undisturbed NEW, and that the run resumes.
untouched() {
  rnntrain "${NEW[@]}" -o wanted "$PHIX" || return
  same_run wanted "$1" || return
  rnntrain -q --resume -e 3 -o "$1" "$PHIX"
}

@test "a run whose directory was removed and created again ends without touching the new one" {
  begin run
  halt
  rm -rf run
  rnntrain "${NEW[@]}" -o run "$PHIX"
  kill -CONT "$old"
  ends "$REMOVED"
  untouched run
}

@test "a run whose directory was emptied and used again ends without touching the new run" {
  for log_every in 1 1000000000; do # it finds out at a row, or when it saves
    rm -rf run wanted
    begin run --log-every "$log_every" --checkpoint-every 0.01s
    await [ -e run/model.safetensors ]
    halt
    rm -rf run/*
    rnntrain "${NEW[@]}" -o run "$PHIX"
    kill -CONT "$old"
    # It may have been halted between the checks of loss.tsv and of timestep_loss.tsv.
    ends "loss.tsv: was removed or replaced while this run was writing to it"
    untouched run
  done
}

@test "a resumed run whose directory is removed while it reads reports it" {
  rnntrain "${NEW[@]}" -o run "$PHIX"
  mkfifo input
  rnntrain -q --resume -e 3 -o run input 2> messages &
  old=$!
  exec 7> input # it has opened its input, and the directory before that
  rm -rf run
  zcat "$PHIX" >&7
  exec 7>&-
  ends "-o run: the directory was removed or replaced while this run was writing to it"
}

@test "a run ends if one of its logs is removed or replaced" {
  for log in loss.tsv timestep_loss.tsv; do
    for next in none new; do
      rm -rf run
      begin run
      halt
      mv "run/$log" was
      [ "$next" = none ] || : > "run/$log"
      kill -CONT "$old"
      ends "run/$log: was removed or replaced while this run was writing to it"
    done
  done
}

@test "a report is not written into a directory that replaced that of the run" {
  need_strace
  # It stops itself at its eighth file, run.json with the results, which is the last before a report.
  strace -o trace -e trace=renameat -e inject=renameat:signal=STOP:when=8 \
    rnntrain "${NEW[@]}" --report --multiqc -o run "$PHIX" 2> messages &
  old=$!
  await grep -q 'stopped by SIGSTOP' trace
  mv run old
  mkdir run
  traced=$(pgrep -P "$old")
  kill -CONT "$traced"
  ends "-o run: no longer leads to the directory of this run, which is now $PWD/old"
  rmdir run # it is empty
  [ -s old/model.safetensors ]
}

@test "a run whose directory was removed ends" {
  begin run
  halt
  rm -rf run
  kill -CONT "$old"
  ends "$REMOVED"
  [ ! -e run ]
}

@test "a run whose directory was moved reports the new path, and resumes there" {
  for next in none new; do
    rm -rf run old
    begin run --checkpoint-every 0.01s
    await [ -e run/model.safetensors ]
    halt
    mv run old
    [ "$next" = none ] || rnntrain "${NEW[@]}" -o run "$PHIX"
    kill -CONT "$old"
    ends "-o run: no longer leads to the directory of this run, which is now $PWD/old; resume"
    [ "$next" = none ] || untouched run
    epochs=$(tail -n 1 old/loss.tsv | cut -f 2)
    epochs=$((epochs + 1))
    rnntrain -q --resume -e "$epochs" -o old "$PHIX"
    rm -rf alone
    rnntrain "${OLD[@]}" -e "$epochs" -o alone "$PHIX"
    same_run alone old
    rm -rf wanted
  done
}

@test "a run ends if the link to its directory is changed" {
  mkdir one two
  ln -s one link
  begin link --checkpoint-every 0.01s
  await [ -e one/model.safetensors ]
  halt
  ln -sfn two link
  rnntrain "${NEW[@]}" -o link "$PHIX"
  kill -CONT "$old"
  ends "-o link: no longer leads to the directory of this run, which is now $PWD/one; resume"
  untouched two
  rnntrain -q --resume -e 1 -o one "$PHIX"
}

@test "a relative name is resolved in the working directory in which the run started" {
  mkdir place
  (cd place && exec rnntrain "${OLD[@]}" -o ../run "$PHIX" 2> ../messages) &
  old=$!
  await [ -e run/run.json ]
  await logged run 5
  halt
  mv run old
  kill -CONT "$old"
  ends "-o ../run: no longer leads to the directory of this run, which is now $PWD/old"
}

@test "a run continues if a parent directory is moved" {
  mkdir -p place
  (cd place && exec rnntrain "${BOTH[@]}" -e 300 --seed 1 -o run "$PHIX" 2> ../messages) &
  old=$!
  await logged place/run 5
  halt
  mv place moved
  kill -CONT "$old"
  wait "$old"
  [ ! -s messages ]
  rnntrain "${BOTH[@]}" -e 300 --seed 1 -o alone "$PHIX"
  same_run alone moved/run
}

@test "a signal saves nothing into a directory that replaced that of the run" {
  begin run --log-every 1000000000 --checkpoint-every 0.01s
  await [ -e run/model.safetensors ] # so that signals are caught
  halt
  mv run old
  rnntrain "${NEW[@]}" -o run "$PHIX"
  kill -TERM "$old"
  kill -CONT "$old"
  ends "-o run: no longer leads to the directory of this run"
  untouched run
}

# ---- states of a directory, by option ------------------------------------------------------------

# make STATE: makes DIR in this state; "whole" is a completed run.
make() {
  rm -rf DIR
  case $1 in
    absent | "a file" | "a link to nowhere") ;;
    "a checkpoint without"* | "a model without"* | "a whole run") cp -r whole DIR ;;
    *) mkdir DIR ;;
  esac
  case $1 in
    "only a report") echo page > DIR/report.html ;;
    "a leftover .tmp") head -c 100 whole/checkpoint.safetensors > DIR/checkpoint.safetensors.tmp ;;
    "unrelated files") echo mine > DIR/notes.txt ;;
    "an empty loss.tsv") touch DIR/loss.tsv ;;
    "part of a header") head -c 10 whole/loss.tsv > DIR/loss.tsv ;;
    "a header") head -n 1 whole/loss.tsv > DIR/loss.tsv ;;
    "both headers")
      head -n 1 whole/loss.tsv > DIR/loss.tsv
      head -n 1 whole/timestep_loss.tsv > DIR/timestep_loss.tsv
      ;;
    "both logs") cp whole/loss.tsv whole/timestep_loss.tsv DIR ;;
    "another file called loss.tsv") echo mine > DIR/loss.tsv ;;
    "a checkpoint without a model") rm DIR/model.safetensors DIR/run.json ;;
    "a checkpoint without logs") rm DIR/loss.tsv DIR/timestep_loss.tsv ;;
    "a model without a checkpoint") rm DIR/checkpoint.safetensors ;;
    "only a model") cp whole/model.safetensors DIR ;;
    "only run.json") cp whole/run.json DIR ;;
    "a file") echo mine > DIR ;;
    "a link to nowhere") ln -s nowhere DIR ;;
  esac
}
STATES=(absent empty "unrelated files" "an empty loss.tsv" "part of a header" "a header" "both headers"
  "a leftover .tmp" "only a report" "both logs" "another file called loss.tsv"
  "a checkpoint without a model" "a checkpoint without logs" "a model without a checkpoint" "only a model"
  "only run.json" "a whole run" "a file" "a link to nowhere")

# Checks that the run begins with its first epoch and ends like an undisturbed one.
is_whole() { same_run whole "$1"; }

# try STATE OPTION DIR: runs it, and leaves the result in $code and the file messages.
try() {
  code=0
  rnntrain "${NEW[@]}" ${2:+"$2"} -o "$3" "$PHIX" 2> messages || code=$?
}

# follow STATE WORDS COMMAND...: if the error has the words, the command must succeed on the directory
# in that state.
follow() {
  grep -qF -- "$2" refusal || return 0
  followed=$((followed + 1))
  make "$1"
  rm -rf other
  echo "'$1': $(cat refusal)"
  echo "  remedy: ${*:3}"
  "${@:3}"
}

run_through_link() {
  mkdir nowhere || return
  rnntrain "${NEW[@]}" -o DIR "$PHIX" || return
  rm -r nowhere
}

# Every remedy named in the error works.
remedies_work() {
  followed=0
  follow "$1" "give --resume to" rnntrain "${NEW[@]}" --resume -o DIR "$PHIX" || return
  follow "$1" "start a run without --resume" rnntrain "${NEW[@]}" -o DIR "$PHIX" || return
  follow "$1" "start one without --resume" rnntrain "${NEW[@]}" -o DIR "$PHIX" || return
  follow "$1" "another directory" rnntrain "${NEW[@]}" -o other "$PHIX" || return
  follow "$1" "name a directory" rnntrain "${NEW[@]}" -o other "$PHIX" || return
  follow "$1" "make that directory" run_through_link || return
  follow "$1" "name another one" rnntrain "${NEW[@]}" -o other "$PHIX" || return
  follow "$1" "--force" rnntrain "${NEW[@]}" --force -o DIR "$PHIX" || return
  [ "$followed" -gt 0 ]
}

@test "in every state of a directory each option works, or the remedy of its error does" {
  rnntrain "${NEW[@]}" -o whole "$PHIX"
  refused=0
  for state in "${STATES[@]}"; do
    for option in "" --resume --resume=auto --force; do
      make "$state"
      try "$state" "$option" DIR
      echo "'$state' '$option': $code $(cat messages)"
      if [ "$code" -eq 0 ]; then
        is_whole DIR
        continue
      fi
      [ "$code" -eq 1 ]
      [ "$(wc -l < messages)" -eq 1 ]
      refused=$((refused + 1))
      mv messages refusal
      make "$state"
      [ ! -e DIR ] || cp -r DIR before
      try "$state" "$option" DIR
      [ ! -e DIR ] || diff -r before DIR # nothing was changed
      rm -rf before
      remedies_work "$state"
    done
  done
  [ "$refused" -gt 10 ]
}

@test "a run starts in a directory without results, beside unrelated files" {
  rnntrain "${NEW[@]}" -o whole "$PHIX"
  for state in absent empty "unrelated files" "an empty loss.tsv" "part of a header" "a header" \
    "both headers" "a leftover .tmp"; do
    for option in "" --resume=auto --force; do
      make "$state"
      try "$state" "$option" DIR
      echo "'$state' '$option': $code $(cat messages)"
      [ "$code" -eq 0 ]
      is_whole DIR
      if [ "$state" = "unrelated files" ]; then [ "$(cat DIR/notes.txt)" = mine ]; fi
    done
  done
}

@test "a pipe in place of a log is an error whose remedy is to remove it" {
  for log in loss.tsv timestep_loss.tsv; do
    rm -rf run
    mkdir run
    mkfifo "run/$log"
    fails 1 "run/$log: is not a regular file; remove it" rnntrain "${NEW[@]}" --force -o run "$PHIX"
    rm -f "run/$log"
    rnntrain "${NEW[@]}" -o run "$PHIX"
  done
}

@test "a directory with results is not overwritten without --force" {
  rnntrain "${NEW[@]}" -o whole "$PHIX"
  for state in "both logs" "another file called loss.tsv" "a checkpoint without a model" \
    "a model without a checkpoint" "only a model" "only run.json" "only a report" "a whole run"; do
    make "$state"
    cp -r DIR before
    fails 1 "-o DIR: holds " rnntrain "${NEW[@]}" -o DIR "$PHIX"
    diff -r before DIR
    rm -r before
    try "$state" --force DIR
    [ "$code" -eq 0 ]
  done
  make "another file called loss.tsv"
  try "another file called loss.tsv" --resume=auto DIR
  [ "$code" -eq 1 ]
  [ "$(cat DIR/loss.tsv)" = mine ]
  make "only a report"
  try "only a report" --resume=auto DIR
  [ "$code" -eq 0 ]
  [ "$(cat DIR/report.html)" = page ]
}

@test "a read-only directory is an error whose remedies work" {
  need_nobody
  place=$(mktemp -d)
  chmod 777 "$place"
  cd "$place"
  for option in "" --resume=auto --force; do
    for name in DIR DIR/new; do # the directory, and one to be made in it
      rm -rf DIR other
      mkdir DIR
      chmod 555 DIR
      code=0
      "${as_nobody[@]}" "$BIN/rnntrain" "${NEW[@]}" ${option:+"$option"} -o "$name" - < <(zcat "$PHIX") 2> messages || code=$?
      cat messages
      [ "$code" -eq 1 ]
      grep -q "Permission denied; check the permissions, or name another place" messages
      "${as_nobody[@]}" "$BIN/rnntrain" "${NEW[@]}" -o other - < <(zcat "$PHIX")
      chmod 777 DIR
      "${as_nobody[@]}" "$BIN/rnntrain" "${NEW[@]}" ${option:+"$option"} -o "$name" - < <(zcat "$PHIX")
    done
  done
  cd ..
  rm -r "$place"
}

# ---- a start that fails --------------------------------------------------------------------------

# The disk is full when a run begins in a directory that does not exist or is empty.
@test "a start on a full disk leaves no file, and succeeds once there is space" {
  unshare -rm true 2> kept || skip "nothing can be mounted here"
  rnntrain "${NEW[@]}" -D 40 -o whole "$PHIX"
  # shellcheck disable=SC2016
  run -0 unshare -rm bash -euc '
    mkdir disk
    mount -t tmpfs -o size=256k none disk
    for room in 0 4 8 12 16 24; do
      for there in no yes; do
        for option in "" --resume=auto --force; do
          rm -rf disk/*
          [ $there = no ] || mkdir disk/run
          size=$((256 - room))
          head -c "${size}k" /dev/zero > disk/filler || true
          code=0
          rnntrain "$@" ${option:+"$option"} -o disk/run 2> messages || code=$?
          echo "$room kB, there: $there, $option: $code $(cat messages)"
          [ $code -eq 1 ]
          grep -q "disk/run.*: cannot be .*: No space left on device; make room, or name another place" messages
          [ $there = yes ] || [ ! -e disk/run ]
          [ $there = no ] || rmdir disk/run # it is empty
          rm disk/filler
          rnntrain "$@" ${option:+"$option"} -o disk/run
          cmp whole/model.safetensors disk/run/model.safetensors
        done
      done
    done' bash "${NEW[@]}" -D 40 "$PHIX"
  echo "$output"
}

@test "a start under a limit on file sizes leaves no file, and succeeds without the limit" {
  code=0
  (ulimit -f 8 && rnntrain "${NEW[@]}" -D 40 -o run "$PHIX") 2> messages || code=$?
  cat messages
  [ "$code" -eq 1 ]
  grep -q "File too large; raise the limit on the size of files (ulimit -f)" messages
  [ ! -e run ]
  rnntrain "${NEW[@]}" -D 40 -o run "$PHIX"
}

@test "a run that is killed while it tests OpenBLAS leaves no lock behind" {
  rnntrain "${NEW[@]}" -o run "$PHIX"
  for _ in $(seq 40); do
    rnntrain "${NEW[@]}" -t 2 --resume -o run "$PHIX" 2> messages &
    sleep "0.0$((RANDOM % 3))$((RANDOM % 10))"
    kill -KILL "$!" 2> messages || true
    wait "$!" || true
    rnntrain "${NEW[@]}" --resume -o run "$PHIX"
  done
}

@test "a run waits briefly for a lock, and refuses one that is not released" {
  command -v flock > /dev/null || skip "no flock"
  rnntrain "${NEW[@]}" -o run "$PHIX"
  flock run/loss.tsv bash -ec 'touch locked; exec sleep 0.1' 3>&- &
  await test -e locked
  rnntrain "${NEW[@]}" --resume -o run "$PHIX"
  wait $!
  rm locked
  flock run/loss.tsv bash -ec 'touch locked; exec sleep 60' 3>&- &
  await test -e locked
  run --separate-stderr -1 rnntrain "${NEW[@]}" --resume -o run "$PHIX"
  kill %%
  [[ "$stderr" == *"another rnntrain is writing there"* ]]
}
