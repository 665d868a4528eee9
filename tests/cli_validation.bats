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

@test "the Markov baseline counts the strands that are trained on" {
  # G is followed by A, and C by anything: on the other strand it is not so.
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
