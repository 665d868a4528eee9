# --lanes auto: the chosen number of lanes, the threads that they keep busy, and the learning rate.
load cli

setup() { cd "$BATS_TEST_TMPDIR"; }

setup_file() {
  for i in {1..300}; do zcat "$DATA/lambda.fa.gz"; done > "$BATS_FILE_TMPDIR/genome.fa"
}

# lanes [OPTION...]: prints the line about lanes of a dry run on 13 million k-mers.
lanes() { rnntrain --dry-run "$@" "$BATS_FILE_TMPDIR/genome.fa" 2>&1 > table | grep '^lanes: '; }

# option NAME RUN: prints an option of the run from run.json.
option() { "$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[2] + "/run.json"))["options"][sys.argv[1]])' "$@"; }

@test "auto, the default, is 32 lanes, and more for many epochs, for any number of threads" {
  lanes -t 1 | grep -Ex 'lanes: 32 \(auto\), enough for [0-9]+ threads'
  lanes -t 1 -B auto | grep -F 'lanes: 32 (auto),'
  lanes -t 64 | grep -F 'lanes: 32 (auto),'
  lanes -t 1 -e 20 | grep -F 'lanes: 64 (auto),'
  lanes -t 64 -e 20 | grep -F 'lanes: 64 (auto),'
}

@test "the choice of lanes ignores the number of epochs if time or validation ends the run" {
  lanes --max-time 100h | grep -F 'lanes: 32 (auto),'
  lanes --schedule plateau | grep -F 'lanes: 32 (auto),'
  lanes --max-time 100h -e 20 | grep -F 'lanes: 64 (auto),'
}

@test "a message names the number of lanes that would use more threads" {
  line=$(lanes -t 64)
  [[ "$line" =~ \;\ --lanes\ ([0-9]+)\ would\ be\ enough\ for\ all\ 64$ ]]
  lanes -t 64 -B "${BASH_REMATCH[1]}" | grep -x "lanes: ${BASH_REMATCH[1]}, enough for 64 threads"
  lanes -t 12 -B 36 | grep -x 'lanes: 36, enough for 9 threads; --lanes 48 would be enough for all 12'
  lanes -t 1 -B 1 | grep -x 'lanes: 1, enough for 1 thread'
}

@test "the message names no more lanes than the timesteps allow" {
  lanes -t 100 -B 1 -T 65536 -d 4 -D 8 | grep -x 'lanes: 1, enough for 1 thread; --lanes 256 would be enough for 64'
  fails 2 "lanes times timesteps" rnntrain --dry-run -B 257 -T 65536 "$DATA/phix174.fa.gz"
}

@test "the number of lanes is printed at the start, and the learning rate depends on it" {
  rnntrain --no-progress -k 2 -d 4 -D 8 -e 1 -o auto "$DATA/phix174.fa.gz" 2>&1 | grep -F 'lanes: 32 (auto), enough for '
  [ "$(option lanes auto)" = 32 ]
  [ "$(option learning-rate auto)" = 0.003 ]
  train -B 128 -o more "$DATA/phix174.fa.gz"
  [ "$(option learning-rate more)" = 0.006 ]
  train -B 8 -o fewer "$DATA/phix174.fa.gz"
  [ "$(option learning-rate fewer)" = 0.003 ]
  train -B 128 --learning-rate 0.003 -o given "$DATA/phix174.fa.gz"
  [ "$(option learning-rate given)" = 0.003 ]
}

@test "a resumed run keeps its lanes and its learning rate, with auto too" {
  for lanes in auto 128; do
    rnntrain -q -k 2 -d 4 -D 8 -B $lanes -e 4 -o whole$lanes "$DATA/phix174.fa.gz"
    rnntrain -q -k 2 -d 4 -D 8 -B $lanes -e 1 -o part$lanes "$DATA/phix174.fa.gz"
    rnntrain -q --resume -e 100000 --patience 1 -o part$lanes "$DATA/phix174.fa.gz"
    rnntrain -q --resume -B auto -e 100001 --patience 1 -o part$lanes "$DATA/phix174.fa.gz"
    [ "$(option lanes part$lanes)" = "$(option lanes whole$lanes)" ]
    [ "$(option learning-rate part$lanes)" = "$(option learning-rate whole$lanes)" ]
  done
  fails 1 "--lanes: the run in part128 began with 128, not 32" rnntrain -q --resume -B 32 -o part128 "$DATA/phix174.fa.gz"
}
