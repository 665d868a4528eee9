# Both programs: the steps by which a file gets to the disk and to its name.
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

# order NAME COMMAND...: prints a letter for each system call of COMMAND, in order, on the file that
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

@test "a file is flushed, then renamed, then its directory is flushed" {
  need_strace
  cp -r "$RUN" run
  for name in checkpoint.safetensors model.safetensors run.json; do
    calls=$(order "$name" rnntrain -q -t 1 --resume -e 2 -o run "$DATA/phix174.fa.gz")
    echo "$name: $calls"
    [[ "$calls" =~ ^(w+frd)+$ ]] # run.json is written when the run starts and when it ends
  done
  calls=$(order table.tsv rnnpredict -o table.tsv "$RUN" "$READS")
  echo "table.tsv: $calls"
  [[ "$calls" =~ ^w+frd$ ]]
}

# ---- a file system that names no file later -------------------------------------------------------

@test "an unnamed file that cannot be given a name is written under a temporary name" {
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
  LD_PRELOAD=$SHIM rnntrain --report --multiqc -o run 2> messages
  find run -name '*.0*' > left
  [ ! -s left ]
  [ -s run/report.html ]
}

@test "the copy under a temporary name is flushed too" {
  grep -qa /proc/self/fd/ "$BIN/rnntrain" || skip "a build with -DPORTABLE=ON makes no file without a name"
  need_strace
  SHIM=$BIN/tests/libfail_linkat.so
  [ -e "$SHIM" ] || skip "no $SHIM in this build"
  cp "$SHIM" shim.so # LD_PRELOAD is split at spaces
  calls=$(order table.tsv env LD_PRELOAD=./shim.so rnnpredict -o table.tsv "$RUN" "$READS")
  echo "$calls"
  [[ "$calls" =~ ^w+fw+frd$ ]]
}

# ---- remedies ------------------------------------------------------------------------------------

# refused WORDS COMMAND...: the command exits with 1 and one sentence that contains the words.
refused() {
  local code=0
  "${@:2}" > out 2> messages || code=$?
  cat messages
  [ "$code" -eq 1 ] || return 1
  [ "$(wc -l < messages)" -eq 1 ] || return 1
  grep -qF -- "$1" messages
}

# Runs both programs with the input file $2, or with the output $2.
reads() {
  refused "$1" train -o run "$2" || return
  refused "$1" rnnpredict "$RUN" "$2"
}
writes() {
  refused "$1" train -o "$2" good.fa || return
  refused "$1" rnnpredict -o "$2" "$RUN" good.fa
}

@test "the remedy for a file that cannot be read or written fits the cause" {
  printf '>a\n%s\n' "$(random_bases 300 1)" > good.fa
  ln -s loop loop
  long=$(printf 'a%.0s' $(seq 300))
  reads "No such file or directory; check the path" missing.fa
  reads "Not a directory; check the path: a part of it is not a directory" good.fa/x
  reads "; correct the symbolic link" loop
  reads "File name too long; use a shorter path" "$long"
  refused "-o missing/new: cannot be made in missing, which does not exist; create it first" train -o missing/new good.fa
  refused "No such file or directory; create its directory first" rnnpredict -o missing/new "$RUN" good.fa
  writes "Not a directory; check the path: a part of it is not a directory" good.fa/x
  writes "File name too long; use a shorter path" "$long"
  writes "link" loop
  [ "$(LC_ALL=C ls -A | paste -sd ' ')" = "good.fa loop messages out" ]
}

@test "a missing permission: the remedy mentions neither a directory nor disk space" {
  need_nobody
  place=$(mktemp -d)
  chmod 755 "$place"
  cp -r "$RUN/model.safetensors" "$place"
  printf '>a\n%s\n' "$(random_bases 300 1)" > "$place/good.fa"
  cp "$place/good.fa" "$place/secret.fa"
  chmod 000 "$place/secret.fa"
  chmod 644 "$place/model.safetensors" "$place/good.fa"
  chmod 555 "$place"
  predict=("${as_nobody[@]}" "$BIN/rnnpredict") train=("${as_nobody[@]}" "$BIN/rnntrain" "${TINY[@]}")
  denied="Permission denied; check the permissions"
  refused "$place/secret.fa: cannot be opened: $denied of the file" "${predict[@]}" "$place/model.safetensors" "$place/secret.fa"
  refused "$denied, or name another place" "${predict[@]}" -o "$place/new" "$place/model.safetensors" "$place/good.fa"
  refused "$denied, or name another place" "${train[@]}" -o "$place/new" "$place/good.fa"
  refused "$denied, or name another place" "${train[@]}" -o "$place" "$place/good.fa"
  chmod 755 "$place"
  rm -r "$place"
}

@test "a read-only file system: the remedy is another place" {
  unshare -rm true 2> kept || skip "nothing can be mounted here"
  printf '>a\n%s\n' "$(random_bases 300 1)" > good.fa
  # shellcheck disable=SC2016
  run -0 unshare -rm bash -euc '
    mkdir disk
    mount -t tmpfs none disk
    cp -r "$1" disk/run
    mount -o remount,bind,ro disk
    rnnpredict -o disk/new "$1" good.fa 2>> messages || echo 1 >> codes
    rnntrain -q -o disk/new good.fa 2>> messages || echo 2 >> codes
    rnntrain -q --report -o disk/run 2>> messages || echo 3 >> codes
    rnntrain -q -e 9 --resume -o disk/run "$2" 2>> messages || echo 4 >> codes' bash "$RUN" "$DATA/phix174.fa.gz"
  cat messages
  [ "$(paste -sd ' ' codes)" = "1 2 3 4" ]
  [ "$(grep -c 'Read-only file system; name a place that is not mounted read-only$' messages)" -eq 4 ]
}

@test "a full disk quota and a limit on open files: the remedy fits" {
  need_strace
  refused "uota exceeded; make room within the disk quota" \
    strace -f -o trace -e inject=fsync:error=EDQUOT rnnpredict -o x.tsv "$RUN" "$READS"
  refused "uota exceeded; make room within the disk quota" \
    strace -f -o trace -e inject=write:error=EDQUOT -P "$PWD/run/loss.tsv" rnntrain "${TINY[@]}" -o run "$READS"
  cp "$READS" reads.fq.gz
  ln -s "$RUN" model
  for command in "train -o run" "rnnpredict model"; do
    # shellcheck disable=SC2086
    refused "reads.fq.gz: cannot be opened: Too many open files; raise the limit on open files (ulimit -n)" \
      strace -f -o trace -e inject=openat:error=EMFILE -P "$PWD/reads.fq.gz" ${command/#train/rnntrain ${TINY[*]}} "$PWD/reads.fq.gz"
  done
  [ ! -e x.tsv ]
  [ ! -e run ]
}
