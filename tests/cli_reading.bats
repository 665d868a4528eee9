# Options that select parts of the input, and messages about the rest.
load cli

setup() { cd "$BATS_TEST_TMPDIR"; }

# reads_awk QUALITY LENGTH: prints segments, low_quality, short_segments and short_bases of
# data/reads.fq.gz, counted by another program.
reads_awk() {
  zcat "$DATA/reads.fq.gz" | awk -v least="$1" -v shortest="$2" '
    BEGIN { for (i = 33; i < 127; i++) phred[sprintf("%c", i)] = i - 33 }
    NR % 4 == 2 { sequence = $0 }
    NR % 4 == 0 {
      n = length(sequence)
      for (i = 1; i <= n + 1; i++) {
        base = i <= n && index("ACGTUacgtu", substr(sequence, i, 1)) > 0
        low = base && phred[substr($0, i, 1)] < least
        low_quality += low
        if (base && !low) { run++; continue }
        if (run > 0 && run < shortest) { short_segments++; short_bases += run }
        else if (run > 0) segments++
        run = 0
      }
    }
    END { print segments + 0, low_quality + 0, short_segments + 0, short_bases + 0 }'
}

# table COLUMN...: prints these columns of rnntrain's first row, from stdin.
table() {
  local all name
  all=$(cat)
  for name; do column "$name" <<< "$all"; done | paste -sd ' '
}

@test "--min-quality and --min-length exclude the same bases as awk" {
  for options in "0 0" "1 0" "20 0" "0 40" "20 40" "38 5" "93 0" "0 73"; do
    read -r quality length <<< "$options"
    rnntrain -q --dry-run --min-quality $quality --min-length $length "$DATA/reads.fq.gz" > out
    [ "$(table segments low_quality short_segments short_bases < out)" = \
      "$(reads_awk $quality $length)" ]
    # the content of the file is counted nevertheless
    [ "$(table bases A ambiguous < out)" = "28800 6456 48" ]
  done
}

@test "excluded bases are reported, recorded in run.json and not trained on" {
  train -o all "$DATA/reads.fq.gz"
  run --separate-stderr -0 rnntrain "${TINY[@]:1}" --min-quality 20 --min-length 40 -o run \
    "$DATA/reads.fq.gz"
  read -r segments low short bases <<< "$(reads_awk 20 40)"
  [[ "$stderr" == *"$DATA/reads.fq.gz: left out for quality below 20: $low of 28800 bases"* ]]
  [[ "$stderr" == *": left out as shorter than 40: $short of $((short + segments)) segments, with $bases bases"* ]]
  "$PYTHON" -c 'import json, sys
i = json.load(open("run/run.json"))["inputs"][0]
print(i["segments"], i["low_quality"], i["short_segments"], i["short_bases"], i["circular"])' |
    diff - <(echo "$segments $low $short $bases 0")
  [ "$(about all data_crc32)" != "$(about run data_crc32)" ]
  train --min-quality 20 --min-length 40 -o quiet "$DATA/reads.fq.gz" 2> messages
  [ ! -s messages ]
}

@test "--min-quality warns that FASTA has no qualities" {
  run --separate-stderr -0 rnntrain --dry-run --min-quality 20 "$DATA/phix174.fa.gz"
  [[ "$stderr" == *"$DATA/phix174.fa.gz: has no quality values for --min-quality"* ]]
}

@test "every warning about the input names its file" {
  printf '@a\nACGTACGTACGTA\n+\nIII5!!IIIIIII\n' > some.fq
  printf '>a circular=true\nACGTACGTAC\n>b\nACGT\n>c circular=true\nACGTT\n' > some.fa
  rnntrain --dry-run --min-quality 20 --min-length 5 -k 3 some.fq some.fq - < some.fa 2>&1 > table |
    grep -e "left out" -e circular -e quality > messages
  diff messages - << 'END'
standard input: circular records: 2 of 3
standard input: has no quality values for --min-quality
some.fq: left out for quality below 20: 2 of 13 bases
some.fq: left out for quality below 20: 2 of 13 bases
some.fq: left out as shorter than 5: 1 of 2 segments, with 4 bases
some.fq: left out as shorter than 5: 1 of 2 segments, with 4 bases
standard input: left out as shorter than 5: 1 of 3 segments, with 4 bases
END
}

# soft_masked: makes soft.fa and soft.fq, and hard.fa and hard.fq with N instead of lower case.
soft_masked() {
  printf '>a circular=true\nACGTAcgnGTCCAGATTAC\nttgACCNAGGTACCAtAGG\n>b\nacgtacgt\n>c\nGATTACA\n' > soft.fa
  printf '@a\nACGTAcgnGTCCAGATTAC\n+\nIIII!!IIIIIIIII!III\n' > soft.fq
  sed '/^>/!y/acgtn/NNNNN/' soft.fa > hard.fa
  sed '2y/acgtn/NNNNN/' soft.fq > hard.fq
}

@test "--lowercase ambiguous excludes lower case as if it were N, and counts it" {
  soft_masked
  options=(-q --dry-run --min-length 5 --min-quality 20 -k 3)
  rnntrain "${options[@]}" --lowercase ambiguous soft.fa soft.fq > soft
  rnntrain "${options[@]}" hard.fa hard.fq > hard
  rnntrain "${options[@]}" soft.fa soft.fq > keep
  [ "$(column masked < soft | paste -sd ' ')" = "14 2" ] # a and n in column lowercase
  [ "$(column masked < keep | paste -sd ' ')" = "0 0" ]
  [ "$(column low_quality < soft | paste -sd ' ')" = "0 2" ]
  for name in segments longest n50 circular low_quality short_segments short_bases; do
    [ "$(column $name < soft)" = "$(column $name < hard)" ]
  done
  for name in bases A C G T ambiguous lowercase; do # of the file as it is
    [ "$(column $name < soft)" = "$(column $name < keep)" ]
  done
}

@test "--lowercase ambiguous: the weights are those of N in place of lower case" {
  soft_masked
  run --separate-stderr -0 rnntrain "${TINY[@]:1}" --lowercase ambiguous --memory -o soft soft.fa
  [[ "$stderr" == *"soft.fa: left out as lower case: 14 of 53 bases"* ]]
  train --memory -o hard hard.fa
  train --memory -o keep soft.fa
  info() { rnnpredict --mode info $1 | grep "^$2"; } # data_crc32 is that of weights and memory
  [ "$(info soft data_crc32)" = "$(info hard data_crc32)" ]
  [ "$(info keep data_crc32)" != "$(info hard data_crc32)" ]
  [ "$(info soft lowercase)" = $'lowercase\tambiguous' ]
  run ! info keep lowercase
  "$PYTHON" -c 'import json
print(*(json.load(open(f"{run}/run.json"))["options"].get("lowercase") for run in ("soft", "hard")))' |
    diff - <(echo ambiguous None)
}

@test "--lowercase ambiguous also applies to the end of a file and to --valid" {
  zcat "$DATA/phix174.fa.gz" | awk 'NR % 9 == 3 { $0 = tolower($0) } 1' > soft.fa
  sed '/^>/!y/acgt/NNNN/' soft.fa > hard.fa
  for how in "--valid-fraction 0.3" "--valid \$case.fa"; do
    for case in soft hard; do
      eval "options=($how)"
      rnntrain "${TINY[@]:0:13}" "${options[@]}" --lowercase ambiguous --force -o $case $case.fa
      cut -f 1-3,5- $case/loss.tsv > $case.tsv
    done
    grep -q valid soft.tsv
    diff soft.tsv hard.tsv
  done
}

@test "rnnpredict --lowercase ambiguous prints the rows of N in place of lower case" {
  zcat "$DATA/phix174.fa.gz" | awk 'NR % 9 == 3 { $0 = tolower($0) } 1' > soft.fa
  printf '>b\nacgtACGTacgt\n>c\nacgt\n>d circular=true\nACGTGaCATA\n' >> soft.fa
  sed '/^>/!y/acgt/NNNN/' soft.fa > hard.fa
  train -o run "$DATA/phix174.fa.gz"
  for what in "${ASKS[@]}"; do
    [[ "$what" != *variants* ]] || continue
    ask run "$what" --lowercase ambiguous soft.fa > soft
    ask run "$what" hard.fa > hard
    ask run "$what" soft.fa > keep
    cmp soft hard
    run ! cmp -s soft keep
  done
  masked=$(grep -v '^>' soft.fa | tr -dc acgt | wc -c)
  rnnpredict --mode score --lowercase ambiguous run soft.fa 2> messages > table
  grep lower messages | diff - <(echo "rnnpredict: soft.fa: left out as lower case: $masked bases")
  rnnpredict --mode trace --lowercase ambiguous run - < soft.fa 2> messages > table
  grep lower messages | diff - <(echo "rnnpredict: standard input: left out as lower case: $masked bases")
  # d has ACGTG and CATA, which the circle continues with ACG
  [ "$(rnnpredict --mode score --lowercase ambiguous run soft.fa | tail -n 1 | cut -f 1-4)" = $'d\t6\t6\t4' ]
}

@test "--lowercase is refused in modes that do not predict for the bases of records" {
  train -o run "$DATA/phix174.fa.gz"
  fails 2 "--lowercase: goes with --mode next|score|track|classify|embed|trace|flow" \
    rnnpredict --mode variants --all --lowercase ambiguous run "$DATA/phix174.fa.gz"
  fails 2 "--lowercase: goes with --mode next|score|track|classify|embed|trace|flow" \
    rnnpredict --mode sample --lowercase ambiguous run
  fails 2 "--lowercase: goes with records, not with --kmers" \
    rnnpredict --mode embed --kmers --lowercase ambiguous run
  fails 2 "--lowercase 'mask': must be one of keep|ambiguous" rnntrain "${TINY[@]}" --lowercase mask -o new x.fa
}

@test "input without usable bases is an error, and no run is created" {
  fails 1 "holds no bases that pass --lowercase, --min-length and --min-quality" \
    rnntrain "${TINY[@]}" --min-length 73 -o run "$DATA/reads.fq.gz"
  fails 1 "holds no bases that pass --lowercase, --min-length and --min-quality" \
    rnntrain "${TINY[@]}" --min-quality 93 -o run "$DATA/reads.fq.gz"
  printf '>a\nacgtacgtacgt\n' > soft.fa
  fails 1 "holds no bases that pass --lowercase, --min-length and --min-quality" \
    rnntrain "${TINY[@]}" --lowercase ambiguous -o run soft.fa
  [ ! -e run ]
}

@test "--dry-run counts unusable input, and reports why a run would fail" {
  printf '>a\nACGNN\n>b\n' > short.fa
  run --separate-stderr -0 rnntrain --dry-run -k 5 short.fa
  [ "$(table records bases segments <<< "$output")" = "2 5 1" ]
  [[ "$stderr" == *"the run would not start: short.fa: no training segment has the k+s = 6 bases"* ]]
  run --separate-stderr -0 rnntrain --dry-run - < <(printf '>a\nNN\n')
  [[ "$stderr" == *"the run would not start: standard input: holds no A, C, G or T"* ]]
}

@test "a circle of n bases has n training k-mers, by option or by its header" {
  zcat "$DATA/phix174.fa.gz" | sed '1s/.*/>phix depth=1.00x circular=true/' > header.fa
  cp "$DATA/phix174.fa.gz" .
  for input in "--circular phix174.fa.gz" header.fa; do
    run --separate-stderr -0 rnntrain --dry-run -k 6 --valid-fraction 0 $input
    [ "$(table bases circular segments <<< "$output")" = "5386 1 1" ]
    [[ "$stderr" == *": circular records: 1 of 1"* ]]
    [[ "$stderr" == *"training k-mers: 5386 in "* ]]
  done
  run --separate-stderr -0 rnntrain --dry-run -k 6 --valid-fraction 0 "$DATA/phix174.fa.gz"
  [[ "$stderr" == *"training k-mers: $((5386 - 6)) in "* ]]
}

@test "rnnpredict scores a circle across its end, by option or by its header" {
  train -o run "$DATA/phix174.fa.gz"
  zcat "$DATA/phix174.fa.gz" | sed '1s/.*/>phix [topology=circular]/' > header.fa
  sed '1s/.*/>phix/' header.fa > plain.fa
  { cat plain.fa; sed -n 2p plain.fa | cut -c 1-3; } > turned.fa # -k 3
  run --separate-stderr -0 rnnpredict --mode score run turned.fa
  turned=$(cut -f 1-3,5-7 <<< "$output") # a circle skips nothing
  [ "$(table tokens <<< "$output")" = 5386 ]
  for input in "--circular plain.fa" header.fa; do
    run --separate-stderr -0 rnnpredict --mode score run $input
    [ "$(cut -f 1-3,5-7 <<< "$output")" = "$turned" ]
    [ "$(table skipped <<< "$output")" = 0 ]
    [[ "$stderr" == "rnnpredict: "*".fa: circular records: 1" ]]
  done
  rnnpredict run header.fa > next # the prediction is for the base after the end
  diff next <(rnnpredict run plain.fa)
  fails 2 "--circular: goes with --mode score" rnnpredict --circular run plain.fa
  # records and files are not confused
  for i in {1..200}; do
    [ $i -le 128 ] && echo ">$i circular=true" || echo ">$i"
    echo ACGTTGCA
  done > many.fa
  run --separate-stderr -0 rnnpredict --mode score run many.fa plain.fa
  [ "$stderr" = "rnnpredict: many.fa: circular records: 128" ]
  # a circle is one even if an N separates its end from its beginning
  printf '>a circular=true\nNNACGTACGT\n>b\nACGTACGTACGT\n' > broken.fa
  run --separate-stderr -0 rnnpredict --mode score run broken.fa
  [ "$stderr" = "rnnpredict: broken.fa: circular records: 1" ]
  run --separate-stderr -0 rnntrain --dry-run broken.fa
  [[ "$stderr" == *"broken.fa: circular records: 1 of 2"* ]]
}

@test "the result is the same from a file, a pipe and a named pipe" {
  zcat "$DATA/lambda.fa.gz" > lambda.fa
  mkfifo pipe
  for file in lambda.fa "$DATA/lambda.fa.gz"; do
    rnntrain -q --dry-run "$file" | cut -f 2- > wanted
    diff wanted <(rnntrain -q --dry-run - < "$file" | cut -f 2-)
    diff wanted <(cat "$file" | rnntrain -q --dry-run - | cut -f 2-)
    cat "$file" > pipe &
    diff wanted <(rnntrain -q --dry-run pipe | cut -f 2-)
  done
}

@test "an error in a pipe is reported before its end" {
  mkfifo pipe
  exec 9<> pipe # so it does not end
  printf '>a\nAC!\n' >&9
  run -1 timeout 600 rnntrain --dry-run - < pipe
  [[ "$output" == *"line 2, record 'a': '!' is not a nucleotide code" ]]
  # also if a thread already reads ahead
  { printf '>a\n'; head -c 2000000 /dev/zero | tr '\0' A; sleep 0.3; echo '!'; } > pipe &
  run -1 timeout 600 rnntrain --dry-run - < pipe
  [[ "$output" == *"line 2, record 'a': '!' is not a nucleotide code" ]]
  exec 9>&-
}

@test "control characters in a name do not reach the terminal" {
  printf '>\033]0;evil\007\nAC!\n' > evil.fa
  fails 1 "record '?]0;evil?'" rnntrain -q --dry-run evil.fa
}

# bgzf_block: one block of BGZF with the text from stdin.
bgzf_block() {
  "$PYTHON" -c 'import struct, sys, zlib
text = sys.stdin.buffer.read()
deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
data = deflate.compress(text) + deflate.flush()
sys.stdout.buffer.write(bytes.fromhex("1f8b08040000000000ff060042430200") +
    struct.pack("<H", len(data) + 25) + data + struct.pack("<II", zlib.crc32(text), len(text)))'
}

@test "BGZF without its end block is read with one warning, which run.json keeps" {
  printf '@a\nACGTACGTACGT\n+\nIIIIIIIIIIII\n' | bgzf_block > no-end.fq.gz
  { cat no-end.fq.gz; bgzf_block < /dev/null; } > whole.fq.gz
  warning="no-end.fq.gz: BGZF's end block is missing; the text ends with a whole record"
  run --separate-stderr -0 rnntrain "${TINY[@]:1}" -o run no-end.fq.gz whole.fq.gz
  [ "$(grep -c 'end block' <<< "$stderr")" = 1 ]
  [[ "$stderr" == *"$warning"* ]]
  "$PYTHON" -c 'import json
print([i["bgzf_end_block_missing"] for i in json.load(open("run/run.json"))["inputs"]])' > kept
  [ "$(< kept)" = "[True, False]" ]
  for mode in score flow; do
    run --separate-stderr -0 rnnpredict --mode $mode run whole.fq.gz no-end.fq.gz
    [ "${#stderr_lines[@]}" = 1 ]
    [[ "$stderr" == "rnnpredict: $warning"* ]]
  done
  run --separate-stderr -0 rnnpredict --mode sample --prompt no-end.fq.gz run
  [[ "$stderr" == *"rnnpredict: $warning"* ]]
  run --separate-stderr -0 rnnpredict --mode score run < no-end.fq.gz
  [[ "$stderr" == "rnnpredict: standard input: BGZF's end block is missing"* ]]
}

@test "truncated BGZF is an error before the first row" {
  printf '>a\nACGTACGTACGT\n' | bgzf_block > a.gz
  train -o run a.gz
  zcat "$DATA/lambda.fa.gz" | awk "NR <= 400" | bgzf_block > b.gz
  cat a.gz b.gz | head -c -1 > cut.gz
  fails 1 "cut.gz: its last block of BGZF is cut short" rnnpredict --mode score -o rows.tsv run cut.gz
  { cat a.gz; printf '>b\nACGT' | bgzf_block; } > line.gz
  fails 1 "line.gz: BGZF's end block is missing and the text ends inside a line" \
    rnntrain -q --dry-run line.gz
}

@test "--min-quality warns once per file of qualities that can only be Phred+64" {
  printf '@a\nACGTACGTAC\n+\nhhhhhhhBBB\n@b\nACGTACGTAC\n+\nhhhhhhhhh;\n' > 64.fq
  printf '@a\nACGTACGTAC\n+\nIIIIIIIIII\n@b\nACGTACGTAC\n+\nKKKKKKKKK;\n' > 33.fq
  printf '@a\nACGTACGTAC\n+\nhhhhhhhBBB\n@b\nACGTACGTAC\n+\nhhhhhhhhh:\n' > low.fq
  printf '@a\nACGTACGTAC\n+\nhhhhhhhBBB\n@b\nACGTACGTAC\n+\nhhhhhhhhhk\n' > high.fq
  printf '@a\nACGTACGTAC\n+\nSSSSSSSSS?\n@b\nACGTACGTAC\n+\nUUUUUUUUUI\n' > 50.fq # AVITI, dorado
  printf '@a\nACGTACGTAC\n+\n~~~~~~~~~;\n@b\nACGTACGTAC\n+\n~~~~~~~~~~\n' > 93.fq # HiFi
  run --separate-stderr -0 rnntrain --dry-run -k 3 --min-quality 20 33.fq 50.fq 93.fq 64.fq low.fq high.fq
  [ "$(grep -c Phred+64 <<< "$stderr")" = 1 ]
  [[ "$stderr" == *"64.fq: its quality values can only be Phred+64"*"seqtk seq -Q64 -V"* ]]
  run --separate-stderr -0 rnntrain --dry-run -k 3 64.fq
  [[ "$stderr" != *Phred* ]]
}

@test "a record without a name causes one warning per file, with its line" {
  printf '>a\nACGTACGTAC\n>\nACGTACGT\n>\nACGT\n' > some.fa
  printf '@a\nACGTACGTAC\n+\nIIIIIIIIII\n@ x\nAC\n+\nII\n' > some.fq
  train -o run some.fa
  for mode in score next flow; do
    run --separate-stderr -0 rnnpredict --mode $mode run some.fa some.fq
    [ "${#stderr_lines[@]}" = 2 ]
    [[ "${stderr_lines[0]}" == "rnnpredict: some.fa: line 3: this record has no name"* ]]
    [[ "${stderr_lines[1]}" == "rnnpredict: some.fq: line 5: this record has no name"* ]]
  done
  run --separate-stderr -0 rnnpredict --mode embed --format npy -o array.npy run some.fa
  [ -z "$stderr" ] # there are no names
}
