# Options, help, version and completion of both programs.
load cli

setup() { cd "$BATS_TEST_TMPDIR"; }

# refuses PROGRAM OPTION VALUE RANGE: checks for a usage error that names all three.
refuses() {
  fails 2 "$2 '$3': must be " "$1" "$2" "$3" -o run "$DATA/phix174.fa.gz"
  [[ "$stderr" == *"$4"* ]]
  [ ! -e run ]
}

@test "help goes to stdout, exits 0 and fits 80 columns" {
  for program in rnntrain rnnpredict; do
    run --separate-stderr -0 "$program" --help
    [ -z "$stderr" ]
    [[ "$output" == *"usage: $program "* ]]
    awk 'length($0) > 80 { print "too wide: " $0; wide = 1 } END { exit wide }' <<< "$output"
    run -0 "$program" -h
  done
}

@test "the first line of --version has the program, the version, and git's description of an untagged commit" {
  for program in rnntrain rnnpredict; do
    run --separate-stderr -0 "$program" --version
    [ -z "$stderr" ]
    [[ "${lines[0]}" =~ ^$program\ [0-9]+\.[0-9]+\.[0-9]+(\ \([-.a-z0-9]+\))?$ ]]
    run -0 "$program" -V
  done
}

@test "the man page and completions have every option in the help" {
  for program in rnntrain rnnpredict; do
    "$program" --help=man | sed 's/\\-/-/g' > page
    "$program" --help=bash > bash
    "$program" --help=zsh > zsh
    "$program" --help=fish | sed 's/ -l / --/' > fish
    for option in $("$program" --help | grep -oE '^  (-.,|   ) --[a-z-]+' | grep -oE -- '--.*'); do
      for text in page bash zsh fish; do grep -qe "$option\>" $text || { echo "$text: $option"; false; }; done
    done
  done
}

@test "the list of modes that the tests run is complete" {
  modes=$(words rnnpredict mode)
  for mode in $modes; do
    [ $mode = next ] || [[ " ${ASKS[*]} ${ALONE[*]} " == *" --mode $mode "* ]]
  done
}

@test "the man pages have the usual sections in the usual order" {
  wanted="NAME SYNOPSIS DESCRIPTION OPTIONS EXIT STATUS ENVIRONMENT FILES BUGS EXAMPLES AUTHORS SEE ALSO"
  for program in rnntrain rnnpredict; do
    [ "$("$program" --help=man | sed -n 's/^\.SH //p' | paste -sd ' ')" = "$wanted" ]
    "$program" --help=man | grep -A 1 '^\.B OMP_NUM_THREADS$' | grep '^Number of threads'
  done
}

@test "--mode has a line for each mode in the help and in the man page" {
  rnnpredict --help | sed -n '/^ *--mode WORD/,/^$/p' > help
  rnnpredict --help=man | sed -n '/^\.B .*mode/,/^\.SS/p' > page
  for mode in $(words rnnpredict mode); do
    grep -E "^ {27}$mode: [a-z]" help
    grep -B 1 "^$mode: [a-z]" page | grep '^\.br$'
    rnnpredict --help=man | grep "^\.B Mode $mode$"
  done
  [ "$(wc -l < help)" -eq 12 ] # the first line, ten modes, an empty line
  grep -qF 'trace|flow|info' page
}

@test "the man pages are formatted without a warning" {
  command -v groff || skip "no groff"
  for program in rnntrain rnnpredict; do
    "$program" --help=man > page
    groff -man -Tutf8 -ww page > text 2> warnings
    [ ! -s warnings ]
    grep -qF '[options]' text
  done
  command -v mandoc || skip "no mandoc: only groff formatted them"
  for program in rnntrain rnnpredict; do
    "$program" --help=man | mandoc -T lint -W warning
  done
}

@test "the date of the man pages is that of the version" {
  released=$(sed -n 's/^date-released: //p' "$SOURCE/CITATION.cff")
  rnntrain --help=man > page
  grep -E "^\.TH RNNTRAIN 1 $released " page
}

@test "help after a mode describes the mode and lists only its options" {
  rnnpredict --mode=sample --help > help
  grep '^Mode sample: new sequence' help
  if grep -E -e '--mode (classify|variants|trace) |^ *(next|score): ' help; then false; fi
  rnnpredict --mode trace --help | grep -x '       rnnpredict --mode trace --weights FILE \[options\] \[FILE...\]'
  rnnpredict --help --no-header --mode sample | diff help -
  rnnpredict -h run --mode=sample reads.fq | diff help -
  if grep '^Mode next' help; then false; fi
  grep -oE '^  (-.,|   ) --[a-z-]+' help | sed 's/.*--//' > listed
  printf '%s\n' mode memory length count temperature top-k top-p prompt seed format no-header threads output help version |
    diff - listed
  rnnpredict --help > all
  for option in $(< listed); do
    grep -- " --$option\>" all
  done
  if grep '^Mode' all; then false; fi
  grep 'Kind of output; see --mode WORD --help' all
  rnnpredict --help --mode no-such-mode | diff all -
  grep '^with --mode' all | sort | uniq -d > twice
  [ ! -s twice ]
  grep -e ' --vcf' all
}

@test "bash completes options of the mode, words and files" {
  touch genome.fa
  for program in rnntrain rnnpredict; do $program --help=bash > $program; done
  bash -n rnntrain
  completes() { # WANTED WORD...
    bash -ec '. "./$2"; wanted=$1; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _$1 || [ -z "$wanted" ]
             echo "${COMPREPLY[*]}"; [ "${COMPREPLY[*]}" = "$wanted" ]' - "$@"
  }
  completes --dry-run rnntrain --dr
  completes full rnntrain --softmax fu
  completes genome.fa rnntrain -k 4 gen
  completes "man bash zsh fish" rnntrain --help =
  completes --circular rnnpredict --mode score --ci
  completes "" rnnpredict --mode score --win
  completes --window rnnpredict --mode = track --win
  completes "" rnnpredict --mode=track --ver --vc
  completes "--threads --top --temperature --top-k --top-p --timesteps" rnnpredict --t
  completes "--threads --temperature --top-k --top-p" rnnpredict --mode sample --t
  mkdir named
  cd named
  touch "my genome.fa"
  cp ../rnntrain .
  completes "my genome.fa" rnntrain my
}

@test "zsh completes options of the mode, words and files" {
  command -v zsh || skip "no zsh: apt-get install zsh"
  for program in rnntrain rnnpredict; do
    $program --help=zsh > _$program
    zsh -n _$program
  done
  # Types a line and a tab on a pseudo-terminal; Control-G then writes the completed line to a file.
  cat > .zshrc <<'END'
PROMPT=
fpath=($PWD $fpath)
autoload -Uz compinit
compinit -u -D
show() { print -r -- "[$BUFFER]" > new; BUFFER=; mv new shown }
zle -N show
bindkey '^G' show
zle-line-init() { : > ready }
zle -N zle-line-init
END
  cat > type <<'END'
zmodload zsh/zpty
zpty shell env TERM=dumb ZDOTDIR=$PWD zsh -i
until [[ -e ready ]]; do sleep 0.01; done
zpty -w -n shell "$1"$'\t\a'
until [[ -e shown ]]; do sleep 0.01; done
zpty -d shell
END
  touch genome.fa
  completes() { # WANTED TYPED
    rm -f ready shown
    timeout 60 zsh -f type "$2"
    echo "$2 -> $(cat shown)"
    [ "$(cat shown)" = "[$1]" ]
  }
  completes "rnntrain --dry-run " "rnntrain --dr"
  completes "rnntrain --softmax=full " "rnntrain --softmax=fu"
  completes "rnntrain -k 4 genome.fa " "rnntrain -k 4 gen"
  completes "rnnpredict --mode score --circular " "rnnpredict --mode score --ci"
  completes "rnnpredict --mode score --win" "rnnpredict --mode score --win"
  completes "rnnpredict --mode=track --window=" "rnnpredict --mode=track --win"
  completes "rnnpredict --vcf=" "rnnpredict --vc"
}

@test "fish completes options of the mode, words and files" {
  command -v fish || skip "no fish: apt-get install fish"
  for program in rnntrain rnnpredict; do
    $program --help=fish > $program.fish
    fish --no-execute $program.fish
  done
  touch genome.fa
  completes() { # WANTED TYPED
    HOME=$PWD fish -c 'source rnntrain.fish; source rnnpredict.fish; complete -C $argv[1]' "$2" | cut -f 1 > offered
    echo "$2 -> $(cat offered)"
    [ "$(paste -sd ' ' offered)" = "$1" ]
  }
  completes --dry-run "rnntrain --dr"
  completes full "rnntrain --softmax fu"
  completes --softmax=full "rnntrain --softmax=fu"
  completes genome.fa "rnntrain -k 4 gen"
  completes genome.fa "rnnpredict -o gen"
  completes "" "rnntrain -k gen"
  completes "--help=bash --help=fish --help=man --help=zsh" "rnntrain --help="
  completes --circular "rnnpredict --mode score --ci"
  completes "" "rnnpredict --mode score --win"
  completes --window "rnnpredict --mode=track --win"
  completes "" "rnnpredict --mode=track --vc"
  completes "--temperature --threads --timesteps --top --top-k --top-p" "rnnpredict --t"
  completes "--temperature --threads --top-k --top-p" "rnnpredict --mode sample --t"
}

@test "a number must be whole, finite and in range; the error names option, value and range" {
  for value in 4x 0 13 +4 4.0 0x4 -1 "" " 4" 99999999999999999999; do
    refuses rnntrain -k "$value" "a whole number, 1..12"
  done
  refuses rnntrain --kmer 4x "1..12"
  refuses rnntrain -s 0 "1..12"
  refuses rnntrain -D 1e3 "1..65536"
  refuses rnntrain --seed -1 "0..9007199254740992"
  for seed in 9007199254740993 18446744073709551616 18446744073709551617 +1 " 1" 1e3 0x10 1.0; do
    refuses rnntrain --seed "$seed" "0..9007199254740992"
    refuses rnnpredict --seed "$seed" "0..9007199254740992"
  done
  refuses rnntrain --warmup 9007199254740993 "0..9007199254740992"
  refuses rnnpredict --length 1099511627777 "1..1099511627776"
  refuses rnntrain -t 0 "1..1024"
  for value in nan inf -1 1e999 0.5x ""; do
    refuses rnntrain --clip "$value" "a number, 0.."
  done
  refuses rnntrain --warmup 1.5 "a whole number, 0.."
  refuses rnntrain --valid-fraction 1 "0..0.9"
  refuses rnntrain --learning-rate 0 "a number"
  refuses rnnpredict --top 0 "a whole number, 1.."
  refuses rnnpredict --threads 2x "1..1024"
}

@test "a duration has a number and a unit" {
  for value in 10q 0 -5s s nan 1h30; do
    refuses rnntrain --max-time "$value" "90s, 10m or 2h"
  done
}

@test "a word must be one of those listed" {
  refuses rnntrain --softmax ful "followers|full"
  refuses rnntrain --activation Tanh "$(words rnntrain activation | tr ' ' '|')"
  refuses rnnpredict --mode nxt "next|score|track|classify|variants|sample|embed|trace|flow|info"
  fails 2 "--help 'html': must be one of man|bash|zsh|fish" rnntrain --help=html
}

@test "options that exclude each other are refused" {
  fails 2 "-s '5': must be at most k = 4" rnntrain -o run -s 5 -k 4 "$DATA/phix174.fa.gz"
  fails 2 "-B 65536 -T 65536" rnntrain -o run -B 65536 -T 65536 "$DATA/phix174.fa.gz"
  fails 2 "-o DIR" rnntrain "$DATA/phix174.fa.gz"
  fails 2 "no sequence" rnnpredict --mode info run "$DATA/phix174.fa.gz"
}

@test "the error for an unknown option shows it as typed" {
  fails 2 "'--frobnicate'" rnntrain --frobnicate -o run "$DATA/phix174.fa.gz"
  fails 2 "'-z'" rnntrain -z -o run "$DATA/phix174.fa.gz"
  fails 2 "z'" rnntrain -zq -o run "$DATA/phix174.fa.gz"
  fails 2 "--quiet" rnntrain --quiet=yes -o run "$DATA/phix174.fa.gz"
  fails 2 "'-k' needs a value" rnntrain -o run "$DATA/phix174.fa.gz" -k
  fails 2 "-o" rnnpredict run -o
}

@test "an unknown option or word gets the nearest one as a suggestion" {
  fails 2 "unknown option '--hiden'; did you mean --hidden?" rnntrain --hiden 64 genome.fa
  fails 2 "unknown option '--hiden=64'; did you mean --hidden?" rnntrain --hiden=64 genome.fa
  fails 2 "unknown option '-hidden'; did you mean --hidden?" rnntrain -hidden 64 genome.fa
  fails 2 "unknown option '-K'; did you mean -k?" rnntrain -K 3 genome.fa
  fails 2 "; did you mean adam?" rnntrain --optimizer adm genome.fa
  fails 2 "; did you mean track?" rnnpredict --mode trak run reads.fq
  fails 2 "unknown option '--wndow'; did you mean --window?" rnnpredict --wndow 5 run reads.fq
  fails 2 "unknown option '--frobnicate'; see --help" rnnpredict --frobnicate run reads.fq
}

@test "the error for an ambiguous abbreviation lists the candidates" {
  fails 2 "option '--s' is ambiguous: it may be --stride, --strands, --softmax, --schedule or --seed" rnntrain --s 2
  fails 2 "option '--top-' is ambiguous: it may be --top-k or --top-p" rnnpredict --top-=2 run
  run -0 rnntrain --vers
}

@test "without arguments the usage lines and a hint to --help are printed" {
  for program in rnntrain rnnpredict; do
    run --separate-stderr -2 "$program"
    [ -z "$output" ]
    [[ "${stderr_lines[0]}" == "usage: $program "* ]]
    [ "${stderr_lines[-1]}" = "$program --help lists the options" ]
    "$program" --help | grep -A 9 ^usage: | sed '/^$/,$d' > usage
    diff usage <(head -n -1 <<< "$stderr")
  done
}

@test "options may follow files, and -- ends the options" {
  zcat "$DATA/phix174.fa.gz" > ./-phix.fa
  rnntrain "$DATA/phix174.fa.gz" "${TINY[@]}" -o after
  rnntrain "${TINY[@]}" -o before -- -phix.fa
  same_weights after before
  rnnpredict after "$DATA/phix174.fa.gz" --mode score | grep ^phix > /dev/null
}

@test "help that cannot be written is an error" {
  [ -w /dev/full ] || skip "no /dev/full"
  for program in rnntrain rnnpredict; do
    run -1 sh -c "$program --help > /dev/full"
    [[ "$output" == *"standard output"*"No space left"* ]]
  done
}
