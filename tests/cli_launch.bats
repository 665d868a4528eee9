# Start and end of ranks: errors, signals, and ranks and nodes that die. cli_ranks tests their results.
load cli

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
}

teardown() {
  end_jobs
  end_hosts
}

LONG=(-q -k 3 -d 8 -D 16 -B 16 -T 16 -t 1 --valid-fraction 0 --log-every 30 -e 100000)

# begin N [OPTION...]: starts a long run of N ranks in the background, up to a checkpoint. $pid is the process of
# mpirun, $first and $second are the first two ranks.
begin() {
  mpirun --oversubscribe --bind-to none "${@:2}" -n "$1" rnntrain "${LONG[@]}" -o run "$DATA/lambda.fa.gz" > out 2> messages &
  pid=$!
  await logged run 60
  first=$(rank_of 0)
  second=$(rank_of 1)
}

# rank_of I: prints the process of rank I.
rank_of() {
  local process
  for process in $(pgrep -P "$pid"); do
    if grep -qz "^OMPI_COMM_WORLD_RANK=$1$" "/proc/$process/environ"; then echo "$process"; fi
  done
}

code_of() {
  code=0
  wait "$1" || code=$?
  cat messages
}

# count WORDS: prints the number of lines of rnntrain with these words.
count() { grep -c "^rnntrain: .*$1" messages || true; }

# resumes N: resumes the run with N ranks, to its end.
resumes() {
  mpirun --oversubscribe --bind-to none -n "$1" rnntrain "${LONG[@]}" -e 1 -o run --resume "$DATA/lambda.fa.gz"
}

# ---- two hosts, which are namespaces that a cable joins ------------------------------------------

# need_hosts: makes two hosts: "near", on which mpirun runs, and "far", which has none of the test's data.
need_hosts() {
  need_mpi
  near=rnn$$near far=rnn$$far
  ip netns add "$near" 2> kept || skip "network namespaces need root, and iproute2: $(< kept)"
  ip netns add "$far"
  ip link add eth0 netns "$near" type veth peer name eth0 netns "$far" 2> kept || skip "no veth: $(< kept)"
  unshare --uts --mount true 2> kept || skip "no namespaces of host names or mounts: $(< kept)"
  join "$near" 10.77.0.1
  join "$far" 10.77.0.2
  cat > agent << EOF
#!/bin/bash
shift # the host, of two
exec ip netns exec $far unshare --uts --mount bash -ec 'hostname far; mount -t tmpfs none "$DATA"; exec sh -c "\$*"' - "\$@"
EOF
  chmod +x agent
}

join() {
  ip -n "$1" addr add "$2/24" dev eth0
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
}

end_hosts() {
  local name
  for name in ${near-} ${far-}; do
    ip netns pids "$name" 2> kept | xargs -r kill -KILL || true
    ip netns del "$name" || true
  done
}

# on_hosts RANKS COMMAND...: runs half of the ranks on each host.
on_hosts() {
  exec ip netns exec "$near" unshare --uts bash -ec 'hostname near; exec "$@"' - \
    mpirun --mca plm_rsh_agent "$PWD/agent" --host "10.77.0.1:$1,10.77.0.2:$1" --map-by ppr:$(($1 / 2)):node \
    --bind-to none -n "$@"
}

# ---- refusals -----------------------------------------------------------------------------------

@test "a build without MPI refuses to be one of several processes, in one sentence" {
  need_mpirun
  if has_mpi; then skip "this build has MPI"; fi
  run -2 mpirun --oversubscribe -n 2 rnntrain "${TINY[@]}" -o run "$DATA/phix174.fa.gz"
  [ "$(grep -c '^rnntrain: ' <<< "$output")" -eq 1 ]
  [[ "$output" == *"2 processes were started together, but this rnntrain was built without MPI"* ]]
  [ ! -e run ]
}

@test "mpirun may start a single process in any build" {
  need_mpirun
  run -0 mpirun -n 1 rnntrain "${TINY[@]}" -o run "$DATA/phix174.fa.gz"
  [ -z "$output" ]
  train -o alone "$DATA/phix174.fa.gz"
  same_run run alone
}

@test "a number of ranks that is not a power of two is refused in one sentence" {
  need_mpi
  run -2 mpirun --oversubscribe -n 3 rnntrain "${TINY[@]}" -o run "$DATA/phix174.fa.gz"
  [ "$(grep -c '^rnntrain: ' <<< "$output")" -eq 1 ]
  [[ "$output" == *"rnntrain: 3 processes were started, which is not a power of two"* ]]
  [ ! -e run ]
}

@test "processes of srun or another launcher that cannot find each other are refused by the first" {
  has_mpi || skip "this build has no MPI: cmake --preset mpi"
  fails 2 "use srun --mpi=pmix" env SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0 rnntrain "${TINY[@]}" -o run x.fa
  fails 2 "use its mpirun" env PMI_SIZE=2 PMI_RANK=0 rnntrain "${TINY[@]}" -o run x.fa
  run -0 env SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=1 rnntrain "${TINY[@]}" -o run x.fa
  [ -z "$output" ]
}

@test "in a build without MPI, each task of srun is a run of its own" {
  if has_mpi; then skip "this build has MPI"; fi
  train -o alone "$DATA/phix174.fa.gz"
  SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=1 train -o task "$DATA/phix174.fa.gz"
  same_run task alone
}

@test "all ranks print help, version and errors of usage once" {
  need_mpi
  [ "$(mpirun --oversubscribe -n 2 rnntrain --version | grep -c '^rnntrain ')" -eq 1 ]
  [ "$(mpirun --oversubscribe -n 2 rnntrain --help | grep -c '^usage')" -eq 1 ]
  run -2 mpirun --oversubscribe -n 2 rnntrain --nix
  [ "$(grep -c -e --nix <<< "$output")" -eq 1 ]
}

# ---- signals ------------------------------------------------------------------------------------

@test "SIGTERM to each rank, as srun and scancel send it, saves the run and ends it with one message" {
  need_mpi
  begin 2
  kill -TERM "$first" "$second"
  code_of "$pid"
  [ "$code" -eq 143 ]
  [ "$(count 'stopped by SIGTERM')" -eq 1 ]
  resumes 4
}

@test "SIGTERM to one rank ends all" {
  need_mpi
  begin 4
  kill -TERM "$second"
  code_of "$pid"
  [ "$code" -eq 143 ]
  [ "$(count 'stopped by SIGTERM')" -eq 1 ]
  resumes 1
}

@test "mpirun passes SIGUSR2 on, and the run is saved and ends with 140" {
  need_mpi
  begin 2
  kill -USR2 "$pid"
  code_of "$pid"
  [ "$code" -eq 140 ]
  [ "$(count 'stopped by SIGUSR2')" -eq 1 ]
  resumes 2
}

@test "SIGTERM to mpirun saves the run if mpirun leaves the time" {
  need_mpi
  begin 2 --mca odls_base_sigkill_timeout 8
  kill -TERM "$pid"
  code_of "$pid"
  [ "$code" -eq 1 ] # mpirun's
  [ "$(count 'stopped by SIGTERM')" -eq 1 ]
  resumes 1
}

# ---- deaths -------------------------------------------------------------------------------------

@test "SIGKILL of one rank ends the others, and the run resumes with fewer ranks" {
  need_mpi
  begin 2
  kill -KILL "$second"
  code_of "$pid"
  [ "$code" -eq 137 ]
  grep -q 'rank 1 .* signal 9' messages
  resumes 1
}

@test "if a rank stops responding, the others end and name it" {
  need_mpi
  begin 2
  kill -STOP "$second"
  code_of "$pid"
  [ "$code" -eq 1 ]
  [ "$(count "rank 1 on $(uname -n) has not answered for 10 s")" -eq 1 ]
  resumes 1
}

@test "ranks that were all stopped for a while continue without an error" {
  need_mpi
  begin 2
  kill -STOP "$first" "$second"
  sleep 11 # more than PULSE_SILENCE
  kill -CONT "$first" "$second"
  await logged run $(($(tail -n 1 run/loss.tsv | cut -f 1) + 300))
  kill -TERM "$first" "$second"
  code_of "$pid"
  [ "$code" -eq 143 ]
}

@test "if a rank runs out of memory, its message names it and all ranks end" {
  need_mpi
  not_sanitized "sanitizers need address space"
  large=(-q -D 1024 -B 32 -e 1 -o run "$DATA/phix174.fa.gz")
  run -1 mpirun --oversubscribe -n 1 rnntrain "${large[@]}" : -n 1 bash -ec 'ulimit -v 300000; exec "$@"' - rnntrain "${large[@]}"
  [[ "$output" == *"rnntrain: rank 1 on $(uname -n): "*"ulimit -v"* ]]
  [ ! -e run ]
}

@test "if /dev/shm has no room for the sequence, one message reports it" {
  need_mpi
  unshare --mount true 2> kept || skip "mount namespaces need root"
  random_bases 4000000 1 | sed '1s/^/>a\n/' > large.fa
  # This leaves 16 kB besides the need of Open MPI itself.
  run -1 unshare --mount bash -ec 'mount -t tmpfs -o size=16k none /dev/shm; exec "$@"' - \
    mpirun --oversubscribe --mca btl self,tcp -n 2 rnntrain "${TINY[@]}" -o run large.fa
  [ "$(grep -c '^rnntrain: ' <<< "$output")" -eq 1 ]
  [[ "$output" == *"/dev/shm has no room for"* ]]
  [ ! -e run/loss.tsv ]
}

# ---- hosts --------------------------------------------------------------------------------------

@test "two hosts train the same model as one host, from a file that only the first has" {
  need_hosts
  (on_hosts 4 rnntrain "${TINY[@]}" -B 16 -o two "$DATA/phix174.fa.gz")
  train -B 16 -o one "$DATA/phix174.fa.gz"
  same_run one two
}

@test "if the connection between hosts breaks, both end and name the other" {
  need_hosts
  on_hosts 2 rnntrain "${LONG[@]}" -o run "$DATA/lambda.fa.gz" > out 2> messages &
  pid=$!
  await logged run 60
  ip -n "$near" link set eth0 down
  await grep -q '^rnntrain: rank 1 on far has not answered for 10 s' messages
  await no_rank "$near"
  await no_rank "$far"
  rnntrain "${LONG[@]}" -e 1 -o run --resume "$DATA/lambda.fa.gz"
}

# no_rank HOST: whether all ranks of the host have ended. mpirun itself waits there for the other host.
no_rank() {
  local process
  for process in $(ip netns pids "$1"); do
    [ "$(< "/proc/$process/comm")" != rnntrain ] || return
  done
}

# ---- valgrind -----------------------------------------------------------------------------------

@test "ranks read no uninitialised memory and leak none" {
  need_mpi
  command -v valgrind || skip "no valgrind: apt-get install valgrind"
  not_sanitized "not under the address sanitizer"
  random_bases 1200 1 | sed '1s/^/>a\n/' > some.fa
  mpirun --oversubscribe --bind-to none -n 2 \
    valgrind -q --fair-sched=try --error-exitcode=9 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
    --suppressions="$SOURCE/tests/openmpi.supp" rnntrain "${TINY[@]}" --valid-fraction 0.2 --memory -o run some.fa
}
