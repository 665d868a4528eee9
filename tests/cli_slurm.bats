# The scripts of docs/cluster.md in a Slurm cluster of one node, which runs only during these tests.
load cli

# Skips the test if Slurm did not start, or could not.
need_slurm() {
  local program
  for program in slurmctld slurmd munged; do
    command -v $program > kept || skip "no $program: apt-get install slurm-wlm munge"
  done
  not_sanitized "the scripts are the same with a sanitizer in the programs"
  [ "$EUID" -eq 0 ] || skip "only root can start Slurm"
  [ -e "$BATS_FILE_TMPDIR/up" ] || skip "Slurm does not start here: $(grep error "$BATS_FILE_TMPDIR/daemons.log" | tail -n 1)"
}

# Finds two unused ports.
free_ports() {
  "$PYTHON" -c 'import socket
both = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[s.getsockname()[1] for s in both])'
}

# The only node is configured with eight processors.
configure() {
  local ports
  read -ra ports <<< "$(free_ports)"
  mkdir state spool
  head -c 1024 /dev/urandom > key
  chmod 600 key
  cat > slurm.conf << END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthInfo=socket=$PWD/munge
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/spool
SlurmctldPidFile=$PWD/slurmctld.pid
SlurmdPidFile=$PWD/slurmd.pid
ProctrackType=proctrack/linuxproc
SelectType=select/cons_tres
SchedulerParameters=sched_interval=1
SlurmdParameters=config_overrides
NodeName=node NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 CPUs=8
PartitionName=all Nodes=ALL Default=YES
END
}

# The daemons run in a process namespace, which ends all their children with it.
start_slurm() {
  unshare --mount --pid --fork --kill-child --mount-proc bash -ec '
    munged --force --foreground --key-file="$PWD/key" --socket="$PWD/munge" --pid-file="$PWD/munged.pid" \
      --log-file="$PWD/munged.log" --seed-file="$PWD/seed" &
    until [ -S munge ] || ! kill -0 $!; do sleep 0.01; done
    slurmctld -D & slurmd -D' > daemons.log 2>&1 3>&- &
  echo $! > slurm
}

# has_started: whether the node accepts jobs, or the daemons have ended.
has_started() {
  sinfo --noheader --states=idle > idle || true
  [ ! -s idle ] || touch up
  [ -e up ] || ! kill -0 "$(cat slurm)"
}

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run -e 3 "$DATA/phix174.fa.gz"
  configure
  export SLURM_CONF=$PWD/slurm.conf OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  start_slurm
  await has_started
}

teardown_file() {
  cd "$BATS_FILE_TMPDIR"
  {
    kill -KILL "$(cat slurm)" || true
    wait "$(cat slurm)" || true
  } 2> kept
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  need_slurm
}

need_pmix() {
  srun --mpi=list > kept 2>&1
  grep -q pmix kept || skip "this Slurm has no PMIx"
}

# state JOB WORD: whether scontrol shows this word, a regular expression, of the job.
state() {
  scontrol show job "$1" > shown
  grep -qw "$2" shown
}

# submit SCRIPT: submits a run of a small network, long enough for signals, with two ranks if the build has MPI; prints
# the number of the job.
submit() {
  local ranks=1
  rnntrain --version > version
  ! grep -q MPI version || ranks=2
  cp "$DATA/lambda.fa.gz" genome.fa.gz
  script "$1"
  sed -i "s/--resume=auto/--resume=auto ${LONG[*]}/; s/ppr:1:node/ppr:$ranks:node/" "$1"
  sbatch --parsable --nodes=1 --ntasks-per-node=$ranks --cpus-per-task=1 "$1"
}
LONG=("${TINY[@]}" -t 1 -e 60)

# requeued SCRIPT OPTION: checks that its job is requeued after SIGUSR2, sent by scancel with this option, and completes
# the run.
requeued() {
  local job
  until [ -e train.log ] && grep -q "stopped by SIGUSR2" train.log; do # again if the run ended before
    rm -rf run
    job=$(submit "$1")
    await logged run 100
    scancel $2 --signal=USR2 "$job" 2> kept || true
    await state "$job" "JobState=\(PENDING\|COMPLETED\|FAILED\)"
  done
  state "$job" Restarts=1
  scontrol update JobId="$job" StartTime=now+2seconds # in its last second slurmd would refuse it
  await state "$job" "JobState=\(COMPLETED\|FAILED\)"
  state "$job" JobState=COMPLETED
  rnntrain "${LONG[@]}" -o whole genome.fa.gz
  same_run whole run
}

@test "train.sh requeues its job at the signal before the time limit, and completes the run" {
  need_pmix
  requeued train.sh ""
}

@test "train-mpirun.sh requeues its job at the signal before the time limit, and completes the run" {
  command -v mpirun > kept || skip "no mpirun: apt-get install openmpi-bin"
  requeued train-mpirun.sh --batch
}

@test "scancel saves a checkpoint and ends the job for good" {
  need_pmix
  until [ -e train.log ] && grep -q "stopped by SIGTERM" train.log; do
    rm -rf run
    job=$(submit train.sh)
    await logged run 100
    scancel "$job"
    await state "$job" "JobState=\(CANCELLED\|COMPLETED\|FAILED\)"
  done
  state "$job" Restarts=0
  rnntrain --resume "${LONG[@]}" -o run genome.fa.gz
}

@test "an array of jobs writes the table of a single run" {
  command -v seqkit > kept || skip "no seqkit: apt-get install seqkit"
  script predict.sh
  script submit.sh
  cp "$DATA/reads.fq.gz" .
  ln -s "$BATS_FILE_TMPDIR/run" run
  sed -i "s/--by-size 1000000/--by-size 150/" submit.sh
  bash -euo pipefail submit.sh
  rnnpredict --mode score run reads.fq.gz | cmp - scores.tsv
}
