# What the shell and the environment may set.
load cli

setup() {
  cd "$BATS_TEST_TMPDIR"
  command -v rnntrain rnnpredict
}

# works_or_says WORD COMMAND...: it exits with 0, or with 1 and one line that holds the word.
works_or_says() {
  local word=$1
  shift
  run --separate-stderr timeout -s KILL 30 "$@"
  echo "$status: $stderr"
  [ "$status" -eq 0 ] || [[ "$status" -eq 1 && ${#stderr_lines[@]} -eq 1 && "$stderr" =~ $word ]]
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
