# Bad input and usage: one line that names the file or option, exit code 1, and no file left behind.
load cli

setup_file() { train -o "$BATS_FILE_TMPDIR/model" "$DATA/phix174.fa.gz"; }

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  MODEL=$BATS_FILE_TMPDIR/model
  printf '>good\nACGTACGTTAGC\n' > good.fa
}

# refuses WORD FILE-OR-OPTION...: rnntrain fails so, with WORD in the line.
refuses() {
  local word=$1 before
  shift
  before=$(find .)
  fails 1 "$word" rnntrain "${TINY[@]}" -o run "$@"
  [ "$(find .)" = "$before" ]
}

# refuses_both WORD FILE: both programs do, rnnpredict after the header line.
refuses_both() {
  refuses "$1" "$2"
  run --separate-stderr -1 rnnpredict "$MODEL" "$2"
  [ "${#lines[@]}" -eq 1 ]
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ "$stderr" == *"$1"* ]]
}

@test "a missing input file is an error" {
  fails 1 "nowhere.fa: cannot be opened: No such file" train -o run nowhere.fa
  fails 1 "nowhere.fa: cannot be opened: No such file" rnnpredict "$MODEL" nowhere.fa # before a header line
}

@test "an error with a path of thousands of letters still has the program, the cause and the remedy" {
  local part path=.
  part=$(printf 'd%.0s' {1..200})
  for i in {1..15}; do path+=/$part; done
  mkdir -p "$path"
  fails 1 "nowhere.fa: cannot be opened: No such file or directory; check the path" train -o run "$path/nowhere.fa"
  [[ "$stderr" == "rnntrain: ./dddd"* ]]
  fails 1 "nowhere: cannot be opened: No such file" rnnpredict "$path/nowhere" good.fa
  [[ "$stderr" == "rnnpredict: ./dddd"* ]]
  printf '>good\nAC!\n' > "$path/bad.fa"
  fails 1 "bad.fa: line 2, record 'good': '!' is not a nucleotide code" train -o run "$path/bad.fa"
  fails 1 "which does not exist; create it first" train -o "$path/none/run" good.fa
}

@test "a directory as input is an error" {
  mkdir reads
  refuses_both "reads: is a directory" reads
}

@test "an empty file is an error, plain or gzip" {
  touch empty.fa
  gzip < empty.fa > empty.fa.gz
  refuses_both "empty.fa: is empty" empty.fa
  refuses_both "empty.fa.gz" empty.fa.gz
  refuses "standard input: is empty" - < /dev/null
  fails 1 "standard input: is closed; redirect a file or a pipe to it" \
    bash -c "exec rnntrain ${TINY[*]} -o run - <&-"
}

@test "a file without bases is an error: headers only, N only" {
  printf '>a\n>b\n' > headers.fa
  printf '>a\nNNNNNNNN\n' > n.fa
  refuses "headers.fa: holds records but no sequence" headers.fa
  refuses "n.fa: holds no A, C, G or T" n.fa
  refuses "n.fa" good.fa n.fa
  refuses "headers.fa: holds records but no sequence" good.fa headers.fa
}

@test "a sequence shorter than k+s is an error" {
  printf '>a\nACGTA\n' > short.fa
  refuses "short.fa: no training segment has the k+s = 6 bases" -k 5 short.fa
  printf '>a\nACGTA\n>b\nGTACN\n' > short.fa
  refuses "k+s = 6" -k 5 short.fa
  printf '>a\nACGTAC\n' > enough.fa
  train -o run -k 5 enough.fa
}

@test "a sequence too short for a validation is an error" {
  refuses "--valid-fraction" --valid-fraction 0.1 good.fa
  printf '>a\nACG\n' > short.fa
  refuses "short.fa" --valid short.fa good.fa
  refuses "nowhere.fa" --valid nowhere.fa good.fa
}

@test "protein letters are an error with the line and the record" {
  printf '>sp|P1\nACGT\nMKVLE\n' > protein.fa
  refuses_both "protein.fa: line 3, record 'sp|P1': 'L' is not a nucleotide code" protein.fa
  [[ "$stderr" == *protein* ]]
  refuses "protein.fa: line 3" good.fa protein.fa
}

@test "text that is not a sequence file is an error" {
  echo "name,length" > table.csv
  refuses_both "table.csv: line 1" table.csv
  printf 'PK\003\004' > x.zip # how every zip archive begins
  refuses_both "x.zip: is a zip archive; unpack it first" x.zip
  printf '<!DOCTYPE html>\n<html><title>404</title></html>\n' | gzip > page.fa.gz
  refuses_both "page.fa.gz: is HTML or XML, perhaps a server's error page" page.fa.gz
}

@test "a gzip file that is truncated or has one byte changed is an error" {
  head -c 7000 "$DATA/lambda.fa.gz" > cut.fa.gz
  refuses "cut.fa.gz" cut.fa.gz
  [[ "$stderr" == *"ends early"* ]]
  { head -c 7000 "$DATA/lambda.fa.gz"; printf X; tail -c +7002 "$DATA/lambda.fa.gz"; } > changed.gz
  refuses "changed.gz: line" changed.gz
}

@test "naming standard input twice is an error" {
  fails 2 "standard input can be named only once" train -o run - - < good.fa
  fails 2 "standard input can be named only once" train -o run - --valid - < good.fa
  fails 2 "standard input can be named only once" rnnpredict "$MODEL" - - < good.fa
}

@test "a run is not overwritten without --force" {
  train -o run good.fa
  cp -r run before
  refuses "-o run: holds a run already" good.fa
  [[ "$stderr" == *"--force"* ]]
  diff -r run before
}

@test "a path at which no run directory can be created is an error" {
  refuses "-o good.fa: is a file" -o good.fa good.fa
  refuses "-o good.fa/run" -o good.fa/run good.fa
  refuses "-o not/there" -o not/there good.fa
}

@test "a directory without write permission is an error" {
  need_nobody
  for output in /kmer-rnn-test-run /; do
    fails 1 "-o $output: cannot be" "${as_nobody[@]}" "$BIN/rnntrain" "${TINY[@]}" -o $output - \
      < good.fa
    [[ "$stderr" == *"Permission denied"* ]]
  done
  [ ! -e /kmer-rnn-test-run ]
}

@test "a model too large for the memory is an error with the memory needed" {
  refuses "-k 12" -k 12 -D 65536 --softmax full "$DATA/phix174.fa.gz"
  [[ "$stderr" =~ "the run would need "[0-9.]+" "[TP]B ]]
  run --separate-stderr -1 rnntrain -q --dry-run -k 12 -D 65536 --softmax full "$DATA/phix174.fa.gz"
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ "$stderr" == *"-k 12"* ]]
  run -0 rnntrain -q --dry-run -k 12 -D 65536 --softmax full good.fa # no run, however large
}

@test "a model too large for the shell's memory limit is an error" {
  not_sanitized "the address sanitizer needs more than any limit"
  run -1 bash -ec 'ulimit -v 2000000; exec rnntrain -q -t 1 -o run -D 16384 --valid-fraction 0 good.fa'
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"ulimit -v leaves "* ]]
  [ ! -e run ]
}

@test "a model that is missing or is another kind of file is an error" {
  mkdir empty
  fails 1 "nowhere" rnnpredict nowhere good.fa
  fails 1 "empty: is a directory without model.safetensors; give a run directory" rnnpredict empty good.fa
  fails 2 "score: there is no such model; for the mode, write --mode score" rnnpredict score "$MODEL" good.fa
  for file in good.fa "$DATA/phix174.fa.gz" "$DATA/reads.fq.gz"; do
    fails 1 "$file: looks like sequence, not like a model; name a model there (rnnpredict takes the model first" rnnpredict "$file" "$MODEL"
  done
  fails 1 "/dev/null" rnnpredict /dev/null good.fa
  fails 1 "run.json" rnnpredict "$MODEL/run.json" good.fa
}

@test "a model with one byte changed is rejected" {
  size=$(stat -c %s "$MODEL/model.safetensors")
  header=$(od -An -tu8 -N8 "$MODEL/model.safetensors")
  for at in 0 3 7 8 $((header + 8)) $(((header + 8 + size) / 2)) $((size - 1)); do
    "$PYTHON" - "$MODEL/model.safetensors" $at > changed.safetensors << 'END'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
data[int(sys.argv[2])] ^= 0x10
sys.stdout.buffer.write(data)
END
    fails 1 "changed.safetensors" rnnpredict changed.safetensors good.fa
  done
}

@test "a model that is truncated or has extra bytes is rejected" {
  size=$(stat -c %s "$MODEL/model.safetensors")
  for length in 0 7 8 100 $((size / 2)) $((size - 1)); do
    head -c $length "$MODEL/model.safetensors" > cut.safetensors
    fails 1 "cut.safetensors" rnnpredict cut.safetensors good.fa
  done
  { cat "$MODEL/model.safetensors"; printf X; } > longer.safetensors
  fails 1 "longer.safetensors" rnnpredict longer.safetensors good.fa
}

@test "the rows before a broken record are kept" {
  printf '>first\nACGTACGT\n>broken\nACGTAC!T\n>last\nACGT\n' > broken.fa
  run --separate-stderr -1 rnnpredict --mode score "$MODEL" good.fa broken.fa
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ "$stderr" == *"broken.fa: line 4, record 'broken': '!'"* ]]
  [ "$(cut -f1 <<< "$output" | paste -sd ' ')" = "record good first" ]
}

# torn COMMAND...: runs it with a standard input that has a record and then fails once.
torn() {
  "$PYTHON" - "$@" << 'END'
import socket, subprocess, sys
ours, theirs = socket.socketpair()
ours.send(b'x')  # not read, so the end is no clean one
theirs.send(b'>a\nACGTACGT\n>b\nACGTAC')
theirs.close()
sys.exit(subprocess.run(sys.argv[1:], stdin=ours).returncode)
END
}

@test "a read error is reported" {
  fails 1 "standard input: line 4, record 'b': cannot be read: " torn rnntrain "${TINY[@]}" -o run -
  run --separate-stderr -1 torn rnnpredict --mode score "$MODEL"
  [[ "$stderr" == *"standard input: line 4, record 'b': cannot be read: "* ]]
  [ "$(cut -f1 <<< "$output" | paste -sd ' ')" = "record a" ]
}

@test "an unfinished table leaves no file" {
  printf '>broken\nAC!T\n' > broken.fa
  for out in out.tsv out.tsv.gz; do
    fails 1 "broken.fa" rnnpredict -o $out "$MODEL" good.fa broken.fa
    fails 1 "not/there" rnnpredict -o not/there/$out "$MODEL" good.fa
  done
  [ "$(ls | paste -sd ' ')" = "broken.fa good.fa" ]
}

@test "a full disk is reported" {
  for out in out.tsv out.tsv.gz; do
    run -1 bash -ec "trap '' XFSZ; ulimit -f 1; exec rnnpredict -o $out '$MODEL' '$DATA/reads.fq.gz'"
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"$out: cannot be written: File too large"* ]]
  done
  run -1 bash -c 'rnntrain -q --dry-run -k 3 good.fa > /dev/full'
  [[ "$output" == *"cannot be written: No space left on device; make room, or name another place" ]]
  [ "$(ls)" = good.fa ]
}
