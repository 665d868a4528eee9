# CMake before and after the build: rejected targets, a build without tests, install and uninstall.
load cli

setup() {
  cd "$BATS_TEST_TMPDIR"
  command -v cmake > /dev/null || skip "no cmake"
}

# refuses WORD OPTION...: CMake fails with one sentence that contains the word.
refuses() {
  rm -rf build
  run --separate-stderr ! cmake -S "$SOURCE" -B build "${@:2}"
  echo "$stderr"
  [ "$(grep -c '^CMake' <<< "$stderr")" -eq 1 ]
  [[ "$(tr -s ' \n' ' ' <<< "$stderr")" == *"$1"* ]]
}

need_x86_64() {
  [ "$(uname -m)" = x86_64 ] || skip "other options on another CPU"
}

@test "a 32-bit target is refused, with and without its libraries" {
  need_x86_64
  for options in -DCMAKE_C_FLAGS=-m32 -DCMAKE_C_FLAGS=-mx32; do
    refuses "The target has 32-bit pointers" "$options"
  done
  CFLAGS=-m32 refuses "The target has 32-bit pointers"
  CC="gcc -m32" refuses "The target has 32-bit pointers"
  echo 'set(CMAKE_C_FLAGS_INIT -m32)' > toolchain.cmake
  refuses "The target has 32-bit pointers" -DCMAKE_TOOLCHAIN_FILE="$PWD/toolchain.cmake"
}

@test "CMake warns that macOS and FreeBSD are untested, and refuses other systems" {
  for system in Darwin FreeBSD; do
    rm -rf build
    run -0 cmake -S "$SOURCE" -B build -DBUILD_TESTING=OFF -DCMAKE_SYSTEM_NAME=$system
    [[ "$output" == *"kmer-rnn is expected to work on $system, but not tested there"* ]]
  done
  for option in MPI STATIC; do
    refuses "MPI and STATIC are for Linux" -D$option=ON -DCMAKE_SYSTEM_NAME=Darwin
  done
  for system in GNU NetBSD SunOS; do
    refuses "The target's system is $system" -DCMAKE_SYSTEM_NAME=$system
  done
}

# Without _GNU_SOURCE, functions that only glibc has are not declared.
@test "with -DPORTABLE=ON the source uses only POSIX and functions that macOS has" {
  cmake -S "$SOURCE" -B build -DPORTABLE=ON -DBUILD_TESTING=OFF -DCMAKE_EXPORT_COMPILE_COMMANDS=ON > /dev/null
  sed -n 's/^ *"command": "\(.*\)",$/\1 -fsyntax-only -Werror -O0/p' build/compile_commands.json | sed 's/\\"/"/g; s/\\\\/\\/g' > commands
  [ "$(wc -l < commands)" -gt 100 ]
  grep -qv _GNU_SOURCE commands
  tr '\n' '\0' < commands | xargs -0 -n 1 -P 2 sh -c
}

@test "the target of a cross compiler is refused if it is 32-bit or big-endian" {
  command -v clang > /dev/null || skip "no clang"
  for target in arm-linux-gnueabihf i686-linux-gnu; do
    refuses "The target has 32-bit pointers" -DCMAKE_C_COMPILER=clang -DCMAKE_C_COMPILER_TARGET=$target
  done
  for target in s390x-linux-gnu powerpc64-linux-gnu; do
    refuses "The target is big-endian" -DCMAKE_C_COMPILER=clang -DCMAKE_C_COMPILER_TARGET=$target
  done
  for compiler in s390x-linux-gnu-gcc powerpc64-linux-gnu-gcc; do
    if ! command -v $compiler; then continue; fi
    refuses "The target is big-endian" -DCMAKE_C_COMPILER=$compiler
  done
}

@test "a compiler that computes float in a wider type is refused" {
  need_x86_64
  refuses "in a wider type" -DCMAKE_C_COMPILER=gcc -DCMAKE_C_FLAGS=-mfpmath=387
}

@test "a compiler other than gcc and clang is refused" {
  refuses "The compiler is TinyCC" -DCMAKE_C_COMPILER_ID_RUN=1 -DCMAKE_C_COMPILER_ID=TinyCC
}

@test "-ffast-math in CFLAGS has no effect" {
  for compiler in gcc clang; do
    if ! command -v $compiler; then continue; fi
    for flags in -ffast-math "-Ofast -funsafe-math-optimizations" -ffinite-math-only; do
      rm -rf build
      CFLAGS=$flags cmake -S "$SOURCE" -B build -DCMAKE_C_COMPILER=$compiler -DCMAKE_EXPORT_COMPILE_COMMANDS=ON > /dev/null
      for source in rnn kernels_loops; do
        command=$(sed -n "s/^ *\"command\": \"\(.*\) -o .*[/]$source\.c.*/\1/p;T;q" build/compile_commands.json)
        [[ "$command" == *"$flags"* ]]
        run -0 bash -c "${command//\\/} -dM -E -x c /dev/null"
        if grep -E '__FAST_MATH__|__FINITE_MATH_ONLY__ 1' <<< "$output"; then false; fi
      done
    done
  done
}

@test "-DBUILD_TESTING=OFF builds only the programs, without bats and cmocka" {
  cmake -S "$SOURCE" -B build -DBUILD_TESTING=OFF > /dev/null
  run -0 cmake --build build --target help
  [[ "$output" == *rnnpredict* ]]
  [[ "$output" != *test_* ]]
  [[ "$output" != *bench_* ]]
  if grep -E "^(CMOCKA|BATS)" build/CMakeCache.txt; then false; fi
  run -0 ctest --test-dir build -N
  [[ "$output" == *"Total Tests: 0" ]]
}

@test "bats of Ubuntu 22.04 is too old for the tests of the command lines, and CMake reports it" {
  printf '#!/bin/sh\necho Bats 1.2.1\n' > bats
  chmod +x bats
  run -0 cmake -S "$SOURCE" -B build -DBATS="$PWD/bats"
  [[ "$output" == *"Tests of the command lines are left out: bats 1.2.1 is older than 1.7"* ]]
  run -0 ctest --test-dir build -N
  [[ "$output" == *": kernels"* ]]
  [[ "$output" != *": cli_"* ]]
}

@test "-DHOMEPAGE sets the address in help, version and man page" {
  cmake -S "$SOURCE" -B build -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Debug -DHOMEPAGE=https://example.org/k > /dev/null
  cmake --build build --target rnnpredict -j 2 > /dev/null
  [ "$(build/rnnpredict --help | tail -n 1)" = "Homepage and bug reports: https://example.org/k" ]
  [ "$(build/rnnpredict --version | tail -n 1)" = "homepage and bug reports: https://example.org/k" ]
  build/rnnpredict --help=man | grep -A 1 '^\.SH BUGS' | grep '^Report bugs at https://example.org/k, '
}

# Uses another build directory and prefix, because $BIN may have been installed, or /usr/local be in use.
@test "uninstall removes the installed files and nothing else, with --prefix and DESTDIR" {
  [ -f "$BIN/cmake_install.cmake" ] || skip "$BIN is no build directory"
  cmake -S "$SOURCE" -B build -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX="$PWD/usr" > /dev/null
  cp -p "$BIN"/rnn{train,predict}{,.1,.bash,.fish} "$BIN"/_rnn{train,predict} build
  uninstall() { cmake --build build --target uninstall; }
  nothing_was_installed() {
    run -0 uninstall
    grep -qx -- "-- Nothing to uninstall: nothing was installed .*" <<< "$output"
    if grep -e 'CMake' -e '\*\*\*' <<< "$output"; then false; fi # signs of an error of CMake or make
  }
  nothing_was_installed
  mkdir -p "a (place)/bin"
  touch "a (place)/bin/another"
  cmake --install build --prefix "$PWD/a (place)"
  [ "$(find "a (place)" -type f | wc -l)" -eq 11 ]
  "a (place)/bin/rnntrain" --version
  uninstall
  left=$(find "a (place)" -type f)
  [ "$left" = "a (place)/bin/another" ]
  nothing_was_installed
  DESTDIR=$PWD/root cmake --install build
  [ "$(find root -type f | wc -l)" -eq 10 ]
  run -0 uninstall
  [[ "$output" == *"Nothing to uninstall: "*"if DESTDIR was set for the installation, set it again"* ]]
  [[ "$output" != *"Not there"* ]]
  rm "root$PWD/usr/bin/rnntrain"
  mkdir "root$PWD/usr/bin/rnntrain" # it cannot be removed, not even by root
  DESTDIR=$PWD/root run ! uninstall
  [[ "$(tr -s ' \n' ' ' <<< "$output")" == *"/usr/bin/rnntrain cannot be removed; uninstall as the user who installed it"* ]]
  rmdir "root$PWD/usr/bin/rnntrain"
  DESTDIR=$PWD/root run -0 uninstall
  [[ "$output" == *"Not there: $PWD/root$PWD/usr/bin/rnntrain"* ]]
  left=$(find root -type f)
  [ -z "$left" ]
}

@test "the presets and CMakeLists.txt work with CMake 3.22 of Ubuntu 22.04" {
  grep -q '^cmake_minimum_required(VERSION 3\.22)' "$SOURCE/CMakeLists.txt"
  "$PYTHON" -c 'import json, sys
presets = json.load(open(sys.argv[1]))
assert presets["version"] == 3, presets["version"]
assert presets["cmakeMinimumRequired"] == {"major": 3, "minor": 22, "patch": 0}' "$SOURCE/CMakePresets.json"
}

# pretend MODULE VERSION: makes pkg-config report this version of a library.
pretend() {
  mkdir -p modules
  printf 'Name: %s\nDescription: %s\nVersion: %s\n' "$1" "$1" "$2" > modules/$1.pc
}

@test "the error for a missing or outdated library names its packages on five systems" {
  mkdir none
  PKG_CONFIG_LIBDIR=$PWD/none refuses "OpenBLAS is missing; packages: libopenblas-dev (Debian, Ubuntu), openblas-devel (Fedora), openblas (Arch Linux), openblas-dev (Alpine Linux), openblas (Homebrew), openblas (conda)"
  pretend jansson 2.10
  PKG_CONFIG_PATH=$PWD/modules refuses "jansson 2.10 is older than 2.11; packages: libjansson-dev (Debian, Ubuntu), jansson-devel (Fedora), jansson (Arch Linux)"
  refuses "pkg-config is missing; packages: pkg-config (Debian, Ubuntu), pkgconf-pkg-config (Fedora), pkgconf (Arch Linux)" \
    -DPKG_CONFIG_EXECUTABLE="$PWD/none/pkg-config"
}

@test "CMake names the packages of an optional library that is missing" {
  pretend htslib 1.9
  rm -rf build
  PKG_CONFIG_PATH=$PWD/modules run -0 cmake -S "$SOURCE" -B build -DBUILD_TESTING=OFF
  [[ "$output" == *"VCF and BCF will not be read: HTSlib 1.9 is older than 1.10; packages: libhts-dev (Debian, Ubuntu), htslib-devel (Fedora), htslib-dev (Alpine Linux), htslib (Homebrew), bioconda::htslib (conda)"* ]]
}

@test "the table of packages is complete" {
  awk -F '\t' 'NF != 9 { print; wrong = 1 }
    NR > 1 && $2 !~ /^(build|format|extra|mpi)$/ { print; wrong = 1 }
    END { exit wrong }' "$SOURCE/scripts/packages.tsv"
}

# describes TEXT: the description of the commit in this directory, for version 1.0.0.
describes() {
  cmake -DSOURCE="$PWD" -DVERSION=1.0.0 -DHEADER="$PWD/../header.h" -P "$SOURCE/scripts/describe.cmake"
  [ "$(cat ../header.h)" = "#define DESCRIPTION \"$1\"" ]
}

@test "git describes a commit that is not the tag of the version" {
  command -v git > /dev/null || skip "no git"
  commit() { git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m "$1"; }
  mkdir clone
  cd clone
  describes "" # as in a tarball
  git init -q .
  echo a > file
  git add file
  commit one
  describes " ($(git rev-parse --short HEAD))"
  git tag v1.0.0
  describes ""
  touch -d 2020-01-01 ../header.h
  describes ""
  [ "$(date -r ../header.h +%Y)" = 2020 ] # and nothing is compiled again
  commit two
  describes " (v1.0.0-1-g$(git rev-parse --short HEAD))"
  echo b > file
  describes " (v1.0.0-1-g$(git rev-parse --short HEAD)-dirty)"
  PATH=$PWD:$PATH
  printf '#!/bin/sh\nexit 1\n' > git # one that fails, or refuses the folder of somebody else
  chmod +x git
  describes ""
}

# cross OPTION...: a cross build for this CPU, whose programs are not run: they may not even exist. Only its pages are made.
cross() {
  rm -rf build
  cmake -S "$SOURCE" -B build -G "Unix Makefiles" -DBUILD_TESTING=OFF -DCMAKE_SYSTEM_NAME=Linux \
    -DCMAKE_SYSTEM_PROCESSOR="$(uname -m)" -DCMAKE_INSTALL_PREFIX="$PWD/usr" "$@"
}

# Prints the commands after the linking of rnntrain.
after_linking() { grep -e ' --help=' build/CMakeFiles/rnntrain.dir/build.make; }

@test "a cross build without an emulator runs none of its programs and has no man pages" {
  run -0 cross
  [ "$(grep -c 'cannot run its programs to make man pages and completions' <<< "$output")" -eq 1 ]
  run -1 after_linking
  cp -p "$BIN"/rnn{train,predict} build
  cmake --install build
  [ "$(find usr -type f | wc -l)" -eq 2 ]
}

@test "a cross build takes its man pages from a native build" {
  mkdir native
  refuses "has no rnntrain: name the folder of a finished native build" -DCMAKE_SYSTEM_NAME=Linux \
    -DCMAKE_SYSTEM_PROCESSOR="$(uname -m)" -DNATIVE="$PWD/native"
  for program in rnntrain rnnpredict; do
    printf '#!/bin/sh\necho "%s $*"\n' $program > native/$program
    chmod +x native/$program
  done
  run -0 cross -DNATIVE="$PWD/native"
  [[ "$output" != *"cannot run"* ]]
  after_linking | sed 's/^\t//' > commands
  env -C build sh -e "$PWD/commands"
  [ "$(cat build/rnntrain.1)" = "rnntrain --help=man" ]
  [ "$(cat build/_rnntrain)" = "rnntrain --help=zsh" ]
}

@test "a cross build makes its man pages in the emulator if there is one" {
  run -0 cross -DCMAKE_CROSSCOMPILING_EMULATOR=/usr/bin/emulate
  [[ "$output" != *"cannot run"* ]]
  run -0 after_linking
  [[ "${lines[0]}" == *"/usr/bin/emulate "*"rnntrain --help=man > rnntrain.1" ]]
}
