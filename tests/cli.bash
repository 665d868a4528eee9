# Shared by the cli_*.bats files. BIN is the directory of the programs, SOURCE the source tree.
bats_require_minimum_version 1.5.0
: "${BIN:?the directory of rnntrain and rnnpredict}" "${SOURCE:?the source tree}"
PATH="$BIN:$PATH"
set -o pipefail # a failure of any command of a pipe counts
# The same environment for all users: decimal points and sort order, type of terminal, permissions, and no input.
export LC_ALL=C TERM=xterm HOME="${HOME:-/tmp}" # without HOME some programs that we test with fail
umask 022
exec < /dev/null
DATA=$SOURCE/data
SHARED_DATA=${SHARED:-$SOURCE/../shared}/data # larger, not committed
PYTHON=${PYTHON:-/usr/bin/python3}

# A small network that trains in a moment, without messages.
TINY=(-q -k 3 -d 8 -D 16 -B 8 -T 16 -e 1 -t 2 --valid-fraction 0)

train() { rnntrain "${TINY[@]}" "$@"; }

# The options of rnnpredict that read files, and those that need only a model.
ASKS=("" "--positions all" "--bases" "--mode score" "--mode score --strands both" "--mode track"
  "--mode track --window 50" "--mode track --format bedgraph" "--mode classify" "--mode embed"
  "--mode embed --state last" "--mode embed --positions all --strands both" "--mode track --strands both"
  "--bases --positions all --strands both" "--mode score --format jsonl" "--mode trace" "--mode trace --format text"
  "--mode flow" "--mode variants --all" "--mode variants --all --strands both")
ALONE=("--mode info" "--mode embed --kmers" "--mode sample")

is_alone() {
  local what
  for what in "${ALONE[@]}"; do [ "$what" != "$1" ] || return 0; done
  return 1
}

# ask RUN WHAT [OPTION|FILE...]: runs rnnpredict with the options WHAT; mode classify gets the model twice.
ask() {
  local run=$1 what=$2
  shift 2
  if [[ "$what" == *classify* ]]; then
    rnnpredict $what --model a="$run" --model b="$run" "$@"
  else
    rnnpredict $what "$run" "$@"
  fi
}
export -f ask

# fails CODE WORD COMMAND...: the command exits with the code, writes nothing to stdout, and writes one
# line with the word to stderr.
fails() {
  local code=$1 word=$2
  shift 2
  run --separate-stderr "-$code" "$@"
  echo "stdout: $output"
  echo "stderr: $stderr"
  [ -z "$output" ]
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ "$stderr" == *"$word"* ]]
}

# logged RUN STEP: whether the run has logged this step or a later one.
logged() { [ "$(tail -n 1 "$1/loss.tsv" | cut -f 1)" -ge "$2" ]; }

# about RUN KEY: prints the value of this key in the metadata of its model.
about() { rnnpredict --mode info "$1" | awk -F '\t' -v key="$2" '$1 == key { print $2; n++ } END { exit n != 1 }'; }

# same_weights A B: checks for the same model, except for the names and checksums of its training files.
same_weights() {
  local which='^(input_|init_name|command|header_crc32)' one two
  one=$(rnnpredict --mode info "$1" | grep -vE "$which") || return
  two=$(rnnpredict --mode info "$2" | grep -vE "$which") || return
  diff - <(echo "$two") <<< "$one"
}

# same_run A B: checks for the same model, byte for byte, and the same rows.
same_run() {
  cmp "$1/model.safetensors" "$2/model.safetensors" || return
  same_rows "$1" "$2"
}

# same_rows A B: checks for the same rows in the logs, except for the seconds.
same_rows() {
  cmp "$1/timestep_loss.tsv" "$2/timestep_loss.tsv" || return
  cut -f 1-3,5- "$1/loss.tsv" | diff - <(cut -f 1-3,5- "$2/loss.tsv")
}

# words PROGRAM OPTION: prints the words that the option accepts, from the completions of the program.
words() {
  "$1" --help=bash | sed -n "s/^ *--$2) COMPREPLY=.*compgen -W \"\([^\"]*\)\".*/\1/p" | grep .
}

# await COMMAND...: waits until the command succeeds, for ten minutes at most.
await() {
  local end=$((SECONDS + 600))
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "waited in vain for: $*"; return 1; }
    sleep 0.01
  done
}

teardown() { end_jobs; }

# Ends the jobs that a failed test left in the background, with their children.
end_jobs() {
  local job left
  for job in $(jobs -p); do
    left="$job $(pgrep -P "$job" | tr '\n' ' ' || true)"
    # shellcheck disable=SC2086
    kill -KILL $left 2> /dev/null || true
  done
}

# with_cpu SECONDS COMMAND...: runs the command with a limit on its processor time, unaffected by other programs.
with_cpu() {
  (ulimit -t "$1"; exec "${@:2}")
}

# with_time COMMAND...: runs the command with --force and --max-time 1, or longer ($time) on a loaded machine, until it
# makes a step. Its stderr is in the file messages.
with_time() {
  local code
  for time in 1 2 4 8 16 32 64 128; do
    code=0
    "$@" --force --max-time "$time" 2> messages || code=$?
    if ! grep -q "ended before the first training step" messages; then break; fi
  done
  return "$code"
}

# block DOCUMENT LANGUAGE: prints the fenced block of this language in the document.
block() { awk -v begin="\`\`\`$2" '/^```$/ { on = 0 } on; $0 == begin { on = 1 }' "$SOURCE/docs/$1"; }

# script NAME: prints a script of docs/cluster.md.
script() { block cluster.md "bash $1" > "$1"; }

# random_bases N SEED: prints N independent bases, the same for the same seed.
random_bases() {
  "$PYTHON" -c 'import random, sys
random.seed(int(sys.argv[2]))
print("".join(random.choice("ACGT") for _ in range(int(sys.argv[1]))))' "$1" "$2"
}

# column NAME: prints this column of a table with a header line, from stdin.
column() {
  awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next }
                            { print $c }'
}

is_sanitized() { grep -qE '__[alt]san_init' "$BIN/rnntrain"; }

# not_sanitized WHY: skips the test, for this reason, if the programs have a sanitizer.
not_sanitized() {
  ! is_sanitized || skip "$1"
}

need_strace() {
  command -v strace > /dev/null || skip "no strace: apt-get install strace"
  strace -o kept true 2> kept || skip "strace may not trace here"
  not_sanitized "the leak sanitizer does not work under strace"
}

# need_nobody: makes ${as_nobody[@]} COMMAND... run with the permissions of an ordinary user.
need_nobody() {
  as_nobody=()
  if [ "$EUID" -ne 0 ]; then return 0; fi
  command -v setpriv > /dev/null || skip "no setpriv"
  as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  "${as_nobody[@]}" test -x "$BIN/rnntrain" || skip "nobody may not run $BIN/rnntrain"
}

need_numpy() {
  "$PYTHON" -c 'import numpy' 2> /dev/null || skip "no numpy: apt-get install python3-numpy"
}

need_mpirun() {
  command -v mpirun > /dev/null || skip "no mpirun: apt-get install openmpi-bin"
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
}

has_mpi() { [[ "$(rnntrain --version)" == *$'\nMPI: '* ]]; }

need_mpi() {
  need_mpirun
  has_mpi || skip "this build has no MPI: cmake --preset mpi"
}

# ranks N COMMAND...: runs N processes that train together.
ranks() { mpirun --quiet --oversubscribe --bind-to none -n "$1" "${@:2}"; }
