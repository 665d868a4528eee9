# Counts of the input, compared with tests/count_letters.py, which shares no code with the programs.
load cli

COLUMNS_COUNTED="file records bases A C G T ambiguous lowercase segments longest n50"

setup() {
  cd "$BATS_TEST_TMPDIR"
  printf '\r\n>mixed case, CRLF\r\nACGTacgtUu\r\nNRYSWKMBDHVnryswkmbdhv-.\r\n\r\nAC GT\tAC\r\n' > made.fa
  printf '>empty\r\n>\r\nNNACGN\r\nNTTTTTn\r\n>empty too\r\n\r\n>last\r\nGATTACA--..GATTACA' >> made.fa
  printf '@one\nACGTNacgtnU\n+\n@>+IIIIIIII\n@empty\n\n+\n\n@three\nGG-CC\n+three\n!!!~~\n' > made.fq
}

# columns NAME...: prints these columns of a table with a header line, from stdin.
columns() {
  local table name
  table=$(cat)
  for name; do
    echo "$name" "$(column "$name" <<< "$table" | paste -sd ' ')"
  done
}

# dry_run_agrees FILE...: compares the table of --dry-run.
dry_run_agrees() {
  "$PYTHON" "$SOURCE/tests/count_letters.py" "$@" | columns $COLUMNS_COUNTED > counted
  rnntrain -q --dry-run -k 1 --valid-fraction 0 "$@" | columns $COLUMNS_COUNTED > counts_of_rnntrain
  [ "$(awk '$1 == "records" { print NF - 1 }' counts_of_rnntrain)" -eq $# ]
  diff counted counts_of_rnntrain
}

# runjson_agrees FILE...: compares run.json of a training on the files, with ambiguous letters code by code.
runjson_agrees() {
  train --force -o run "$@"
  "$PYTHON" "$SOURCE/tests/count_letters.py" "$@" | columns $COLUMNS_COUNTED codes > counted
  "$PYTHON" - $COLUMNS_COUNTED << 'END' > counts_of_rnntrain
import json, sys
inputs = json.load(open('run/run.json'))['inputs']
for name in sys.argv[1:]:
    print(name, *(sum(i[name].values()) if name == 'ambiguous' else i[name] for i in inputs))
print('codes', *(json.dumps(i['ambiguous'], sort_keys=True) for i in inputs))
END
  [ "$(awk '$1 == "records" { print NF - 1 }' counts_of_rnntrain)" -eq $# ]
  diff counted counts_of_rnntrain
}

@test "the test's counter agrees with counts by hand" {
  "$PYTHON" "$SOURCE/tests/count_letters.py" made.fa made.fq | columns $COLUMNS_COUNTED > counted
  diff counted - << 'END'
file made.fa made.fq
records 5 3
bases 71 16
A 11 2
C 7 4
G 6 4
T 14 3
ambiguous 33 3
lowercase 17 5
segments 6 5
longest 40 11
n50 40 11
END
}

@test "--dry-run: every code, either case, U, gaps, empty records, CRLF" {
  dry_run_agrees made.fa made.fq
}

@test "run.json: every code, either case, U, gaps, empty records, CRLF" {
  runjson_agrees made.fa made.fq
  runjson_agrees made.fa
}

@test "--dry-run: the sequences in data/" { dry_run_agrees "$DATA"/*.gz; }

@test "run.json: the sequences in data/" { runjson_agrees "$DATA"/*.gz; }

@test "--dry-run: genomes and reads in ../shared/data" {
  [ -d "$SHARED_DATA" ] || skip "no ../shared/data beside the source tree, nor in \$SHARED"
  dry_run_agrees "$SHARED_DATA"/genomes/*.gz "$SHARED_DATA"/reads/*.gz
}
