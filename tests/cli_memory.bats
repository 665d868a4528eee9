# Models with a memory: their file, and yhat compared with an independent reader.
load cli

# The genome has repeats on both strands, an N, and a short record.
setup_file() {
  cd "$BATS_FILE_TMPDIR"
  "$PYTHON" - "$DATA/lambda.fa.gz" << 'EOF'
import gzip, random, sys
random.seed(1)
bases = "".join(gzip.open(sys.argv[1], "rt").read().split("\n")[1:])[:12000]

def other_strand(text):
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))

def mutated(text, rate):
    return "".join(random.choice("ACGT") if random.random() < rate else base for base in text)

repeat = bases[1000:2500]
genome = bases[:6000] + "N" + other_strand(mutated(repeat, 0.1)) + bases[6000:] + mutated(repeat, 0.05)
open("genome.fa", "w").write(f">one\n{genome}\n>short\nACGTACGTTTAAA\n>two\n{other_strand(repeat[:900])}\n")
reads = [mutated(genome[7200:7400], 0.02), other_strand(mutated(bases[5900:6100], 0.15)), mutated(repeat[:300], 0.05),
         genome[-100:] + genome[:150], "".join(random.choices("ACGT", k=100))]
open("reads.fa", "w").write("".join(f">read{i}\n{read}\n" for i, read in enumerate(reads)))
EOF
  train --memory -o run genome.fa
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run GENOME=$BATS_FILE_TMPDIR/genome.fa READS=$BATS_FILE_TMPDIR/reads.fa
}

# yhat_of RUN: prints "position yhat..." after each k-mer of all reads, by rnnpredict; of followers only.
yhat_of() {
  rnnpredict --positions all --top 256 --no-header "$1" "$READS" | sort -s -k1,1 -k2,2n -k4,4 |
    awk '$1 $2 != last { if (last) print line; last = $1 $2; line = $2 } { line = line " " $5 } END { print line }'
}

# yhat_read RUN: prints the same by read_memory.py.
yhat_read() {
  grep -v '>' "$READS" | while read -r bases; do
    "$PYTHON" "$SOURCE/tests/read_memory.py" "$1/model.safetensors" "$bases"
  done
}

# same_numbers A B: checks for the same rows of numbers, within 1e-5.
same_numbers() {
  paste -d ' ' "$1" "$2" | awk '
    { for (i = 1; i <= NF / 2; i++) { d = $i - $(i + NF / 2); if (d * d > 1e-10) { print; exit 1 } } }'
}

@test "NumPy computes the same yhat with the memory" {
  for options in "" "-s 3" "-k 4 -s 2 --strands forward" "--memory-limit 40k"; do
    train --memory $options -o run --force "$GENOME"
    yhat_of run > messages
    yhat_read run > read
    [ "$(wc -l < messages)" -gt 200 ]
    [ "$(wc -l < messages)" -eq "$(wc -l < read)" ]
    same_numbers messages read
    rnnpredict --memory off --positions all --top 256 run "$READS" > off
    run ! cmp -s off <(rnnpredict --positions all --top 256 run "$READS")
  done
}

@test "mode info prints the sizes of a memory" {
  rnnpredict --mode info "$RUN" > info
  [ "$(awk '$1 == "format_version" { print $2 }' info)" = 2 ]
  [ "$(awk '$1 == "memory_records" { print $2 }' info)" = 3 ]
  [ "$(awk '$1 == "memory_segments" { print $2 }' info)" = 4 ]
  [ "$(awk '$1 == "memory_bases" { print $2 }' info)" -eq "$(grep -v '>' "$GENOME" | tr -cd ACGT | wc -c)" ]
  [ "$(awk '$1 == "memory_bytes" { print $2 }' info)" -gt 50000 ]
}

@test "the memory holds only the training part of the sequence" {
  train --memory -o run --valid-fraction 0.25 "$GENOME"
  rnnpredict --mode info run > info
  bases=$(sed -n 's/.*"training_bases": \([0-9]*\),.*/\1/p' run/run.json)
  [ "$bases" -eq 11935 ]
  [ "$(awk '$1 == "memory_bases" { print $2 }' info)" -eq "$bases" ]
  [ "$(awk '$1 == "memory_records" { print $2 }' info)" = 1 ]
}

@test "a memory changes no weight, and a model without a memory has no tensors of one" {
  train -o plain "$GENOME"
  weights() { "$PYTHON" -c '
import json, sys
raw = open(sys.argv[1], "rb").read()
size = 8 + int.from_bytes(raw[:8], "little")
for name, tensor in sorted(json.loads(raw[8:size]).items()):
    if name in "L H I b1 U b2".split():
        begin, end = tensor["data_offsets"]
        sys.stdout.buffer.write(raw[size + begin:size + end])' "$1/model.safetensors"; }
  weights plain > weights
  weights "$RUN" | cmp - weights
  [ "$(rnnpredict --mode info plain | awk '$1 == "format_version" { print $2 }')" = 1 ]
  run ! grep -q memory plain/model.safetensors
}

@test "--init does not copy a memory and reports it; --memory makes a new one" {
  head -n 2 "$GENOME" > part.fa
  run --separate-stderr -0 rnntrain --no-progress -k 3 -d 8 -D 16 -e 1 --valid-fraction 0 --init "$RUN" -o next part.fa
  [[ "$stderr" == *"--init $RUN: its memory is not used"* ]]
  [ "$(rnnpredict --mode info next | awk '$1 == "format_version" { print $2 }')" = 1 ]
  run --separate-stderr -0 rnntrain --no-progress -k 3 -d 8 -D 16 -e 1 --valid-fraction 0 --init "$RUN" --memory -o more part.fa
  [[ "$stderr" != *"left out"* ]]
  [ "$(rnnpredict --mode info more | awk '$1 == "memory_records" { print $2 }')" = 1 ]
}

@test "the checksum detects a damaged memory" {
  cp "$RUN/model.safetensors" damaged.safetensors
  size=$(stat -c %s damaged.safetensors)
  printf '\377' | dd of=damaged.safetensors bs=1 seek=$((size - 1000)) conv=notrunc status=none
  fails 1 "the data is damaged (CRC-32)" rnnpredict --mode info damaged.safetensors
}
