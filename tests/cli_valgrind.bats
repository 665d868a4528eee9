# A short training and a prediction under valgrind, which finds errors that sanitizers miss: reads of
# uninitialised memory, also inside OpenBLAS.
load cli

checked() {
  valgrind -q --error-exitcode=9 --leak-check=full \
    --show-leak-kinds=definite --errors-for-leak-kinds=definite "$@"
}

setup() {
  cd "$BATS_TEST_TMPDIR"
  command -v valgrind || skip "no valgrind: apt-get install valgrind"
  not_sanitized "not under the address sanitizer"
  random_bases 1200 1 | sed '1s/^/>a\n/' > some.fa
}

@test "rnntrain reads no uninitialised memory and leaks none" {
  for softmax in followers full; do
    checked rnntrain "${TINY[@]}" --softmax $softmax --valid-fraction 0.2 -o $softmax some.fa
    checked rnntrain "${TINY[@]}" --softmax $softmax --valid-fraction 0.2 --memory -o memory.$softmax some.fa
  done
}

@test "rnnpredict reads no uninitialised memory and leaks none" {
  train -o run some.fa
  checked rnnpredict --positions all -t 2 -o next.tsv run some.fa
  checked rnnpredict --mode classify --strands both --model a=run --model b=run -t 2 -o best.tsv.gz some.fa
  checked rnnpredict --mode sample --prompt some.fa --top-k 2 --count 20 --length 70 -t 2 -o new.fa run
  checked rnnpredict --mode embed --format npy -o states.npy run some.fa
  [ -s next.tsv ]
  [ -s best.tsv.gz ]
  [ -s new.fa ]
  [ -s states.npy ]
}

@test "rnnpredict with a memory of repeats reads no uninitialised memory and leaks none" {
  { cat some.fa; echo ">b"; random_bases 200 2; sed -n 2p some.fa | cut -c 1-600; } > repeats.fa
  train --memory -o run repeats.fa
  for use in model others record; do
    checked rnnpredict --mode score --strands both --memory $use -t 2 -o $use.tsv run repeats.fa
    [ -s $use.tsv ]
  done
  checked rnnpredict --positions all --memory record -t 2 -o next.tsv run repeats.fa
  [ -s next.tsv ]
}
