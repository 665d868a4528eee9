# What the shell and the environment may set: limits, stacks, and another OpenBLAS.
load cli

setup() {
  cd "$BATS_TEST_TMPDIR"
  command -v rnntrain rnnpredict
}

need_limits() {
  ! ldd "$BIN/rnntrain" | grep libasan > /dev/null || skip "the address sanitizer needs more than any limit"
}

# works_or_says WORD COMMAND...: it exits with 0, or with 1 and one line that holds the word.
works_or_says() {
  local word=$1
  shift
  run --separate-stderr timeout -s KILL 600 "$@"
  echo "$status: $stderr"
  [ "$status" -eq 0 ] || [[ "$status" -eq 1 && ${#stderr_lines[@]} -eq 1 && "$stderr" =~ $word ]]
}

@test "the OpenBLAS that was meant is the one in use" {
  [ -n "${OPENBLAS_KIND:-}" ] || skip "OPENBLAS_KIND is not set"
  for program in rnntrain rnnpredict; do
    run -0 "$program" --version
    [[ "${lines[1]}" == *" $OPENBLAS_KIND; "* ]]
  done
}

@test "under ulimit -v both programs work, or say what is missing" {
  need_limits
  train -o run "$DATA/phix174.fa.gz"
  for kilobytes in 80000 120000 200000 300000 400000 600000; do
    limited() { works_or_says "ulimit -v|memory|hread" bash -ec "ulimit -v $kilobytes; exec $*"; }
    limited rnntrain --version
    limited rnntrain "${TINY[@]}" --force -o limited "$DATA/phix174.fa.gz"
    limited rnnpredict -t 2 --mode score run "$DATA/phix174.fa.gz"
  done
}

@test "what OpenBLAS takes at the start depends on its threads, and is told before it hangs" {
  need_limits
  [[ "$(rnntrain --version)" != *" serial;"* ]] || skip "this OpenBLAS has no threads"
  [ "$(nproc)" -gt 1 ] || skip "there is one processor, so OpenBLAS starts no thread"
  run -1 timeout -s KILL 600 bash -ec 'ulimit -v 150000; exec rnntrain --version'
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"rnntrain: ulimit -v 150000 is too low: OpenBLAS needs "*" MB more of address space"* ]]
  run -0 bash -ec 'ulimit -v 250000; OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 exec rnntrain --version'
}

@test "stacks that are too small are told" {
  train -o run "$DATA/phix174.fa.gz"
  for size in 32k 128k 400k 600k 2m; do
    for program in "rnntrain ${TINY[*]} --force -o small" "rnnpredict -t 2 --mode score run"; do
      works_or_says "stack of [0-9]+ kB and needs 512 kB; raise OMP_STACKSIZE|Thread creation failed" \
        env OMP_STACKSIZE=$size $program "$DATA/phix174.fa.gz"
    done
  done
  [ "$status" -eq 0 ]
}

# peak FILE: the memory that scoring it takes, in kB.
peak() {
  "$PYTHON" -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
    rnnpredict -t 2 --mode score "$BATS_TEST_TMPDIR/run" "$1"
}

@test "names of a megabyte are kept a few times, not with each piece of a record or record of a batch" {
  need_limits
  cd "$BATS_TEST_TMPDIR"
  train -o run "$DATA/phix174.fa.gz"
  "$PYTHON" -c 'import random
random.seed(1)
long = "".join(random.choice("ACGT") for _ in range(1000000)) # 61 pieces
for name, file in (("n", "short"), ("n" * 1000000, "long")):
    open(file + "-name.fa", "w").write(">" + name + "\n" + long + "\n")
    open(file + "-names.fa", "w").write((">" + name + "\nACGTACGT\n") * 60)'
  for names in name names; do
    difference=$(($(peak long-$names.fa) - $(peak short-$names.fa)))
    echo "$names: $difference kB"
    [ "$difference" -lt 24000 ]
  done
}
