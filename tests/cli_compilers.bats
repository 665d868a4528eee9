# Programs built by two compilers compute the same bytes. OTHER_BIN is the directory of the other programs.
load cli

setup() {
  cd "$BATS_TEST_TMPDIR"
  [ -n "${OTHER_BIN:-}" ] || skip "OTHER_BIN is not set; scripts/test compares gcc with clang"
  head -c 3000 <(zcat "$DATA/lambda.fa.gz") > some.fa
}

# learn OPTION...: trains with both programs.
learn() {
  rnntrain -q -t 2 "$@" --force -o run some.fa
  "$OTHER_BIN/rnntrain" -q -t 2 "$@" --force -o other some.fa
  same_run run other
}

@test "gcc and clang builds of rnntrain make the same models" {
  activations=$(words rnntrain activation)
  optimizers=$(words rnntrain optimizer)
  for softmax in followers full; do
    for activation in $activations; do
      for shape in "-k 2 -D 40 -d 12" "-k 3 -D 7 -d 5 -B 3 -T 9" "-k 3 -s 2 -D 64" "-k 5 -D 33"; do
        learn -e 1 $shape --softmax $softmax --activation $activation --log-every 5 --clip 0.05
      done
    done
  done
  for optimizer in $optimizers; do
    learn -k 3 -D 24 -e 3 --optimizer $optimizer --strands forward
  done
}

@test "gcc and clang builds of rnnpredict make the same predictions" {
  rnntrain -q -t 2 -k 3 -D 40 -e 1 -o run some.fa
  for what in "${ASKS[@]}"; do
    ask run "$what" -o right some.fa
    PATH="$OTHER_BIN:$PATH" ask run "$what" -o other some.fa
    cmp right other
  done
  for what in "${ALONE[@]}"; do
    ask run "$what" -o right
    PATH="$OTHER_BIN:$PATH" ask run "$what" -o other
    cmp right other
  done
}
