# The scripts of docs/cluster.md, with stand-ins for the commands of Slurm.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run -e 3 "$DATA/phix174.fa.gz"
  train -o recalling --memory "$DATA/phix174.fa.gz"
  mkdir bin
  # sbatch --wait --array=1-N SCRIPT: runs the tasks one after the other.
  cat > bin/sbatch << 'END'
#!/bin/bash
[[ "$1" = --wait && "$2" =~ ^--array=1-([0-9]+)$ ]] || exit 2
for SLURM_ARRAY_TASK_ID in $(seq "${BASH_REMATCH[1]}"); do
  export SLURM_ARRAY_TASK_ID
  bash "$3" || exit
done
END
  # srun [OPTION...] rnntrain ARGUMENT...: runs one rank, as mpirun does.
  printf '#!/bin/bash\nwhile [ "$1" != rnntrain ]; do shift; done\nexec "$@"\n' > bin/srun
  cp bin/srun bin/mpirun
  printf '#!/bin/bash\necho "$@" >> requeued\n' > bin/scontrol
  chmod +x bin/*
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  PATH="$BATS_FILE_TMPDIR/bin:$PATH"
}

# ---- prediction ----------------------------------------------------------------------------------

need_seqkit() { command -v seqkit > /dev/null || skip "no seqkit: apt-get install seqkit"; }

# scored_in_parts N: runs the document's commands, with N records per part.
scored_in_parts() {
  sed "s/--by-size 1000000/--by-size $1/" submit.sh | bash -euo pipefail -s
}

@test "an array of jobs writes the table of a single run" {
  need_seqkit
  script predict.sh
  script submit.sh
  cp "$DATA/reads.fq.gz" .
  ln -s "$BATS_FILE_TMPDIR/run" run
  rnnpredict --mode score run reads.fq.gz > whole
  for records in 37 399 400; do
    rm -rf parts
    scored_in_parts $records
    cmp whole scores.tsv
  done
}

@test "a task without input fails and leaves no output" {
  script predict.sh
  mkdir parts
  ln -s "$BATS_FILE_TMPDIR/run" run
  run -1 sbatch --wait --array=1-3 predict.sh
  [[ "$output" == *"parts/reads.part_001"* ]]
  rmdir parts
}

# joined MODEL WHAT: the outputs for all parts, end to end, with the header line of the first.
joined() {
  local part header=()
  for part in parts/*; do
    ask "$1" "$2" "${header[@]}" "$part" || return
    [[ "$2" =~ bedgraph|jsonl ]] || header=(--no-header)
  done
}

@test "joined outputs of the parts equal the output of a single run, in every mode but trace" {
  need_seqkit
  { zcat "$DATA"/{lambda,phix174,lambda}.fa.gz; zcat "$DATA/reads.fq.gz" | seqkit fq2fa; } > mixed.fa
  seqkit split2 --quiet --by-length 20k --out-dir parts mixed.fa
  [ "$(ls parts | wc -l)" -eq 4 ]
  for what in "${ASKS[@]}"; do
    [[ "$what" != *trace* ]] || continue # one JSON object, or text, for all records
    ask "$BATS_FILE_TMPDIR/run" "$what" mixed.fa > whole
    joined "$BATS_FILE_TMPDIR/run" "$what" | cmp whole -
  done
  for memory in model others record; do
    ask "$BATS_FILE_TMPDIR/recalling" "--mode score --memory $memory" mixed.fa > whole
    joined "$BATS_FILE_TMPDIR/recalling" "--mode score --memory $memory" | cmp whole -
  done
}

@test "joined compressed outputs of the parts are a file that tabix reads" {
  need_seqkit
  command -v tabix > /dev/null || skip "no tabix: apt-get install tabix"
  RUN=$BATS_FILE_TMPDIR/run
  zcat "$DATA"/{lambda,phix174}.fa.gz > both.fa
  seqkit split2 --quiet --by-size 1 --out-dir parts both.fa
  rnnpredict --mode track --format bedgraph "$RUN" both.fa > whole
  for part in parts/*.fa; do
    rnnpredict --mode track --format bedgraph -o "$part.bedgraph.gz" "$RUN" "$part"
  done
  cat parts/*.gz > joined.bedgraph.gz
  zcat joined.bedgraph.gz | cmp whole -
  tabix -p bed joined.bedgraph.gz
  name=$(tail -n 1 whole | cut -f 1)
  tabix joined.bedgraph.gz "$name" > last
  cmp last <(grep -F "$name" whole)
}

@test "arrays of the parts are joined as docs/cluster.md shows" {
  need_seqkit
  need_numpy
  seqkit split2 --quiet --by-size 150 --out-dir parts "$DATA/reads.fq.gz"
  for part in parts/*; do
    rnnpredict --mode embed --format npy -o "${part%.fq.gz}.npy" "$BATS_FILE_TMPDIR/run" "$part"
  done
  rnnpredict --mode embed --format npy -o whole.npy "$BATS_FILE_TMPDIR/run" "$DATA/reads.fq.gz"
  "$PYTHON" - "$(grep -o 'np.concatenate[^`]*' "$SOURCE/docs/cluster.md")" << 'END'
import glob, sys, numpy as np
np.testing.assert_array_equal(eval(sys.argv[1]), np.load("whole.npy"))
END
}

# ---- training ------------------------------------------------------------------------------------

# Below, the scripts train a small network.
SMALL=("${TINY[@]}" -t 1 -e 60)

small_script() {
  script "$1"
  sed -i "s/--resume=auto/--resume=auto ${SMALL[*]}/" "$1"
}

# job SCRIPT: runs it as job 7 of Slurm, replacing the shell. Its messages are in train.log.
job() { SLURM_JOB_ID=7 SLURM_CPUS_PER_TASK=1 exec bash "$1" >> train.log 2>&1; }

@test "a job that ends before its time limit is not requeued, whether it fails or not" {
  for name in train.sh train-mpirun.sh; do
    small_script $name
    rm -rf run genome.fa.gz
    (run -1 job $name)
    grep -q "genome.fa.gz: cannot be opened" train.log
    cp "$DATA/phix174.fa.gz" genome.fa.gz
    (job $name)
    [ ! -e requeued ]
  done
}

# signal_to NAME PROCESS: sends SIGUSR2 as Slurm does, to the steps of the job or to its script.
signal_to() {
  case $1 in
  train.sh) pkill -USR2 -P "$2" ;;
  *) kill -USR2 "$2" ;;
  esac
}

@test "a job that reaches its time limit is requeued, and then completes the run" {
  cp "$DATA/lambda.fa.gz" genome.fa.gz
  rnntrain "${SMALL[@]}" -o whole genome.fa.gz
  for name in train.sh train-mpirun.sh; do
    small_script $name
    code=0
    while [ $code -eq 0 ]; do # until the signal comes before the end
      rm -rf run
      job $name & process=$!
      await logged run 100
      signal_to $name $process 2> /dev/null || true
      wait $process || code=$?
    done
    [ $code -eq 140 ]
    [ "$(cat requeued)" = "requeue 7" ]
    rm requeued
    (job $name)
    [ ! -e requeued ]
    same_run whole run
  done
}
