# Mode variants: differences that mode score of edited sequences has too, and files of variants.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run -e 3 "$DATA/phix174.fa.gz"
  zcat "$DATA/phix174.fa.gz" > phix.fa
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run PHIX=$BATS_FILE_TMPDIR/phix.fa
}

# expect RUN REFERENCE WINDOW < VARIANTS: their bits, from mode score.
expect() { "$PYTHON" "$SOURCE/tests/score_variants.py" rnnpredict "$@"; }

# agree A B: files with the same words, where numbers may differ by half a unit of the last printed digit.
agree() {
  paste "$1" "$2" | awk -F '\t' '
    { for (i = 1; i <= NF / 2; i++) {
        a = $i; b = $(i + NF / 2)
        if (a !~ /^-?[0-9]/ ? a != b : (a - b) ^ 2 > 0.000053 ^ 2) { print; wrong = 1 }
      } }
    END { exit wrong || NR == 0 }'
}

# ---- every change --------------------------------------------------------------------------------

@test "variants --all: each difference is that of two scores" {
  rnnpredict --mode variants --all --window 20 "$RUN" "$PHIX" > all
  [ "$(head -n 1 all)" = "$(printf 'record\tposition\tref\tA\tC\tG\tT')" ]
  [ "$(sed 1d all | cut -f 3 | tr -d '\n')" = "$(sed 1d "$PHIX" | tr -d '\n')" ]
  [ "$(cut -f 2 all | sed 1d | sort -nu | wc -l)" -eq 5386 ]
  awk 'NR > 1 && NR % 97 == 0 || NR > 5380' all > some
  awk '{ for (i = 1; i <= 4; i++) print $1, $2, $3, substr("ACGT", i, 1) }' some > changes
  expect "$RUN" "$PHIX" 20 < changes > bits
  agree <(cut -f 4- some) <(cut -f 3 bits | paste - - - -)
  rnnpredict --mode variants --all --window 20 --strands both --no-header "$RUN" "$PHIX" | grep -Fwf <(cut -f 1-3 some) > both
  head -n -3 some | wc -l > kept
  agree <(head -n "$(< kept)" both | cut -f 4-) \
    <(awk '{ print ($3 + $6) / 2 }' bits | paste - - - - | head -n "$(< kept)")
  [ "$(tail -n 3 both | grep -c 'NA.NA.NA.NA')" -eq 3 ]
}

@test "variants --all: letters without k bases before them have NA" {
  printf '>a\nACGTnnACGTTGCAnA\n>b\n\n>c\nNNN\n>d\nAC\n' > few.fa
  rnnpredict --mode variants --all --no-header "$RUN" few.fa > all
  [ "$(cut -f 1,3 all | tr -d '\t\n')" = aAaCaGaTaNaNaAaCaGaTaTaGaCaAaNaAdAdC ]
  [ "$(awk '!/NA/ { print $2 }' all | paste -sd ' ')" = "4 10 11 12 13 14" ]
}

@test "variants --all: the stride of a model may be above 1" {
  train -o wide -k 4 -s 2 -D 8 "$DATA/phix174.fa.gz"
  rnnpredict --mode variants --all --no-header wide "$PHIX" > all
  [ "$(grep -c NA all)" -le 6 ]
  [ "$(wc -l < all)" -eq 5386 ]
}

# ---- wrong usage ---------------------------------------------------------------------------------

@test "variants: options that do not fit are refused" {
  fails 2 "name a file of variants with --vcf, or give --all" rnnpredict --mode variants "$RUN" "$PHIX"
  fails 2 "--all: stands in place of --vcf" rnnpredict --mode variants --all --vcf a.vcf "$RUN" "$PHIX"
  fails 2 "at most 10000" rnnpredict --mode variants --all --window 10001 "$RUN" "$PHIX"
  fails 2 "--format vcf: goes with --mode variants --vcf" rnnpredict --mode variants --all --format vcf "$RUN" "$PHIX"
  fails 2 "--memory" rnnpredict --mode variants --all --memory off "$RUN" "$PHIX"
}
