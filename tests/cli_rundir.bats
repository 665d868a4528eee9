# rnntrain: the run directory, whatever becomes of it while a run writes to it.
load cli

# OLD is a run that never ends of itself; NEW another one, that is over in a moment.
BOTH=(-q -t 1 -k 2 -d 2 -D 4 -B 4 -T 16 --log-every 1 --valid-fraction 0 --schedule constant)
OLD=("${BOTH[@]}" -e 1000000 --seed 1) NEW=("${BOTH[@]}" -e 2 --seed 2)
PHIX=$DATA/phix174.fa.gz

setup() {
  mkdir "$BATS_TEST_TMPDIR/here" && cd "$BATS_TEST_TMPDIR/here"
}

# begin DIR [OPTION...]: begins OLD in DIR, of which $old is the process, up to its first rows.
begin() {
  env --default-signal=INT,TERM rnntrain "${OLD[@]}" "${@:2}" -o "$1" "$PHIX" 2> said &
  old=$!
  await [ -e "$1/run.json" ]
  [ "$#" -gt 1 ] || await logged "$1" 5
}

gone() { ! grep -qs "^State:.[^ZX]" "/proc/$old/status"; }

# ends WORDS: OLD ends with exit code 1 and these words, and does not name a model.
ends() {
  code=0
  await gone || kill -KILL "$old"
  wait "$old" || code=$?
  cat said
  [ "$code" -eq 1 ] || return 1
  [ "$(wc -l < said)" -eq 1 ] || return 1
  grep -qF -- "$1" said || return 1
  if grep -q "model:" said; then return 1; fi
}

# untouched DIR: it holds what NEW wrote when nobody disturbed it, and resumes.
untouched() {
  rnntrain "${NEW[@]}" -o wanted "$PHIX" || return
  same_run wanted "$1" || return
  rnntrain -q --resume -e 3 -o "$1" "$PHIX"
}

@test "a run whose directory was removed and begun anew ends, and leaves the new one alone" {
  begin run
  kill -STOP "$old"
  rm -rf run
  rnntrain "${NEW[@]}" -o run "$PHIX"
  kill -CONT "$old"
  ends "-o run: the directory was removed or replaced while this run was writing to it"
  untouched run
}

@test "a run whose directory was removed ends" {
  begin run
  kill -STOP "$old"
  rm -rf run
  kill -CONT "$old"
  ends "-o run: the directory was removed or replaced"
  [ ! -e run ]
}

@test "a run whose directory was moved says where to, and resumes there" {
  for next in none new; do
    rm -rf run old
    begin run --checkpoint-every 0.01s
    await [ -e run/model.safetensors ]
    kill -STOP "$old"
    mv run old
    [ "$next" = none ] || rnntrain "${NEW[@]}" -o run "$PHIX"
    kill -CONT "$old"
    ends "-o run: no longer leads to the directory of this run, which is now $PWD/old; resume"
    [ "$next" = none ] || untouched run
    epochs=$(($(tail -n 1 old/loss.tsv | cut -f 2) + 1))
    rnntrain -q --resume -e "$epochs" -o old "$PHIX"
    rm -rf alone
    rnntrain "${OLD[@]}" -e "$epochs" -o alone "$PHIX"
    same_run alone old
    rm -rf wanted
  done
}

@test "a run ends where the link that it was begun through leads elsewhere" {
  mkdir one two
  ln -s one link
  begin link --checkpoint-every 0.01s
  await [ -e one/model.safetensors ]
  kill -STOP "$old"
  ln -sfn two link
  rnntrain "${NEW[@]}" -o link "$PHIX"
  kill -CONT "$old"
  ends "-o link: no longer leads to the directory of this run, which is now $PWD/one; resume"
  untouched two
  rnntrain -q --resume -e 1 -o one "$PHIX"
}

@test "a name relative to the directory that the run was begun in" {
  mkdir place
  (cd place && exec rnntrain "${OLD[@]}" -o ../run "$PHIX" 2> ../said) &
  old=$!
  await [ -e run/run.json ]
  await logged run 5
  kill -STOP "$old"
  mv run old
  kill -CONT "$old"
  ends "-o ../run: no longer leads to the directory of this run, which is now $PWD/old"
}

@test "a directory that was moved with the path that leads to it is where it was" {
  mkdir -p place
  (cd place && exec rnntrain "${BOTH[@]}" -e 300 --seed 1 -o run "$PHIX" 2> ../said) &
  old=$!
  await logged place/run 5
  kill -STOP "$old"
  mv place moved
  kill -CONT "$old"
  wait "$old"
  [ ! -s said ]
  rnntrain "${BOTH[@]}" -e 300 --seed 1 -o alone "$PHIX"
  same_run alone moved/run
}

@test "a signal saves nothing into the directory that took the place of the run's" {
  begin run --log-every 1000000000
  kill -STOP "$old"
  mv run old
  rnntrain "${NEW[@]}" -o run "$PHIX"
  kill -TERM "$old"
  kill -CONT "$old"
  ends "-o run: no longer leads to the directory of this run"
  untouched run
}
