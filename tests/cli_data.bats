# The sequences in data/ match their description in data/README.md.
load cli

@test "the checksums in data/README.md hold, one for each file" {
  cd "$DATA"
  sed -n '/^[0-9a-f]\{64\} /p' README.md > "$BATS_TEST_TMPDIR/sums"
  sha256sum -c "$BATS_TEST_TMPDIR/sums"
  [ "$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/sums")" = "$(ls ./*.gz | sed 's|./||')" ]
}

@test "the records, bases and GC in data/README.md equal those that rnntrain counts" {
  cd "$DATA"
  awk -F ' *[|] *' '/^[|] [^ ]*gz / && NF == 9 { gsub(",", "", $6); print $2, $5, $6, $7 }' README.md \
    > "$BATS_TEST_TMPDIR/messages"
  [ "$(wc -l < "$BATS_TEST_TMPDIR/messages")" -eq 3 ]
  rnntrain -q --dry-run --valid-fraction 0 ./*.gz | awk -F '\t' 'NR > 1 {
    sub("./", "", $1)
    printf "%s %s %s %.1f\n", $1, $2, $3, 100 * ($5 + $6) / ($4 + $5 + $6 + $7) }' |
    diff - "$BATS_TEST_TMPDIR/messages"
}

@test "data/ is under 300 kB" {
  [ "$(cat "$DATA"/* | wc -c)" -lt 300000 ]
}
