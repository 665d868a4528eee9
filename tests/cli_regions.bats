# The commands of docs/prediction.md that select regions, compared with sums by the shell.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run -e 3 "$DATA/phix174.fa.gz"
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  ln -s "$BATS_FILE_TMPDIR/run" run
  command -v bedtools > /dev/null || skip "no bedtools: apt-get install bedtools"
  { # names that are not in their order
    zcat "$DATA/phix174.fa.gz" | sed '1s/.*/>phi/'
    printf '>lambda\n'
    zcat "$DATA/lambda.fa.gz" | sed -n 2,60p
  } > genome.fa
  # The first bases have no prediction, and the last two regions overlap.
  printf 'phi\t100\t250\tx\nphi\t0\t3\ty\nlambda\t999\t1000\tz\nlambda\t990\t1500\tw\n' > genes.bed
}

# lines WORD: prints the block of indented lines with the word in the section on regions.
lines() {
  awk -v word="$1" '/^## / { here = /Regions/ } !here { next }
    /^    [^>]/ { block = block substr($0, 5) "\n"; next } { if (block ~ word) printf "%s", block; block = "" }' \
    "$SOURCE/docs/prediction.md" | grep .
}

# inside < TABLE: prints the rows, of a table without header, whose second column (from 1) is in a region.
inside() {
  awk -F '\t' 'NR == FNR { n++; name[n] = $1; start[n] = $2; end[n] = $3; next }
    { for (i = 1; i <= n; i++) if ($1 == name[i] && $2 > start[i] && $2 <= end[i]) { print; next } }' genes.bed -
}

@test "regions: a score is the mean over the bases of the region" {
  lines "bedtools map" > do
  bash -e -o pipefail do
  rnnpredict --mode track --no-header run genome.fa > track
  while IFS=$'\t' read -r name start end label mean count; do
    awk -F '\t' -v name="$name" -v start="$start" -v end="$end" -v mean="$mean" -v count="$count" '
      $1 == name && $2 > start && $2 <= end { n++; sum += $4 }
      END { if (n == 0) exit !(mean == "." && count == 0); exit !(n == count && (sum / n - mean) ^ 2 < 1e-8) }' track
  done < scores.bed
  [ "$(cut -f 4 scores.bed | paste -sd ' ')" = "w z y x" ]
  [ "$(cut -f 6 scores.bed | paste -sd ' ')" = "510 1 0 150" ]
}

@test "regions: tables and arrays have only the rows inside the regions" {
  lines "changes.tsv" | grep -v bcftools > do
  bash -e -o pipefail do
  rnnpredict --mode track --no-header run genome.fa | inside | cmp - rows.tsv
  rnnpredict --mode variants --all --no-header run genome.fa | inside | cmp - changes.tsv
  [ "$(wc -l < changes.tsv)" -eq 663 ]
  lines "h.npy" > do
  bash -e -o pipefail do
  rnnpredict --mode embed --positions all --format npy -o again.npy --no-header run genome.fa > table
  awk 'NR == FNR { want[$1 + 1] = 1; next } FNR in want' rows table | cmp - <(inside < table)
}

@test "regions: only the variants inside the regions are scored" {
  command -v bcftools > /dev/null || skip "no bcftools: apt-get install bcftools"
  awk '/^>/ { name = substr($1, 2); n = 0; next }
    { for (i = 1; i <= length($0); i += 7) { b = substr($0, i, 1); print name "\t" n + i "\t.\t" b "\t" (b == "A" ? "C" : "A") "\t.\t.\t." }
      n += length($0) }' genome.fa > body
  { printf '##fileformat=VCFv4.2\n##contig=<ID=phi>\n##contig=<ID=lambda>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
    cat body; } > calls.vcf
  rnnpredict --mode variants --no-header --vcf calls.vcf run genome.fa > all 2> messages ||
    { ! grep -q 'this build cannot read VCF' messages || skip "no HTSlib: apt-get install libhts-dev"; cat messages; }
  bcftools view -O z -o calls.vcf.gz calls.vcf
  lines "bcftools" | grep bcftools > do
  bash -e -o pipefail do
  sed 1d variants.tsv | cmp - <(inside < all)
  [ "$(wc -l < variants.tsv)" -gt 60 ]
}
