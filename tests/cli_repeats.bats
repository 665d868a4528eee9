# rnntrain --memory: the memory of repeats that a run adds to its model.
load cli

# A sequence of 60,000 random bases. 9000 of them are repeated near the end, mostly in the tenth for validation.
setup_file() {
  cd "$BATS_FILE_TMPDIR"
  random_bases 60000 1 > unique
  { echo ">repeats"; cat unique; head -c 9000 unique; echo; } > repeats.fa
  rnntrain "${RUN[@]}" --memory -o run repeats.fa 2> messages
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  cp -r "$BATS_FILE_TMPDIR/run" "$BATS_FILE_TMPDIR/repeats.fa" "$BATS_FILE_TMPDIR/messages" .
}

RUN=(-k 3 -d 4 -D 8 -B 8 -T 16 -e 1 -t 2)

# result KEY [RUN]: prints a number from the results in run.json.
result() { "$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[2] + "/run.json"))["result"][sys.argv[1]])' "$1" "${2:-run}"; }

# tensors FILE: prints a checksum of each tensor, except those of a memory.
tensors() {
  "$PYTHON" -c 'import hashlib, json, struct, sys
data = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", data[:8])[0]
for name, tensor in sorted(json.loads(data[8:8 + n]).items()):
    if name != "__metadata__" and not name.startswith("memory."):
        begin, end = tensor["data_offsets"]
        print(name, hashlib.md5(data[8 + n + begin:8 + n + end]).hexdigest())' "$1"
}

# less A B: whether A < B.
less() { "$PYTHON" -c 'import sys; sys.exit(not float(sys.argv[1]) < float(sys.argv[2]))' "$1" "$2"; }

# stopped AFTER OPTION...: starts a run in two on long.fa and stops it by SIGTERM after this message. If it ends before
# the signal, it is started again.
stopped() {
  local tries pid
  for tries in $(seq 50); do
    rm -rf two
    nice -n 10 env --default-signal=TERM rnntrain "${@:2}" -o two long.fa 2> messages &
    pid=$!
    await grep -qx "$1" messages
    kill -TERM "$pid" 2> kept || true
    code=0
    wait "$pid" || code=$?
    if [ "$code" -ne 0 ] && grep -q '^rnntrain: stopped by ' messages; then return; fi # the run had not ended yet
  done
}

@test "the network of a run is the same with and without a memory" {
  rnntrain -q "${RUN[@]}" -o without repeats.fa
  tensors run/model.safetensors > with
  tensors without/model.safetensors | cmp - with
  cut -f 1-3,5- run/loss.tsv > rows
  cut -f 1-3,5- without/loss.tsv | cmp - rows
  run ! grep -q '"memory' without/run.json
  grep -aq option.memory run/checkpoint.safetensors
  run ! grep -aq option.memory without/checkpoint.safetensors # as it was before there were memories
}

@test "bits with a memory are printed next to those of the Markov model, and are below 2 on repeats" {
  grep -q '^validation: [0-9.]* bits per base; best Markov model (order [0-9]*): [0-9.]*$' messages
  grep -q "^validation with the memory: $(printf %.4f "$(result memory_frozen_bits_per_base)") bits per base; adapting (with the validation sequence read so far): $(printf %.4f "$(result memory_adapting_bits_per_base)")$" messages
  less 1.99 "$(result best_valid_bits_per_base)"
  run ! grep "worse than the best Markov model" messages # with the memory it is better
  less "$(result memory_frozen_bits_per_base)" 0.5 # all of the validation is in the memory
  less "$(result memory_adapting_bits_per_base)" 0.5
  [ "$(result memory_bases)" -eq 62100 ]
}

@test "rnnpredict scores the validation sequence with the bits that rnntrain reports" {
  { echo ">validation"; tail -n 1 repeats.fa | tail -c 6901; } > valid.fa
  frozen=$(rnnpredict --mode score --memory model run valid.fa | column bits_per_base)
  adapting=$(rnnpredict --mode score --memory record run valid.fa | column bits_per_base)
  [ "$frozen" = "$(printf %.6f "$(result memory_frozen_bits_per_base)")" ]
  [ "$adapting" = "$(printf %.6f "$(result memory_adapting_bits_per_base)")" ]
}

@test "the model's bytes do not depend on the number of threads" {
  for options in "" "-s 2" "--softmax full" "--strands forward" "-k 2 -s 2"; do
    for threads in 1 2 5; do
      # shellcheck disable=SC2086
      rnntrain -q "${RUN[@]}" $options --memory -t $threads --force -o threads$threads repeats.fa
    done
    echo "options: $options"
    cmp threads1/model.safetensors threads2/model.safetensors
    cmp threads1/model.safetensors threads5/model.safetensors
    [ "$(result memory_frozen_bits_per_base threads1)" = "$(result memory_frozen_bits_per_base threads5)" ]
    [ "$(result memory_adapting_bits_per_base threads1)" = "$(result memory_adapting_bits_per_base threads5)" ]
  done
}

@test "--epochs 0 adds a memory to a trained network and changes no weight" {
  # The best weights are not the last.
  rnntrain -q "${RUN[@]}" -e 6 --schedule constant --learning-rate 0.3 --warmup 0 --memory --force -o run repeats.fa
  less "$(result best_step)" "$(result steps)"
  rnntrain "${RUN[@]}" --init run -e 0 --memory -o added repeats.fa 2> messages
  tensors run/model.safetensors > weights
  tensors added/model.safetensors | cmp - weights
  grep -qx "done after .*, 0 steps and 0.00 epochs" messages
  for key in memory_frozen_bits_per_base memory_adapting_bits_per_base best_valid_bits_per_base; do
    [ "$(result $key)" = "$(result $key added)" ]
  done
  rnntrain -q "${RUN[@]}" --init run -e 0 --memory --valid-fraction 0 -o all repeats.fa
  tensors all/model.safetensors | cmp - weights
  [ "$(result memory_bases all)" -eq 69000 ]
  [ "$(result memory_frozen_bits_per_base all)" = None ]
}

@test "an interrupted run with --epochs 0 adds the same memory when it resumes" {
  { echo ">long"; random_bases 1500000 2; } > long.fa
  options=("${RUN[@]}" --init run -e 0 --memory)
  rnntrain -q "${options[@]}" -o one long.fa
  stopped "calibrating the memory of repeats" "${options[@]}"
  [ "$code" -eq 143 ]
  rnntrain -q --resume -o two long.fa
  cmp one/model.safetensors two/model.safetensors
}

@test "--epochs 0 without --memory or without --init is refused" {
  wrong="-e '0': must be a whole number, 1..1000000; 0, for no training, goes only with --init and --memory"
  fails 2 "$wrong" rnntrain -q -e 0 -o wrong repeats.fa
  fails 2 "$wrong" rnntrain -q -e 0 --memory -o wrong repeats.fa
  fails 2 "$wrong" rnntrain -q -e 0 --init run -o wrong repeats.fa
  [ ! -e wrong ]
}

@test "--memory-limit bounds the memory, which indexes fewer places" {
  for limit in 25k 100k 400k; do
    rnntrain -q "${RUN[@]}" --memory --memory-limit $limit -o limited$limit repeats.fa
    [ "$(result memory_bytes limited$limit)" -le "${limit%k}000" ]
  done
  [ "$(result memory_every limited400k)" -gt 1 ]
  [ "$(result memory_every limited25k)" -gt "$(result memory_every limited100k)" ]
  less "$(result memory_frozen_bits_per_base limited400k)" 0.6
  random_bases 100000 4 | fold -w 100 | awk '{ print ">a_read_with_a_long_name_" NR; print }' > reads.fa
  rnntrain -q "${RUN[@]}" --memory --memory-limit 480k -o reads reads.fa
  [ "$(rnnpredict --mode info reads | awk '$1 == "memory_bytes" { print $2 }')" -le 480000 ]
  fails 1 "--memory-limit 10000: the bases and names alone take 2" \
    rnntrain -q "${RUN[@]}" --memory --memory-limit 10k -o wrong repeats.fa
  fails 2 "--memory-limit: has no effect without --memory" \
    rnntrain -q "${RUN[@]}" --memory-limit 10k -o wrong repeats.fa
  [ ! -e wrong ]
}

@test "the start and --dry-run report the memory" {
  grep -qx "memory of repeats: 62100 bases, [0-9.]* kB; every position is indexed; work per base: at most 32 index entries and 16 pointers" messages
  rnntrain --dry-run --memory --memory-limit 100k --strands forward repeats.fa 2> dry > table
  grep -qx "memory of repeats: 62100 bases, [0-9.]* kB; one position in [0-9]* is indexed; work per base: at most 16 index entries and 16 pointers" dry
  rnntrain --dry-run --memory --init run "${RUN[@]}" -e 0 repeats.fa 2> dry > table
  run ! grep -q "^time:" dry
}

@test "SIGTERM while the memory is made: the model is saved, and --resume adds the memory" {
  { echo ">long"; random_bases 1500000 2; } > long.fa
  rnntrain -q "${RUN[@]}" --memory -o one long.fa
  rnntrain -q "${RUN[@]}" -o without long.fa
  for after in "indexing the memory of repeats" "calibrating the memory of repeats"; do
    stopped "$after" "${RUN[@]}" --memory
    [ "$code" -eq 143 ]
    grep -q '^rnntrain: stopped by SIGTERM after the last step; the model is saved in two/model.safetensors; --resume \(adds its memory\|examines it\)$' messages
    grep -q '"status": "interrupted"' two/run.json
    saved=without
    if grep -q "examines it" messages; then saved=one; fi # the signal came after the calibration
    [ "$(about "$saved" data_crc32)" = "$(about two data_crc32)" ]
    rnntrain -q --resume -t 1 -o two long.fa
    same_run one two
    [ "$(result memory_frozen_bits_per_base one)" = "$(result memory_frozen_bits_per_base two)" ]
    [ "$(result memory_adapting_bits_per_base one)" = "$(result memory_adapting_bits_per_base two)" ]
  done
}

@test "SIGKILL while the memory is calibrated or measured: --resume makes the same memory" {
  { echo ">long"; random_bases 1500000 2; } > long.fa
  half=("${RUN[@]}" -B 64 --valid-fraction 0.5 --memory)
  rnntrain -q "${half[@]}" -o one long.fa
  for seconds in 0 0.2 0.4 0.6; do
    rm -rf two messages
    rnntrain "${half[@]}" -o two long.fa 2> messages &
    pid=$!
    await grep -qsx "calibrating the memory of repeats" messages
    sleep "$seconds"
    kill -KILL "$pid" 2> kept || true
    wait "$pid" || true
    rnntrain -q --resume -t 1 -o two long.fa
    same_run one two
  done
}

@test "a resumed run keeps its memory option" {
  fails 1 "--memory-limit: the run in run began with 0, not 100000" \
    rnntrain -q --resume --memory --memory-limit 100k -o run repeats.fa
  cp -r run before
  rnntrain -q --resume -o run repeats.fa
  same_run run before
  rnntrain -q "${RUN[@]}" -o without repeats.fa
  fails 1 "--memory: the run in without began with no, not yes" rnntrain -q --resume --memory -o without repeats.fa
}

@test "further training of a run with a memory calibrates the memory for the last weights" {
  rnntrain -q "${RUN[@]}" --schedule constant --memory -o one repeats.fa
  rnntrain -q --resume -e 2 -o one repeats.fa
  rnntrain -q "${RUN[@]}" --schedule constant -e 2 --memory -o two repeats.fa
  same_run one two
}

@test "random sequence costs at least 2 bits per base, and little more" {
  { echo ">random"; random_bases 300000 3; } > random.fa
  rnntrain -q "${RUN[@]}" --memory -o random random.fa
  for key in memory_frozen_bits_per_base memory_adapting_bits_per_base; do
    less 1.999 "$(result $key random)"
    less "$(result $key random)" 2.005
  done
}

@test "--max-time includes the memory" {
  with_time rnntrain "${RUN[@]:0:10}" -t 2 --memory -o timed repeats.fa
  rnnpredict --mode info timed > info
  grep -qx "memory_bases	62100" info
  less "$(result seconds timed)" "$("$PYTHON" -c "print(1.5 * $time + 20)")"
}

@test "the report and the files for MultiQC include the bits with the memory" {
  rnntrain -q --report --multiqc -o run
  for key in memory_frozen_bits_per_base memory_adapting_bits_per_base; do
    grep -q ">$(printf %.4f "$(result $key)")<small>bits per base</small>" run/report.html
    "$PYTHON" -c 'import json, sys
shown = json.load(open("run/rnntrain_mqc.json"))["data"]["run"][sys.argv[1]]
assert abs(shown - float(sys.argv[2])) < 1e-9' $key "$(result $key)"
  done
  rnntrain -q "${RUN[@]}" --report --multiqc -o without repeats.fa
  run ! grep -q "with memory" without/report.html
  run ! grep -q memory without/rnntrain_mqc.json
}
