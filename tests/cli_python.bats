# The programs of docs/python.md read and write models for rnnpredict.
load cli

setup() { cd "$BATS_TEST_TMPDIR"; }

# what_follows: prints the four probabilities of the followers of ACGTAC.
what_follows() {
  printf '>a\nACGTAC\n' | rnnpredict --no-header run | LC_ALL=C sort -k 3 | cut -f 4
}

# agrees FILE: checks that the file has these four numbers.
agrees() {
  grep -oE '[01]\.[0-9]+(e-[0-9]+)?' "$1" | paste - <(what_follows) |
    awk '($1 - $2) ^ 2 > 1e-10 { exit bad = 1 } END { exit bad || NR != 4 }'
}

need_torch() {
  export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 # for these networks more make PyTorch slower
  "$PYTHON" -c 'import safetensors.torch' 2> /dev/null || skip "no PyTorch: pip install torch safetensors"
}

# as_shown WHAT: runs the program with this name, and compares its models with rnnpredict.
as_shown() {
  "$PYTHON" "$SOURCE/tests/python_models.py" "$1" program
}

# reads_model LANGUAGE COMMAND...: the program of this language in docs/python.md, which the command runs, is short and
# prints the four probabilities.
reads_model() {
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block python.md "$1" > program
  [ "$(wc -l < program)" -le 12 ]
  "${@:2}" program > messages
  agrees messages
}

@test "NumPy reads the model and computes the same predictions" {
  need_numpy
  reads_model "python numpy" "$PYTHON"
}

@test "PyTorch reads the model and computes the same predictions" {
  need_torch
  reads_model "python torch" "$PYTHON"
}

@test "PyTorch computes the gradient of the worksheet of docs/model.md" {
  "$PYTHON" -c 'import torch' 2> /dev/null || skip "no PyTorch: pip install torch"
  block model.md "json worksheet.json" > worksheet.json
  block model.md "python torch" > program
  printf '>worksheet\nACGT\n' > acgt.fa
  rnnpredict --mode trace --weights worksheet.json --format text acgt.fa > trace.txt
  numbers() { grep -oE -- '-?[0-9]+\.[0-9]+'; }
  sed '1,/^the gradient/d' trace.txt | numbers > traced
  printf '0.000000\n0.000000\n' >> traced # the row of T in dL
  "$PYTHON" program | numbers | cmp - traced
}

@test "R reads the model and computes the same predictions" {
  command -v Rscript || skip "no R: apt-get install r-base-core r-cran-jsonlite"
  Rscript -e 'library(jsonlite)' || skip "no jsonlite: apt-get install r-cran-jsonlite"
  reads_model r Rscript
}

@test "rnnpredict reads a model that NumPy writes, for every activation and softmax" {
  need_numpy
  block python.md "python write" > program
  as_shown write
}

@test "a model that the package safetensors writes is the same and can be trained further" {
  need_numpy
  "$PYTHON" -c 'import safetensors' 2> /dev/null || skip "no safetensors: pip install safetensors"
  { block python.md "python write"; block python.md "python save"; } | "$PYTHON" -
  printf '>a\nACGTACGGAC\n' > a.fa
  rnnpredict --positions all random.safetensors a.fa > random.tsv
  rnnpredict --positions all saved.safetensors a.fa | cmp - random.tsv
  train -k 4 --activation tanh --init saved.safetensors -o further "$DATA/phix174.fa.gz"
}

@test "rnnpredict reads a model trained in PyTorch" {
  need_torch
  zcat "$DATA/phix174.fa.gz" > genome.fa
  block python.md "python torch train" > program
  as_shown train
}

@test "PyTorch modules compute the same with the model's weights, for every activation and softmax" {
  need_torch
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block python.md "python torch load" > program
  as_shown load > messages
  agrees messages
}

@test "a model exported to ONNX computes the same, for every activation and softmax" {
  "$PYTHON" -c 'import onnx, onnxruntime, safetensors' 2> /dev/null ||
    skip "no ONNX: pip install onnx onnxruntime safetensors"
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block python.md "python onnx export" > program
  [ "$(grep -c . program)" -le 22 ]
  block python.md "python onnx run" >> program
  as_shown export > messages
  agrees messages
}
