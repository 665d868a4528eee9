# rnntrain under mpirun: the same bytes for any number of ranks, and common decisions.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  rnntrain -t 2 -o alone "${RUN[@]}" 2> messages
}

setup() {
  need_mpi
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  ALONE_RUN=$BATS_FILE_TMPDIR/alone
}

# A run with validations, both strands and several epochs, which can be resumed at the end of each.
RUN=(-k 4 -d 8 -D 16 -B 32 -T 16 -e 3 --schedule constant --log-every 7 "$DATA/lambda.fa.gz")

# same_state A B: checks for the same checkpoint, except for the seconds and the command lines.
same_state() {
  "$PYTHON" -c 'import json, struct, sys
def read(path):
    data = open(path + "/checkpoint.safetensors", "rb").read()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    about = header.pop("__metadata__")
    tensors = {name: data[8 + size + t["data_offsets"][0]:8 + size + t["data_offsets"][1]] for name, t in header.items()}
    del tensors["state.commands"]
    own = "state.seconds|started|commands|data_crc32|header_crc32|state.loss_log_bytes".split("|")
    return {key: about[key] for key in about if key not in own}, tensors
sys.exit(read(sys.argv[1]) != read(sys.argv[2]))' "$1" "$2"
}

same() {
  same_run "$1" "$2"
  same_state "$1" "$2"
}

# lines FILE: prints its lines, with # for parts that differ from run to run.
lines() { sed -E 's/[0-9.]+ [kMG]?B|[0-9.]+ ?m?s\b|[0-9]+k k-mers|[0-9]+ threads?( on each of 4 ranks)?|model: .*/#/g' "$1"; }

@test "1, 2, 4 and 8 ranks write the same bytes: both softmaxes, k = 4 and k = 9" {
  for shape in "-k 4" "-k 4 --softmax full" "-k 9 -d 4 -D 8 -T 8" "-k 6 -s 3 --softmax full -d 4 -D 8 -T 8"; do
    rnntrain -q -t 2 --force -o alone $shape -B 68 -e 1 "$DATA/phix174.fa.gz"
    for n in 1 2 4 8; do
      ranks "$n" rnntrain -q -t $((n % 3 + 1)) --force -o run $shape -B 68 -e 1 "$DATA/phix174.fa.gz"
      same alone run
    done
  done
}

@test "ranks print the messages of a single process" {
  ranks 4 rnntrain -t 2 -o run "${RUN[@]}" 2> messages
  same "$ALONE_RUN" run
  grep -q "memory, 2 threads on each of 4 ranks$" messages
  lines "$BATS_FILE_TMPDIR/messages" > expected
  lines messages | diff expected -
}

@test "a run resumes on another number of ranks" {
  ranks 4 rnntrain -q -t 1 -o run "${RUN[@]}" -e 1
  ranks 2 rnntrain -q -t 2 -o run "${RUN[@]}" -e 2 --resume
  ranks 8 rnntrain -q -t 1 -o run "${RUN[@]}" -e 3 --resume=auto
  same "$ALONE_RUN" run
  rnntrain -q -o run "${RUN[@]}" -e 4 --resume
  rnntrain -q -o alone "${RUN[@]}" -e 1
  ranks 2 rnntrain -q -o alone "${RUN[@]}" -e 4 --resume
  same alone run
}

@test "a run that a signal ends resumes alone as if it had not been interrupted" {
  mpirun --oversubscribe --bind-to none -n 4 rnntrain -t 1 -o run "${RUN[@]}" -e 1000 2> messages &
  await logged run 14
  kill -USR2 $!
  code=0
  wait $! || code=$?
  [ "$code" -eq 140 ]
  grep -q "^rnntrain: stopped by SIGUSR2 at step [0-9]* and saved in run/checkpoint.safetensors; --resume continues from there$" messages
  rnntrain -q -t 2 -o run "${RUN[@]}" --resume
  same "$ALONE_RUN" run
}

@test "only rank 0 needs the input files and the run directory" {
  mkdir 0 1
  cp "$DATA/lambda.fa.gz" 0
  # shellcheck disable=SC2016
  ranks 2 bash -ec 'cd "$OMPI_COMM_WORLD_RANK" && exec rnntrain "$@"' - -q -o run "${RUN[@]:0:16}" lambda.fa.gz
  same "$ALONE_RUN" 0/run
  rmdir 1
  ranks 2 rnntrain -q -o piped "${RUN[@]:0:16}" - < "$DATA/lambda.fa.gz"
  same_weights piped "$ALONE_RUN"
}

@test "--init, --valid and --patience give the results of a single process" {
  OPTIONS=(-q --init "$ALONE_RUN" -k 4 -d 8 -D 16 -B 16 -T 16 -e 6 --patience 1 --valid "$DATA/phix174.fa.gz" "$DATA/lambda.fa.gz")
  rnntrain -o alone "${OPTIONS[@]}"
  ranks 4 rnntrain -o run "${OPTIONS[@]}"
  same alone run
  grep -q '"status": "stopped early"' run/run.json
}

@test "a memory of repeats is the same for any number of ranks" {
  rnntrain -q -o alone "${RUN[@]}" -e 1 --memory
  ranks 2 rnntrain -q -o run "${RUN[@]}" -e 1 --memory
  same alone run
}

@test "--max-time ends all ranks with a model; a dry run estimates the time" {
  with_time ranks 2 rnntrain -t 1 -o run "${RUN[@]:0:10}" "$DATA/lambda.fa.gz"
  grep -q "^out of time after" messages
  rnnpredict --mode info run
  ranks 2 rnntrain --dry-run "${RUN[@]}" 2> messages > kept
  grep -q "^time: about .* on each of 2 ranks$" messages
  [ "$(wc -l < kept)" -eq 2 ]
}

@test "a full disk ends all ranks with one message and the exit code of a single process" {
  unshare -rm true 2> kept || skip "nothing can be mounted here"
  export -f ranks
  # shellcheck disable=SC2016
  run -0 unshare -rm bash -euc '
    mkdir disk
    mount -t tmpfs -o size=256k none disk
    for room in 0 8 200; do # kB: nothing fits; the logs fit; all fits but the logs of a longer run
      rm -rf disk/*
      head -c "$((256 - room))k" /dev/zero > disk/filler || true
      code=0
      ranks 2 rnntrain -q -t 1 -o disk/run "$@" 2> messages || code=$?
      cat messages
      [ "$code" -eq 1 ]
      [ "$(grep -c "^rnntrain: " messages)" -eq 1 ]
      grep -q "disk/run.*: cannot be .*: No space left on device; make room" messages
    done' - "${RUN[@]}" -e 1000 --log-every 1
}

@test "too many ranks for the number of lanes are refused in one sentence" {
  code=0
  ranks 4 rnntrain -q -o run "${RUN[@]}" -B 8 2> messages || code=$?
  [ "$code" -eq 1 ]
  [ "$(cat messages)" = "rnntrain: 4 processes were started, but --lanes 8 is enough for only 2; start fewer, or use --lanes 16" ]
  [ ! -e run ]
}

@test "the ranks of a node share its memory" {
  kilobytes=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
  D=$(awk -v kB="$kilobytes" 'BEGIN { printf "%d", sqrt(kB * 1000 / 64) }') # of 20 to 30 bytes a weight of H
  rnntrain --dry-run -q -D "$D" -B 64 -T 1 "$DATA/phix174.fa.gz" > kept || skip "less memory here, or more, than a -D for it"
  code=0
  ranks 4 rnntrain --dry-run -q -D "$D" -B 64 -T 1 "$DATA/phix174.fa.gz" 2> messages > kept || code=$?
  [ "$code" -eq 1 ]
  [ "$(grep -c "^rnntrain: .* of memory and \(a rank's\|its\) share of the .* is " messages)" -eq 1 ]
}

@test "ranks whose results would differ in the last bits are refused" {
  [[ "$(rnntrain --version)" == *x86-64-v* ]] || skip "OpenBLAS has one kind of loops here"
  code=0
  ranks 1 rnntrain -q -o run "${RUN[@]}" : -n 1 -x OPENBLAS_CORETYPE=Nehalem rnntrain -q -o run "${RUN[@]}" 2> messages || code=$?
  [ "$code" -eq 1 ]
  grep -q "^rnntrain: rank 1 on .*: computes with OpenBLAS .* nodes of the same kind$" messages
}

@test "a build with MPI that is started without mpirun is one rank" {
  rnntrain -q -t 1 -o run "${RUN[@]}"
  ranks 1 rnntrain -q -t 1 -o one "${RUN[@]}"
  same run one
}
