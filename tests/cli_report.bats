# Reports on a run: report.html and MultiQC's files, and the logs in R and pandas.
load cli

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  rnntrain -q -k 3 -d 8 -D 16 -B 8 -T 16 -e 6 -t 2 --log-every 10 --report --multiqc -o run "$DATA/lambda.fa.gz"
  train -e 3 --report --multiqc -o plain "$DATA/phix174.fa.gz"
}

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  RUN=$BATS_FILE_TMPDIR/run PLAIN=$BATS_FILE_TMPDIR/plain
}

# ---- the page ------------------------------------------------------------------------------------

@test "report.html is self-contained and shows the run's numbers" {
  "$PYTHON" "$SOURCE/tests/report.py" "$RUN"
  "$PYTHON" "$SOURCE/tests/report.py" "$PLAIN"
  [ "$(grep -c "<svg" "$RUN/report.html")" -ge 12 ] # the speed of a run that short may not be known
}

@test "report.html shows the bits over all bases if they differ, as for short reads" {
  train -e 3 --report --valid "$DATA/reads.fq.gz" -o reads "$DATA/phix174.fa.gz"
  "$PYTHON" "$SOURCE/tests/report.py" reads
  grep "over all bases" reads/report.html
  run ! grep "over all bases" "$PLAIN/report.html"
}

@test "report.html shows the number of bases that options exclude, if the run has recorded it" {
  zcat "$DATA/phix174.fa.gz" | awk 'NR % 9 == 3 { $0 = tolower($0) } 1' > soft.fa
  train --lowercase ambiguous --report -o soft soft.fa
  "$PYTHON" "$SOURCE/tests/report.py" soft
  grep -q "<th>masked</th>" soft/report.html
  sed -i '/"masked"/d' soft/run.json # as one of an older version
  rnntrain -q --report -o soft
  "$PYTHON" "$SOURCE/tests/report.py" soft
}

@test "report.html depends only on the files in the run directory" {
  cp -r "$RUN" moved
  rm moved/report.html moved/*mqc*
  run -0 --separate-stderr rnntrain --report -o moved
  [ -z "$output" ]
  [ "$stderr" = "report: moved/report.html" ]
  cmp moved/report.html "$RUN/report.html"
  LC_ALL=C ls moved > there
  [ "$(paste -sd ' ' there)" = "checkpoint.safetensors loss.tsv model.safetensors report.html run.json timestep_loss.tsv" ]
  (cd moved && rnntrain -q --report --multiqc -o .)
  cmp moved/report.html "$RUN/report.html"
  cmp moved/rnntrain_loss_mqc.json <(sed 's/"run": /"moved": /' "$RUN/rnntrain_loss_mqc.json")
}

@test "report.html: markup in the names of files and records does not get into the page" {
  local name="<b onclick=x>&amp;\"'.fa"
  { echo '><script>alert(1)</script>'; zcat "$DATA/phix174.fa.gz" | tail -n +2; } > "$name"
  train --report -o "<i>run" "$name"
  "$PYTHON" "$SOURCE/tests/report.py" "<i>run"
  run ! grep -E '<b |<i>|<script' "<i>run/report.html"
  grep -q '<h1>&#60;b onclick=x&#62;&#38;amp;&#34;&#39;.fa</h1>' "<i>run/report.html"
  "$PYTHON" -c 'import json
run = json.load(open("<i>run/run.json"))
run["status"] = "<u>done"; run["options"]["<dfn>"] = {"<dfn>": "</table>"}; run["openblas"] = "</main>"
json.dump(run, open("<i>run/run.json", "w"))'
  rnntrain -q --report -o "<i>run"
  run ! grep -E '<u>|<dfn>|</table>"' "<i>run/report.html"
  [ "$(grep -c '</main>' "<i>run/report.html")" -eq 1 ]
}

@test "the mean predictions after each k-mer and the example passage follow from the equations" {
  need_numpy
  local options=(-q -d 8 -B 8 -T 16 -t 2 --report)
  "$PYTHON" "$SOURCE/tests/examination.py" "$RUN" "$DATA/lambda.fa.gz"
  rnntrain "${options[@]}" -k 5 -s 2 -D 64 --softmax full --activation tanh -e 2 -o strides "$DATA/lambda.fa.gz"
  "$PYTHON" "$SOURCE/tests/examination.py" strides "$DATA/lambda.fa.gz"
  "$PYTHON" "$SOURCE/tests/report.py" strides
  rnntrain "${options[@]}" -k 2 -D 16 -e 1 -o reads --valid "$DATA/reads.fq.gz" "$DATA/phix174.fa.gz"
  "$PYTHON" "$SOURCE/tests/examination.py" reads "$DATA/reads.fq.gz"
  "$PYTHON" "$SOURCE/tests/report.py" reads
}

@test "a k-mer missing from the validation has no prediction, and a short passage is shown whole" {
  need_numpy
  { echo ">few"; echo ACGTTGCAACGTNACGTACG; } > few.fa
  for k in 1 3; do
    rnntrain -q -k $k -d 4 -D 4 -B 8 -T 16 -e 1 -t 1 --report -o run$k --valid few.fa "$DATA/phix174.fa.gz"
    "$PYTHON" "$SOURCE/tests/examination.py" run$k few.fa
    "$PYTHON" "$SOURCE/tests/report.py" run$k
  done
  grep -q '<title>A after AAA: never seen</title>' run3/report.html
  "$PYTHON" -c 'import json
passage = json.load(open("run3/run.json"))["passage"]
assert (passage["record"], passage["from"], passage["bases"]) == ("few", 4, "TTGCAACGT")'
}

@test "the size of report.html does not grow with the number of k-mers" {
  rnntrain -q -k 8 -d 4 -D 16 -e 1 --report -o large "$DATA/lambda.fa.gz"
  "$PYTHON" "$SOURCE/tests/report.py" large
  [ "$(grep -o '<title>A after [ACGT]*: ' large/report.html | sort -u | wc -l)" -eq 256 ]
}

@test "report.html warns if the Markov model is better" {
  rnntrain -q -k 3 -D 16 -e 1 --learning-rate 1e-9 --report -o bad "$DATA/lambda.fa.gz"
  "$PYTHON" "$SOURCE/tests/report.py" bad
  grep -q '<p class="verdict bad"><strong>The network loses to the best Markov model</strong> by ' bad/report.html
}

@test "report.html folds options with default values, also defaults derived from other options" {
  local options=(-q -k 3 -D 16 --report)
  rnntrain "${options[@]}" -o usual "$DATA/phix174.fa.gz"
  rnntrain "${options[@]}" -e 3 -B 16 --learning-rate 0.005 --optimizer momentum -o other "$DATA/phix174.fa.gz"
  rnntrain "${options[@]}" -e 10 -B 128 -o wide "$DATA/phix174.fa.gz"
  rnntrain "${options[@]}" --max-time 60 -e 2 -o timed "$DATA/phix174.fa.gz"
  "$PYTHON" - << 'EOF'
import re
for run, unusual in (('usual', ''), ('other', 'epochs lanes learning-rate optimizer'), ('wide', 'lanes'), ('timed', 'max-time epochs')):
    text = open(run + '/report.html').read().split('<h2>Options</h2>')[1]
    given, folded = (re.findall('<dt>([^<]*)</dt>', part) for part in text.split('</details>')[0].split('<details>'))
    wanted = {'kmer', 'hidden', 'output', 'report', 'quiet', 'threads', *unusual.split()}
    assert set(given) == wanted and not wanted & set(folded) and len(folded) > 20, (run, given)
EOF
}

@test "report.html shows whether a run is running, stopped or diverged" {
  cp "$DATA/phix174.fa.gz" a.fa.gz
  rnntrain -q -k 3 -D 16 -e 100000 --checkpoint-every 1s --log-every 10 -o run a.fa.gz &
  local pid=$! ended=0
  await [ -s run/model.safetensors ]
  rnntrain -q --report -o run
  grep -q '<strong>running</strong>: this page follows it' run/report.html
  grep -Eq '<meta http-equiv="refresh" content="([2-9]|1[0-9]|20)">' run/report.html
  kill -TERM "$pid"
  wait "$pid" || ended=$?
  [ "$ended" -eq 143 ]
  rnntrain -q --report -o run
  "$PYTHON" "$SOURCE/tests/report.py" run
  grep -q '<strong>interrupted</strong>' run/report.html
  run -3 rnntrain -q -k 3 -D 16 --activation relu --optimizer sgd --learning-rate 1e8 --clip 0 --report -o wild a.fa.gz
  grep -q '<strong>diverged</strong>' wild/report.html
  "$PYTHON" "$SOURCE/tests/report.py" wild
}

@test "--report and --multiqc write between checkpoints and at the end of an interrupted run" {
  rnntrain -q -k 3 -D 16 -e 10000 --report --multiqc -o run "$DATA/phix174.fa.gz" &
  local pid=$! ended=0
  await [ -s run/report.html ]
  cp run/checkpoint.safetensors first.safetensors
  await grep -q '<path class="line c1"' run/report.html
  grep -q '<strong>running</strong>' run/report.html
  await grep -q '"kmers": [1-9]' run/rnntrain_mqc.json
  grep -q '"status": "running"' run/run.json
  cmp run/checkpoint.safetensors first.safetensors
  kill -TERM "$pid"
  wait "$pid" || ended=$?
  [ "$ended" -eq 143 ]
  [ -s run/rnntrain_mqc.json ]
  grep -q '<strong>interrupted</strong>' run/report.html
  grep '"started"' run/run.json > started
  sleep 1
  rnntrain -q --resume -e 1 -o run "$DATA/phix174.fa.gz" # still with a report
  grep -q '<strong>done</strong>' run/report.html
  grep '"started"' run/run.json | cmp - started
}

@test "a new run that replaces another removes its report" {
  cp -r "$RUN" run
  train --force -o run "$DATA/phix174.fa.gz"
  LC_ALL=C ls run > there
  [ "$(paste -sd ' ' there)" = "checkpoint.safetensors loss.tsv model.safetensors run.json timestep_loss.tsv" ]
  mkdir other
  echo mine > other/report.html
  fails 1 "holds a run already" rnntrain -q -o other "$DATA/phix174.fa.gz"
  [ "$(cat other/report.html)" = mine ]
}

# ---- MultiQC -------------------------------------------------------------------------------------

@test "--multiqc: the files have the run's results under the name of its directory" {
  "$PYTHON" - "$RUN" "$PLAIN" << 'EOF'
import json, sys
for directory in sys.argv[1:]:
    name = directory.split('/')[-1]
    run = json.load(open(directory + '/run.json'))
    table = json.load(open(directory + '/rnntrain_mqc.json'))
    loss = json.load(open(directory + '/rnntrain_loss_mqc.json'))
    assert table['plot_type'] == 'generalstats' and loss['plot_type'] == 'linegraph'
    row = table['data'][name]
    assert row['kmers'] == run['result']['tokens']
    assert row.get('bits_per_base') == run['result']['best_valid_bits_per_base']
    assert {key for column in table['pconfig'] for key in column} >= set(row)
    names, *rows = [line.rstrip('\n').split('\t') for line in open(directory + '/loss.tsv')]
    column = names.index('valid_bits_per_base' if name == 'run' else 'train_bits_per_base')
    assert loss['pconfig']['y_lines'][0]['value'] == 2
    name += '' if name == 'run' else ' (training)'
    assert loss['data'][name] == [[int(r[2]), float(r[column])] for r in rows if r[column] != 'NA']
    assert len(loss['data'][name]) > 1
EOF
}

@test "--multiqc: the name of a directory need not be UTF-8" {
  local name=$'caf\xe9 \x01\xc3\xa9"x'
  cp -r "$RUN" "$name"
  rnntrain -q --multiqc -o "$name"
  "$PYTHON" -c 'import json, os, sys
for file in "rnntrain_mqc.json", "rnntrain_loss_mqc.json":
    data = json.load(open(os.path.join(os.fsencode(sys.argv[1]), file.encode()), encoding="utf-8"))["data"]
    assert list(data) == ["caf\u00e9 _\u00e9\"x"], data' "$name"
}

@test "--multiqc: MultiQC collects the runs" {
  command -v multiqc || skip "no MultiQC: pip install multiqc"
  mkdir runs
  cp -r "$RUN" "$PLAIN" runs
  multiqc -q runs
  [ "$(column Sample < multiqc_data/multiqc_general_stats.txt | sort | paste -sd ' ')" = "plain run" ]
  [ "$(wc -l < multiqc_data/multiqc_rnntrain_loss_plot.txt)" -ge 2 ]
}

# ---- logs ----------------------------------------------------------------------------------------

@test "R reads loss.tsv and timestep_loss.tsv as numbers without options" {
  command -v Rscript || skip "no R: apt-get install r-base-core"
  Rscript -e 'for (name in c("loss.tsv", "timestep_loss.tsv")) {
    t <- read.delim(file.path(commandArgs(TRUE), name)); stopifnot(sapply(t, is.numeric), nrow(t) > 20) }' "$RUN"
}

@test "pandas reads loss.tsv and timestep_loss.tsv as numbers without options" {
  "$PYTHON" -c 'import pandas' 2> /dev/null || skip "no pandas: apt-get install python3-pandas"
  "$PYTHON" -c 'import pandas, sys
for name in ("loss.tsv", "timestep_loss.tsv"):
    t = pandas.read_table(f"{sys.argv[1]}/{name}")
    assert len(t) > 20 and all(kind.kind in "if" for kind in t.dtypes)' "$RUN"
}

# ---- errors --------------------------------------------------------------------------------------

@test "--report: a directory that is not a run, or was changed, is an error and gets no page" {
  cp -r "$RUN" run
  rm run/report.html
  fails 1 "missing/run.json: cannot be opened" rnntrain --report -o missing
  mkdir empty
  fails 1 "empty/run.json: cannot be opened" rnntrain --report -o empty
  mv run/loss.tsv kept
  fails 1 "run/loss.tsv: cannot be opened" rnntrain --report -o run
  sed '3s/\t/ /' kept > run/loss.tsv
  fails 1 "run/loss.tsv: line 3: is not a row of 10 numbers" rnntrain --report -o run
  sed '4s/$/\t1/' kept > run/loss.tsv
  fails 1 "run/loss.tsv: line 4" rnntrain --report -o run
  sed '5s/\t[^\t]*\t/\tx\t/' kept > run/loss.tsv
  fails 1 "run/loss.tsv: line 5" rnntrain --report -o run
  for broken in '' 'wrong\theader\n' '\0\0\0'; do
    printf "$broken" > run/loss.tsv
    fails 1 "run/loss.tsv: does not begin with the names of its columns" rnntrain --report -o run
  done
  head -c 1000 kept > run/loss.tsv # a line is being written
  rnntrain -q --report -o run
  rm run/report.html
  cp kept run/loss.tsv
  cp run/run.json kept
  echo '[]' > run/run.json
  fails 1 "run/run.json: is not a JSON object" rnntrain --report -o run
  head -c 100 kept > run/run.json
  fails 1 "run/run.json: is not a JSON object" rnntrain --report -o run
  cp kept run/run.json
  rm run/loss.tsv
  fails 1 "run/loss.tsv: cannot be opened" rnntrain --report -o run
  [ ! -e run/report.html ]
}

@test "--report: missing values are not drawn, and the page is made quickly" {
  cp -r "$RUN" run
  change() {
    "$PYTHON" -c 'import json, sys
run = json.load(open("run/run.json"))
exec(sys.argv[1])
json.dump(run, open("run/run.json", "w"))' "$1"
    with_cpu 20 rnntrain -q --report -o run
    tr -d '[:print:]\n' < run/report.html > odd
    [ ! -s odd ]
    run ! grep -E '[0-9 ,]-?nan|[0-9 ]-?inf' run/report.html
  }
  change 'run["parameters"] = 1e300; run["inputs"][0]["bytes"] = -1e40; run["result"]["seconds"] = 1e300'
  change 'run["options"]["clip"] = 1e300'
  change 'run["gradient_flow"][0]["median"] = 1e-300; run["gradient_flow"][1]["median"] = 1e300'
  change 'run["calibration"] = [{}, {"probability": "x"}]; run["gradient_flow"] = 7; del run["markov"]; run["inputs"] = {"0": 1}'
  change 'run["next_base"]["A"][3] = run["passage"]["C"][2] = 1e300; run["next_base"]["predictions"] = [0] * 64
run["passage"]["G"][1] = -1; run["passage"]["h_most"] = None; run["passage"]["from"] = 1e300; run["passage"]["units"][0] = "x"'
  change 'run["next_base"]["k"] = 5; run["passage"]["h"][0] = "012"'
  run ! grep -E 'class="(map|strip)"' run/report.html
  change 'run["next_base"] = []; run["passage"] = {"bases": "ACGN"}'
  awk -v OFS='\t' 'NR == 3 { $5 = "1e308"; $6 = "-inf"; $7 = "nan"; $8 = "-1e308" } 1' "$RUN/loss.tsv" > run/loss.tsv
  cp "$RUN/run.json" run
  change ''
}

@test "--report: the page of a log of 200,000 rows is of ordinary size and shows the peaks" {
  cp -r "$RUN" run
  head -n 1 "$RUN/loss.tsv" > run/loss.tsv
  awk 'BEGIN { OFS = "\t"; for (i = 1; i <= 200000; i++)
    print i * 50, 1, i * 768, i / 10, 0.003, i % 1000 ? 0.05 : 5, 1.3, 1.9, i % 3 ? "NA" : 1.29, i % 3 ? "NA" : 1.86 }' >> run/loss.tsv
  rnntrain -q --report -o run
  [ "$(stat -c %s run/report.html)" -lt 300000 ]
  "$PYTHON" - << 'EOF'
import sys
sys.argv = ['', 'run']
sys.path.insert(0, __import__('os').environ['SOURCE'] + '/tests')
source = open(sys.path[0] + '/report.py').read().split('# The page fetches nothing.')[0]
exec(source)
chart = Chart(parts['Gradient'], log=True)
assert max(y for _, y in chart.bands['1']) > 4.9 and len(chart.lines['1']) <= 500
assert all(abs(y / 7680 - 1) < 0.01 for _, y in Chart(parts['Speed']).lines['1'])
chart = Chart(parts['Loss'])
assert len(chart.dots) == 0 and len(chart.lines['2']) <= 500
EOF
}

@test "--report: if the page cannot be written, the existing one stays" {
  cp -r "$RUN" run
  report() { ulimit -f 8 || return; rnntrain --report -o run; }
  cp run/report.html kept
  fails 1 "run/report.html: cannot be written: File too large" report
  cmp run/report.html kept
  LC_ALL=C ls -A run | grep -c report | grep -x 1
}

@test "--report, --multiqc: options that exclude each other are refused" {
  fails 2 "--epochs: there is no FILE to train on" rnntrain --report -e 3 -o "$RUN"
  fails 2 "--resume: there is no FILE to train on" rnntrain --report --resume -o "$RUN"
  fails 2 "no input file" rnntrain -o "$RUN"
  fails 2 "-o DIR is missing" rnntrain --report
  fails 2 "--dry-run: writes nothing" rnntrain --report --dry-run "$DATA/phix174.fa.gz"
}

@test "a pipe, a device or a directory in place of a file is reported at once" {
  train --valid-fraction 0.1 -o run "$DATA/phix174.fa.gz"
  for file in run.json loss.tsv timestep_loss.tsv; do
    for kind in pipe device directory; do
      rm -rf odd
      cp -r run odd
      rm odd/$file
      case $kind in
        pipe) mkfifo odd/$file ;;
        device) ln -s /dev/zero odd/$file ;;
        directory) mkdir odd/$file ;;
      esac
      for what in --report --multiqc; do
        fails 1 "odd/$file: is a $kind, not a regular file" timeout 600 rnntrain $what -o odd
      done
    done
  done
}

@test "a report on very many files takes little memory; a larger run.json than any run writes is rejected" {
  not_sanitized "a sanitizer takes more"
  train --valid-fraction 0.1 -o run "$DATA/phix174.fa.gz"
  cp run/run.json small.json
  "$PYTHON" -c 'import json
run = json.load(open("small.json"))
for name in "inputs", "validation":
    run[name] = [dict(run[name][0], file="directory/of/files/%d.fa" % i) for i in range(66000)]
json.dump(run, open("run/run.json", "w"), indent=2)
begin = json.dumps(dict(run, inputs=[], validation=[]))[:-1]
open("many.json", "w").write(begin + ", \"odd\": [" + 19999999 * "0, " + "0]}")
open("long.json", "w").write(begin + ", \"odd\": \"" + 60000000 * "0" + "\"}")'
  [ "$(wc -c < run/run.json)" -gt 40000000 ]
  ulimit -v 600000
  rnntrain --report -o run
  [ "$(grep -c 'The first 100 of 66000 files:' run/report.html)" -ge 1 ]
  for odd in many long; do
    cp $odd.json run/run.json
    fails 1 "run.json: is larger than any run.json of rnntrain" rnntrain --report -o run
  done
}
