# What the documents show is what the programs do.
load cli

setup() {
  mkdir "$BATS_TEST_TMPDIR/here" && cd "$BATS_TEST_TMPDIR/here"
}

# block DOCUMENT LANGUAGE: the document's fenced block of that language.
block() { awk -v begin="\`\`\`$2" '/^```$/ { on = 0 } on; $0 == begin { on = 1 }' "$SOURCE/docs/$1"; }

# what_follows: what rnnpredict says can follow ACGTAC, as four numbers.
what_follows() {
  printf '>a\nACGTAC\n' | rnnpredict --no-header run | LC_ALL=C sort -k 3 | cut -f 4
}

# agrees FILE: the four numbers in it are those.
agrees() {
  grep -oE '[01]\.[0-9]+(e-[0-9]+)?' "$1" | paste - <(what_follows) |
    awk '($1 - $2) ^ 2 > 1e-10 { exit bad = 1 } END { exit bad || NR != 4 }'
}

@test "docs/model.md: the worksheet's every number, and the slope of its loss" {
  "$PYTHON" "$SOURCE/tests/console.py" "$SOURCE/docs/model.md"
  need_numpy
  rnnpredict --mode trace --weights worksheet.json acgt.fa > trace.json
  rnnpredict --mode flow --weights worksheet.json acgt.fa > flow.tsv
  "$PYTHON" "$SOURCE/tests/trace.py" worksheet.json acgt.fa trace.json flow.tsv
}

@test "docs/model.md: the model is read in NumPy" {
  need_numpy
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block model.md "python numpy" | tee program | "$PYTHON" - > said
  [ "$(wc -l < program)" -le 12 ]
  agrees said
}

@test "docs/model.md: the model is read in PyTorch" {
  "$PYTHON" -c 'import safetensors.torch' 2> /dev/null || skip "no PyTorch: pip install torch safetensors"
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block model.md "python torch" | tee program | "$PYTHON" - > said
  [ "$(wc -l < program)" -le 12 ]
  agrees said
}

@test "docs/model.md: the model is read in R" {
  command -v Rscript || skip "no R: apt-get install r-base-core r-cran-jsonlite"
  Rscript -e 'library(jsonlite)' || skip "no jsonlite: apt-get install r-cran-jsonlite"
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block model.md r > program
  [ "$(wc -l < program)" -le 12 ]
  Rscript program > said
  sed -i 's/^ *\[.*\]//' said
  agrees said
}
