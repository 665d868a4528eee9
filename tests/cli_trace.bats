# Modes trace and flow: the values of the network, node by node, and its gradient.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run -e 3 "$DATA/phix174.fa.gz"
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run
  gzip -dc "$DATA/reads.fq.gz" | sed -n 1,12p > reads.fq
  printf '>long\nACGTNacgtacgu\n>short\nACG\n>gap\nNNNNACGNACGTACGTACG\n>\nAC\n' > gaps.fa
  worksheet > weights.json
}

# A network with V = 4, d = 2, D = 2; worksheet NAME VALUE replaces a member.
worksheet() {
  "$PYTHON" - "$@" << 'EOF'
import json, sys
sheet = {"L": [[0.5, -0.25], [-0.5, 1], [1, 0.5], [-1, -0.5]], "H": [[0.5, -1], [0.25, 0.75]],
         "I": [[1, -0.5], [0.5, 1]], "b1": [0, 0.1],
         "U": [[1, -0.5, 0.5, -1], [-0.25, 0.75, -1, 0.5]], "b2": [0, 0.25, -0.25, 0]}
sheet.update({name: json.loads(value) for name, value in zip(sys.argv[1::2], sys.argv[2::2])})
print(json.dumps({name: value for name, value in sheet.items() if value is not None}))
EOF
}

# numpy_agrees WEIGHTS FILE [OPTION...]: compares both modes with NumPy, for a file of weights or a run.
numpy_agrees() {
  local weights=$1 file=$2 of
  shift 2
  of=(--weights "$weights")
  [ -f "$weights" ] || of=("$weights") weights=$weights/model.safetensors
  rnnpredict --mode trace "$@" "${of[@]}" "$file" > trace.json
  rnnpredict --mode flow --timesteps 3 "$@" "${of[@]}" "$file" > flow.tsv
  "$PYTHON" "$SOURCE/tests/trace.py" "$weights" "$file" trace.json flow.tsv
}

# ---- the numbers ---------------------------------------------------------------------------------

@test "trace, flow: every number of a worksheet equals NumPy's, and the gradient is the slope of the loss" {
  need_numpy
  printf '>worksheet\nACGT\n' > s.fa
  numpy_agrees weights.json s.fa
  activations=$(words rnntrain activation)
  for activation in $activations; do
    worksheet activation "\"$activation\"" > w.json
    numpy_agrees w.json s.fa
    numpy_agrees w.json gaps.fa --timesteps 6 --loss-at 5
  done
  "$PYTHON" -c 'import json, random
random.seed(1)
def rows(m, n): return [[random.uniform(-1, 1) for _ in range(n)] for _ in range(m)]
for name, more in (("one", {}), ("two", {"stride": 2}), ("full", {"softmax": "full", "activation": "tanh"})):
    sheet = {"L": rows(16, 3), "H": rows(5, 5), "I": rows(3, 5), "b1": rows(1, 5)[0], "U": rows(5, 16)}
    sheet["U"][0][3] = 800  # exp of that is too large
    json.dump({**sheet, "b2": rows(1, 16)[0], **more}, open(name + ".json", "w"))'
  for sheet in one two full; do numpy_agrees $sheet.json gaps.fa --timesteps 9; done
  { printf '\xef\xbb\xbf'; cat one.json; } > marked.json
  rnnpredict --mode trace --weights one.json gaps.fa > trace.json
  rnnpredict --mode trace --weights marked.json gaps.fa | cmp - trace.json
}

@test "trace, flow: numbers that are not finite are null with a message, and an error in flow" {
  worksheet activation '"relu"' H '[[1e38, 1e38], [1e38, -1e38]]' > w.json
  printf '>a\nACGTACGTACGTACGTACGT\n' > s.fa
  run -0 --separate-stderr rnnpredict --mode trace --timesteps 14 --weights w.json s.fa
  [[ "$stderr" == "rnnpredict: record 'a': numbers from timestep "*" on are not finite"* ]]
  "$PYTHON" -c 'import json, sys
last = json.load(sys.stdin)["records"][0]["forward"][-1]
assert None in last["h"] and 0 not in last["h"] and last["J"] is None' <<< "$output"
  rnnpredict --mode trace --format text --timesteps 14 --weights w.json s.fa 2> /dev/null | grep -E ' nan( |$)'
  fails 1 "record 'a': the model computes numbers that are not finite" rnnpredict --mode flow --timesteps 14 --no-header --weights w.json s.fa
}

@test "trace: after an error in the input the JSON is incomplete" {
  for broken in '>a\nACGT\n>b\nACG!T\n' ''; do
    printf "$broken" > s.fa
    run --separate-stderr -1 rnnpredict --mode trace --weights weights.json s.fa
    printf '%s' "$output" > trace.json
    run ! "$PYTHON" -c 'import json; json.load(open("trace.json"))'
  done
}

@test "trace, flow: a record from a pipe is answered as soon as it is complete" {
  mkfifo pipe
  for mode in "trace --format text" flow; do
    rm -f messages
    rnnpredict --mode $mode --weights weights.json < pipe > messages &
    exec 4> pipe
    printf '@a\nACGTACGT\n+\nIIIIIIII\n' >&4
    await grep -q a messages
    exec 4>&-
    wait $!
  done
}

@test "flow: the default is 48 timesteps" {
  { echo ">a"; random_bases 100 1; } > s.fa
  [ "$(rnnpredict --mode flow --no-header "$RUN" s.fa | wc -l)" -eq 48 ]
  [ "$(rnnpredict --mode trace "$RUN" s.fa | grep -c '"J"')" -eq 3 ]
}

@test "trace, flow: every number of a trained network equals NumPy's" {
  need_numpy
  numpy_agrees "$RUN" reads.fq
  numpy_agrees "$RUN" reads.fq --timesteps 12 --loss-at 9
  numpy_agrees "$RUN" gaps.fa --timesteps 4 --loss-at 2
  local shape
  for shape in "-k 2 -s 2 --activation relu" "-k 3 --softmax full --activation tanh" "-k 4 -s 2"; do
    train --force -o other $shape "$DATA/phix174.fa.gz"
    numpy_agrees other reads.fq
    numpy_agrees other gaps.fa --timesteps 20
  done
}

@test "trace: yhat equals the probabilities of mode next" {
  printf '>a\nACGTACG\n>b\nGGGTC\n' > s.fa
  rnnpredict --bases --positions all --no-header "$RUN" s.fa > next.tsv
  rnnpredict --mode trace --timesteps 4 "$RUN" s.fa | "$PYTHON" -c '
import json, sys
messages = {tuple(row[:2]): row[2:] for row in (line.split() for line in open("next.tsv"))}
steps = [(record["record"], step) for record in json.load(sys.stdin)["records"] for step in record["forward"]]
assert len(steps) == 6
for name, step in steps:
    for p, q in zip(messages[name, str(step["t"] + 3)], step["yhat"]):
        assert abs(float(p) - q) < 2e-6'
}

@test "trace: a timestep after the end of the record has no gradient, and NA in flow" {
  printf '>a\nACGTACGT\n>b\nACGTA\n>c\nACG\n' > s.fa
  rnnpredict --mode trace --loss-at 4 "$RUN" s.fa | "$PYTHON" -c '
import json, sys
a, b, c = json.load(sys.stdin)["records"]
assert a["position"] == 1 and len(a["forward"]) == 4 and a["loss_at"] == 4 and len(a["backward"]) == 4
assert len(b["forward"]) == 2 and b["loss_at"] is None and "gradient" not in b
assert c == {"record": "c", "position": None, "forward": [], "loss_at": None}'
  run -0 rnnpredict --mode flow --loss-at 4 --no-header "$RUN" s.fa
  [ "${#lines[@]}" -eq 6 ]
  [ "${lines[4]}" = $'b\tNA\tNA\tNA' ]
  [ "${lines[5]}" = $'c\tNA\tNA\tNA' ]
}

# ---- text ----------------------------------------------------------------------------------------

@test "trace: the text shows each matrix under its equation in 80 columns, with the corners of large ones" {
  printf '>a long name that goes on\nACGTACGT\n' > s.fa
  rnnpredict --mode trace --format text "$RUN" s.fa > text
  [ "$(awk '{ if (length > most) most = length } END { print most }' text)" -le 80 ]
  grep -qx '  dz(3) = dh(3) o h(3) o (1 - h(3))' text
  grep -qx '  z(2) = h(1) H + e(2) I + b1' text
  grep -A 7 -x '  to dH: h(2)^T dz(3)' text > corners
  sed -n 5p corners | grep -x ' *\.\.\.'
  [ "$(sed -n 2p corners | wc -w)" -eq 7 ]
  [ "$(wc -l < corners)" -eq 8 ]
  rnnpredict --mode trace --format text --weights weights.json s.fa > text
  run ! grep -F ... text
  printf '>a\033[31mb\302\233c\nACGT\n' > s.fa
  rnnpredict --mode trace --format text --weights weights.json s.fa > text
  grep -qx '==== record a?\[31mb??c' text
}

@test "trace: the slope of every activation function follows the formula in the text" {
  need_numpy
  printf '>s\nACGTACGT\n' > s.fa
  activations=$(words rnntrain activation)
  for activation in $activations; do
    worksheet activation "\"$activation\"" > w.json
    rnnpredict --mode trace --weights w.json s.fa > trace.json
    formula=$(rnnpredict --mode trace --format text --weights w.json s.fa | sed -n 's/^  dz(1) = dh(1) o //p')
    "$PYTHON" - "$formula" << 'EOF'
import json, re, sys
import numpy as np
step = json.load(open('trace.json'))['records'][0]['forward'][0]
back = json.load(open('trace.json'))['records'][0]['backward'][-1]
z, h = np.array(step['z']), np.array(step['h'])
formula = sys.argv[1].replace('(1)', '').replace(' o ', ' * ')  # t is 1
formula = re.sub(r'\|(\w+)\|', r'abs(\1)', formula).replace('[', '(').replace(']', ')')
assert np.allclose(back['dz'], np.array(back['dh']) * eval(formula)), formula
EOF
  done
}

@test "trace: a name is escaped in JSON" {
  printf '>a"b\\c\xff\nACGTACGT\n' > s.fa
  rnnpredict --mode trace "$RUN" s.fa | "$PYTHON" -c '
import json, sys
assert json.load(sys.stdin)["records"][0]["record"] == "a\"b\\c\xff"'
}

# ---- errors --------------------------------------------------------------------------------------

@test "--weights: an error in the file is reported in one sentence" {
  wrong() { # WORD NAME VALUE...
    local word=$1
    shift
    worksheet "$@" > w.json
    fails 1 "w.json: $word" rnnpredict --mode trace --weights w.json gaps.fa
    [[ "$stderr" == *";"* ]]
  }
  wrong "has no H; add it" H null
  wrong "has 'h', which is not a weight" h '[1]'
  wrong "H has rows of different lengths, 2 in row 1 and 3 in row 2; all need the same, D" H '[[1, 2], [4, 5, 6]]'
  wrong "H has 1 rows; it must have D = 2" H '[[1, 2]]'
  wrong "H is not a list of rows" H '7'
  wrong "H, row 2, is not a list of numbers" H '[[1, 2], 3]'
  wrong "b1, is not a list of numbers" b1 '[]'
  wrong "b1 has 3 numbers; it must have D = 2" b1 '[1, 2, 3]'
  wrong "U has 4 rows; it must have D = 2" U '[[1, 2], [1, 2], [1, 2], [1, 2]]'
  wrong "U has 2 numbers in a row; it must have V = 4" U '[[1, 2], [1, 2]]'
  wrong "L, row 2, number 2, is not a number in float32" L '[[1, 2], [1, "2"], [1, 2], [1, 2]]'
  wrong "b2, number 4, is not a number in float32" b2 '[1, 2, 3, 1e99]'
  wrong "b1, number 1, is not a number in float32" b1 '[[1, 2], [3, 4]]'
  wrong "L has 3 rows; it must have one for each k-mer" L '[[1, 2], [1, 2], [1, 2]]' \
    U '[[1, 2, 3], [1, 2, 3]]' b2 '[1, 2, 3]'
  wrong "stride must be a whole number from 1 to k, which is 1; correct it" stride 2
  wrong "stride must be a whole number from 1 to k, which is 1; correct it" stride '"1"'
  wrong "activation must be one of $(words rnntrain activation | tr ' ' '|'); correct it" activation '"sigma"'
  wrong "softmax must be one of followers|full; correct it" softmax 1
  printf '{\n"L": [[1,\n' > w.json
  fails 1 "w.json: line 3: is not JSON" rnnpredict --mode trace --weights w.json gaps.fa
  printf '[]' > w.json
  fails 1 "w.json: is not a JSON object" rnnpredict --mode trace --weights w.json gaps.fa
  printf '{"L": 1, "L": 2}' > w.json
  fails 1 "w.json: line 1: is not JSON" rnnpredict --mode trace --weights w.json gaps.fa
  fails 1 "missing.json: cannot be opened" rnnpredict --mode trace --weights missing.json gaps.fa
  fails 1 "cannot be read" rnnpredict --mode trace --weights . gaps.fa
  fails 1 "give a trained network as MODEL" rnnpredict --mode trace --weights "$RUN/model.safetensors" gaps.fa
  fails 1 "with --weights there is no MODEL" rnnpredict --mode trace --weights weights.json "$RUN" gaps.fa
  head -c 17000000 /dev/zero > w.json
  fails 1 "is over 16 MB" rnnpredict --mode trace --weights w.json gaps.fa
  fails 1 "weights.json: is JSON, not a model file" rnnpredict --mode trace weights.json gaps.fa
  fails 1 "is also an input file" rnnpredict --mode trace --weights weights.json -o weights.json gaps.fa
  fails 2 "goes with --mode trace|flow, not with 'next'" rnnpredict --weights weights.json gaps.fa
}

@test "trace, flow: options that exclude each other are refused" {
  fails 2 "--loss-at '3': must be at most --timesteps, which is 2" \
    rnnpredict --mode flow --timesteps 2 --loss-at 3 "$RUN" gaps.fa
  fails 2 "--format tsv: goes with tables; --mode trace writes json or text" \
    rnnpredict --mode trace --format tsv "$RUN" gaps.fa
  fails 2 "--format tsv: goes with tables; --mode sample writes FASTA" \
    rnnpredict --mode sample --format tsv "$RUN"
  fails 2 "--format text: goes with --mode trace" rnnpredict --mode flow --format text "$RUN" gaps.fa
  fails 2 "--format json: goes with --mode trace" rnnpredict --format json "$RUN" gaps.fa
  fails 2 "--no-header" rnnpredict --mode trace --no-header "$RUN" gaps.fa
}
