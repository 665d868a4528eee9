# Both programs, killed, with a full disk and without memory: once at every place.
load cli

# One thread, which gives each system call a fixed number; no validation, because the Markov counts take
# longest. With a memory, which is made and written after the last step.
SMALL=(-q -t 1 -k 2 -d 2 -D 4 -B 4 -T 16 -e 2 --log-every 20 --valid-fraction 0 --memory "$DATA/phix174.fa.gz")
JOBS=2

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  rnntrain "${SMALL[@]}" -o whole
  rnntrain "${SMALL[@]}" -e 1 -o half # --resume -e 2 makes it whole, but for its schedule
  cp -r half rest
  rnntrain "${SMALL[@]}" --resume -o rest
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  HALF=$BATS_FILE_TMPDIR/half REST=$BATS_FILE_TMPDIR/rest WHOLE=$BATS_FILE_TMPDIR/whole
}

# loads RUN: checks that its checkpoint and its model, if there is one yet, can be read.
loads() {
  rnnpredict --mode info "$1/checkpoint.safetensors" > "$1.kept" || return
  [ ! -e "$1/model.safetensors" ] || rnnpredict --mode info "$1" > "$1.kept"
}

# calls NAME COMMAND...: prints the numbers, among all calls with this name, of those that touch the run. strace follows
# neither threads (there are none) nor the child that tries OpenBLAS, whose calls have separate numbers.
calls() {
  local name=$1
  shift
  strace -y -e "trace=$name" -o trace "$@"
  grep "^$name" trace | awk -v place="$PWD/run" 'index($0, place) || /"run[\/"]/ { print NR }'
}

# for_all FUNCTION NUMBER...: calls the function with each number in its own directory, several at a
# time; prints the output of failed calls.
for_all() {
  local number
  for number in "${@:2}"; do
    [ "$(jobs -rp | wc -l)" -lt "$JOBS" ] || wait -n || true
    one "$1" "$number" > "messages.$number" 2>&1 &
  done
  wait $(jobs -rp) || true # failed runs have left their directories
  for number in "${@:2}"; do
    [ ! -e "at.$number" ] || { cat "messages.$number"; return 1; }
  done
}

one() {
  mkdir "at.$2" || return
  cd "at.$2" || return
  "$1" "$2" || return
  cd .. || return
  rm -r "at.$2"
}

# ---- killed --------------------------------------------------------------------------------------

@test "a run killed at fifty moments has a checkpoint and ends with the same model" {
  long=("${SMALL[@]}" -e 60)
  rnntrain "${long[@]}" -o whole
  RANDOM=$$ kills=0
  echo "RANDOM=$$"
  while [ "$kills" -lt 50 ]; do
    rnntrain "${long[@]}" --resume=auto --checkpoint-every 0.01s -o run &
    sleep 0.0$((RANDOM % 90 + 10))
    if kill -KILL $! 2> kept; then kills=$((kills + 1)); fi
    code=0
    wait $! || code=$?
    [ ! -e run/checkpoint.safetensors ] || loads run
    if [ "$code" -eq 0 ]; then
      same_run whole run
      rm -r run
    fi
  done
  rnntrain "${long[@]}" --resume=auto -o run
  same_run whole run
}

# If the program is killed at call N, --resume=auto completes the run from the remaining files.
killed() {
  cp -r "$HALF" run
  strace -e "trace=$CALL" -e "inject=$CALL:signal=KILL:when=$1" -o trace \
    rnntrain "${SMALL[@]}" --resume -o run
  [ $? -eq 137 ] || { echo "$CALL $1: not killed"; return 1; }
  loads run || return
  rnntrain "${SMALL[@]}" --resume -o run || return
  same_run "$REST" run
}

# The same at the start of a run, when there may be no file yet.
killed_early() {
  strace -e "trace=$CALL" -e "inject=$CALL:signal=KILL:when=$1" -o trace \
    rnntrain "${SMALL[@]}" -o run
  [ $? -eq 137 ] || { echo "$CALL $1: not killed"; return 1; }
  [ ! -e run/model.safetensors ] || loads run || return
  rnntrain "${SMALL[@]}" --resume=auto -o run || return
  same_run "$WHOLE" run
}

@test "a run killed at any call that writes, while a checkpoint replaces another, resumes" {
  need_strace
  for CALL in write fsync renameat openat ftruncate close; do
    rm -rf run
    cp -r "$HALF" run
    mapfile -t numbers < <(calls "$CALL" rnntrain "${SMALL[@]}" --resume -o run)
    echo "$CALL: ${#numbers[@]} calls"
    [ "${#numbers[@]}" -gt 0 ]
    for_all killed "${numbers[@]}"
  done
}

@test "a new run killed at any call that creates or renames a file leaves a usable directory" {
  need_strace
  for CALL in mkdir openat ftruncate renameat; do
    rm -rf run
    mapfile -t numbers < <(calls "$CALL" rnntrain "${SMALL[@]}" -o run)
    echo "$CALL: ${#numbers[@]} calls"
    [ "${#numbers[@]}" -gt 0 ]
    for_all killed_early "${numbers[@]}"
  done
}

# ---- without room --------------------------------------------------------------------------------

# Call N fails with ERROR: exit code 1, a sentence that names a file of the run and the cause, and the
# previous files are unchanged; without the error, --resume then completes the run.
refused() {
  [ "$FROM" = nothing ] || cp -r "$HALF" run
  strace -e "trace=$CALL" -e "inject=$CALL:error=$ERROR:when=$1" -o trace \
    rnntrain "${SMALL[@]}" $RESUME -o run 2> messages
  code=$?
  cat messages
  [ "$code" -eq 1 ] || { echo "$CALL $1: exit $code"; return 1; }
  [ "$(wc -l < messages)" -eq 1 ] && grep -q "^rnntrain: .*run.*$CAUSE" messages || return
  left=$(find . -name '*.tmp') || return
  [ -z "$left" ] || return
  [ "$FROM" = nothing ] || loads run || return
  rnntrain "${SMALL[@]}" --resume=auto -o run || return
  same_run "$WANTED" run
}

@test "a failure of any call that writes is an error that loses nothing" {
  need_strace
  for FROM in half nothing; do
    if [ $FROM = half ]; then RESUME=--resume WANTED=$REST; else RESUME='' WANTED=$WHOLE; fi
    for CALL in write fsync renameat openat ftruncate mkdir unlinkat; do
      [ $FROM-$CALL != half-mkdir ] || continue
      case $CALL in
        write | mkdir | openat) ERROR=ENOSPC CAUSE="No space left on device" ;;
        *) ERROR=EIO CAUSE="Input/output error" ;;
      esac
      rm -rf run
      [ $FROM = nothing ] || cp -r "$HALF" run
      # shellcheck disable=SC2086
      mapfile -t numbers < <(calls "$CALL" rnntrain "${SMALL[@]}" $RESUME -o run)
      echo "$FROM $CALL: ${#numbers[@]} calls"
      [ "${#numbers[@]}" -eq 0 ] || for_all refused "${numbers[@]}"
    done
  done
}

@test "a file that cannot be accessed is not treated as missing" {
  need_strace
  for RESUME in "" --resume --resume=auto; do
    for name in "" checkpoint.safetensors model.safetensors loss.tsv timestep_loss.tsv run.json; do
      rm -rf run
      cp -r "$HALF" run
      code=0
      # shellcheck disable=SC2086
      strace -P "${name:-run}" -e "inject=access,newfstatat:error=ESTALE" -o trace \
        rnntrain "${SMALL[@]}" $RESUME -o run 2> messages || code=$?
      cat messages
      [ "$code" -eq 1 ]
      grep -q "^rnntrain: .*run.*Stale file handle" messages
      diff -r "$HALF" run
    done
  done
}

@test "a process that starts between another's check and lock is not overwritten" {
  need_strace
  mkdir run
  # It stops itself once it has looked.
  strace -P checkpoint.safetensors -e trace=newfstatat -e inject=newfstatat:signal=STOP:when=1 \
    -o trace rnntrain "${SMALL[@]}" --resume=auto -o run 2> messages &
  await grep -q 'stopped by SIGSTOP' trace
  rnntrain "${SMALL[@]}" -o run
  kill -CONT "$(pgrep -P $!)"
  code=0
  wait $! || code=$?
  [ "$code" -eq 1 ]
  grep -q "another rnntrain" messages
  same_run "$WHOLE" run
}

@test "a limit on the size of files is an error with its cause" {
  code=0
  (ulimit -f 8; rnntrain "${SMALL[@]}" -D 40 -o run) 2> messages || code=$?
  [ "$code" -eq 1 ]
  grep -q "^rnntrain: run/checkpoint.safetensors: cannot be written: File too large; raise the limit on the size of files (ulimit -f)" messages
  (ulimit -f 8; rnnpredict --mode track "$WHOLE" "$DATA/lambda.fa.gz" -o table.tsv) 2> messages || code=$?
  [ "$code" -eq 1 ]
  grep -q "^rnnpredict: .*table.tsv: cannot be written: File too large" messages
  [ ! -e table.tsv ]
}

@test "a full disk is an error that loses nothing" {
  unshare -rm true 2> kept || skip "nothing can be mounted here"
  # shellcheck disable=SC2016
  run -0 unshare -rm bash -euc '
    mkdir disk
    mount -t tmpfs -o size=64k none disk
    code=0
    rnntrain "$@" -D 40 -o disk/run 2> messages || code=$?
    [ $code -eq 1 ]
    grep -q "^rnntrain: disk/run/.*: cannot be written: No space left on device; make room" messages
    rm -rf disk/run
    rnntrain "$@" -e 1 -o disk/run
    cp -r disk/run before
    head -c 100000 /dev/zero > disk/filler || true
    code=0
    rnntrain "$@" --resume -o disk/run 2> messages || code=$?
    [ $code -eq 1 ]
    cat messages
    cmp before/checkpoint.safetensors disk/run/checkpoint.safetensors
    cmp before/model.safetensors disk/run/model.safetensors
    rm disk/filler
    rnntrain "$@" --resume -o disk/run
    cp -r disk/run .' bash "${SMALL[@]}"
  same_run "$REST" run
}

@test "a file system without locks is used with a warning" {
  need_strace
  cp -r "$HALF" run
  strace -f -e trace=flock -e inject=flock:error=ENOLCK -o trace \
    rnntrain "${SMALL[@]:1}" --resume -o run 2> messages
  grep -q "^run: its file system has no locks" messages
  same_run "$REST" run
}

@test "predictions that cannot be written are an error" {
  for what in "${ASKS[@]}" "${ALONE[@]}"; do
    files=("$DATA/reads.fq.gz")
    if is_alone "$what"; then files=(); fi
    run -1 bash -c 'ask "$@" > /dev/full' bash "$WHOLE" "$what" "${files[@]}"
    [ "$output" = "rnnpredict: standard output: cannot be written: No space left on device; make room, or name another place" ]
    run -1 bash -c 'ask "$@" >&-' bash "$WHOLE" "$what" "${files[@]}"
    [ "$output" = "rnnpredict: standard output: cannot be written: Bad file descriptor; it is closed: redirect it to a file" ]
    run -0 bash -o pipefail -c '{ ask "$@"; code=$?; [ $code -eq 0 ] || [ $code -eq 141 ]; } | head -n 1' \
      bash "$WHOLE" "$what" "${files[@]}"
    [ "${#lines[@]}" -eq 1 ]
  done
}

# ---- without memory ------------------------------------------------------------------------------

# One line, or the message of libgfortran, which is loaded with OpenBLAS; no signal. If a library can do without the
# memory, the output is the same.
short_of_memory() {
  local code=0
  if [ "$PROGRAM" = train ]; then
    LD_PRELOAD=$FAIL_MALLOC_SO FAIL_MALLOC=$1 rnntrain "${SMALL[@]}" -o run 2> messages || code=$?
    if [ "$code" -eq 0 ]; then
      same_run "$WHOLE" run || return
      loads run || return
      json_keys run | cmp - "$WHOLE.json" || return
    fi
  else
    rm -f table.gz
    LD_PRELOAD=$FAIL_MALLOC_SO FAIL_MALLOC=$1 ask "$WHOLE" "$CLASSIFY" -o table.gz "$DATA/reads.fq.gz" 2> messages || code=$?
    [ "$code" -ne 0 ] || cmp "$WHOLE.gz" table.gz || return
    [ "$code" -eq 0 ] || ! compgen -G 'table.gz*' || return
  fi
  [ "$code" -ne 0 ] || return 0
  cat messages
  [ "$code" -eq 1 ] || { echo "request $1: exit $code"; return 1; }
  if grep -q "^Operating system error: Cannot allocate memory" messages; then return 0; fi
  [ "$(grep -c . messages)" -eq 1 ] || return
  grep -qE "^(rnntrain|rnnpredict): " messages
}

json_keys() { tr -d ' ' < "$1/run.json" | sed -n 's/^\("[a-z_-]*":\).*/\1/p' ; }

@test "a failed request for memory is an error that loses nothing" {
  FAIL_MALLOC_SO=$BIN/tests/libfail_malloc.so
  [ -e "$FAIL_MALLOC_SO" ] || skip "no $FAIL_MALLOC_SO in this build"
  json_keys "$WHOLE" > "$WHOLE.json"
  CLASSIFY="--mode classify --strands both"
  ask "$WHOLE" "$CLASSIFY" -o "$WHOLE.gz" "$DATA/reads.fq.gz"
  PROGRAM=train
  LIST_MALLOCS=list LD_PRELOAD=$FAIL_MALLOC_SO rnntrain "${SMALL[@]}" -o run
  mapfile -t numbers < list
  echo "rnntrain: ${#numbers[@]} requests"
  [ "${#numbers[@]}" -gt 100 ]
  for_all short_of_memory "${numbers[@]}"
  PROGRAM=predict
  LIST_MALLOCS=list LD_PRELOAD=$FAIL_MALLOC_SO ask "$WHOLE" "$CLASSIFY" -o table.gz "$DATA/reads.fq.gz"
  mapfile -t numbers < list
  echo "rnnpredict: ${#numbers[@]} requests"
  [ "${#numbers[@]}" -gt 30 ]
  for_all short_of_memory "${numbers[@]}"
}
