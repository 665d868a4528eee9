# Work of several threads, for the thread sanitizer, which ends a program that has a race with exit
# code 66.
load ../cli

setup() { cd "$BATS_TEST_TMPDIR"; }

@test "training has no race" {
  for softmax in followers full; do
    for strands in forward both; do
      rnntrain "${TINY[@]}" -D 64 -B 64 -t 3 --strands $strands --softmax $softmax --valid-fraction 0.2 \
        -o $softmax.$strands "$DATA/phix174.fa.gz"
    done
  done
}

@test "making a memory has no race" {
  rnntrain "${TINY[@]}" -t 3 --memory --valid-fraction 0.2 -o followers "$DATA/lambda.fa.gz"
  rnntrain "${TINY[@]}" -t 3 --memory --valid-fraction 0.2 --softmax full -s 2 -o full "$DATA/phix174.fa.gz"
}

@test "training with rows that a window does not touch has no race" {
  rnntrain "${TINY[@]}" -k 6 -B 48 -T 8 -t 4 -o run "$DATA/phix174.fa.gz"
}

@test "reading ahead of training and of prediction has no race" {
  train -o run "$DATA/phix174.fa.gz"
  zcat "$DATA/lambda.fa.gz" > some.fa
  for i in {1..20}; do cat some.fa; done > long.fa
  rnntrain --dry-run -k 3 long.fa > counts
  for what in "${ASKS[@]}"; do
    ask run "$what" -t 3 -o answer "$DATA/lambda.fa.gz" "$DATA/reads.fq.gz"
  done
  cat some.fa some.fa some.fa some.fa | rnnpredict --mode score -t 3 -o answer run - # looks whether the pipe is empty
  rnnpredict --mode sample -t 3 --count 50 --length 100 -o new.fa run
}

@test "prediction with a memory has no race" {
  zcat "$DATA/lambda.fa.gz" > some.fa
  train --memory -o run some.fa
  { zcat "$DATA/reads.fq.gz" | awk 'NR % 4 == 1 { sub("@", ">"); print } NR % 4 == 2'; cat some.fa; } > many.fa
  for use in model others record; do
    rnnpredict --mode score --strands both --memory $use -t 3 -o answer run many.fa
    rnnpredict --mode classify --memory $use --model a=run --model b=run -t 3 -o answer many.fa
    rnnpredict --positions all --memory $use -t 3 -o answer run many.fa
  done
}
