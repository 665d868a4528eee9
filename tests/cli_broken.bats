# Broken model files, each with one defect: tests/broken/EXPECT.tsv has a row per file.
load cli

BROKEN=$SOURCE/tests/broken

setup() { cd "$BROKEN"; }

@test "valid files are read" {
  run --separate-stderr -0 rnnpredict --mode info intact.safetensors
  [ -z "$stderr" ]
  [ "$(column value <<< "$output" | head -n 1)" = kmer-rnn ]
  run --separate-stderr -0 rnnpredict --mode info intact-of-another.safetensors
  [ -z "$stderr" ]
  [ "$(column field <<< "$output" | paste -sd ' ')" = "k stride embedding hidden activation softmax data_crc32 vocabulary \
softmax_width parameters" ]
  printf '>a\nACGTAC\n' > "$BATS_TEST_TMPDIR/a.fa"
  [ "$(rnnpredict intact.safetensors "$BATS_TEST_TMPDIR/a.fa")" = \
    "$(rnnpredict intact-of-another.safetensors "$BATS_TEST_TMPDIR/a.fa")" ]
}

@test "every broken file is refused with the position of the error and a remedy" {
  [ "$(wc -l < EXPECT.tsv)" -gt 60 ]
  while IFS=$'\t' read -r file sentence; do
    fails 1 "$file: $sentence" rnnpredict --mode info "$file"
    [[ "$stderr" == *"; "[a-z]* ]] # the remedy
  done < EXPECT.tsv
}

@test "every file has a row in the table" {
  cut -f1 EXPECT.tsv | sort | diff - <(printf '%s\n' *.safetensors | grep -v ^intact | sort)
}

@test "make.py writes exactly these files and seeds" {
  mkdir "$BATS_TEST_TMPDIR/broken" "$BATS_TEST_TMPDIR/seeds"
  "$PYTHON" make.py "$BATS_TEST_TMPDIR/broken"
  "$PYTHON" make.py --seeds "$BATS_TEST_TMPDIR/seeds"
  diff -r --exclude make.py . "$BATS_TEST_TMPDIR/broken"
  diff -r ../fuzz/model "$BATS_TEST_TMPDIR/seeds"
}
