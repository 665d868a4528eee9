# Every mode of rnnpredict in pipelines with common bioinformatics tools.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run -e 3 "$DATA/phix174.fa.gz"
  train -o other -e 20 "$DATA/lambda.fa.gz"
  train -o wide -k 4 -s 2 -D 8 "$DATA/phix174.fa.gz"
  zcat "$DATA/reads.fq.gz" > reads.fq
  zcat "$DATA/lambda.fa.gz" > lambda.fa
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run OTHER=$BATS_FILE_TMPDIR/other WIDE=$BATS_FILE_TMPDIR/wide
  READS=$BATS_FILE_TMPDIR/reads.fq LAMBDA=$BATS_FILE_TMPDIR/lambda.fa
}

need() { command -v "$1" || skip "no $1: apt-get install $2"; }

# ---- next ----------------------------------------------------------------------------------------

@test "next: each read has a likeliest base, and the probabilities of its bases sum to 1" {
  rnnpredict --top 1 --no-header "$RUN" "$READS" | cut -f 3 | sort | uniq -c | sort -rn > counted
  [ "$(awk '{ n += $1 } END { print n }' counted)" -eq 400 ]
  rnnpredict --bases "$RUN" "$READS" |
    awk 'NR > 1 && $2 != "NA" && ($2 + $3 + $4 + $5 - 1) ^ 2 > 1e-10 { exit bad = 1 } END { exit bad || NR != 401 }'
}

@test "next: the last row of --positions all equals the prediction after the end of the record" {
  paste - - - - < "$READS" > lines
  awk -F '\t' '$2 ~ /^[ACGT]+$/ && length($2) % 2 == 0' lines | tr '\t' '\n' > whole.fq
  awk -F '\t' '$2 ~ /N$/' lines | tr '\t' '\n' > open.fq
  [ -s open.fq ]
  for run in "$RUN" "$WIDE"; do
    for bases in "" --bases; do
      rnnpredict $bases --positions all --no-header "$run" whole.fq | awk -F '\t' '
        $1 != name { printf "%s", rows }
        $1 != name || $2 != position { rows = ""; name = $1; position = $2 }
        { sub(/\t[0-9]+/, ""); rows = rows $0 "\n" }
        END { printf "%s", rows }' > last
      rnnpredict $bases --no-header "$run" whole.fq | cmp - last
      [ "$(rnnpredict $bases --no-header "$run" open.fq | grep -c NA)" -eq $(($(wc -l < open.fq) / 4)) ]
    done
  done
}

@test "next: with any stride the prediction is for the base after the record, as in sample" {
  for s in 2 3; do
    train -o run$s -e 3 -s $s "$DATA/phix174.fa.gz"
    for bases in ACGTTG ACGTTGC ACGTTGCA TTNACGTTGCAT GATTACAGATTACAGATTACAGGCC; do
      printf '>a\n%s\n' $bases > a.fa
      printf '>first\nNACGT\n>a\n%s\n>last\nACGTACGTTTT\n' $bases > many.fa
      rnnpredict --top 1 --no-header run$s a.fa > messages
      rnnpredict --top 1 --no-header run$s - < many.fa | sed -n 2p | cmp - messages
      [ "$(cut -f 3 messages | tail -c $((s + 1)))" = \
        "$(rnnpredict --mode sample --temperature 0 --length $s --prompt ${bases##*N} run$s | tail -n 1)" ]
      rnnpredict --bases --no-header run$s a.fa | cut -f 2- >> answers$s
    done
    [ "$(sort -u answers$s | wc -l)" -eq 5 ]
  done
}

@test "next: a record that ends in a break, or in too few bases after one, has one row of NA" {
  printf '>n\nACGTTGCAN\n>gap\nACGTTGCA-\n>few\nACGTTGCANAC\n>r\nACGTTGCAR\n' > ends.fa
  for run in "$RUN" "$WIDE"; do
    rnnpredict --no-header "$run" ends.fa | cmp - <(printf '%s\tNA\tNA\tNA\n' n gap few r)
    rnnpredict --bases --no-header "$run" ends.fa | cmp - <(printf '%s\tNA\tNA\tNA\tNA\n' n gap few r)
    [ "$(rnnpredict --mode embed --state last --no-header "$run" ends.fa | grep -c -P '^\w+(\tNA)+$')" -eq 4 ]
    rnnpredict --mode embed --no-header "$run" ends.fa > rows
    rnnpredict --positions all --bases --no-header "$run" ends.fa >> rows
    run ! grep NA rows
  done
  [ "$(rnnpredict --format jsonl --top 1 "$RUN" ends.fa | head -n 1)" = \
    '{"record":"n","rank":null,"kmer":null,"probability":null}' ]
}

@test "next: a long record with a stride is read to its end, for any number of threads" {
  random_bases 100001 5 > bases
  tail -c 2001 bases | sed '1i>long' | rnnpredict --bases "$WIDE" > end # earlier bases have no effect
  for from in 1 2; do
    cut -c $from- bases | sed '1i>long' > long.fa
    rnnpredict --bases -t 1 "$WIDE" long.fa | cmp - end
    rnnpredict --bases -t 3 "$WIDE" - < long.fa | cmp - end
  done
}

# ---- score ---------------------------------------------------------------------------------------

@test "score: seqkit and seqtk fetch the ten likeliest reads" {
  rnnpredict --mode score "$RUN" "$READS" | awk -F '\t' 'NR > 1 && $5 != "NA"' | LC_ALL=C sort -t $'\t' -k 6,6g |
    sed -n 1,10p | cut -f 1 > best
  [ "$(sort -u best | wc -l)" -eq 10 ]
  for tool in "seqkit seqkit grep -f best" "seqtk seqtk subseq - best"; do
    set -- $tool
    command -v "$1" || continue
    "${@:2}" < "$READS" 2> /dev/null | rnnpredict --mode score "$RUN" | tail -n +2 | cut -f 1 | sort | diff - <(sort best)
    tested=yes
  done
  [ "$tested" ] || skip "neither seqkit nor seqtk"
}

@test "score: each record has a row, and its bases and skipped add up to its length" {
  { printf '>none\n>short\nAC\n>n\nNNNN\n>gap\nACGTNNACGTA\n'; cat "$LAMBDA"; } > mixed.fa
  for run in "$RUN" "$WIDE"; do
    rnnpredict --mode score "$run" mixed.fa | tail -n +2 | awk -F '\t' '{ print $1, $3 + $4, $5 == "NA" }' > lengths
    [ "$(cut -d ' ' -f 2 lengths | paste -sd ' ')" = "0 2 4 11 48502" ]
  done
  [ "$(rnnpredict --mode score "$RUN" mixed.fa | awk '$5 == "NA"' | wc -l)" -eq 3 ]
  [ "$(rnnpredict --mode score --circular "$RUN" mixed.fa 2> /dev/null | tail -n 1 | cut -f 2-4)" = $'48502\t48502\t0' ]
}

@test "score: tables of reads in several files, or from a pipe, join to the same table" {
  split -l 400 "$READS" part.
  rnnpredict --mode score "$RUN" "$READS" > whole
  rnnpredict --mode score "$RUN" part.* | cmp - whole
  for part in part.*; do rnnpredict --mode score --no-header "$RUN" $part; done | cmp - <(tail -n +2 whole)
  cat "$READS" | rnnpredict --mode score "$RUN" - | cmp - whole
}

@test "score: both strands of circles with breaks are scored, with any numbers of predictions" {
  "$PYTHON" -c 'import random
random.seed(3)
for i in range(200):
    n = random.randint(1, 25)
    print(">%d circular=true\n%s" % (i, "".join(random.choice("ACGTACGTN") for _ in range(n))))' > rings.fa
  "$PYTHON" -c 'for line in open("rings.fa"):
    line = line.strip()
    print(line if line[0] == ">" else line[::-1].translate(str.maketrans("ACGT", "TGCA")))' > turned.fa
  for run in "$RUN" "$WIDE"; do
    rnnpredict --mode score "$run" rings.fa > forward 2> /dev/null
    rnnpredict --mode score "$run" turned.fa > reverse 2> /dev/null
    rnnpredict --mode score --strands both "$run" rings.fa > both 2> /dev/null
    cut -f 1-7,12 both | cmp - forward
    cut -f 8,9,13 both | sed 1d | diff - <(cut -f 5,6,8 reverse | sed 1d)
    paste both reverse | awk -F '\t' 'NR > 1 && $11 != "NA" && (($5 + $8) / ($3 + $17) / log(2) - $11) ^ 2 > 4e-12 { print; exit bad = 1 }
      NR > 1 { other += $2 != $16 } END { print other; exit bad || NR != 201 }' > other
  done
  [ "$(cat other)" -gt 0 ] # of the wide one
}

# ---- track ---------------------------------------------------------------------------------------

# is_bedgraph FILE LENGTH: checks for sorted intervals of one record without overlap, within its length.
is_bedgraph() {
  awk -F '\t' -v length_="$2" 'NF != 4 || $2 != int($2) || $3 <= $2 || $2 < end || $3 > length_ || $4 !~ /^[0-9.]+$/ { print "bad: " $0; exit bad = 1 }
    { end = $3 } END { if (bad) exit 1; exit NR == 0 }' "$1"
}

@test "track: bedGraph is sorted, half-open and zero-based, and its mean equals the score" {
  for run in "$RUN" "$WIDE"; do
    score=$(rnnpredict --mode score "$run" "$LAMBDA" | column bits_per_base)
    for window in "" "--window 100" "--window 7" "--window 1"; do
      rnnpredict --mode track $window --format bedgraph "$run" "$LAMBDA" > track.bedgraph
      is_bedgraph track.bedgraph 48502
      # windows are weighted by their predicted bases, of which the first may have fewer
      [ "$window" != "--window 100" ] || continue
      [ "$window" != "--window 7" ] || continue
      awk -v score="$score" '{ sum += $4 * ($3 - $2); n += $3 - $2 } END { exit !((sum / n - score) ^ 2 < 1e-9) }' track.bedgraph
    done
  done
}

@test "track: the bedGraph and windows of a circle end at the end of the record" {
  printf '>ring circular=true\nACGTTGCATTGACCA\n' > ring.fa
  rnnpredict --mode track --format bedgraph "$RUN" ring.fa > ring.bedgraph 2> messages
  [ ! -s messages ]
  is_bedgraph ring.bedgraph 15
  [ "$(wc -l < ring.bedgraph)" -eq 12 ]
  fails 2 "--circular: goes neither" rnnpredict --mode track --format bedgraph --circular "$RUN" ring.fa
  fails 2 "--circular: goes neither" rnnpredict --mode track --window 3 --circular "$RUN" ring.fa
  printf '>\nACGTTG\n' > nameless.fa
  fails 1 "has no name, which bedGraph needs" rnnpredict --mode track --format bedgraph "$RUN" nameless.fa
}

@test "track: bedtools and tabix read the output" {
  need bedtools bedtools
  need tabix tabix
  rnnpredict --mode track --format bedgraph -o track.bedgraph.gz "$RUN" "$LAMBDA"
  tabix -p bed track.bedgraph.gz
  name=$(head -n 1 "$LAMBDA" | cut -c 2- | cut -d ' ' -f 1)
  [ "$(tabix track.bedgraph.gz "$name:1001-1010" | wc -l)" -eq 10 ]
  [ "$(tabix track.bedgraph.gz "$name:1001-1001" | cut -f 2,3)" = $'1000\t1001' ]
  # means of windows equal the means of single bases by bedtools
  printf '%s\t48502\n' "$name" | bedtools makewindows -g - -w 500 > windows.bed
  bedtools map -a windows.bed -b track.bedgraph.gz -c 4 -o mean > theirs
  rnnpredict --mode track --format bedgraph --window 500 "$RUN" "$LAMBDA" > ours
  paste ours theirs | awk -F '\t' '$1 != $5 || $2 != $6 || $3 != $7 || ($4 - $8) ^ 2 > 2e-8 { exit bad = 1 } END { exit bad || NR != 98 }'
}

@test "track: every window has a row with the number of bases that were not predicted" {
  printf '>a\nACGTACNNNNNNNNNNNNNNACGTAC\n>b\nAC\n>c\n' > gaps.fa
  [ "$(rnnpredict --mode track --window 5 "$RUN" gaps.fa | cut -f 1-4 | tail -n +2 | tr '\t\n' ' ;')" = \
    "a 1 5 2;a 6 10 1;a 11 15 0;a 16 20 0;a 21 25 2;a 26 26 1;b 1 2 0;" ]
  [ "$(rnnpredict --mode track --window 5 "$RUN" gaps.fa | awk '$5 == "NA"' | wc -l)" -eq 3 ]
  rnnpredict --mode track --window 5 --format bedgraph "$RUN" gaps.fa | cut -f 1-3 |
    diff - <(printf 'a\t0\t5\na\t5\t10\na\t20\t25\na\t25\t26\n')
}

# ---- classify ------------------------------------------------------------------------------------

@test "classify: the classification follows from the scores under each model" {
  { printf '>short\nAC\n'; sed -n '1~4s/^@/>/p; 2~4p' "$READS"; cat "$LAMBDA"; } > mixed.fa
  for strands in forward both; do
    rnnpredict --mode classify --strands $strands --model phix="$RUN" --model lambda="$OTHER" mixed.fa > best.tsv
    [ "$(head -n 1 best.tsv | tr '\t' ' ')" = "record bases best llr_bits posterior loglik_phix loglik_lambda bits_per_base_phix bits_per_base_lambda" ]
    [ "$(sed -n 2p best.tsv)" = $'short\t0\tNA\tNA\tNA\tNA\tNA\tNA\tNA' ]
    column=nats
    [ $strands = forward ] || column=mean_nats
    paste best.tsv <(rnnpredict --mode score --strands $strands "$RUN" mixed.fa | awk -F '\t' -v c=$column 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) at = i } { print $at }') \
      <(rnnpredict --mode score --strands $strands "$OTHER" mixed.fa | awk -F '\t' -v c=$column 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) at = i } { print $at }') |
      awk -F '\t' 'function far(a, b) { return (a - b) ^ 2 > 1e-6 } NR < 3 { next }
        far(-$6, $10) || far(-$7, $11) { print; exit bad = 1 }
        far($8, -$6 / $2 / log(2)) || far($9, -$7 / $2 / log(2)) { print; exit bad = 1 }
        { # the null model has two bits for each base
          best = $6 >= $7 ? "phix" : "lambda"; low = $6; high = $7; null = -2 * log(2) * $2
          if (low > high) { low = $7; high = $6 }
          if (null > high) { best = "unclassified"; low = high; high = null; third = $6 < $7 ? $6 : $7 }
          else { third = low; if (null > low) low = null; else third = null }
          called[best]++ }
        $3 != best || far($4, (high - low) / log(2)) || far($5, 1 / (1 + exp(low - high) + exp(third - high))) { print; exit bad = 1 }
        END { exit bad || NR != 403 || called["unclassified"] < 20 || called["lambda"] < 2 }'
  done
  [ "$(tail -n 1 best.tsv | cut -f 3)" = lambda ]
}

@test "classify: a prior changes the posterior and the best model" {
  head -n 400 "$READS" > few.fq
  classify() { rnnpredict --mode classify --model a="$RUN" --model b="$OTHER" "$@" few.fq; }
  classify > even.tsv
  classify --prior a=1 --prior b=1 | cmp - even.tsv
  classify --prior b=0.001 --prior a=9 > uneven.tsv
  paste even.tsv uneven.tsv | awk -F '\t' 'NR > 1 {
    null = exp(-$2 * 2 * log(2) - $7) * 4500.5; p["a"] = exp($6 - $7) * 9000; p["b"] = 1; p["unclassified"] = null
    sum = p["a"] + p["b"] + null; right = "a"
    for (name in p) if (p[name] > p[right]) right = name
    if ($12 != right || ($14 - p[right] / sum) ^ 2 > 1e-8) { print; exit bad = 1 }
    if ($3 != $12) moved++ } END { exit bad || !(moved > 0) }'
  classify --prior a=1 --prior b=1 --prior unclassified=1 | cmp - even.tsv
  classify --prior a=1 --prior b=1 --prior unclassified=1e-99 > never.tsv
  [ "$(awk -F '\t' '$3 == "unclassified"' even.tsv | wc -l)" -gt 5 ]
  run -1 grep -w unclassified never.tsv
  classify --strands both > /dev/null
}

@test "classify: records below --min-posterior are unclassified and keep their values" {
  classify() { rnnpredict --mode classify --model a="$RUN" --model b="$OTHER" "$@" "$READS"; }
  classify > all.tsv
  classify --min-posterior 0.7 > some.tsv
  cut -f 1,2,4- some.tsv | diff - <(cut -f 1,2,4- all.tsv)
  paste all.tsv <(cut -f 3 some.tsv) | awk -F '\t' 'NR > 1 && $10 != ($5 >= 0.7 ? $3 : "unclassified") { exit bad = 1 }
    NR > 1 && $10 != $3 { changed++ } END { exit bad || !(changed > 10) }'
  classify --min-posterior 0 | cmp - all.tsv
}

@test "classify: --null-bits are the bits of each base under the null model" {
  classify() { rnnpredict --mode classify --model a="$RUN" --model b="$OTHER" "$@" "$READS"; }
  classify > all.tsv
  classify --null-bits 2 | cmp - all.tsv
  classify --null-bits 1.98 > some.tsv
  cut -f 1,2,6- some.tsv | diff - <(cut -f 1,2,6- all.tsv)
  awk -F '\t' 'NR > 1 && ($3 == "unclassified") != ($8 > 1.98 && $9 > 1.98) { print; exit bad = 1 }
    NR > 1 { n[$3]++ } END { exit bad || n["unclassified"] < 5 || n["a"] + n["b"] < 5 }' some.tsv
}

# Pairs of reads in first.fa and second.fa: short ones, one that is too short, long ones of several stretches.
pairs() {
  sed -n '1~4s/^@/>/p; 2~4p' "$READS" > all.fa
  head -n 400 all.fa > reads.fa
  awk 'NR % 4 == 1 { print ">pair" NR "/1" } NR % 4 == 2' reads.fa > first.fa
  awk 'NR % 4 == 3 { print ">pair" NR - 2 "/2 of 2" } NR % 4 == 0' reads.fa > second.fa
  printf '>short/1\nAC\n' >> first.fa
  printf '>short/2\nACGTTACGGATAC\n' >> second.fa
  printf '>none\nA\n' | tee -a first.fa >> second.fa
  zcat -f "$LAMBDA" | sed '/>/d' | tr -d '\n' > bases
  { echo '>long'; cat bases; echo; } >> first.fa
  { echo '>long'; rev bases; echo; } >> second.fa
  paste -d '\n' <(paste - - < first.fa) <(paste - - < second.fa) | tr '\t' '\n' > both.fa
}

@test "classify: the two reads of a pair count as one, from one file or two" {
  pairs
  for strands in forward both; do
    classify() { rnnpredict --mode classify --strands $strands --model a="$RUN" --model b="$OTHER" "$@"; }
    classify --paired both.fa > pairs.tsv
    for t in 1 3; do
      classify --paired -t $t first.fa second.fa | cmp - pairs.tsv
      classify --paired -t $t < both.fa | cmp - pairs.tsv
    done
    classify both.fa > reads.tsv
    awk -F '\t' 'FNR == NR && FNR > 1 { name = $1; sub("/[12]$", "", name); if (!(name in bases)) order[++n] = name
        bases[name] += $2; if ($2) { a[name] += $6; b[name] += $7 } next }
      function far(x, y) { return (x - y) ^ 2 > 1e-9 * (1 + x * x) }
      FNR == 1 { next }
      $1 != order[FNR - 1] || $2 != bases[$1] { print; exit bad = 1 }
      $2 == 0 { if ($3 $6 != "NANA") exit bad = 1; next }
      { null = -2 * log(2) * $2; top = a[$1] > b[$1] ? a[$1] : b[$1]; if (null > top) top = null
        p = 1 / (exp(a[$1] - top) + exp(b[$1] - top) + exp(null - top)) }
      far($6, a[$1]) || far($7, b[$1]) || far($8, -a[$1] / $2 / log(2)) || (p - $5) ^ 2 > 1e-8 { print; exit bad = 1 }
      END { exit bad || FNR != 104 }' reads.tsv pairs.tsv
    grep -w short pairs.tsv | cut -f 2 | grep -x 10
  done
}

@test "classify: the error for reads that are not pairs names them" {
  pairs
  classify() { rnnpredict --mode classify --paired --model a="$RUN" --model b="$OTHER" "$@" > rows.tsv; }
  fails 1 "'pair1/1' and 'pair5/1' are not the reads of a pair" classify first.fa
  cp first.fa copy.fa
  fails 1 "'pair1/1' and 'pair1/1' are not the reads of a pair" classify first.fa copy.fa
  ln -s first.fa link.fa
  sed -i 's_/1__' first.fa
  fails 1 "--paired: 'first.fa' and 'link.fa' are the same file" classify first.fa link.fa
  cp copy.fa first.fa
  fails 1 "'pair1/2' and 'pair1/1' are not the reads of a pair" classify second.fa first.fa
  head -n 6 first.fa > few.fa
  fails 1 "second.fa: has more records than 'few.fa'" classify few.fa second.fa
  [ "$(wc -l < rows.tsv)" -eq 4 ]
  head -n 6 second.fa > few.fa
  fails 1 "first.fa: has more records than 'few.fa'" classify first.fa few.fa
  sed '3,$d' first.fa > one.fa
  fails 1 "one.fa: the last record 'pair1/1' has no mate" classify one.fa
  printf '>pair1/2\nACGTXACG\n' > wrong.fa
  fails 1 "wrong.fa: line 2" classify one.fa wrong.fa
  fails 1 nowhere.fa classify one.fa nowhere.fa
  fails 2 "one FILE" classify one.fa one.fa one.fa
  fails 2 "named only once" classify - -
  : > empty.fa
  fails 1 empty.fa classify empty.fa one.fa
}

@test "classify: reads from a pipe are classified with three models" {
  head -n 800 "$READS" | rnnpredict --mode classify --model x="$RUN" --model y="$OTHER" --model z.1-2="$RUN" > best.tsv
  [ "$(awk -F '\t' 'NR > 1 { n[$3]++ } END { print n["x"] + n["y"] + n["unclassified"], n["z.1-2"] + 0 }' best.tsv)" = "200 0" ]
  awk -F '\t' 'NR > 1 && ($5 > 0.51 && $3 == "x" || $4 < 0) { exit 1 }' best.tsv # x and z are the same
  LC_ALL=C join -t $'\t' <(sed 1d best.tsv | LC_ALL=C sort) <(rnnpredict --mode score --no-header "$RUN" "$READS" | LC_ALL=C sort) |
    awk -F '\t' '$6 + $15 != 0 { print; exit bad = 1 } END { exit bad || NR != 200 }'
}

@test "classify: errors in models and priors are reported" {
  classify() { fails 2 "$1" rnnpredict --mode classify "${@:2}" "$READS"; }
  classify "two models"
  classify "two models" --model a="$RUN"
  classify "NAME=MODEL" --model a="$RUN" --model "$RUN"
  classify "NAME=MODEL" --model "a b=$RUN" --model b="$RUN"
  classify "NAME=MODEL" --model a= --model b="$RUN"
  classify "an earlier model has this NAME" --model a="$RUN" --model a="$OTHER"
  classify "reserved for records of no model" --model unclassified="$RUN" --model a="$OTHER"
  classify "'b'" --model a="$RUN" --model b="$RUN" --prior a=1
  classify "with the NAME of a --model" --model a="$RUN" --model b="$RUN" --prior a=1 --prior c=1
  classify "has a prior already" --model a="$RUN" --model b="$RUN" --prior a=1 --prior a=1
  classify "'b' has no prior" --model a="$RUN" --model b="$RUN" --prior a=1 --prior unclassified=1
  classify "'1.5': must be a number, 0..1" --model a="$RUN" --model b="$RUN" --min-posterior 1.5
  classify "'-1': must be a number, 0..100" --model a="$RUN" --model b="$RUN" --null-bits -1
  for p in 0 -1 nan inf x "" 1x 1e101; do
    classify "above 0, at most 1e100" --model a="$RUN" --model b="$RUN" --prior a=$p --prior b=1
  done
  fails 1 "nowhere" rnnpredict --mode classify --model a="$RUN" --model b=nowhere "$READS"
  train --softmax full -o full "$DATA/phix174.fa.gz"
  fails 1 "different softmaxes" rnnpredict --mode classify --model a="$RUN" --model b=full "$READS"
  fails 1 "'a' has k=3 and stride 1, 'b' 4 and 2" rnnpredict --mode classify --model a="$RUN" --model b="$WIDE" "$READS"
}

# ---- sample --------------------------------------------------------------------------------------

@test "sample: the FASTA has the requested records and lengths, the same for any number of threads" {
  rnnpredict --mode sample --length 130 --count 40 -t 1 "$RUN" > one.fa
  [ "$(head -n 1 one.fa)" = ">sample1" ]
  awk '/^>/ { if (n != 130 && NR > 1) exit bad = 1; n = 0; next } length($0) > 60 || /[^ACGT]/ { exit bad = 1 } { n += length($0) }
       END { if (bad) exit 1; exit n != 130 }' one.fa
  [ "$(grep -c '^>' one.fa)" -eq 40 ]
  for t in 2 3 40; do rnnpredict --mode sample --length 130 --count 40 -t $t "$RUN" | cmp - one.fa; done
  rnnpredict --mode sample --length 130 --seed 1 "$RUN" | cmp - <(head -n 4 one.fa)
  rnnpredict --mode sample --length 130 --count 40 --seed 2 "$RUN" > two.fa
  run ! cmp -s two.fa one.fa
  sort one.fa | uniq -d > twice
  [ ! -s twice ]
  command -v seqkit > /dev/null || return 0
  [ "$(rnnpredict --mode sample --count 3 "$RUN" | seqkit stats -T 2> /dev/null | tail -n 1 | cut -f 4-8 | tr '\t' ' ')" = "3 3000 1000 1000.0 1000" ]
}

@test "sample: a model gives its own samples a higher likelihood than another model's" {
  bits() { rnnpredict --mode score "$1" samples.fa | column bits_per_base; }
  rnnpredict --mode sample --length 20000 "$OTHER" > samples.fa
  awk -v own="$(bits "$OTHER")" -v other="$(bits "$RUN")" 'BEGIN { print own, other; exit !(own < other - 0.001) }'
  # the bits of its samples equal the expected bits: the entropy along the samples
  rnnpredict --mode next --positions all --no-header "$OTHER" samples.fa |
    awk -F '\t' -v own="$(bits "$OTHER")" '{ sum -= $5 * log($5) / log(2) } $3 == 1 { n++ } END { print sum / n, own; exit !((sum / n - own) ^ 2 < 0.01 ^ 2) }'
}

@test "sample: a record continues a prompt, given as bases or as a file" {
  printf '>p\nACGTTN\nGATTACA\nGGATC\n' > prompt.fa
  sample() { rnnpredict --mode sample --length 50 "$@" "$RUN"; }
  sample --prompt GATTACAGGATC > one.fa
  sample --prompt gauuacaggauc | cmp - one.fa
  sample --prompt prompt.fa | cmp - one.fa # bases before an N do not count
  sample --prompt - < prompt.fa | cmp - one.fa
  sample --prompt GATTACAGGATC --temperature 0.1 > one.fa
  sample --prompt GATTACAGGATA --temperature 0.1 > two.fa
  run ! cmp -s two.fa one.fa
  # at temperature 0 each base is the best one of mode next
  greedy=$(sample --prompt GATTACAGGATC --temperature 0 | tail -n +2)
  text=GATTACAGGATC
  for i in {1..50}; do
    text+=$(printf '>a\n%s\n' $text | rnnpredict --top 1 --no-header "$RUN" | cut -f 3 | tail -c 2)
  done
  [ "$text" = "GATTACAGGATC$greedy" ]
  sample --prompt GATTACAGGATC --top-k 1 | cmp - <(printf '>sample1\n%s\n' "$greedy")
  sample --prompt GATTACAGGATC --top-p 0 | cmp - <(printf '>sample1\n%s\n' "$greedy")
}

@test "sample: two prompts have different random numbers" {
  sample() { rnnpredict --mode sample --length 5000 --count 2 "$@" "$RUN" | grep -v '>' | tr -d '\n' | fold -w 1; }
  sample --prompt GATTACAGGATC > one
  sample --prompt CATTACAGGATC > two
  sample --prompt gauuacaggauc | cmp - one
  sample --prompt GATTACAGGATC --seed 2 > three
  for other in two three; do # by chance a third of the bases agree, or less
    [ "$(paste one $other | awk '$1 == $2' | wc -l)" -lt 5000 ]
  done
}

@test "sample: an unusable prompt is an error" {
  fails 1 "ends with a run of 2 bases, but the model needs at least 3" rnnpredict --mode sample --prompt AC "$RUN"
  printf '>a\nACGT\n>b\nACGT\n' > two.fa
  fails 1 "more than one record" rnnpredict --mode sample --prompt two.fa "$RUN"
  fails 1 "--prompt nowhere.fa: is neither bases" rnnpredict --mode sample --prompt nowhere.fa "$RUN"
  fails 1 "--prompt ACGTN: is neither bases" rnnpredict --mode sample --prompt ACGTN "$RUN"
  printf '>a\nACGTN\n' > n.fa
  fails 1 "ends with a run of 0 bases" rnnpredict --mode sample --prompt n.fa "$RUN"
  printf '>a\nACGT!\n' > bad.fa
  fails 1 "bad.fa: line 2" rnnpredict --mode sample --prompt bad.fa "$RUN"
  fails 2 "--prompt gives the bases to continue" rnnpredict --mode sample "$RUN" n.fa
}

# ---- embed ---------------------------------------------------------------------------------------

# fails_after WORD COMMAND...: the command exits with 1 after some rows and prints the reason.
fails_after() {
  run --separate-stderr -1 "${@:2}"
  echo "$stderr"
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ "$stderr" == *"$1"* ]]
}

@test "embed: the NumPy array has the values of the table" {
  need_numpy
  { printf '>short\nAC\n'; sed -n '1~4s/^@/>/p; 2~4p' "$READS"; } > mixed.fa
  for state in mean last; do
    rnnpredict --mode embed --state $state "$RUN" mixed.fa > table.tsv
    rnnpredict --mode embed --state $state --format npy -o array.npy "$RUN" mixed.fa
    rnnpredict --mode embed --state $state --format npy "$RUN" mixed.fa > stdout.npy
    cmp array.npy stdout.npy
    "$PYTHON" -c 'import sys
import numpy as np
letters = open("mixed.fa").read().splitlines()[1::2]
unknown = [len(line) < 3 or (sys.argv[1] == "last" and line[-1] == "N") for line in letters]
rows = [line.split("\t")[1:] for line in open("table.tsv").read().splitlines()[1:]]
table = np.array([[float(cell) if cell != "NA" else np.nan for cell in row] for row in rows])
array = np.load("array.npy")
assert array.shape == (401, 16) == table.shape and array.dtype == np.float32, array.shape
assert (np.isnan(array).T == unknown).all() and (sum(unknown) > 1) == (sys.argv[1] == "last")
assert np.allclose(array, table, 0, 1e-6, equal_nan=True)' $state
  done
  rnnpredict --mode embed --kmers --format npy "$RUN" | cat > kmers.npy
  "$PYTHON" -c 'import numpy as np; assert np.load("kmers.npy").shape == (64, 8)'
}

@test "embed: an array needs a seekable file" {
  fails 1 "name a file with -o" bash -o pipefail -c "rnnpredict --mode embed --format npy '$RUN' '$READS' | cat"
  fails 1 "name a file with -o" rnnpredict --mode embed --format npy -o x.npy.gz "$RUN" "$READS"
  run -0 ls -A
  [ -z "$output" ]
  : > x.npy
  fails 1 "name a file with -o" bash -c "rnnpredict --mode embed --format npy '$RUN' '$READS' >> x.npy"
  [ ! -s x.npy ]
  need_numpy
  cp "$DATA/reads.fq.gz" cut.gz
  truncate -s -100 cut.gz
  run -1 bash -c "rnnpredict --mode embed --format npy '$RUN' '$READS' cut.gz > cut.npy" # an incomplete array
  run ! "$PYTHON" -c 'import numpy; numpy.load("cut.npy")'
}

@test "embed: an array of the state after each k-mer is a file, and standard output lists its rows" {
  rnnpredict --mode embed --positions all "$RUN" "$READS" > table
  states() { rnnpredict --mode embed --positions all --format npy "$@" "$RUN" "$READS"; }
  fails 1 "name it with -o FILE" states
  fails 1 "name it with -o FILE" states -o -
  fails 1 "name it with -o FILE" bash -c 'rnnpredict --mode embed --positions all --format npy -o /dev/stdout "$@" > x.npy' - "$RUN" "$READS"
  fails 1 "name a file with -o" states -o x.npy.gz
  states -o x.npy | cmp - <(cut -f 1,2 table)
  [ $((($(stat -c %s x.npy) - 128) / 64 + 1)) -eq "$(wc -l < table)" ]
  [ ! -w /dev/full ] || run -1 bash -c 'rnnpredict --mode embed --positions all --format npy -o y.npy "$@" > /dev/full' - "$RUN" "$READS"
  ulimit -f 100
  fails_after "y.npy: cannot be written: File too large" states -o y.npy
  [ ! -e y.npy ]
}

@test "embed: a state that float16 cannot hold is an error" {
  "$PYTHON" -B - "$SOURCE/tests" << 'EOF'
import struct, sys
sys.path.insert(0, sys.argv[1] + '/broken')
import make
for name, e in ('large', 70000), ('infinite', 3e38):  # of A; the state is e times I
    make.numbers = lambda size: struct.pack('<15f', e, 1, 1, 1, 0, max(1, e / 1e5), *[0] * 9)
    open(name + '.safetensors', 'wb').write(make.pack(*make.intact(*make.header({**make.METADATA, 'activation': 'relu'}))))
EOF
  printf '>c\nCGTN\n>a\nCGA\n' > a.fa
  states() { rnnpredict --mode embed --positions all --format npy -o x.npy "$@" a.fa; }
  states large.safetensors > rows
  fails_after "record 'a': a state is beyond 65504, the largest number of float16; leave out --half" states --half large.safetensors
  fails_after "record 'a': the model computes numbers that are not finite" states infinite.safetensors
}

@test "embed: with both strands the state is that of the record and its reverse complement" {
  printf '>a\nACGTTGCAACGTANTTGACCATG\n>short\nAC\n' > a.fa
  printf '>a\nCATGGTCAANTACGTTGCAACGT\n>short\nGT\n' > turned.fa
  for state in mean last; do
    rnnpredict --mode embed --state $state --strands both "$RUN" a.fa > both
    rnnpredict --mode embed --state $state "$RUN" a.fa > forward
    rnnpredict --mode embed --state $state "$RUN" turned.fa | cut -f 2- | sed '1s/h/reverse_h/g' | paste forward - | cmp - both
  done
  fails 1 "goes with --state last only if the stride is 1; the stride of the model is 2" \
    rnnpredict --mode embed --state last --strands both "$WIDE" a.fa
}

@test "embed: awk and sort find the reads nearest to the first" {
  rnnpredict --mode embed --no-header "$RUN" "$READS" |
    awk -F '\t' 'NR == 1 { for (i = 2; i <= NF; i++) a[i] = $i } { d = 0; for (i = 2; i <= NF; i++) d += ($i - a[i]) ^ 2; print $1, sqrt(d) }' |
    sort -k 2,2g > nearest
  [ "$(head -n 1 nearest | cut -d ' ' -f 2)" = 0 ]
  [ "$(wc -l < nearest)" -eq 400 ]
  [ "$(rnnpredict --mode embed --kmers "$RUN" | cut -f 1 | head -n 3 | paste -sd ' ')" = "kmer AAA AAC" ]
}

# ---- formats -------------------------------------------------------------------------------------

@test "JSON lines have the values of the table" {
  name=$'\xe9"\\caf\xc3\xa9' # not UTF-8 at first
  { printf '>%s circular=true\nACGTTGCAAC\n>short\nAC\n' "$name"; head -n 2 "$LAMBDA"; } > mixed.fa
  ln -s "$RUN" a
  ln -s "$OTHER" b
  for ask in "" "--positions all" --bases "--mode score --strands both" "--mode track" "--mode track --window 4" \
    "--mode classify --model a=a --model b=b" "--mode embed" "--mode embed --kmers" "--mode info"; do
    set -- "$RUN" mixed.fa
    [[ "$ask" != *classify* ]] || set -- mixed.fa
    [[ "$ask" != *kmers* && "$ask" != *info* ]] || set -- "$RUN"
    rnnpredict $ask "$@" > table.tsv 2> /dev/null
    rnnpredict $ask --format jsonl "$@" > table.jsonl 2> /dev/null
    "$PYTHON" -c 'import json
rows = [line.split("\t") for line in open("table.tsv", encoding="latin-1").read().split("\n")[:-1]]
objects = [json.loads(line) for line in open("table.jsonl", encoding="utf-8").read().split("\n")[:-1]]
assert len(objects) == len(rows) - 1 > 0
for cells, row in zip(rows[1:], objects):
    assert list(row) == rows[0], row
    for cell, value in zip(cells, row.values()):
        if cell == "NA":
            assert value is None, row
        elif isinstance(value, str):
            assert value == cell or value.endswith("caf\u00e9") and value[0] == "\u00e9", (cell, value)
        else:
            assert float(cell) == value, (cell, value)'
  done
}

@test "--no-header omits the header and nothing else" {
  for ask in "" "--mode score" "--mode track" "--mode embed" "--mode info"; do
    files=("$READS")
    [[ "$ask" != *info ]] || files=()
    rnnpredict $ask "$RUN" "${files[@]}" | tail -n +2 > without
    rnnpredict $ask --no-header "$RUN" "${files[@]}" | cmp - without
  done
}

@test "-o x.gz writes BGZF, which bgzip and gzip read" {
  rnnpredict --mode track "$RUN" "$LAMBDA" > track.tsv # 2 MB: many blocks
  rnnpredict --mode track -o track.tsv.gz "$RUN" "$LAMBDA"
  zcat track.tsv.gz | cmp - track.tsv
  tail -c 28 track.tsv.gz | od -An -tx1 | tr -d ' \n' |
    grep -x 1f8b08040000000000ff0600424302001b0003000000000000000000
  : > none.fa
  printf '>a\n' > none.fa
  rnnpredict --mode track --no-header -o none.gz "$RUN" none.fa # no row
  [ "$(wc -c < none.gz)" -eq 28 ]
  # truncated output does not claim to be complete
  mkfifo fifo.gz
  cp "$DATA/reads.fq.gz" cut.gz
  truncate -s -100 cut.gz
  cat fifo.gz > broken.gz &
  run -1 rnnpredict --mode track -o fifo.gz "$RUN" "$LAMBDA" cut.gz
  wait $!
  [ "$(tail -c 28 broken.gz | head -c 4 | od -An -tx1)" != " 1f 8b 08 04" ]
  need bgzip tabix
  bgzip -t track.tsv.gz
  bgzip -r track.tsv.gz
  [ "$(bgzip -b 1000000 -s 20 track.tsv.gz)" = "$(tail -c +1000001 track.tsv | head -c 20)" ]
}

@test "formats are refused in modes to which they do not apply" {
  fails 2 "--format bedgraph: goes with --mode track" rnnpredict --format bedgraph "$RUN" "$READS"
  fails 2 "--format npy: goes with --mode embed" rnnpredict --mode score --format npy "$RUN" "$READS"
  fails 2 "writes FASTA" rnnpredict --mode sample --format jsonl "$RUN"
  fails 2 "--no-header: goes with tables" rnnpredict --mode track --format bedgraph --no-header "$RUN" "$READS"
  fails 2 "--no-header: goes with tables" rnnpredict --format jsonl --no-header "$RUN" "$READS"
  fails 2 "--no-header: goes with tables" rnnpredict --mode sample --no-header "$RUN"
}

@test "options are refused in modes to which they do not apply" {
  fails 2 "--window: goes with --mode track|variants, not with 'score'" rnnpredict --mode score --window 5 "$RUN" "$READS"
  fails 2 "--top: goes with --mode next" rnnpredict --mode score --top 5 "$RUN" "$READS"
  fails 2 "--strands: goes with --mode next|score|track|classify|variants|embed, not with 'sample'" rnnpredict --mode sample --strands both "$RUN"
  fails 2 "--strands both: goes with --bases --positions all in mode next" rnnpredict --bases --strands both "$RUN" "$READS"
  fails 2 "--strands both: goes with --bases --positions all in mode next" rnnpredict --positions all --strands both "$RUN" "$READS"
  fails 2 "--positions: goes with --mode next|embed" rnnpredict --mode track --positions all "$RUN" "$READS"
  fails 2 "--half: goes with --mode embed" rnnpredict --half "$RUN" "$READS"
  fails 2 "--half: goes with --format npy" rnnpredict --mode embed --half "$RUN" "$READS"
  fails 2 "--seed: goes with --mode sample" rnnpredict --seed 1 "$RUN" "$READS"
  fails 2 "--paired: goes with --mode classify" rnnpredict --paired "$RUN" "$READS"
  fails 2 "--model: goes with --mode classify" rnnpredict --model a=b "$RUN" "$READS"
  fails 2 "--state: goes with records" rnnpredict --mode embed --kmers --state mean "$RUN"
  fails 2 "--state: goes with one vector per record" rnnpredict --mode embed --positions all --state mean "$RUN" "$READS"
  fails 2 "--positions: goes with records, not with --kmers" rnnpredict --mode embed --kmers --positions all "$RUN"
  fails 2 "--strands: goes with records, not with --kmers" rnnpredict --mode embed --kmers --strands both "$RUN"
  greedy=(--mode sample --temperature 0)
  fails 2 "--top-k: has no effect with --temperature 0" rnnpredict "${greedy[@]}" --top-k 2 "$RUN"
  fails 2 "--top-p: has no effect with --temperature 0" rnnpredict --mode sample --top-p 0.5 --temperature 0.0 "$RUN"
  fails 2 "--seed: has no effect with --temperature 0 and --prompt" rnnpredict "${greedy[@]}" --prompt ACGT --seed 2 "$RUN"
  rnnpredict "${greedy[@]}" --seed 2 --length 9 "$RUN" # without a prompt the first k-mer is drawn
  fails 2 "not with --bases" rnnpredict --bases --top 2 "$RUN" "$READS"
  fails 2 "at most 256" rnnpredict --positions all --top 257 "$RUN" "$READS"
  fails 2 "--state: goes with records" rnnpredict --mode embed --kmers --state last "$RUN"
  fails 2 "--kmers takes one MODEL and no sequence" rnnpredict --mode embed --kmers "$RUN" "$READS"
  fails 2 "can be named only once" rnnpredict --mode classify --model a="$RUN" --model b="$RUN" - - < "$READS"
}

# has_exactly FILE N: waits until the file has N lines; more lines are an error.
has_exactly() {
  await has_lines "$1" "$2"
  [ "$(wc -l < "$1")" -eq "$2" ]
}

has_lines() { [ "$(wc -l < "$1")" -ge "$2" ]; }

# waiting FORM N: writes N records of this form, and the beginning of the next, and then waits.
waiting() {
  if [ $1 = fasta ]; then
    seq "$2" | sed 's/.*/>&\nACGTACGTTGCA/'
  else
    seq "$2" | sed 's/.*/@&\nACGTACGTTGCA\n+\nIIIIIIIIIIII/'
  fi
  case $1 in fasta) echo ">last" ;; cut) printf '@cut\nACG\n+\n' ;; esac
}

@test "records from a pipe are answered while the writer waits" {
  mkfifo pipe
  for threads in 1 2; do
    for n in 1 2 300 6000; do # 6000 are more than there is before a thread reads ahead
      for form in fastq fasta gzip cut; do # a record of FASTA ends only where the next one begins
        rm -f out
        waiting $form $n > text
        [ $form != gzip ] || gzip -f text
        rnnpredict --mode score -t $threads "$RUN" pipe > out 2> messages &
        exec 4> pipe
        cat text* >&4
        has_exactly out $((n + 1))
        exec 4>&-
        code=0
        wait $! || code=$?
        [ $form != cut ] || code=$((code - 1))
        [ $code -eq 0 ]
        rm text*
      done
    done
  done
}

@test "predictions for the available part of a long record are printed while the writer waits" {
  { echo ">long"; random_bases 40000 1; } > long.fa
  rnnpredict --mode track "$RUN" long.fa > whole
  mkfifo pipe
  rnnpredict --mode track "$RUN" pipe > out &
  exec 4> pipe
  head -c 36000 long.fa >&4
  has_exactly out $((2 * 16384 - 1)) # two pieces of it
  tail -c +36001 long.fa >&4
  exec 4>&-
  wait $!
  cmp out whole
}
