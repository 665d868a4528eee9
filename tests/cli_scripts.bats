# scripts/demo and scripts/test before the build: packages, progress, build folders.
load cli

setup() {
  mkdir -p "$BATS_TEST_TMPDIR/clone" "$BATS_TEST_TMPDIR/bin"
  cd "$BATS_TEST_TMPDIR/clone"
  cp -r "$SOURCE/scripts" .
  bin=$BATS_TEST_TMPDIR/bin
}

# tool NAME...: makes these programs of the system available.
tool() {
  local name
  for name in "$@"; do ln -s "$(type -P "$name")" "$bin/$name"; done
}

# stub NAME SCRIPT: makes a program NAME that runs SCRIPT.
stub() {
  printf '#!%s\n%s\n' "$BASH" "$2" > "$bin/$1"
  chmod +x "$bin/$1"
}

# in_script COMMANDS: runs a script like scripts/test, without a terminal and with only the programs in $bin.
in_script() {
  printf 'set -euo pipefail\n. scripts/packages\n. scripts/build_folder\n%s\necho went on\n' "$1" > script
  setsid -w env PATH="$bin" "$BASH" script < /dev/null
}

# A Debian machine without any of the packages, for a user or for root.
debian() {
  tool bash sed grep mktemp tee cat rm find stat mkdir env
  stub id "case \$1 in -u) echo ${1:-1000};; *) echo user;; esac"
  stub dpkg-query 'echo "unknown ok not-installed"'
  stub apt-get 'echo "$0 $*" >> calls
case " $* " in
*" update "*) echo "Get:1 http://server stable InRelease [151 kB]";;
*) cat << END
Reading package lists...
The following NEW packages will be installed:
  liba make
0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.
Need to get 88.3 MB of archives.
After this operation, 398 MB of additional disk space will be used.
Get:1 http://server stable/main amd64 liba amd64 1 [8 kB]
Get:2 http://server stable/main amd64 make amd64 1 [8 kB]
Unpacking liba (1) ...
Unpacking make (1) ...
Setting up liba (1) ...
Setting up make (1) ...
END
[ ! -e full ] || { echo "E: no space left"; exit 100; };;
esac'
}

# Programs and libraries that were installed without packages.
dependencies() {
  stub cc 'exit 0'
  stub make ''
  stub cmake ''
  stub gzip ''
  stub pkg-config '[ "$1 $2" != "--exists ${without:-}" ]'
}

@test "installed packages are not installed again" {
  debian 0
  stub dpkg-query 'echo "install ok installed"'
  run -0 in_script 'need_packages $build_packages'
  [ "$output" = "went on" ]
  [ ! -e calls ]
}

@test "root installs missing packages, with a list, their size and the progress" {
  debian 0
  run --separate-stderr -0 in_script 'need_packages make'
  [ "$output" = "went on" ]
  [[ "$stderr" == "installing with apt-get"*": make"* ]]
  [[ "$stderr" == *"2 packages with their dependencies: 88.3 MB to fetch, 398 MB on disk"* ]]
  [[ "$stderr" == *"installed after "* ]]
  [[ "$stderr" != *"Reading package lists"* ]]
  grep 'apt-get install -y --no-install-recommends make$' calls
}

@test "a terminal shows the progress of an installation in one line" {
  debian 0
  printf '. scripts/packages\nneed_packages make\n' > script
  PATH=$bin "$PYTHON" "$SOURCE/tests/on_terminal.py" 2 'setting up 2 of 2.*installed after' none "$BASH" script > drawn
  tr '\r' '\n' < drawn > lines
  for progress in "the lists of packages" "fetching 2 of 2" "unpacking 1 of 2" "unpacking 2 of 2" "setting up 1 of 2"; do
    grep "^.\[K   .*$progress$" lines
  done
}

@test "a failed installation shows the output of apt-get, and ends the script if the package is needed" {
  debian 0
  touch full
  run -1 in_script 'need_packages make'
  [[ "$output" == *"Reading package lists"*"E: no space left"* ]]
  [[ "$output" != *"went on"* ]]
  dependencies
  run -0 in_script 'need_packages make libbz2-dev'
  [[ "$output" == *"E: no space left"*"found elsewhere or optional: make libbz2-dev"*"went on" ]]
}

@test "packages are installed with sudo if it needs no password" {
  debian
  stub sudo 'if [ "$1" = -n ]; then shift; fi
echo "sudo $*" >> calls
exec "$@"'
  tool true
  run -0 in_script 'need_packages make'
  grep '^sudo .*apt-get install' calls
}

@test "sudo is not waited for if nobody can type a password" {
  debian
  stub sudo 'if [ "$1" != -n ]; then : > asked; fi
exit 1'
  run -1 in_script 'need_packages make cmake'
  [ "$output" = "these packages are missing; as root: apt-get install make cmake" ]
  [ ! -e asked ]
}

@test "sudo asks for the password on a terminal, once, before the progress begins" {
  debian
  tool true
  stub sudo 'case $1 in
-v) printf "[sudo] password: " >&2; read -r word < /dev/tty; echo "$word" > known; exit;;
-n) shift;;
esac
[ -e known ] || exit 1
exec "$@"'
  printf '. scripts/packages\nneed_packages make\n' > script
  PATH=$bin "$PYTHON" "$SOURCE/tests/on_terminal.py" 02 'password: ' 'type:secret\n' "$(type -P setsid)" -cw "$BASH" script > drawn
  grep secret known
  [ "$(grep -c 'password:' drawn)" -eq 1 ]
  grep 'installed after' drawn
}

@test "without root and sudo, one sentence lists the missing packages, or the dependencies found elsewhere" {
  debian
  run -1 in_script 'need_packages $build_packages gzip'
  [[ "$output" == "these packages are missing; as root: apt-get install gcc libc6-dev make"*" gzip" ]]
  [ "${#lines[@]}" -eq 1 ]
  stub conda ''
  run -1 in_script 'need_packages $build_packages gzip'
  [[ "$output" == *" gzip; or without root: conda install "* ]]
  dependencies
  run -0 in_script 'need_packages $build_packages gzip'
  [[ "${lines[0]}" == "not installed as Debian packages, but found elsewhere or optional: gcc "* ]]
  [ "${lines[1]}" = "went on" ]
}

@test "without apt-get, one sentence names the dependencies and the command of the system" {
  debian
  rm "$bin/apt-get" "$bin/dpkg-query"
  dependencies
  run -0 in_script 'need_packages $build_packages gzip'
  [ "${#lines[@]}" -eq 2 ]
  for name in "a C compiler" make CMake pkg-config OpenBLAS zlib libdeflate jansson; do
    [[ "${lines[0]}" == *" $name"* ]]
  done
  export without=libdeflate
  rm "$bin/cmake"
  for manager in "" "dnf install" "pacman -S" "apk add" "brew install" "conda install"; do
    if [ -n "$manager" ]; then stub "${manager% *}" ''; fi
    run in_script 'need_packages $build_packages gzip'
    [ "$status" -eq 1 ]
    if [ -n "$manager" ]; then rm "$bin/${manager% *}"; fi
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"and CMake, libdeflate cannot be found; the build needs a C compiler, make, CMake, pkg-config, OpenBLAS, zlib, libdeflate and jansson"* ]]
    [[ "$output" == *"$manager"* ]]
  done
}

@test "without apt-get, each missing dependency is detected" {
  debian
  rm "$bin/apt-get" "$bin/dpkg-query"
  dependencies
  for library in openblas zlib libdeflate jansson; do
    export without=$library
    run -1 in_script 'need_packages $build_packages gzip'
  done
  export without=
  for program in cc make cmake gzip pkg-config; do
    mv "$bin/$program" hidden
    run -1 in_script 'need_packages $build_packages gzip'
    mv hidden "$bin/$program"
  done
  stub cc 'exit 1' # a compiler without a C library
  run -1 in_script 'need_packages $build_packages gzip'
  [[ "$output" == *"the headers of the C library"* ]]
}

# ---- build folders --------------------------------------------------------------------------------

# Makes a small CMake project in this directory and builds it.
small_project() {
  printf 'cmake_minimum_required(VERSION 3.21)\nproject(small NONE)\nadd_custom_target(all_of_it ALL)\n' > CMakeLists.txt
  printf '{"version": 3, "configurePresets": [{"name": "release", "generator": "Unix Makefiles",
    "binaryDir": "${sourceDir}/build/release"}],
    "buildPresets": [{"name": "release", "configurePreset": "release"}]}\n' > CMakePresets.json
  here "need_build_folder release; cmake_build release"
}

here() { bash -euo pipefail -c ". scripts/build_folder; $1"; }

@test "the build folder of a clone that was moved or copied is built again, with one message" {
  small_project
  touch build/release/mine
  cd ..
  mv clone moved
  cp -r moved copied
  for place in moved copied; do
    cd "$BATS_TEST_TMPDIR/$place"
    run here "cmake_build release"
    [ "$status" -ne 0 ]
    run -0 here "need_build_folder release"
    [ "$output" = "build/release was made in another place, $BATS_TEST_TMPDIR/clone; building it again" ]
    here "cmake_build release"
    [ -e build/release/mine ]
  done
}

@test "a build folder at its original path is kept" {
  small_project
  cp -p build/release/CMakeCache.txt kept
  ln -s clone ../link
  cd ../link
  run -0 here "need_build_folder release"
  [ "$output" = "" ]
  cmp kept build/release/CMakeCache.txt
  here "cmake_build release"
}

@test "the error for a build folder of another user is one sentence with its path" {
  need_nobody
  [ "$EUID" -eq 0 ] || skip "nobody else here"
  small_project
  chmod -R a+rX "$BATS_TEST_TMPDIR"
  for change in true "chown -R 65534 build/release" "chown -R 0 build" "chmod a+w build" "chmod a+w build/release"; do
    $change
    run -1 "${as_nobody[@]}" bash -euo pipefail -c ". scripts/build_folder; need_build_folder release"
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == *"cannot write to build"*", which belongs to root; as root: chown -R "*" $PWD/build" ]]
  done
  chown -R 65534 build
  : > build/release/install_manifest.txt # after sudo cmake --install
  ln -s /etc/passwd nowhere build/release
  "${as_nobody[@]}" bash -euo pipefail -c ". scripts/build_folder; need_build_folder release"
  rm -r build
  run -1 "${as_nobody[@]}" bash -euo pipefail -c ". scripts/build_folder; need_build_folder release"
  [[ "$output" == *"cannot write to $PWD, which belongs to root; as root: chown -R "*" $PWD" ]]
}

@test "a read-only clone is reported as such" {
  need_mounts
  run -1 unshare --mount --propagation private bash -euo pipefail -c 'mount --bind . .
mount -o remount,bind,ro .
cd "$PWD"
. scripts/build_folder
need_build_folder release'
  [ "${#lines[@]}" -eq 1 ]
  [[ "$output" == *"Read-only file system" ]]
}

@test "a build shows its progress, and its output only if it fails" {
  small_project
  stub slow 'printf "%s\n" "-- Configuring done" "[ 50%] Building C object a.c.o" "odd line" "[100%] Linking C executable a"; exit $1'
  run -0 here "with_progress read_build '$bin/slow' 0"
  [ "$output" = "" ]
  run -3 here "with_progress read_build '$bin/slow' 3"
  [[ "$output" == *"odd line"* ]]
  "$PYTHON" "$SOURCE/tests/on_terminal.py" 2 'compiling: 100%' none bash -ec ". scripts/build_folder; with_progress read_build '$bin/slow' 0" > drawn
  [ "$(grep -o 'configuring' drawn | wc -l)" -eq 1 ]
  grep 'compiling: 50%' drawn
}

# ---- bare systems ---------------------------------------------------------------------------------

# need_mounts: skips the test unless a chroot in its own namespaces can be made.
need_mounts() {
  [ "$EUID" -eq 0 ] || skip "not root"
  setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork true || skip "no namespaces here"
}

# skipped_because REASON COMMAND...: checks for exit code 77 with $subject and the reason as the last line.
skipped_because() {
  run -77 "${@:2}"
  [ "${lines[-1]}" = "$subject: $1" ]
}

# skipped_with_reasons SUBJECT SCRIPT
skipped_with_reasons() {
  local subject=$1 script=$2
  rm -f "$bin/debootstrap"
  skipped_because "only root can make a chroot" "${as_nobody[@]}" bash "scripts/$script"
  skipped_because "debootstrap is not installed" env PATH="$bin" bash "scripts/$script"
  stub debootstrap 'echo no route; exit 1'
  local PATH=$bin:$PATH
  skipped_because "debootstrap cannot install it" env -C scripts "./$script"
  [[ "$output" == *"no route"* ]]
  skipped_because "unshare cannot make namespaces" setpriv --bounding-set -sys_admin "scripts/$script"
}

@test "scripts for bare systems skip with a reason without root, debootstrap, namespaces or network" {
  need_nobody
  need_mounts
  tool bash env dirname id
  skipped_with_reasons "Debian 13" test-debian13
  skipped_with_reasons packages package
  skipped_with_reasons installation test-install
}

@test "the end of the Debian 13 stage, by any cause, ends its processes and removes its files" {
  local long=600.$$ signal stage
  need_mounts
  stub debootstrap "touch build/debian13/seen; sleep $long & touch build/began; sleep $long"
  printf 'PATH=%s:$PATH\nscripts/test-debian13 &\nwait\n' "$bin" > script
  for signal in TERM KILL; do
    bash script 3>&- &
    await test -e build/began
    stage=$(pgrep -f scripts/test-debian13 -P $!)
    kill -"$signal" "$stage"
    wait $! || true
    await bash -c "! pgrep -x -f 'sleep $long'"
    run -0 ls -A build/debian13
    [ "$output" = "" ]
    run -1 grep "$PWD/build/debian13" /proc/mounts
    rm build/began
  done
}

# ---- arm64 ----------------------------------------------------------------------------------------

@test "arm64 is skipped with a reason without a cross compiler, qemu or libraries" {
  debian
  tool dirname tail ln
  run -77 env PATH="$bin" bash scripts/test-arm64
  [ "${lines[-1]}" = "arm64: the cross compiler or qemu is not installed" ]
  run -77 env PATH="$bin" bash scripts/tarball arm64
  [ "${lines[-1]}" = "arm64: the cross compiler or qemu is not installed" ]
  run -2 env PATH="$bin" bash scripts/tarball i386
  [ "$output" = "scripts/tarball: 'i386': must be x86-64 or arm64" ]
  stub dpkg-query 'echo "install ok installed"'
  stub apt-get 'echo "E: no route"; exit 100'
  run -77 env PATH="$bin" bash scripts/test-arm64
  [ "${lines[-1]}" = "arm64: apt-get cannot fetch its libraries: E: no route" ]
}

# ---- packages -------------------------------------------------------------------------------------

# names COLUMN: prints the names that this column of scripts/packages.tsv has for all dependencies of a build.
names() { bash -ec ". scripts/packages; column $1 build format extra" | tr ' ' '\n' | sort; }

@test "the Debian package needs the packages that scripts/demo installs" {
  # build-essential, which every Debian package may use, has a compiler and make; pkgconf is the new pkg-config.
  {
    printf '%s\n' gcc libc6-dev make
    sed -n '/^Build-Depends:/,/^Standards/p' "$SOURCE/debian/control" | sed 's/^Build-Depends://; /^Standards/d' |
      tr ',' '\n' | sed '/nocheck/d; /debhelper/d; s/\[.*//; s/ //g; s/^pkgconf$/pkg-config/; /^$/d'
  } | sort > depends
  names debian | diff - depends
}

@test "the Containerfile installs the packages that scripts/demo installs" {
  awk '/^RUN apt-get/ { on = 1; sub(/.*--no-install-recommends/, "") } on { print } on && !/\\$/ { exit }' \
    "$SOURCE/packaging/Containerfile" | tr -s ' \\' '\n' | sed '/^$/d' | sort > installed
  names debian | diff - installed
}

@test "the recipe for conda needs the packages in the table" {
  sed -n '/^requirements:/,/^  run:/s/^    - //p' "$SOURCE/packaging/bioconda/meta.yaml" |
    sed 's/^{{ compiler("c") }}$/c-compiler/' | sort > required
  names conda | sed 's/^bioconda:://' | sort | diff - required
}

@test "all files of the release have the same version and date" {
  version=$(sed -n 's/^project(kmer-rnn VERSION \([0-9.]*\) .*/\1/p' "$SOURCE/CMakeLists.txt")
  released=$(sed -n 's/^set(RELEASED \([^ )]*\)).*/\1/p' "$SOURCE/CMakeLists.txt")
  [[ "$version" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
  [[ "$released" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]]
  grep -qxF "## $version ($released)" <(grep -m 1 '^## ' "$SOURCE/CHANGELOG.md")
  grep -q "^kmer-rnn ($version-" <(head -n 1 "$SOURCE/debian/changelog")
  grep -qx "version: $version" "$SOURCE/CITATION.cff"
  grep -qx "date-released: $released" "$SOURCE/CITATION.cff"
  grep -qF "version = \"$version\"" "$SOURCE/packaging/bioconda/meta.yaml"
}

@test "the help and the man page have the citation of CITATION.cff" {
  field() { sed -n "s/^ *-* *$1: \"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" "$SOURCE/CITATION.cff"; }
  citation="$(field name). $(field title), version $(field version)."
  for program in rnntrain rnnpredict; do
    grep -qF "to cite: $citation" <("$program" --help | tr -s ' \n' ' ')
    grep -qF "To cite: $citation" <("$program" --help=man | tr -d '\\' | tr -s ' \n' ' ')
  done
}
