# Format test suites of other projects through rnntrain, file by file; EXPECT.tsv has a row per file. They
# are in ../shared beside the source tree, or in $SHARED.
load cli

SUITES=${SHARED:-$SOURCE/../shared}/suites
DRY=(-q --dry-run -k 1 -t 1 --valid-fraction 0)

# Files that their suite accepts as FASTA, but whose letters are protein, although their rows do not state it.
PROTEIN=(Fasta/aster.pro Fasta/aster_no_wrap.pro Fasta/f001 Fasta/f003.fa Fasta/fa01
  Fasta/flowers.pro.gz Fasta/loveliesbleeding.pro Fasta/protein_lib.fa Fasta/rose.pro
  Fasta/rosemary.pro)

setup() {
  [ -e "$SUITES/EXPECT.tsv" ] || skip "no ../shared/suites beside the source tree, nor in \$SHARED"
  cd "$SUITES"
}

# wanted FILE EXPECTED RECORDS BASES NOTE: prints the required beginning of the output of `outcome`.
wanted() {
  local letters=DNA
  [[ "$5" != *protein* && " ${PROTEIN[*]} " != *" $1 "* ]] || letters=protein
  case "$2 $letters" in
    "accept DNA") echo "$3 records, $4 bases" ;;
    "accept protein") echo "refused as no DNA" ;;
    reject*) echo "refused" ;;
    *) echo "a row with accept or reject" ;;
  esac
}

# outcome CODE NAME ROW: prints the result of the program for the file that it calls NAME.
outcome() {
  local out=$BATS_TEST_TMPDIR/$3.out messages
  messages=$(< "$BATS_TEST_TMPDIR/$3.err")
  if [ "$1" -eq 0 ] && [ -z "$messages" ]; then
    echo "$(column records < "$out") records, $(column bases < "$out") bases"
  elif [ "$1" -ne 1 ] || [ -s "$out" ] || [[ "$messages" == *$'\n'* ]]; then
    echo "exit code $1 with $(wc -c < "$out") bytes of output and: $messages"
  elif [[ "$messages" =~ ^"rnntrain: $2: line "[1-9].*(protein|not a nucleotide code) ]]; then
    echo "refused as no DNA: $messages"
  elif [[ "$messages" =~ ^"rnntrain: $2: line "[1-9] ]]; then
    echo "refused: $messages"
  else
    echo "no file and line: $messages"
  fi
}

by_name() { rnntrain "${DRY[@]}" "$1"; }

# Compressed files are passed unchanged.
by_pipe() {
  case $1 in
    *.gz | *.bgz) cat "$1" ;;
    *) gzip -c "$1" ;;
  esac | rnntrain "${DRY[@]}" -
}

# check HOW ROW SUITE FILE FORMAT EXPECTED RECORDS BASES NOTE
check() {
  local how=$1 row=$2 path=$3/$4 name=$3/$4 code=0 want outcome
  [ "$how" = by_name ] || name="standard input"
  want=$(wanted "$4" "${@:6}")
  "$how" "$path" > "$BATS_TEST_TMPDIR/$row.out" 2> "$BATS_TEST_TMPDIR/$row.err" || code=$?
  outcome=$(outcome $code "$name" "$row")
  [[ "$outcome" == "$want"* ]] || echo "$path: expected: $want; found: $outcome" >> "$BATS_TEST_TMPDIR/wrong"
  echo "$row" >> "$BATS_TEST_TMPDIR/checked"
}

# all_rows HOW: checks every row, 16 at a time.
all_rows() {
  local row=0 fields started=()
  while IFS=$'\x1f' read -r -a fields; do
    row=$((row + 1))
    check "$1" $row "${fields[@]}" 3>&- &
    started+=($!)
    [ $((row % 16)) -ne 0 ] || wait "${started[@]: -16}"
  done < <(tail -n +2 EXPECT.tsv | tr '\t' '\037')
  wait "${started[@]}"
  [ ! -e "$BATS_TEST_TMPDIR/wrong" ] || sort "$BATS_TEST_TMPDIR/wrong"
  echo "$row rows were read"
  [ ! -e "$BATS_TEST_TMPDIR/wrong" ]
  [ "$row" -gt 0 ]
  [ "$(sort -u "$BATS_TEST_TMPDIR/checked" | wc -l)" -eq $(($(grep -c '' EXPECT.tsv) - 1)) ]
}

@test "every file of the suites is read or refused as its row states" { all_rows by_name; }

@test "the gzip copy of every file, from a pipe, is read or refused as its row states" { all_rows by_pipe; }
