# The programs of docs/python.md read and write the models that rnnpredict reads.
load cli

setup() { cd "$BATS_TEST_TMPDIR"; }

# what_follows: the probabilities of what can follow ACGTAC, as four numbers.
what_follows() {
  printf '>a\nACGTAC\n' | rnnpredict --no-header run | LC_ALL=C sort -k 3 | cut -f 4
}

# agrees FILE: the four numbers in it are those.
agrees() {
  grep -oE '[01]\.[0-9]+(e-[0-9]+)?' "$1" | paste - <(what_follows) |
    awk '($1 - $2) ^ 2 > 1e-10 { exit bad = 1 } END { exit bad || NR != 4 }'
}

@test "the model is read in NumPy" {
  need_numpy
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block python.md "python numpy" | tee program | "$PYTHON" - > said
  [ "$(wc -l < program)" -le 12 ]
  agrees said
}

@test "the model is read in PyTorch" {
  "$PYTHON" -c 'import safetensors.torch' 2> /dev/null || skip "no PyTorch: pip install torch safetensors"
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block python.md "python torch" | tee program | "$PYTHON" - > said
  [ "$(wc -l < program)" -le 12 ]
  agrees said
}

@test "the model is read in R" {
  command -v Rscript || skip "no R: apt-get install r-base-core r-cran-jsonlite"
  Rscript -e 'library(jsonlite)' || skip "no jsonlite: apt-get install r-cran-jsonlite"
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block python.md r > program
  [ "$(wc -l < program)" -le 12 ]
  Rscript program > said
  sed -i 's/^ *\[.*\]//' said
  agrees said
}
