# rnntrain: which part of the input validates, and what is said of it.
load cli

setup() { cd "$BATS_TEST_TMPDIR"; }

# periodic FILE NAME UNIT LENGTH: one record that repeats the unit, in lines of 60.
periodic() {
  { echo ">$2"; awk -v unit="$3" -v n="$4" 'BEGIN {
      while (length(s) < n) s = s unit
      for (i = 1; i <= n; i += 60) print substr(s, i, n - i + 1 < 60 ? n - i + 1 : 60)
    }'; } > "$1"
}

@test "of two files both are learnt, in either order" {
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
