# --format bigwig of a track, read by pyBigWig.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run "$DATA/phix174.fa.gz"
  train -o wide -k 4 -s 2 -D 8 "$DATA/phix174.fa.gz"
  { # names that are not in their order, ambiguous letters, records without predictions
    zcat "$DATA/lambda.fa.gz" | sed '1s/.*/>z circular=true/'
    printf '>b\nACGTACNNNNNNNNNNNNNNACGTACGTTGCA\n>none\n>a\nAC\n'
    zcat "$DATA/phix174.fa.gz" | sed '1s/.*/>c first word/'
  } > many.fa
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run WIDE=$BATS_FILE_TMPDIR/wide MANY=$BATS_FILE_TMPDIR/many.fa
  printf '>x\nACGTACGTTGCA\n' > x.fa
  rnnpredict --mode track --format bigwig -o x.bw "$RUN" x.fa 2> messages ||
    {
      ! grep -q 'this build cannot write bigWig' messages || skip "no bigWig: apt-get install libbigwig-dev"
      cat messages
    }
}

need_pybigwig() { "$PYTHON" -c "import pyBigWig" 2> /dev/null || skip "no pyBigWig: pip install pyBigWig numpy"; }

# same_numbers BIGWIG BEDGRAPH: checks for the same intervals and values, to the last digit of the bedGraph, and for the
# names and lengths of all records of $MANY.
same_numbers() {
  "$PYTHON" - "$1" "$2" << 'END'
import math, pyBigWig, sys
track = pyBigWig.open(sys.argv[1])
assert track.isBigWig()
assert track.chroms() == {"z": 48502, "b": 32, "a": 2, "c": 5386}, track.chroms()
expected = {}
for line in open(sys.argv[2]):
    name, start, end, value = line.split()
    expected.setdefault(name, []).append((int(start), int(end), float(value)))
for name in track.chroms():
    rows = track.intervals(name) or ()
    wanted = expected.get(name, [])
    assert [row[:2] for row in rows] == [row[:2] for row in wanted], name
    assert all(abs(a[2] - b[2]) < 5.1e-5 for a, b in zip(rows, wanted)), name
bases = sum(end - start for rows in expected.values() for start, end, _ in rows)
assert track.header()["nBasesCovered"] == bases
total = sum((end - start) * value for start, end, value in expected["z"])
covered = sum(end - start for start, end, _ in expected["z"])
assert math.isclose(track.stats("z", exact=True)[0], total / covered, rel_tol=1e-4)
END
}

@test "bigwig: the values equal those of the bedGraph, for records in any order, with windows and strides" {
  need_pybigwig
  for run in "$RUN" "$WIDE"; do
    for window in "" "--window 7" "--window 1000" "--strands both"; do
      rnnpredict --mode track $window --format bedgraph "$run" "$MANY" > track.bedgraph
      rnnpredict --mode track $window --format bigwig -o track.bw "$run" "$MANY"
      same_numbers track.bw track.bedgraph
    done
  done
}

@test "bigwig: the bytes do not depend on the number of threads or on a pipe as input" {
  rnnpredict -t 1 --mode track --format bigwig -o one.bw "$RUN" "$MANY"
  rnnpredict -t 3 --mode track --format bigwig -o three.bw "$RUN" "$MANY"
  cmp one.bw three.bw
  rnnpredict --mode track --format bigwig -o pipe.bw "$RUN" - < <(cat "$MANY")
  cmp one.bw pipe.bw
}

@test "bigwig: a failed run leaves neither a partial file nor a temporary one" {
  mkdir out
  rnnpredict --mode track --format bigwig -o out/track.bw "$RUN" "$MANY"
  [ "$(ls -A out)" = track.bw ]
  cp out/track.bw kept
  printf '>q\nACGTACGTTGCA\n>q\nACGTACGTTGCA\n' > twice.fa
  fails 1 "record 'q': occurs twice" rnnpredict --mode track --format bigwig -o out/track.bw "$RUN" twice.fa
  cmp out/track.bw kept
  fails 1 "cannot be written" bash -ec 'ulimit -f 20; trap "" XFSZ; exec rnnpredict "$@"' - \
    --mode track --format bigwig -o out/track.bw "$RUN" "$MANY"
  cmp out/track.bw kept
  [ "$(ls -A out)" = track.bw ]
}

@test "bigwig: a combination that is impossible is refused in one sentence" {
  printf '>\nACGTTG\n' > nameless.fa
  printf '>short\nAC\n' > short.fa
  fails 1 "has no name, which bigWig needs" rnnpredict --mode track --format bigwig -o t.bw "$RUN" nameless.fa
  fails 1 "cannot be empty" rnnpredict --mode track --format bigwig -o t.bw "$RUN" short.fa
  fails 1 "name a file with -o" rnnpredict --mode track --format bigwig "$RUN" x.fa
  fails 1 "name a file with -o" rnnpredict --mode track --format bigwig -o t.bw.gz "$RUN" x.fa
  fails 2 "--format bigwig: goes with --mode track" rnnpredict --format bigwig -o t.bw "$RUN" x.fa
  fails 2 "--circular: goes neither" rnnpredict --mode track --format bigwig --circular -o t.bw "$RUN" x.fa
  [ ! -e t.bw ]
  [ ! -e t.bw.gz ]
}
