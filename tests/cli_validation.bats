# rnntrain: the part of the input for validation, and messages about it.
load cli

setup() { cd "$BATS_TEST_TMPDIR"; }

# periodic FILE NAME UNIT LENGTH: writes one record that repeats the unit, in lines of 60.
periodic() {
  { echo ">$2"; awk -v unit="$3" -v n="$4" 'BEGIN {
      while (length(s) < n) s = s unit
      for (i = 1; i <= n; i += 60) print substr(s, i, n - i + 1 < 60 ? n - i + 1 : 60)
    }'; } > "$1"
}

@test "two files are both learnt, in either order" {
  periodic chromosome.fa chromosome ACGTTGCAAGGCTCA 30000
  periodic plasmid.fa plasmid TTGACCGATACGGAATCTC 3000
  network=(-q -k 3 -d 16 -D 32 -B 8 -T 32 -e 15 --learning-rate 0.01 -t 2)
  rnntrain "${network[@]}" -o one chromosome.fa plasmid.fa
  rnntrain "${network[@]}" -o two plasmid.fa chromosome.fa
  for run in one two; do
    for file in chromosome.fa plasmid.fa; do
      rnnpredict --mode score $run $file | column bits_per_base > bits
      awk -v what="$run: $file" '{ print what, $1 } END { exit !($1 < 0.3) }' bits
    done
  done
}

@test "the Markov model counts the strands that are trained on" {
  # G is always followed by A, and C by any base; this does not hold on the other strand.
  awk 'BEGIN { srand(3); print ">a"
               for (i = 0; i < 4000; i++) {
                 base = base == "G" ? "A" : substr("ACGT", 1 + int(4 * rand()), 1); printf "%s", base } }' > a.fa
  for strands in forward both; do
    rnntrain -q -k 1 -d 4 -D 8 -e 1 --strands $strands -o $strands a.fa
    # Order 1, from the string: of each pair in the first 3600 bases, and of its complement.
    tail -n +2 a.fa | awk -v strands=$strands '{
        split("A C G T", letter, " "); split("T G C A", opposite, " ")
        for (i = 1; i <= 4; i++) other[letter[i]] = opposite[i]
        for (i = 2; i <= 3600; i++) {
          x = substr($0, i - 1, 1); y = substr($0, i, 1); n[x y]++
          if (strands == "both") n[other[y] other[x]]++
        }
        for (i = 3602; i <= 4000; i++) {
          x = substr($0, i - 1, 1); y = substr($0, i, 1); all = n[x "A"] + n[x "C"] + n[x "G"] + n[x "T"]
          bits -= log((n[x y] + 1) / (all + 4)) / log(2)
        }
        printf "%.6f\n", bits / 399
      }' > right
    "$PYTHON" -c 'import json, sys
bits = json.load(open(sys.argv[1] + "/run.json"))["markov"]["bits_per_base_by_order"][1]
print(bits, sys.argv[2])
assert abs(bits - float(sys.argv[2])) < 2e-6' $strands "$(cat right)"
  done
}

# ---- the range -----------------------------------------------------------------------------------

# NETWORK: the options of a small network.
NETWORK=(-k 2 -d 4 -D 4 -e 1 -t 1)

# expect_range FILE FRACTION: prints the range of its last bases, counted one by one.
expect_range() {
  "$PYTHON" - "$@" << 'END'
import sys
places, length, name = [], {}, None
for line in open(sys.argv[1]):
    line = line.rstrip('\n')
    if line.startswith('>'):
        name = line[1:].split()[0]
        length[name] = 0
        continue
    for letter in line:
        length[name] += 1
        if letter in 'ACGTUacgtu':
            places.append((name, length[name]))
record, letter = places[len(places) - int(len(places) * float(sys.argv[2]))]
last = places[-1][0]
print(f'{record}:{letter}-{length[record]}' +
      (f' and the records after it, to {last}:{length[last]}' if record != last else ''))
END
}

@test "the printed range of the validation is the last part of a file or pipe" {
  "$PYTHON" - > mixed.fa << 'END'
import random
random.seed(8)
for record in range(7):
    print(f'>rec{record} some words')
    letters = ''.join(random.choice('ACGTacgtUACGTACGTN' + 'R-' * (record % 2)) for _ in range(random.choice([0, 61, 300, 777])))
    letters += 'N' * random.choice([0, 5])
    for i in range(0, len(letters), 60):
        print(letters[i:i + 60])
END
  for fraction in 0.1 0.25 0.5 0.83; do
    expect_range mixed.fa $fraction > right
    rnntrain "${NETWORK[@]}" --valid-fraction $fraction --force -o run mixed.fa 2> messages
    grep -Fx "validation: mixed.fa $(cat right)" messages
    rnntrain "${NETWORK[@]}" --valid-fraction $fraction --force -o run - < <(cat mixed.fa) 2> messages
    grep -Fx "validation: standard input $(cat right)" messages
  done
}

@test "run.json has the validation ranges and the share of each file" {
  printf '>a\nACGTNNACGTACGTACGTACGTAC\n' > a.fa # 22 bases, 5 of them for validation
  printf '>b x\nACGTACGTACGTACGT\n>c y\nACGT\n' > b.fa
  rnntrain -q "${NETWORK[@]}" --valid-fraction 0.25 -o run a.fa b.fa
  "$PYTHON" - << 'END'
import json
run = json.load(open('run/run.json'))
assert [(i['use'], i['training_bases'], i['validation_bases']) for i in run['inputs']] == [
    ('training and validation', 17, 5), ('training and validation', 15, 5)]
a, b = run['validation']
assert (a['file'], a['from_record'], a['from'], a['to_record'], a['to'], a['bases'], a['whole_records']) == (
    'a.fa', 'a', 20, 'a', 24, 5, 0), a
assert (b['from_record'], b['from'], b['to_record'], b['to'], b['whole_records']) == ('b', 16, 'c', 4, 1), b
assert (b['from_record_number'], b['to_record_number']) == (1, 2)
END
  rnntrain -q "${NETWORK[@]}" --valid b.fa --report -o valid a.fa
  "$PYTHON" - << 'END'
import json
run = json.load(open('valid/run.json'))
assert [(i['use'], i['training_bases'], i['validation_bases']) for i in run['inputs']] == [
    ('training', 22, 0), ('validation', 0, 20)]
part, = run['validation']
assert (part['file'], part['from'], part['to_record'], part['to'], part['whole_records']) == ('b.fa', 1, 'c', 4, 2)
END
  grep -q '<h2>Validation</h2>' valid/report.html
  rnntrain -q "${NETWORK[@]}" --valid-fraction 0 -o none a.fa
  grep -q '"validation": \[\]' none/run.json
}

@test "a warning names records for validation only, with a remedy" {
  printf '>chromosome\n%s\n>plasmid\n%s\n>other\nACGTACGTAC\n' "$(random_bases 900 1)" "$(random_bases 60 2)" > x.fa
  rnntrain "${NETWORK[@]}" -o run x.fa 2> messages
  grep "^warning: x.fa: plasmid and 1 more record are used for validation only, not for training; .*--valid-fraction 0" messages
  head -n 4 x.fa > y.fa
  rnntrain "${NETWORK[@]}" -o two y.fa 2> messages
  grep "^warning: y.fa: plasmid is used for validation only, not for training; put such records into a separate FILE, or" messages
  rnntrain "${NETWORK[@]}" -o three --valid-fraction 0.01 y.fa 2> messages
  run grep "validation only" messages
  [ "$status" -eq 1 ]
  rnntrain "${NETWORK[@]}" -o four --valid y.fa x.fa 2> messages
  run grep "validation only" messages
  [ "$status" -eq 1 ]
  grep -Fx "validation: y.fa, all of it" messages
}

@test "for reads one short line has the number of validation reads" {
  rnntrain "${NETWORK[@]}" -o run "$DATA/reads.fq.gz" 2> messages
  grep "^validation: .*reads.fq.gz, the last 4[0-9] of 400 records$" messages
  run grep "validation only" messages
  [ "$status" -eq 1 ]
}

@test "only the first five of many files are listed" {
  for i in {1..9}; do printf '>r%s\n%s\n' $i "$(random_bases 100 $i)" > $i.fa; done
  rnntrain "${NETWORK[@]}" -o run {1..9}.fa 2> messages
  grep -Fx "validation: 5.fa r5:91-100" messages
  grep -Fx "validation: and 4 more files, see run.json" messages
  [ "$(grep -c '^validation: [0-9].fa r' messages)" -eq 5 ]
}

# ---- many files ----------------------------------------------------------------------------------

@test "files with the same sequence are listed once per group" {
  printf '>a\nACGTACGTTGCACCA\n' > a.fa
  printf '>b x\nACGTACGT\nTGCACCA\n' > b.fa
  gzip -c a.fa > c.fa.gz
  printf '>d\nTTGACCATTAGACCA\n' > d.fa
  cp d.fa e.fa
  printf '>f\nACGTACGTTGCACCC\n' > f.fa
  rnntrain "${NETWORK[@]}" --valid-fraction 0 -o run d.fa f.fa a.fa b.fa e.fa c.fa.gz 2> messages
  grep -Fx "d.fa and e.fa have the same sequence" messages
  grep -Fx "a.fa, b.fa and 1 more have the same sequence" messages
  [ "$(grep -c "have the same" messages)" -eq 2 ]
}

@test "a run on 3000 files, half of them copies, prints few lines and can be resumed" {
  mkdir files
  "$PYTHON" -c 'import random
random.seed(4)
for i in range(3000):
    if i % 2 == 0:
        bases = "".join(random.choice("ACGT") for _ in range(60))
    open(f"files/{i:04}.fa", "w").write(f">r{i}\n{bases}\n")'
  rnntrain "${NETWORK[@]}" --circular -o run files/*.fa 2> messages
  [ "$(wc -l < messages)" -lt 40 ]
  grep -Fx "files/0002.fa and files/0003.fa have the same sequence" messages
  grep "and 1495 more groups of files with the same sequence" messages
  grep "and 2995 more files like the last one" messages
  grep -Fx "validation: and 2995 more files, see run.json" messages
  "$PYTHON" -c 'import json
run = json.load(open("run/run.json"))
assert len(run["inputs"]) == len(run["validation"]) == 3000
assert run["validation"][2999]["from_record"] == "r2999"'
  rnntrain -q --resume -e 2 -o run files/*.fa
  fails 1 "files/0006.fa: differs from input 6 of the run: its record names differ" \
    rnntrain -q --resume -o run files/000[0-4].fa files/000[6-9].fa
  rnntrain --dry-run -k 2 files/*.fa 2> messages > table
  [ "$(wc -l < table)" -eq 3001 ]
}

@test "--valid-fraction next to --valid is an error for any value" {
  zcat "$DATA/phix174.fa.gz" > a.fa
  no_effect="--valid-fraction: has no effect with --valid, which names the whole validation"
  fails 2 "$no_effect" rnntrain --valid a.fa --valid-fraction 0.2 -o run a.fa
  fails 2 "$no_effect" rnntrain --valid-fraction 0.1 --valid=a.fa -o run a.fa # the default
  fails 2 "$no_effect" rnntrain --dry-run --valid-frac 0.5 --valid a.fa a.fa
  [ ! -e run ]
  rnntrain -q -k 2 -d 2 -D 4 -e 1 --valid-fraction 0 --valid a.fa -o run a.fa # no end of a.fa validates
}

# ---- the result ----------------------------------------------------------------------------------

@test "bits over the whole validation equal the sum over the rows of mode score" {
  for model in "-k 3" "-k 5 -s 2" "-k 1"; do
    rnntrain $model -d 4 -D 8 -e 1 -t 1 --force --valid "$DATA/reads.fq.gz" -o run "$DATA/phix174.fa.gz" 2> messages
    rnnpredict --mode score run "$DATA/reads.fq.gz" > score
    zcat "$DATA/reads.fq.gz" | awk 'NR % 4 == 2' > reads
    "$PYTHON" - << 'END'
import json, re
run = json.load(open('run/run.json'))
rows = [line.rstrip('\n').split('\t') for line in open('score')]
column = rows[0].index('whole_bits_per_base')
bases = [len(re.sub('[^ACGT]', '', read.upper())) for read in open('reads')]
bits = sum(n * float(row[column]) for n, row in zip(bases, rows[1:]) if n) / sum(bases)
whole = run['result']['whole_bits_per_base']
print(bits, whole)
assert len(rows) - 1 == len(bases) and abs(bits - whole) < 1e-5
# A base without a prediction costs 2 bits, also for the Markov model.
stride = run['options']['stride']
for part, scored in (run['markov'], run['markov']['best_bits_per_base']), (run['result'], run['result']['best_valid_bits_per_base']):
    predicted = run['valid_tokens'] * stride
    assert abs(part['whole_bits_per_base'] * sum(bases) - scored * predicted - 2 * (sum(bases) - predicted)) < 1e-4
text = f"validation over all {sum(bases)} bases, at 2 bits for each unpredicted one: {whole:.4f}; best Markov model: {run['markov']['whole_bits_per_base']:.4f}\n"
assert text in open('messages').read()
END
  done
}

# whole_bits FILE: prints the mean of whole_bits in the rows of mode score, weighted by the bases of each record.
whole_bits() {
  "$PYTHON" - "$1" << 'END'
import re, sys
records = [re.sub('[^ACGT]', '', part.partition('\n')[2].upper()) for part in open(sys.argv[1]).read().split('>')[1:]]
rows = [line.rstrip('\n').split('\t') for line in open('score')]
column = rows[0].index('whole_bits_per_base')
assert len(rows) == len(records) + 1
print(sum(len(r) * float(row[column]) for r, row in zip(records, rows[1:]) if r) / sum(map(len, records)))
END
}

@test "bits over the whole validation agree with mode score on circles, short reads, N and both strands" {
  printf '>a circular=true\nACGTTGCATTGACCATGCAA\n>b\nACG\n>c circular=true\nTTGNNACGATTACAGGCATTACNTTGA\n' > mixed.fa
  printf '>d circular=true\nAC\n>e topology=circular\nACGTACTNN\n>f\nNNNN\n>g\nACGTTGCNGTCA\n>h circ=yes\nGATTACA\n' >> mixed.fa
  printf '>one circular=true\nACGTTGCATTGACCATGCAA\n' > one.fa
  for model in "-k 3" "-k 5 -s 2" "-k 1 --strands both" "-k 3 -s 3 --strands both"; do
    for file in mixed one; do
      rnntrain -q $model -d 4 -D 8 -e 1 -t 1 --force --valid $file.fa -o run "$DATA/phix174.fa.gz"
      rnnpredict --mode score --strands both run $file.fa > score
      whole_bits $file.fa > wanted
      "$PYTHON" -c '
import json, sys
run, wanted, letters = json.load(open("run/run.json")), float(open("wanted").read()), open(sys.argv[1]).read()
print(run["result"], wanted)
assert abs(run["result"]["whole_bits_per_base"] - wanted) < 1e-5
bases = sum(base in "ACGT" for line in letters.split("\n") if not line.startswith(">") for base in line)
assert run["validation"][0]["bases"] == bases
assert run["inputs"][1]["validation_bases"] == bases' $file.fa
    done
  done
}

@test "the first bases of a circle, which are read twice, count once" {
  { printf '>chromosome circular=true\n'; zcat "$DATA/phix174.fa.gz" | tail -n +2
    printf '>plasmid circular=true\nACGTTGCATTGACCATGCAA\n'; } > two.fa
  # The validation begins in the plasmid, in the repeated bases of the chromosome, and in the chromosome.
  for begin in 0.001:plasmid 0.0046:plasmid 0.1:chromosome; do
    rnntrain -q -k 3 -d 4 -D 8 -e 1 -t 1 --force --valid-fraction ${begin%:*} -o run two.fa
    "$PYTHON" -c '
import json, sys
run = json.load(open("run/run.json"))
file, valid = run["inputs"][0], run["validation"][0]
print(file, valid)
assert valid["from_record"] == sys.argv[1]
assert file["training_bases"] + file["validation_bases"] == file["bases"] == 5386 + 20
last = {"plasmid": 20, "chromosome": 5386 + 20}[sys.argv[1]]
assert valid["bases"] == file["validation_bases"] == last - valid["from"] + 1' ${begin#*:}
  done
}

@test "bits over the whole validation are printed only if they differ" {
  rnntrain -k 2 -d 4 -D 8 -e 1 -t 1 -o run "$DATA/lambda.fa.gz" 2> messages
  grep "^validation: [12]" messages
  run ! grep "over all" messages
}

@test "a network worse than the Markov model gets a warning with advice" {
  rnntrain -k 2 -d 4 -D 4 -e 1 -o loses "$DATA/lambda.fa.gz" 2> messages
  grep "^warning: the network is worse than the best Markov model: try more epochs (-e 3), a larger -D than 4, or --strands forward$" messages
  rnntrain -k 2 -d 32 -D 96 -e 1 --max-time 1h --strands forward -o few "$DATA/phix174.fa.gz" 2> messages
  grep "^warning: the network is worse .* has only 0.[0-9]* training k-mers per parameter: try more epochs (-e 3), more sequence, or" messages
  rnntrain -k 8 -d 4 -D 4 -e 2 -o fewer "$DATA/phix174.fa.gz" 2> messages
  grep " has only 0.0082 training k-mers per parameter: try more epochs (-e 6), more sequence, or" messages
  rnntrain -k 2 -d 4 -D 4 -e 90 --patience 1 --learning-rate 0.3 -o early "$DATA/lambda.fa.gz" 2> messages
  grep "^stopped early" messages
  grep "^warning: .*: try a larger --patience, a larger -D than 4, or" messages
  rnntrain -k 2 -d 4 -D 4 -e 100000 --max-time 8 --learning-rate 1e-6 -o late "$DATA/phix174.fa.gz" 2> messages
  grep "^out of time" messages
  grep "^warning: .*: try more time (--max-time), a larger -D than 4, or" messages
  rnntrain -k 2 -d 4 -D 4 --schedule plateau --learning-rate 0.3 -o plateau "$DATA/phix174.fa.gz" 2> messages
  grep "^stopped early" messages
  grep "^warning: .*: try a larger -D than 4, or" messages
  { echo ">short"; zcat "$DATA/phix174.fa.gz" | sed -n 2,7p; } > short.fa
  rnntrain -k 2 -d 2 -D 4 -e 3000 -t 1 -o overfits short.fa 2> messages
  grep "^warning: .* training k-mers per parameter: try more sequence, or a smaller -D or -k" messages
  periodic wins.fa p ACGTTGCAAGGCTCA 9000
  rnntrain -k 3 -d 16 -D 32 -B 8 -T 32 -e 15 --learning-rate 0.01 -o wins wins.fa 2> messages
  grep "best Markov model (order" messages
  run grep "is worse than" messages
  [ "$status" -eq 1 ]
}

# ---- more than a validation reads ----------------------------------------------------------------

@test "for more than 2^24 bases the validation is a sample of 256 stretches" {
  "$PYTHON" -c 'print(">a\n" + "ACGTTGCAAG" * 2000000)' > long.fa
  rnntrain --dry-run -k 4 --valid long.fa "$DATA/phix174.fa.gz" 2> messages
  grep -q "^validation: a sample of 16777216 of these 20000000 bases, spread evenly$" messages
  grep -q " $((16777216 - 256 * 4)) for validation$" messages
  "$PYTHON" -c 'print(">a\n" + "ACGT" * 2**22)' > enough.fa
  rnntrain --dry-run -k 4 --valid enough.fa "$DATA/phix174.fa.gz" 2> messages
  ! grep -q sample messages || false
  grep -q " $((16777216 - 4)) for validation$" messages
}
