# Limits set by the shell, a sandbox or the environment: on memory, stacks, processes, /proc,
# and OpenBLAS.
load cli

setup() {
  cd "$BATS_TEST_TMPDIR"
  command -v rnntrain rnnpredict
}

need_limits() {
  not_sanitized "the address sanitizer needs memory, a thread and /proc"
}

need_dynamic() {
  ldd "$BIN/rnntrain" > /dev/null 2>&1 || skip "a static program loads nothing"
}

need_root() {
  [ "$(id -u)" = 0 ] || skip "only root can do that"
}

# Limits on processes do not apply to root. "${as_nobody[@]}" COMMAND... is subject to them, and may write here.
need_process_limits() {
  need_root
  need_nobody
  chmod a+rwx .
}

# works_or_says WORD COMMAND...: the command exits with 0, or with 1 and one line that contains the word.
works_or_says() {
  local word=$1
  shift
  run --separate-stderr timeout -s KILL 600 "$@"
  echo "$status: $stderr"
  [ "$status" -eq 0 ] || [[ "$status" -eq 1 && ${#stderr_lines[@]} -eq 1 && "$stderr" =~ $word ]]
}

# one_thread COMMAND...: rnntrain run by COMMAND has one thread, reports that, and makes the same model.
one_thread() {
  train -t 3 --force -o expected "$DATA/phix174.fa.gz"
  run --separate-stderr -0 "$@" "$BIN/rnntrain" "${TINY[@]:1}" -t 3 --force -o one "$DATA/phix174.fa.gz"
  [[ "$stderr" == *"threads: 1 of 3, because the system cannot start more (see ulimit -u"* ]]
  cmp expected/model.safetensors one/model.safetensors
}

# loads COMMAND...: whether the command loads OpenBLAS.
loads() {
  run -0 env LD_DEBUG=libs "$@"
  [[ "$output" == *libopenblas* ]]
}

@test "OpenBLAS is loaded only for training" {
  need_dynamic
  loads rnntrain "${TINY[@]}" -o run "$DATA/phix174.fa.gz"
  grep -q '"openblas": "0\.' run/run.json
  run ! loads rnntrain "${TINY[@]}" --dry-run "$DATA/phix174.fa.gz"
  run ! loads rnntrain --help
  run ! loads rnnpredict --mode score run "$DATA/phix174.fa.gz"
  run -0 env -u OPENBLAS_CORETYPE rnntrain --version
  [[ "${lines[1]}" =~ ^"OpenBLAS 0."[0-9.]+" "[A-Za-z0-9]+" "(serial|pthread|openmp)"; loops for " ]]
  case "${lines[1]}" in # also if this CPU is unknown to OpenBLAS
    *x86-64-v4) [[ "${lines[1]}" == *" SkylakeX "* ]] ;;
    *x86-64-v3) [[ "${lines[1]}" == *" Haswell "* ]] ;;
  esac
  run -0 rnnpredict --version
  [[ "${lines[1]}" == "OpenBLAS not used; "* ]]
}

# calls COMMAND...: prints the number of its calls of cblas_sgemm.
calls() {
  COUNT_SGEMM=$PWD/calls LD_PRELOAD=$BIN/tests/libcount_sgemm.so "$@" > /dev/null
  cat calls
}

@test "training multiplies with BLAS, and prediction does not" {
  need_limits
  need_dynamic
  check=$(calls rnntrain --version) # the products that compare threads
  trained=$(calls rnntrain -q -e 1 -t 1 -o run "$DATA/phix174.fa.gz")
  steps=$("$PYTHON" -c 'import json; print(json.load(open("run/run.json"))["result"]["steps"])')
  echo "$check, then $trained in $steps steps"
  [ $((trained - check)) -ge $(((2 + 1) * steps)) ] # dH of 2 blocks, and dI
  full=$(calls rnntrain -q -e 1 -t 1 -k 2 --softmax full --force -o full "$DATA/phix174.fa.gz")
  echo "$full with the full softmax"
  [ "$full" -gt "$trained" ]
  rehearsed=$(calls rnntrain -q -k 3 --dry-run "$DATA/phix174.fa.gz")
  [ "$rehearsed" -eq 0 ]
  scored=$(calls rnnpredict --mode score run "$DATA/phix174.fa.gz")
  [ "$scored" -eq 0 ]
}

@test "the configured OpenBLAS is the one in use" {
  [ -n "${OPENBLAS_KIND:-}" ] || skip "OPENBLAS_KIND is not set"
  run -0 rnntrain --version
  [[ "${lines[1]}" == *" $OPENBLAS_KIND; "* ]]
}

@test "the error for a missing or broken OpenBLAS names its package" {
  need_dynamic
  mkdir lib
  echo "not a library" > lib/libopenblas.so.0
  LD_LIBRARY_PATH=$PWD/lib fails 1 "OpenBLAS cannot be loaded: " rnntrain "${TINY[@]}" -o run "$DATA/phix174.fa.gz"
  [[ "$stderr" == *"; install OpenBLAS (Debian: libopenblas0)" ]]
  gcc -shared -o lib/libopenblas.so.0 -x c /dev/null
  LD_LIBRARY_PATH=$PWD/lib fails 1 "; install OpenBLAS (Debian: libopenblas0)" rnntrain "${TINY[@]}" -o run "$DATA/phix174.fa.gz"
  need_limits
  echo "not a library" > lib/libopenblas.so.0
  LD_LIBRARY_PATH=$PWD/lib fails 1 "; raise ulimit -v, or install OpenBLAS (Debian: libopenblas0)" \
    bash -ec 'ulimit -v 200000; exec "$0" "$@"' rnntrain "${TINY[@]}" --force -o run "$DATA/phix174.fa.gz"
}

@test "each build of OpenBLAS and every number of threads gives the same model" {
  local first=
  need_dynamic
  for kind in serial openmp pthread; do
    library=/usr/lib/$(gcc -print-multiarch)/openblas-$kind
    [ -e "$library/libopenblas.so.0" ] || continue
    for threads in 1 2 5; do
      LD_LIBRARY_PATH=$library rnntrain -k 3 -e 1 -t $threads --force -o run.$kind.$threads "$DATA/phix174.fa.gz" 2> messages
      grep -q ", $threads threads\?$" messages
      first=${first:-run.$kind.$threads}
      cmp "$first/model.safetensors" run.$kind.$threads/model.safetensors
    done
  done
}

@test "under ulimit -v both programs work or report the missing memory" {
  need_limits
  train -o run "$DATA/phix174.fa.gz"
  for kilobytes in 30000 80000 120000 200000 400000 600000; do
    limited() { works_or_says "ulimit -v|memory|hread" bash -ec 'ulimit -v $0; exec "$@"' $kilobytes "$@"; }
    limited rnntrain --version
    limited rnntrain "${TINY[@]}" --force -o limited "$DATA/phix174.fa.gz"
    limited rnnpredict -t 2 --mode score run "$DATA/phix174.fa.gz"
  done
  [ "$status" -eq 0 ]
}

# spends SECONDS COMMAND...: checks that the command and its children take no more processor time.
spends() {
  local before after
  read -ra before < "/proc/$BASHPID/stat"
  "${@:2}"
  read -ra after < "/proc/$BASHPID/stat"
  [ $((after[15] + after[16] - before[15] - before[16])) -le $(($1 * $(getconf CLK_TCK))) ]
}

# Without memory for its buffers OpenBLAS retries forever. Their size is internal to it, so many limits are tried.
@test "under ulimit -v and -d training works, or reports missing memory at once" {
  need_limits
  for library in /usr/lib/"$(gcc -print-multiarch)"/openblas-{serial,openmp,pthread}; do
    [ -e "$library/libopenblas.so.0" ] || ldd "$BIN/rnntrain" > /dev/null 2>&1 || continue
    for kilobytes in 35000 {60000..540000..120000} 1000000; do
      for limit in v d; do
        LD_LIBRARY_PATH=$library spends 5 works_or_says "raise ulimit -$limit|leaves|out of memory" \
          bash -ec 'ulimit $0 $1; exec "${@:2}"' -$limit $kilobytes rnntrain "${TINY[@]}" --force -o limited "$DATA/phix174.fa.gz"
      done
    done
    [ "$status" -eq 0 ]
  done
}

@test "if the C library can start no thread, one thread gives the same result" {
  one_thread "$BIN/tests/no_clone3"
}

@test "under ulimit -u both programs work with one thread" {
  need_process_limits
  need_limits
  one_thread "${as_nobody[@]}" bash -ec 'ulimit -u 1; exec "$@"' -
  train -o run "$DATA/phix174.fa.gz"
  rnnpredict -t 3 --mode score -o expected.tsv run "$DATA/phix174.fa.gz"
  "${as_nobody[@]}" bash -ec 'ulimit -u 1; exec "$@"' - "$BIN/rnnpredict" -t 3 --mode score -o one.tsv run "$DATA/phix174.fa.gz"
  cmp expected.tsv one.tsv
}

@test "OpenBLAS is not tested if ulimit -v and ulimit -u together prevent it" {
  need_process_limits
  need_limits
  fails 1 "raise ulimit -u, or remove ulimit -v" "${as_nobody[@]}" \
    bash -ec "ulimit -v 200000; ulimit -u 1; exec $BIN/rnntrain ${TINY[*]} -o run $DATA/phix174.fa.gz"
}

@test "both programs work without /proc and when the dynamic linker starts them" {
  local linker
  need_limits
  need_dynamic
  linker=$(readelf -p .interp "$BIN/rnntrain" | grep -o '/.*')
  "$linker" "$BIN/rnntrain" --version
  "$linker" "$BIN/rnntrain" "${TINY[@]}" -o run "$DATA/phix174.fa.gz"
  "$linker" "$BIN/rnnpredict" --mode score -o expected.tsv run "$DATA/phix174.fa.gz"
  need_root
  mkdir empty
  unshare -m true || skip "no mount namespaces"
  no_proc() { unshare -m bash -ec 'mount --bind empty /proc; exec "$@"' - "$@"; }
  no_proc "$BIN/rnntrain" "${TINY[@]}" -o other "$DATA/phix174.fa.gz"
  cmp run/model.safetensors other/model.safetensors
  no_proc "$BIN/rnnpredict" --mode score -o other.tsv run "$DATA/phix174.fa.gz"
  cmp expected.tsv other.tsv
}

@test "a stack limit that is too low is raised or reported, and never causes a crash" {
  need_limits
  train -o run "$DATA/phix174.fa.gz"
  rnnpredict --mode score run "$DATA/phix174.fa.gz" > expected.tsv
  for kilobytes in 16 24 40 64 128 512; do # with less, /bin/true crashes too
    # the environment takes stack too; the core type of OpenBLAS changes last bits
    small() { env -i "PATH=$PATH" ${OPENBLAS_CORETYPE:+OPENBLAS_CORETYPE="$OPENBLAS_CORETYPE"} bash -ec 'ulimit $1 $2; exec "${@:3}"' - "$@"; }
    small -Ss $kilobytes rnntrain "${TINY[@]}" --force -o other "$DATA/phix174.fa.gz"
    cmp run/model.safetensors other/model.safetensors
    small -Ss $kilobytes rnnpredict --mode score run "$DATA/phix174.fa.gz" | cmp - expected.tsv
    for program in "rnntrain ${TINY[*]} --force -o other" "rnnpredict --mode score run"; do
      works_or_says "ulimit -s $kilobytes is too low; raise it to" \
        env -i "PATH=$PATH" bash -ec "ulimit -s $kilobytes; exec $program $DATA/phix174.fa.gz"
    done
  done
}

@test "many arguments do not overflow the stack" {
  need_limits
  names=()
  for i in {1..8000}; do names+=("$i"); done
  for kilobytes in 800 1024 8192; do
    works_or_says "1: cannot be opened|ulimit -s" bash -ec "ulimit -Ss $kilobytes"'; exec "$@"' - \
      rnntrain "${TINY[@]}" -o run "${names[@]}"
  done
}

@test "OMP_NUM_THREADS is the default of --threads, within the same limits" {
  threads() { OMP_NUM_THREADS=$1 rnntrain -k 3 -D 8 -e 1 --force -o run "${@:2}" "$DATA/phix174.fa.gz" 2>&1; }
  threads 3 | grep ", 3 threads$"
  threads 3,2 | grep ", 3 threads$"
  threads 3 -t 2 | grep ", 2 threads$"
  threads "" | grep -E ", [0-9]+ threads?$"
  for value in 0 -1 1025 99999999999999999999 1x x auto ' 2' 2.5; do
    OMP_NUM_THREADS=$value fails 2 "OMP_NUM_THREADS '$value': must be a whole number, 1..1024" \
      rnntrain -q -k 3 -D 8 -e 1 -o other "$DATA/phix174.fa.gz"
  done
}

# in_groups COMMAND...: runs it with ./groups mounted on /sys/fs/cgroup, without settings for the number of threads.
in_groups() {
  unshare -m bash -ec 'mount --bind groups /sys/fs/cgroup; unset OMP_NUM_THREADS; exec "$@"' - "$@"
}

@test "limits of control groups and their parents apply to memory and to the default of --threads" {
  need_root
  need_limits
  unshare -m true || skip "no mount namespaces"
  processors=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
  [ "$processors" -gt 1 ] || skip "there is one processor"
  version_2=groups$(sed -n 's/^0:://p' /proc/self/cgroup)
  version_1=groups/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
  mkdir -p "$version_1" "$version_2" groups/cpu
  learn() { in_groups rnntrain "${TINY[@]:1:12}" --valid-fraction 0 --force -o run "$@" "$DATA/phix174.fa.gz"; }
  learn -q
  for file in "$version_2/memory.max" groups/memory.max "$version_1/memory.limit_in_bytes" \
    groups/memory/memory.limit_in_bytes; do
    echo 1000000 > "$file"
    fails 1 "and the control group may have 1 MB" learn -q
    echo 500000000 > "$file"
    learn -q
    rm "$file"
  done
  learn 2>&1 | grep ", $processors threads$"
  echo "150000 100000" > groups/cpu.max
  learn 2>&1 | grep ", 2 threads$"
  echo "50000 100000" > groups/cpu.max
  learn 2>&1 | grep ", 1 thread$"
  learn -t 3 2>&1 | grep ", 3 threads$"
  in_groups env OMP_NUM_THREADS=3 rnntrain "${TINY[@]:1:10}" --force -o run "$DATA/phix174.fa.gz" 2>&1 | grep ", 3 threads$"
  rm groups/cpu.max
  echo 100000 > groups/cpu/cpu.cfs_quota_us
  echo 100000 > groups/cpu/cpu.cfs_period_us
  learn 2>&1 | grep ", 1 thread$"
}

# peak FILE: prints the memory for scoring the file, in kB.
peak() {
  "$PYTHON" -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
    rnnpredict -t 2 --mode score "$BATS_TEST_TMPDIR/run" "$1"
}

@test "a name of a megabyte is not copied for each piece or record of a batch" {
  need_limits
  cd "$BATS_TEST_TMPDIR"
  train -o run "$DATA/phix174.fa.gz"
  "$PYTHON" -c 'import random
random.seed(1)
long = "".join(random.choice("ACGT") for _ in range(1000000)) # 61 pieces
for name, file in (("n", "short"), ("n" * 1000000, "long")):
    open(file + "-name.fa", "w").write(">" + name + "\n" + long + "\n")
    open(file + "-names.fa", "w").write((">" + name + "\nACGTACGT\n") * 60)'
  for names in name names; do
    difference=$(($(peak long-$names.fa) - $(peak short-$names.fa)))
    echo "$names: $difference kB"
    [ "$difference" -lt 24000 ]
  done
}

# need_memory KILOBYTES
need_memory() {
  local available
  available=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
  [ "$available" -ge "$1" ] || skip "it takes $1 kB of memory, and $available are available"
}

@test "a record of more than 2^32 bases is read through a pipe and counted" {
  need_limits
  need_memory 2000000
  "$PYTHON" -c 'import sys
line = b"ACGTTGCAAG" * 600 + b"\n"
sys.stdout.buffer.write(b">long\n")
for _ in range(7200):
    sys.stdout.buffer.write(100 * line)
sys.stdout.buffer.write(b"N" + line)' | rnntrain -q --dry-run - > table
  [ "$(column bases < table)" = 4320006001 ]
  [ "$(column A < table)" = 1296001800 ]
  [ "$(column longest < table)" = 4320006001 ]
  [ "$(column segments < table)" = 2 ]
}
