# Signals: those that end the programs, those that do not, and the files left behind. cli_resume tests resuming.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run "$DATA/phix174.fa.gz"
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run
}

# begin COMMAND...: starts the command in the background, with default signals; its process number is $pid.
begin() {
  env --default-signal=INT,TERM,HUP,QUIT "$@" > out 2> messages <&0 &
  pid=$!
}

# begin_as_first COMMAND...: starts it as process 1 of its own namespace; $pid is its number outside.
begin_as_first() {
  unshare --pid --fork --mount-proc true 2> kept || skip "process namespaces need root"
  begin unshare --pid --fork --mount-proc "$@"
  parent=$pid
  await has_child
  pid=$(cat "/proc/$parent/task/$parent/children")
  pid=${pid% }
  await is_program
}

has_child() { [ -n "$(cat "/proc/$parent/task/$parent/children")" ]; }
is_program() { [[ "$(< "/proc/$pid/comm")" == rnn* ]]; }

# catches SIGNAL: whether the program has a handler for the signal.
catches() {
  local caught number
  caught=$(awk '/^SigCgt:/ { print $2 }' "/proc/$pid/status")
  number=$(kill -l "$1")
  [ $((0x$caught >> (number - 1) & 1)) -eq 1 ]
}

holds_files() { [ -n "$(ls -A "$1")" ]; }

# has_read: whether the pipe that the program reads is empty.
has_read() { [ "$("$PYTHON" -c 'import fcntl, struct, termios
print(struct.unpack("i", fcntl.ioctl(open("/dev/fd/7", "rb"), termios.FIONREAD, b"1234"))[0])' 7<> pipe)" -eq 0 ]; }

code_of() {
  code=0
  wait "$1" || code=$?
}

@test "SIGUSR2 saves a run and ends it with 140" {
  options=(-q -k 3 -d 8 -D 16 -B 8 -T 16 --valid-fraction 0 --log-every 30)
  rnntrain "${options[@]}" -e 5 -o one "$DATA/lambda.fa.gz"
  begin rnntrain "${options[@]}" -e 100000 -o two "$DATA/lambda.fa.gz"
  await grep -q '^300	' two/loss.tsv
  kill -USR2 "$pid"
  code_of "$pid"
  [ "$code" -eq 140 ]
  grep -q '^rnntrain: stopped by SIGUSR2 at step [0-9]* and saved in two/checkpoint.safetensors' messages
  grep -q '"status": "interrupted"' two/run.json
  [ -e two/model.safetensors ]
}

@test "SIGUSR2 while the input is read ends a run at once, with 140" {
  mkfifo pipe
  for when in new resumed; do
    options=(-q -k 3 -d 8 -D 16 -o run)
    if [ "$when" = resumed ]; then
      rnntrain "${options[@]}" -e 1 "$DATA/phix174.fa.gz"
      cp -r run before
      options=(-q --resume -e 2 -o run)
    fi
    begin rnntrain "${options[@]}" pipe
    exec 7> pipe
    await catches USR2
    kill -USR1 "$pid"
    kill -USR2 "$pid"
    code_of "$pid"
    exec 7>&-
    [ "$code" -eq 140 ]
    [ ! -s messages ]
    [ "$when" = resumed ] || [ ! -e run ]
  done
  diff -r before run
}

@test "an alarm that the caller set before exec still ends a run" {
  mkfifo pipe
  exec 7<> pipe
  run -142 timeout 600 "$PYTHON" -c 'import os, signal, sys
signal.alarm(1)
os.execvp(sys.argv[1], sys.argv[1:])' rnntrain -q -o run pipe
  exec 7>&-
}

@test "SIGUSR1 and SIGUSR2 do not end rnnpredict" {
  mkfifo pipe
  begin rnnpredict --mode score "$RUN" pipe
  exec 7> pipe
  await catches USR2
  for signal in USR1 USR2 USR1 USR2; do kill -$signal "$pid"; done
  zcat "$DATA/phix174.fa.gz" >&7
  await has_read
  for signal in USR1 USR2; do kill -$signal "$pid"; done
  exec 7>&-
  code_of "$pid"
  [ "$code" -eq 0 ]
  rnnpredict --mode score "$RUN" "$DATA/phix174.fa.gz" | cmp - out
}

@test "TERM, INT, HUP and QUIT have their default effect on rnnpredict" {
  mkfifo pipe
  ulimit -c 0
  for signal in TERM INT HUP QUIT; do
    begin rnnpredict --mode score "$RUN" pipe
    exec 7> pipe
    await catches "$signal"
    kill -"$signal" "$pid"
    code_of "$pid"
    exec 7>&-
    [ "$code" -eq $((128 + $(kill -l "$signal"))) ]
    [ ! -s messages ]
  done
}

@test "process 1 of a container ends at TERM, INT, HUP and QUIT while it reads" {
  mkfifo pipe
  for program in "rnntrain -q -o run pipe" "rnnpredict --mode score $RUN pipe" "rnnpredict $RUN -"; do
    for signal in TERM INT HUP QUIT; do
      exec 7<> pipe
      # shellcheck disable=SC2086
      begin_as_first $program <&7
      await catches "$signal"
      kill -"$signal" "$pid"
      code_of "$parent"
      exec 7>&-
      echo "$program: $signal: $code"
      [ "$code" -eq $((128 + $(kill -l "$signal"))) ]
      [ ! -e run ]
    done
  done
}

@test "process 1 of a container ends at TERM while it samples, and leaves no partial file" {
  mkdir samples
  begin_as_first rnnpredict --mode sample --length 1000000000000 -o samples/long.fa "$RUN"
  await catches TERM
  kill -TERM "$pid"
  code_of "$parent"
  [ "$code" -eq 143 ]
  run -0 ls -A samples
  [ -z "$output" ]
}

@test "process 1 of a container ends at QUIT, and its run resumes from the last checkpoint" {
  options=(-q -k 3 -d 8 -D 16 --valid-fraction 0)
  begin_as_first rnntrain "${options[@]}" -e 100000 -o run "$DATA/lambda.fa.gz"
  await grep -q '^300	' run/loss.tsv
  kill -QUIT "$pid"
  code_of "$parent"
  [ "$code" -eq 131 ]
  [ ! -s messages ]
  rnntrain -q --resume -e 1 -o run "$DATA/lambda.fa.gz"
  rnntrain "${options[@]}" -e 1 -o whole "$DATA/lambda.fa.gz"
  same_run whole run
}

@test "process 1 of a container saves a run at TERM, and ends at once at a second INT" {
  begin_as_first rnntrain -q -k 3 -d 8 -D 16 --valid-fraction 0 -e 100000 -o run "$DATA/lambda.fa.gz"
  await grep -q '^300	' run/loss.tsv
  kill -TERM "$pid"
  code_of "$parent"
  [ "$code" -eq 143 ]
  grep -q 'stopped by SIGTERM' messages
  # Steps of half a second: the first SIGINT waits for the end of one.
  begin_as_first rnntrain -q -D 768 -T 512 -B 32 -t 1 --log-every 1 -o slow "$DATA/lambda.fa.gz"
  await grep -q '^1	' slow/loss.tsv # the next step has begun
  kill -INT "$pid"
  await grep -qE '^ShdPnd:.*[014589cd]$' "/proc/$pid/status" # it was delivered
  kill -INT "$pid"
  code_of "$parent"
  [ "$code" -eq 130 ]
}

@test "if unnamed files are not possible, TERM removes the unfinished file" {
  command -v strace > kept || skip "no strace: apt-get install strace"
  mkdir samples
  # openat fails as on a file system without unnamed files.
  begin strace -f -qq -o trace -e trace=openat -e inject=openat:error=EOPNOTSUPP:when=2 -P samples \
    rnnpredict --mode sample --length 1000000000000 -o samples/long.fa "$RUN"
  await holds_files samples
  child=$(pgrep -P "$pid" -x rnnpredict)
  kill -TERM "$child"
  code_of "$pid"
  [ "$code" -eq 143 ]
  run -0 ls -A samples
  [ -z "$output" ]
}
