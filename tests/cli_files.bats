# Both programs: how a file gets to the disk and under its name.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  train -o run "$DATA/phix174.fa.gz"
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run READS=$DATA/reads.fq.gz
}

need_strace() {
  command -v strace > /dev/null || skip "no strace: apt-get install strace"
  strace -o kept true 2> kept || skip "strace may not trace here"
}

# order NAME COMMAND...: a letter for each call of COMMAND, in their order, that touches the file that
# becomes NAME: w (write), f (flush it), r (rename it), d (flush the directory it was renamed in).
order() {
  local name=$1
  shift
  strace -f -y -e trace=write,writev,pwrite64,fsync,fdatasync,rename,renameat,renameat2 -o trace "$@"
  awk -v name="$name" '
    { file = index($0, "/" name ".") || index($0, "/#"); sync = / f(data)?sync\(/ }
    / rename/ && index($0, "\"" name "\")") { printf "r"; renamed = 1; next }
    / p?write/ && file { printf "w" }
    sync && file { printf "f" }
    sync && renamed { renamed = 0; if ($0 ~ /\/[^\/.#>]*>/) printf "d" }' trace
}

@test "a file is flushed, renamed, and its directory flushed, in this order" {
  need_strace
  cp -r "$RUN" run
  for name in checkpoint.safetensors model.safetensors run.json; do
    calls=$(order "$name" rnntrain -q -t 1 --resume -e 2 -o run "$DATA/phix174.fa.gz")
    echo "$name: $calls"
    [[ "$calls" =~ ^w+frd$ ]]
  done
  calls=$(order table.tsv rnnpredict -o table.tsv "$RUN" "$READS")
  echo "table.tsv: $calls"
  [[ "$calls" =~ ^w+frd$ ]]
}

# ---- a file system that names no file later -------------------------------------------------------

@test "where a file without a name cannot be given one, it is written under a temporary name" {
  SHIM=$BIN/tests/libfail_linkat.so
  [ -e "$SHIM" ] || skip "no $SHIM in this build"
  for what in "" "--positions all"; do
    ask "$RUN" "$what" "$READS" > wanted
    for error in 1 2 18 22 95; do # EPERM ENOENT EXDEV EINVAL EOPNOTSUPP
      rm -f table.tsv
      FAIL_LINKAT=$error LD_PRELOAD=$SHIM ask "$RUN" "$what" -o table.tsv "$READS"
      cmp wanted table.tsv
      chmod 640 table.tsv
      FAIL_LINKAT=$error LD_PRELOAD=$SHIM ask "$RUN" "$what" -o table.tsv "$READS"
      cmp wanted table.tsv
      [ "$(stat -c %a table.tsv)" = 640 ]
    done
  done
  [ "$(LC_ALL=C ls -A | paste -sd ' ')" = "table.tsv wanted" ]
  rm table.tsv
  LD_PRELOAD=$SHIM rnnpredict -o table.tsv "$RUN" "$READS"
  [ "$(stat -c %a table.tsv)" = "$(printf %o $((0666 & ~$(umask))))" ]
  cp -r "$RUN" run
  LD_PRELOAD=$SHIM rnntrain --report --multiqc -o run 2> said
  find run -name '*.0*' > left
  [ ! -s left ]
  [ -s run/report.html ]
}

@test "the copy under a temporary name is flushed too" {
  need_strace
  SHIM=$BIN/tests/libfail_linkat.so
  [ -e "$SHIM" ] || skip "no $SHIM in this build"
  calls=$(order table.tsv env LD_PRELOAD="$SHIM" rnnpredict -o table.tsv "$RUN" "$READS")
  echo "$calls"
  [[ "$calls" =~ ^w+fw+frd$ ]]
}
