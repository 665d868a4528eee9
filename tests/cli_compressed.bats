# Input compressed by bzip2, xz and zstd: read like gzip, or named in an error if the build lacks the format.
load cli

setup() { cd "$BATS_TEST_TMPDIR"; }

# reads LIBRARY: whether the programs are linked with the library.
reads() {
  local libraries
  libraries=$(ldd "$BIN/rnntrain")
  [[ "$libraries" == *"$1"* ]]
}

need_all() {
  local library tool
  for library in libbz2 liblzma libzstd; do
    reads $library || skip "this build does not read all formats"
  done
  for tool in bzip2 xz zstd; do
    command -v $tool > /dev/null || skip "no $tool: apt-get install bzip2 xz-utils zstd"
  done
}

# pack FILE: compresses FILE with each program, to files beside it.
pack() {
  bzip2 -k "$1"
  xz -k "$1"
  zstd -q "$1"
}

@test "the error for a format that the build does not support names a program that unpacks it" {
  printf 'BZh91AY&SY' > some.bz2
  printf '\3757zXZ\0\0\4' > some.xz
  printf '\050\265\057\375\4\0' > some.zst
  while read -r library file program; do
    if reads "$library"; then
      fails 1 "$file: line 1: the" rnntrain -q --dry-run "$file"
      [[ "$stderr" == *"data ends early; the file was cut short, fetch it again" ]]
    else
      fails 1 "; pipe it through $program" rnntrain -q --dry-run "$file"
    fi
  done << 'END'
libbz2 some.bz2 bzcat
liblzma some.xz xzcat
libzstd some.zst zstdcat
END
}

@test "--help, the man page and --version name the formats that this build reads, and no others" {
  formats=(gzip)
  ! reads libbz2 || formats+=(bzip2)
  ! reads liblzma || formats+=(xz)
  ! reads libzstd || formats+=(zstd)
  for program in rnntrain rnnpredict; do
    for option in --help --help=man --version; do
      $program $option | tr -s ' \n' ' ' > page
      grep -o "compressed with [a-z0-9, ]*[a-z0-9]" page | sed '2,$d; s/ recognised$//' > named
      grep -oE "gzip|bzip2|xz|zstd" named > names
      printf '%s\n' "${formats[@]}" | diff - names
      grep -oE "\b(bzip2|xz|zstd)\b" page | sort -u > all || true
      printf '%s\n' "${formats[@]:1}" | sed '/^$/d' | sort | diff - all
    done
  done
}

@test "compression does not change training or validation" {
  need_all
  zcat "$DATA/phix174.fa.gz" > a.fa
  zcat "$DATA/lambda.fa.gz" | awk "NR <= 100" > b.fa
  pack a.fa
  pack b.fa
  rnntrain -q -k 3 -d 8 -D 16 -B 8 -T 16 -e 1 -t 2 -o plain --valid b.fa a.fa
  for end in bz2 xz zst; do
    rnntrain -q -k 3 -d 8 -D 16 -B 8 -T 16 -e 1 -t 2 -o $end --valid b.fa.$end a.fa.$end
    same_weights plain $end
    rnntrain -q -k 3 -d 8 -D 16 -B 8 -T 16 -e 1 -t 2 -o init-$end --init plain --valid b.fa a.fa.$end
  done
  same_weights init-bz2 init-xz
  same_weights init-bz2 init-zst
}

@test "predictions do not depend on compression or pipes" {
  need_all
  zcat "$DATA/reads.fq.gz" > a.fq
  train -o run a.fq
  pack a.fq
  for what in "--mode score" "--mode classify" "--mode next" "--mode flow"; do
    ask run "$what" a.fq > wanted
    for end in bz2 xz zst; do
      ask run "$what" a.fq.$end | cmp - wanted
    done
    cat a.fq.bz2 a.fq.bz2 | ask run "$what" - > twice
    cat a.fq a.fq | ask run "$what" - | cmp - twice
  done
}

@test "damage in a long file, read ahead, is reported with its line and record" {
  need_all
  { echo ">a"; random_bases 3000000 1 | fold -w 60; } > a.fa
  pack a.fa
  rnntrain -q --dry-run a.fa | cut -f 2- > wanted
  for end in bz2 xz zst; do
    rnntrain -q --dry-run a.fa.$end | cut -f 2- | cmp - wanted
    head -c 600000 a.fa.$end > cut.$end
    run --separate-stderr -1 rnntrain -q --dry-run cut.$end
    [[ "$stderr" =~ ^"rnntrain: cut.$end: line "[0-9]{4,}", record 'a': the "[a-z0-9]+" data ends early" ]]
    cp a.fa.$end changed.$end
    printf 'XXXXXXXX' | dd of=changed.$end bs=1 seek=600000 conv=notrunc status=none
    run --separate-stderr -1 rnntrain -q --dry-run changed.$end
    [[ "$stderr" =~ ^"rnntrain: changed.$end: line "[0-9]+.*" data is damaged (" ]]
    { cat a.fa.$end; echo x; } > more.$end
    run --separate-stderr -1 rnntrain -q --dry-run more.$end
    [[ "$stderr" == *": other bytes follow the end of the "*" data"* ]]
  done
}

@test "files compressed with unusual options are read" {
  need_all
  printf '>a\nACGTACGT\n' > a.fa
  rnntrain -q --dry-run -k 3 - < a.fa > wanted
  while read -r command; do
    bash -c "$command" < a.fa | rnntrain -q --dry-run -k 3 - > table
    cmp table wanted
  done << 'END'
bzip2 -1
bzip2 -9
xz -0
xz -9e
xz --check=none
xz --check=sha256
xz -T 2 --block-size=5
xz --x86 --lzma2
zstd -1
zstd --ultra -22
zstd --long
zstd --no-check
zstd --single-thread --no-content-size
END
}

@test "a file compressed twice is reported as such" {
  need_all
  printf '>a\nACGT\n' | gzip | xz > gz.xz
  printf '>a\nACGT\n' | zstd | bzip2 > zst.bz2
  printf '>a\nACGT\n' | xz --format=lzma > a.lzma
  fails 1 "gz.xz: was compressed twice: gzip inside xz; unpack it once" rnntrain -q --dry-run gz.xz
  fails 1 "zst.bz2: was compressed twice: zstd inside bzip2" rnntrain -q --dry-run zst.bz2
  fails 1 "a.lzma: is compressed with lzma; pipe it through xzcat" rnntrain -q --dry-run a.lzma
}
