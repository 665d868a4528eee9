# Mode variants: differences compared with mode score of edited sequences, and variant files.
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

# expect RUN REFERENCE WINDOW < VARIANTS: prints their bits, computed by mode score.
expect() { "$PYTHON" "$SOURCE/tests/score_variants.py" rnnpredict "$@"; }

# agree A B: checks that files have the same words; numbers may differ by half a unit of the last digit.
agree() {
  paste "$1" "$2" | awk -F '\t' '
    { for (i = 1; i <= NF / 2; i++) {
        a = $i; b = $(i + NF / 2)
        if (a !~ /^-?[0-9]/ ? a != b : (a - b) ^ 2 > 0.000053 ^ 2) { print; wrong = 1 }
      } }
    END { exit wrong || NR == 0 }'
}

# ---- every change --------------------------------------------------------------------------------

@test "variants --all: each difference equals that of two scores" {
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
    <(awk '{ printf "%.7f\n", ($3 + $6) / 2 }' bits | paste - - - - | head -n "$(< kept)")
  [ "$(tail -n 3 both | grep -c 'NA.NA.NA.NA')" -eq 3 ]
}

@test "variants --all: letters with fewer than k bases before them have NA" {
  printf '>a\nACGTnnACGTTGCAnA\n>b\n\n>c\nNNN\n>d\nAC\n' > few.fa
  rnnpredict --mode variants --all --no-header "$RUN" few.fa > all
  [ "$(cut -f 1,3 all | tr -d '\t\n')" = aAaCaGaTaNaNaAaCaGaTaTaGaCaAaNaAcNcNcNdAdC ]
  [ "$(awk '!/NA/ { print $2 }' all | paste -sd ' ')" = "4 10 11 12 13 14" ]
}

@test "variants --all --format npy: the array has the values of the table" {
  need_numpy
  printf '>a\nACGTnnACGTTGCAnA\n' > few.fa
  rnnpredict --mode variants --all "$RUN" few.fa "$PHIX" > all
  rnnpredict --mode variants --all --format npy -o all.npy "$RUN" few.fa "$PHIX"
  "$PYTHON" -c '
import numpy as np
array, table = np.load("all.npy"), np.genfromtxt("all", skip_header=1, missing_values="NA", usecols=(3, 4, 5, 6))
assert array.dtype == np.float32 and array.shape == table.shape == (16 + 5386, 4)
assert np.allclose(array, table, rtol=0, atol=0.000051, equal_nan=True)'
  run -1 bash -o pipefail -ec 'rnnpredict --mode variants --all --format npy "$0" few.fa | cat' "$RUN"
  [[ "$output" == *"name a file with -o"* ]]
}

@test "variants --all: the stride of a model may be above 1" {
  train -o wide -k 4 -s 2 -D 8 "$DATA/phix174.fa.gz"
  rnnpredict --mode variants --all --no-header wide "$PHIX" > all
  [ "$(grep -c NA all)" -le 6 ]
  [ "$(wc -l < all)" -eq 5386 ]
}

# ---- files of variants ---------------------------------------------------------------------------

reads_vcf() {
  printf '##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n' > empty.vcf
  rnnpredict --mode variants --vcf empty.vcf "$RUN" "$PHIX" > /dev/null 2> messages ||
    run ! grep -q "reads no VCF" messages
}

need_vcf() { reads_vcf || skip "this build cannot read VCF: apt-get install libhts-dev"; }
need_bcftools() { need_vcf; command -v bcftools > /dev/null || skip "no bcftools: apt-get install bcftools"; }

# vcf [ROW...]: prints a VCF of rows "POS REF ALT" on phiX174.
vcf() {
  printf '##fileformat=VCFv4.2\n##contig=<ID=phix,length=5386>\n##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">\n'
  printf '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
  printf '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tone\ttwo\n'
  local row position ref alt
  for row in "$@"; do
    read -r position ref alt <<< "$row"
    printf 'phix\t%s\t.\t%s\t%s\t.\tPASS\tDP=3\tGT\t0/1\t./.\n' "$position" "$ref" "$alt"
  done
}

# many [SEED]: prints a VCF of 400 variants of all kinds, unsorted.
many() {
  "$PYTHON" - "$PHIX" "${1:-1}" << 'END' > rows
import random, sys
random.seed(int(sys.argv[2]))
bases = ''.join(line.strip() for line in open(sys.argv[1]) if line[0] != '>')
for i in range(400):
    at, n = random.randrange(5370), random.choice([1, 1, 1, 2, 5, 11])
    ref = bases[at:at + n]
    alt = {''.join(random.choices('ACGTacgt', k=random.choice([1, 1, n, 3, 8]))) for _ in range(random.choice([1, 1, 2, 3]))}
    print(at + 1, ref, ','.join(sorted(alt)))
END
  mapfile -t rows < rows
  vcf "${rows[@]}"
}

@test "variants: the bits of each allele equal those of two scores" {
  need_vcf
  many > many.vcf
  rnnpredict --mode variants --vcf many.vcf --strands both --window 25 "$RUN" "$PHIX" > table 2> messages
  [ "$(head -n 1 table | cut -f 1-10)" = "$(printf 'record\tposition\tid\tref\talt\tref_bases\talt_bases\tref_bits\talt_bits\tdifference')" ]
  [ "$(head -n 1 table | cut -f 11-)" = "$(printf 'reverse_ref_bits\treverse_alt_bits\treverse_difference\tmean_difference')" ]
  [ "$(wc -l < table)" -gt 500 ]
  grep -v NA.*NA table | sed 1d > scored
  cut -f 1,2,4,5 scored | tr acgt ACGT > changes
  expect "$RUN" "$PHIX" 25 < changes > bits
  agree <(cut -f 8-13 scored) bits
  agree <(cut -f 14 scored) <(awk '{ printf "%.7f\n", ($3 + $6) / 2 }' bits)
  awk -F '\t' '$2 < 5300 && ($6 != length($4) + 25 || $7 != length($5) + 25) { exit 1 }' scored
  rnnpredict --mode variants --vcf many.vcf --window 25 "$RUN" "$PHIX" 2> messages | sort > forward
  cut -f 1-10 table | sort | diff forward -
}

@test "variants: results do not depend on threads or on the order of variants and reference" {
  need_vcf
  many > many.vcf
  rnnpredict --mode variants --vcf many.vcf -t 1 "$RUN" "$PHIX" > one
  for t in 2 3 20; do rnnpredict --mode variants --vcf many.vcf -t $t "$RUN" "$PHIX" | cmp - one; done
  { grep '^#' many.vcf; grep -v '^#' many.vcf | sort -k 2,2nr; } > sorted.vcf
  rnnpredict --mode variants --vcf sorted.vcf "$RUN" "$PHIX" | sort | diff - <(sort one)
  { printf '>first\nACGTNNACGATCA\n'; cat "$PHIX"; printf '>last\nGG\n'; } > more.fa
  rnnpredict --mode variants --vcf many.vcf "$RUN" more.fa | cmp - one
  printf '>other\nACGT\n' > other.fa
  rnnpredict --mode variants --vcf many.vcf "$RUN" other.fa "$PHIX" | cmp - one
  for i in 7 50 123; do # each alone
    { grep '^#' many.vcf; grep -v '^#' many.vcf | sed -n ${i}p; } > single.vcf
    rnnpredict --mode variants --vcf single.vcf --no-header "$RUN" "$PHIX" > alone
    grep -qFxf alone one
  done
}

@test "variants: VCF and BCF, plain, compressed or from a pipe, give the same table" {
  need_bcftools
  many > many.vcf
  rnnpredict --mode variants --vcf many.vcf "$RUN" "$PHIX" > table
  gzip -k many.vcf
  bcftools view many.vcf -Ov -o plain.vcf
  bcftools view many.vcf -Oz -o bgzip.vcf.gz
  bcftools view many.vcf -Ob -o many.bcf
  bcftools view many.vcf -Ou -o plain.bcf
  for file in many.vcf.gz plain.vcf bgzip.vcf.gz many.bcf plain.bcf; do
    rnnpredict --mode variants --vcf $file "$RUN" "$PHIX" | tr acgt ACGT | cmp - <(tr acgt ACGT < table)
    rnnpredict --mode variants --vcf - "$RUN" "$PHIX" < $file | tr acgt ACGT | cmp - <(tr acgt ACGT < table)
  done
  rnnpredict --mode variants --vcf many.vcf "$RUN" < "$PHIX" | cmp - table
}

@test "variants --format vcf: bcftools reads the values of the table" {
  need_bcftools
  many > many.vcf
  rnnpredict --mode variants --vcf many.vcf --strands both "$RUN" "$PHIX" > table
  rnnpredict --mode variants --vcf many.vcf --strands both --format vcf -o scored.vcf.gz "$RUN" "$PHIX"
  bcftools view scored.vcf.gz -Ob -o scored.bcf 2> messages
  [ ! -s messages ]
  bcftools view -H scored.bcf | cut -f 1-7,9- | diff - <(grep -v '^#' many.vcf | cut -f 1-7,9-)
  ! bcftools view -H scored.bcf | cut -f 8 | grep -v '^DP=3' || false
  bcftools query -f '%RNN_REF\t%RNN_ALT\t%RNN_DIFF\t%RNN_REV_REF\t%RNN_REV_ALT\t%RNN_REV_DIFF\t%RNN_MEAN_DIFF\n' scored.bcf |
    awk -F '\t' -v OFS='\t' '{ # a line for each allele
      n = split($3, d, ",")
      for (i = 1; i <= n; i++) {
        row = ""
        for (j = 1; j <= NF; j++) { split($j, v, ","); row = row (j > 1 ? OFS : "") (j == 1 || j == 4 ? $j : v[i]) }
        print row
      }
    }' > numbers
  [ "$(wc -l < numbers)" -eq "$(sed 1d table | wc -l)" ]
  paste numbers <(sed 1d table | cut -f 8- | sed 's/NA/./g') | awk -F '\t' '
    { for (i = 1; i <= 7; i++) {
        a = $i; b = $(i + 7)
        if (a == "." || b == "." ? a != b : (a - b) ^ 2 > 0.0002 ^ 2) { print; wrong = 1 }
      } }
    END { exit wrong || NR < 500 }'
  bcftools view -h scored.bcf > head
  grep -q '^##INFO=<ID=RNN_DIFF,Number=A,Type=Float' head
  grep -q '^##rnnpredictVersion=[0-9]' head
  grep -q "^##rnnpredictCommand=rnnpredict --mode variants --vcf many.vcf --format vcf --window [0-9]* --strands both $RUN $PHIX\$" head
  # once more: the numbers are replaced
  rnnpredict --mode variants --vcf scored.bcf --strands both --format vcf "$RUN" "$PHIX" | bcftools view -H | diff - <(bcftools view -H scored.bcf)
  grep -v '^##contig' many.vcf > bare.vcf
  rnnpredict --mode variants --vcf bare.vcf --format vcf "$RUN" "$PHIX" > bare
  grep -q '^##contig=<ID=phix,length=5386>' bare
}

@test "variants: alleles without a score are counted by reason" {
  need_vcf
  at() { sed 1d "$PHIX" | tr -d '\n' | cut -c $1; }
  local p
  long=$(printf 'A%.0s' {1..10001})
  for p in 2 100 101 102 103 104 106 5386; do declare "b$p=$(at $p)"; done
  vcf "100 $b100 *" "101 $b101 <DEL>" "101 $b101 <*>,N" "102 $b102 ." "103 $b103 N]phix:200]" \
    "103 $b103 .A" "104 $b104 R" "105 N A" "106 $b106 $long" "2 $b2 TT" "0 N A" "5386 $b5386 C,G" > odd.vcf
  printf 'none\t2\t.\tN\tA\t.\t.\t.\tGT\t.\t.\n' >> odd.vcf
  { printf '>none\nNNN\n'; cat "$PHIX"; } > odd.fa
  rnnpredict --mode variants --vcf odd.vcf "$RUN" odd.fa > table 2> messages
  cat messages
  [ "$(< messages)" = "rnnpredict: odd.vcf: alternative alleles without a score: 1 missing, 1 *, 2 symbolic, 2 breakends, 4 with ambiguous letters, 1 longer than 10000 bases, 2 too near an end of a sequence" ]
  [ "$(sed 1d table | awk -F '\t' '$10 == "NA"' | wc -l)" -eq 13 ]
  [ "$(sed 1d table | awk -F '\t' '$10 != "NA" { print $2, $5, $6, $7 }' | paste -sd ' ')" = "5386 C 1 1 5386 G 1 1" ]
  rnnpredict --mode variants --vcf odd.vcf --strands both "$RUN" odd.fa > both 2> messages
  grep -q "4 too near an end" messages
  awk -F '\t' '{ forward += $10 != "NA"; reverse += $13 != "NA"; both += $14 != "NA" }
    END { exit !(forward == 3 && reverse == 2 && both == 1) }' both # and the header
  rnnpredict --mode variants --vcf odd.vcf --format jsonl "$RUN" odd.fa 2> messages | "$PYTHON" -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert len(rows) == 15 and rows[0]["difference"] is None and rows[-2]["alt_bases"] == 1'
}

@test "variants: an error names the line of the variant" {
  need_vcf
  for row in "100 TTTTTTTT A" "5387 A C" "5386 AA C" "99999 A C"; do
    vcf "10 $(sed 1d "$PHIX" | tr -d '\n' | cut -c 10) A" "$row" > wrong.vcf
    word="beyond the end of the reference, which has 5386 bases there; give the FASTA file on which these variants were called"
    [[ "$row" != 100* ]] || word="REF has T at phix:10"
    run -1 --separate-stderr rnnpredict --mode variants --vcf wrong.vcf "$RUN" "$PHIX"
    [ "${#lines[@]}" -eq 2 ] # the header and the variant before it
    [[ "$stderr" == "rnnpredict: wrong.vcf: line 7: "*"$word"* ]]
  done
  sed 's/^phix/chr1/' wrong.vcf > other.vcf
  fails_at() {
    run -1 --separate-stderr rnnpredict --mode variants --vcf "$2" "$RUN" "${@:3}"
    [[ "$stderr" == *"$1"* ]]
    [ "${#stderr_lines[@]}" -eq 1 ]
  }
  fails_at "other.vcf: line 6: 'chr1' is not in the reference" other.vcf "$PHIX"
  fails_at "wrong.vcf: line 6: 'phix' is in the reference 2 times" wrong.vcf "$PHIX" "$PHIX"
  fails_at "phix.fa: is neither BCF nor VCF, which begins with ##fileformat=VCF" "$PHIX" "$PHIX"
  fails_at "nowhere.vcf: cannot be opened: No such file" nowhere.vcf "$PHIX"
  printf '##fileformat=VCFv4.2\nphix\t1\n' > headless.vcf
  fails_at "headless.vcf: its header cannot be read" headless.vcf "$PHIX"
  { vcf; printf 'phix\t10\t.\tA\n'; } > torn.vcf
  fails_at "torn.vcf: line 6: has 4 columns of 11" torn.vcf "$PHIX"
  { vcf; printf 'phix\t1e3\t.\tA\tC\t.\t.\t.\tGT\t0\t0\n'; } > torn.vcf
  fails_at "torn.vcf: line 6: POS is not a whole number" torn.vcf "$PHIX"
  { vcf; printf 'phix\t10\t.\tA\tC\tx\t.\tDP=3\tGT\t0/1\t0/1\n'; } > torn.vcf
  fails_at "torn.vcf: line 6: QUAL is not a number" torn.vcf "$PHIX"
  { vcf; printf 'phix\t10\t.\tA\tC\t.\t.\tDP=3\tGT\t0/1\n'; } > torn.vcf
  fails_at "torn.vcf: line 6: has 10 columns of 11" torn.vcf "$PHIX"
  { vcf; printf 'phix\t10\t.\tA\tC\t.\t.\tDP=3\tGT\t0/1\t0/1\t1/1\n'; } > torn.vcf
  fails_at "torn.vcf: line 6: has 12 columns, and the header 11" torn.vcf --format vcf "$PHIX"
  { vcf; printf 'phix\t10\t.\tA\tC\t.\t.\tDP=x;DP=3\tGT:GQ\t0/1\tx:y:z\n'; } > torn.vcf
  fails_at "torn.vcf: line 6: is damaged" torn.vcf --format vcf "$PHIX"
  printf '\x1f' > byte.vcf
  fails_at "byte.vcf: is neither BCF nor VCF" byte.vcf "$PHIX"
  if command -v bcftools > /dev/null; then
    many > many.vcf
    bcftools view many.vcf -Oz -o whole.vcf.gz
    head -c -28 whole.vcf.gz > cut.vcf.gz
    fails_at "cut.vcf.gz: its end is missing" cut.vcf.gz "$PHIX"
    fails_at "standard input: its end is missing" - "$PHIX" < cut.vcf.gz
    bcftools view many.vcf -Ou -o whole.bcf
    head -c 3000 whole.bcf > cut.bcf
    fails_at "cut.bcf: " cut.bcf "$PHIX"
  fi
  { many; for i in {2..8}; do many $i | grep -v '^#'; done; } | gzip | head -c -8 > cut.vcf.gz
  fails_at ": is damaged or cut short; bcftools" cut.vcf.gz "$PHIX"
  fails 2 "standard input can be named only once" rnnpredict --mode variants --vcf - "$RUN"
  cp "$PHIX" here.fa
  vcf > here.vcf
  fails 1 "is also an input file" rnnpredict --mode variants --vcf here.vcf -o here.vcf "$RUN" here.fa
}

@test "variants --format vcf: names missing from the header of a BCF are an error" {
  need_bcftools
  many | bcftools view -Ou - > whole.bcf
  for line in 'FORMAT=<ID=GT' 'contig=<ID=phix'; do
    sed "s/##$line/##${line/ID/IX}/" whole.bcf > lost.bcf
    fails 1 "lost.bcf: record 1: is damaged" rnnpredict --mode variants --vcf lost.bcf --format vcf -o out.vcf "$RUN" "$PHIX"
    [ ! -e out.vcf ]
  done
}

@test "variants --format vcf: reference names that VCF does not allow are left out of the header" {
  need_bcftools
  vcf "10 $(sed 1d "$PHIX" | tr -d '\n' | cut -c 10) G" > one.vcf
  { printf '>%s\nACGT\n' 'a>b' 'a,b' 'a"b,c' '' '*a' '=a' '<a>' 'gi|1:2;=@a'; cat "$PHIX"; } > names.fa
  rnnpredict --mode variants --vcf one.vcf --format vcf -o out.vcf "$RUN" names.fa
  [ "$(bcftools view -h out.vcf | grep '^##contig' | sort)" = \
    "$(printf '%s\n' '##contig=<ID=gi|1:2;=@a,length=4>' '##contig=<ID=phix,length=5386>')" ]
}

@test "variants --format vcf: INFO that cannot take a field is an error" {
  need_vcf
  fields() { printf "$1=1;%.0s" $(seq $2) | sed 's/;$//'; }
  row() { printf 'phix\t10\t.\t%s\tG\t.\t.\t%s\tGT\t0/1\t0/1\n' "$(sed 1d "$PHIX" | tr -d '\n' | cut -c 10)" "$1"; }
  { vcf; row "$(fields RNN_DIFF 2)"; } > twice.vcf
  fails_late() {
    run -1 --separate-stderr rnnpredict --mode variants --vcf "$2" --format vcf "$RUN" "$PHIX"
    [ "$stderr" = "rnnpredict: $2: line 6: $1" ]
  }
  fails_late "INFO has RNN_DIFF 2 times; keep one" twice.vcf
  { vcf; row "$(fields DP 65533)"; } > full.vcf
  fails_late "INFO has 65535 fields, and no room for more; remove some" full.vcf
  { vcf; row "$(fields DP 65532)"; } > fits.vcf
  [ "$(rnnpredict --mode variants --vcf fits.vcf --format vcf "$RUN" "$PHIX" | grep -c 'RNN_DIFF=')" -eq 1 ]
}

@test "variants --format vcf: under ulimit -v the output is complete, or one line reports missing memory" {
  need_vcf
  not_sanitized "a sanitizer needs more addresses"
  { many; for i in {2..10}; do many $i | grep -v '^#'; done; } > many.vcf
  rnnpredict --mode variants --vcf many.vcf --format vcf --strands both "$RUN" "$PHIX" > whole
  local code kilobytes
  for kilobytes in {34000..58000..1000} 200000; do
    code=0
    (ulimit -v $kilobytes
      exec rnnpredict --mode variants --vcf many.vcf --format vcf --strands both "$RUN" "$PHIX" > limited 2> messages) || code=$?
    if [ "$code" -eq 0 ]; then
      cmp whole limited
    else
      cat messages
      [ "$code" -ne 139 ]
      [ "$(wc -l < messages)" -eq 1 ]
    fi
  done
  [ "$code" -eq 0 ]
}

@test "variants: a build without HTSlib reports it" {
  if reads_vcf; then skip "this build has HTSlib"; fi
  fails 1 "empty.vcf: this build cannot read VCF; install HTSlib" rnnpredict --mode variants --vcf empty.vcf "$RUN" "$PHIX"
}

# ---- wrong usage ---------------------------------------------------------------------------------

@test "variants: options that do not apply are refused" {
  fails 2 "name a file of variants with --vcf, or give --all" rnnpredict --mode variants "$RUN" "$PHIX"
  fails 2 "--all: replaces --vcf; give one of them" rnnpredict --mode variants --all --vcf a.vcf "$RUN" "$PHIX"
  fails 2 "at most 10000" rnnpredict --mode variants --all --window 10001 "$RUN" "$PHIX"
  fails 2 "--format vcf: goes with --mode variants --vcf" rnnpredict --mode variants --all --format vcf "$RUN" "$PHIX"
  fails 2 "--memory" rnnpredict --mode variants --all --memory off "$RUN" "$PHIX"
}
