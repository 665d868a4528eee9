# Commands and output in the documents, compared with the programs.
load cli

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
}

@test "every link in the documents leads to an existing file and heading" {
  cd "$SOURCE"
  "$PYTHON" -c '
import glob, json, os, re
def headings(path):
    # A comment in a shell block is not a heading. A repeated heading has another anchor.
    lines = re.sub(r"^```.*?^```$", "", text(path), flags=re.M | re.S).split("\n")
    anchors = [re.sub("[^a-z0-9_ -]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
               for line in lines if re.match("#+ ", line)]
    assert len(set(anchors)) == len(anchors), (path, sorted(anchors))
    return anchors
links = 0
def text(page):
    if page.endswith(".md"):
        return open(page).read()
    return "\n".join("".join(cell["source"]) for cell in json.load(open(page))["cells"] if cell["cell_type"] == "markdown")
for page in glob.glob("*.md") + glob.glob("docs/*.md") + glob.glob("docs/*.ipynb") + glob.glob("data/*.md"):
    for link in re.findall(r"\]\(([^)\s]+)\)", text(page)) + re.findall(r"<img src=.([^ \"]+)", text(page)):
        if link.startswith("http"):
            continue
        path, _, place = link.partition("#")
        path = os.path.join(os.path.dirname(page), path) if path else page
        assert os.path.exists(path), (page, link)
        assert not place or place in headings(path), (page, link)
        links += 1
assert links > 20'
}

@test "every test named in the documents exists, and README.md names one for each promise" {
  cd "$SOURCE"
  "$PYTHON" -c '
import glob, os, re
for page in glob.glob("*.md") + glob.glob("docs/*.md") + glob.glob("data/*.md"):
    for name in re.findall(r"\b(?:cli|test)_[a-z0-9_]+\b", open(page).read()):
        assert glob.glob("tests/" + name + ".*"), (page, name)
promises = open("README.md").read().split("## Promises")[1].split("\n## ")[0]
rows = [row for row in promises.split("\n") if row.startswith("| ")][1:]
assert len(rows) >= 10
for row in rows:
    assert "](tests/" in row.split(" | ")[1] or "`bench/" in row.split(" | ")[1], row'
}

# A copy of the source tree without builds, on a machine with all packages installed.
fresh_clone() {
  mkdir clone home root bin
  tar -C "$SOURCE" --exclude=./build --exclude=./.git -cf - . | tar -C clone -xf -
  printf '#!/bin/sh\necho install ok installed\n' > bin/dpkg-query
  printf '#!/bin/sh\nexit 1\n' > bin/apt-get
  printf '#!/bin/sh\nDESTDIR="%s" exec "$@"\n' "$PWD/root" > bin/sudo
  chmod +x bin/*
}

@test "README.md: the first commands run as printed, and the demo's output is correct" {
  [ "${BIN##*/}" = release ] || skip "the demo is tested with the preset release"
  fresh_clone
  sed -n '/^## First steps$/,/^## Results$/s/^    //p; /^## Installation$/,/^## Examples$/s/^    //p' "$SOURCE/README.md" > commands
  [ "$(wc -l < commands)" -eq 6 ]
  cd clone
  cmake --preset release -DBUILD_TESTING=OFF # of this build the tests are not needed
  HOME=$PWD/../home PATH="$PWD/../bin:$PATH" bash -euo pipefail ../commands > ../messages 2> ../explained
  cd ..
  cat messages explained
  sed '/\trank\t/,$d' messages | awk '/^phage_/ { phages++; if ($6 >= 2) exit bad = 1 }
    /^random_/ { randoms++; if ($6 < 2) exit bad = 1 }
    END { exit bad || phages != 5 || randoms != 5 }'
  [ "$(sed -n '/\trank\t/,/\ttokens\t/p' messages | grep -c '^phage_1')" -eq 4 ]
  for words in NC_001416.1 "-k 2 " "2.0 bits" "best Markov model" "nats  " "perplexity  " "probabilities of A, C, G and T" \
    report.html --help docs/tutorial.md; do
    grep -F -e "$words" explained
  done
  grep '^   ' explained | grep -v 'export PATH' > paragraphs
  run -1 grep '.\{81\}' paragraphs # the columns of a terminal
  grep '^phix' messages
  [ -s clone/build/demo-run/report.html ]
  [ -s clone/lambda/report.html ]
  for place in root/usr/local home/.local; do
    [ -x "$place/bin/rnntrain" ]
    [ -s "$place/share/man/man1/rnnpredict.1" ]
    "$place/bin/rnnpredict" --version
  done
}

@test "docs/model.md: every number of the worksheet, the slope of its loss and a model's origin are correct" {
  ln -s "$SOURCE/data" data
  block model.md "json worksheet.json" > worksheet.json
  "$PYTHON" "$SOURCE/tests/console.py" "$SOURCE/docs/model.md"
  need_numpy
  rnnpredict --mode trace --weights worksheet.json acgt.fa > trace.json
  rnnpredict --mode flow --weights worksheet.json acgt.fa > flow.tsv
  "$PYTHON" "$SOURCE/tests/trace.py" worksheet.json acgt.fa trace.json flow.tsv
}

@test "docs/tutorial.md: the twenty lines from a genome to classified reads run as printed" {
  not_sanitized "under the address sanitizer it takes minutes"
  [ -d "$SHARED_DATA/genomes" ] || skip "no ../shared/data beside the source tree, nor in \$SHARED"
  command -v seqkit && command -v tabix || skip "no seqkit or no tabix: apt-get install seqkit tabix"
  mkdir bin
  cat > bin/curl << 'EOF' # the network of this test: curl -fsS [-o FILE] ADDRESS
#!/bin/bash
case ${*: -1} in
https://eutils.ncbi.nlm.nih.gov/entrez/eutils/efetch.fcgi\?*'&id=U00096.2&'*)
  zcat "$GENOMES"/ecoli*.fa.gz | sed '1s/.*/>U00096.2 Escherichia coli/';;
https://ftp.ncbi.nlm.nih.gov/genomes/all/GCF/000/195/955/GCF_000195955.2_ASM19595v2/*.fna.gz)
  cp "$GENOMES"/mtub*.fa.gz "$2";;
*) exit 22;;
esac
EOF
  chmod +x bin/curl
  block tutorial.md sh > lines
  [ "$(grep -c . lines)" -le 20 ]
  GENOMES="$SHARED_DATA/genomes" PATH="$PWD/bin:$PATH" bash -e -o pipefail lines > messages
  grep -qx "$(printf 'mtb.fa.gz\t1\t4411532\t758552\t1449998\t1444614\t758368')" messages
  awk '/called/ { split($0, word, " "); if (word[2] == word[4]) right += $1; all += $1
      if (word[4] == "unclassified") unclassified += $1 }
    END { print right, unclassified, all
      exit !(all == 1052 && right >= 0.9 * all && right + unclassified >= 0.96 * all) }' messages
  [ "$(grep -c '>mtb' mtb_reads.fa)" -gt 300 ]
  [ "$(grep -c '>ecoli' mtb_reads.fa)" -lt 10 ]
  [ -s ecoli/report.html ]
  [ -s mtb/report.html ]
  [ -s ecoli.bedgraph.gz.tbi ]
  [ "$(zcat ecoli.bedgraph.gz | wc -l)" -eq 4640 ]
  [ "$(tail -n 3 messages | grep -c '^U00096.2')" -eq 3 ]
}

@test "docs/tour.ipynb runs from top to bottom, and prints and draws the stored output" {
  not_sanitized "under the address sanitizer it takes minutes"
  "$PYTHON" -c 'import nbclient, ipykernel, matplotlib, pandas' 2> /dev/null ||
    skip "no Jupyter: apt-get install python3-nbclient python3-ipykernel python3-matplotlib python3-pandas"
  mkdir docs
  cp "$SOURCE/docs/tour.ipynb" docs
  cp -r "$DATA" data
  export IPYTHONDIR=$PWD/ipython JUPYTER_RUNTIME_DIR=$PWD/runtime MPLCONFIGDIR=$PWD/matplotlib
  "$PYTHON" "$SOURCE/tests/notebook.py" docs/tour.ipynb
  cmp docs/tour.ipynb "$SOURCE/docs/tour.ipynb"
  [ "$(ls docs)" = tour.ipynb ]
}

# sequence GENOME: prints only its bases, in capitals.
sequence() { zcat "$SHARED_DATA/genomes/$1.fa.gz" | sed '/^>/d' | tr -d '\r\n' | tr a-z A-Z; }

# right_genome GENOME BASES MD5: whether the genome of the tests has this length and checksum.
right_genome() {
  [ "$(sequence "$1" | wc -c)" = "$2" ] || return
  [ "$(sequence "$1" | md5sum)" = "$3  -" ]
}

# right_table PAGE: whether the table in data/README.md has the length and checksum of each genome.
right_table() {
  local name bases sum rows=0
  while read -r name bases sum; do
    right_genome "$name" "$bases" "$sum" || return
    rows=$((rows + 1))
  done < <(sed -nE 's/^.* \| ([A-Za-z0-9_]+)\.fa\.gz \| .* \| ([0-9,]+) \| ([0-9a-f]{32}) \|$/\1 \2 \3/p' "$1" | tr -d ,)
  [ "$rows" -eq 4 ]
}

@test "docs/tutorial.md: the commands accept only the genomes from which its numbers come" {
  [ -d "$SHARED_DATA/genomes" ] || skip "no ../shared/data beside the source tree, nor in \$SHARED"
  command -v seqkit || skip "no seqkit: apt-get install seqkit"
  cp "$SHARED_DATA"/genomes/ecoli*.fa.gz ecoli.fa.gz
  cp "$SHARED_DATA"/genomes/mtub*.fa.gz mtb.fa.gz
  block tutorial.md sh | sed -n '/^for s in ecoli mtb; do$/,/^done/{p; /^done/q}' > check
  read -r ecoli ecoli_sum < <(grep -oE "'ecoli [0-9]+ [0-9a-f]{32}'" check | tr -d "'" | cut -d ' ' -f 2-)
  read -r mtb mtb_sum < <(grep -oE "'mtb [0-9]+ [0-9a-f]{32}'" check | tr -d "'" | cut -d ' ' -f 2-)
  right_genome ecoli_k12_mg1655 "$ecoli" "$ecoli_sum"
  right_genome mtuberculosis_h37rv "$mtb" "$mtb_sum"
  bash -e -o pipefail check
  for wrong in "s/$ecoli/4641652/" "s/$mtb/4411533/" "s/$ecoli_sum/${mtb_sum}/" "s/$mtb_sum/${ecoli_sum}/"; do
    sed "$wrong" check > changed
    if bash -e -o pipefail changed; then false; fi
  done
}

@test "data/README.md: the genomes of the documents have the lengths and checksums in its table" {
  [ -d "$SHARED_DATA/genomes" ] || skip "no ../shared/data beside the source tree, nor in \$SHARED"
  right_table "$SOURCE/data/README.md"
  for wrong in s/4,639,675/4,641,652/ s/57b12ff2/57b12ff3/; do
    sed "$wrong" "$SOURCE/data/README.md" > changed
    if right_table changed; then false; fi
  done
}

# ---- commands over columns that may be NA ---------------------------------------------------------

# Reads of phage phiX174, pieces of lambda, and two records that are too short for an answer.
mixed_records() {
  train -e 20 -o run "$DATA/phix174.fa.gz"
  train -e 20 -o run3 "$DATA/lambda.fa.gz"
  cp -r run run1
  { zcat "$DATA/phix174.fa.gz"; zcat "$DATA/lambda.fa.gz"; } | "$PYTHON" -c '
import sys
print("@short\nAC\n+\nII")
for record in sys.stdin.read().split(">")[1:]:
    name, *lines = record.split("\n")
    for at in range(0, 4000, 400):
        print("@%s_%d\n%s\n+\n%s" % (name.split()[0], at, "".join(lines)[at:at + 400], "I" * 400))
print("@none\nNNNN\n+\nIIII")' > reads.fq
  cp reads.fq x.fa
  rnnpredict --mode score --no-header run reads.fq > scores
  [ "$(grep -c NA scores)" -eq 2 ]
}

# run_shown DOCUMENT WORDS: runs the one indented command of the document that contains the words; a pipe at the end of
# a line continues it. Its output is in shown.
run_shown() {
  "$PYTHON" -c '
import re, sys
commands = re.findall(r"^    (?:\$ )?((?:.*\|\n)*.*)$", open(sys.argv[1]).read(), re.M)
command, = (c for c in commands if sys.argv[2] in c)
print(command.replace("reads.fq.gz", "reads.fq"))' "$SOURCE/$1" "$2" > command
  bash -e command > shown
}

@test "the commands of docs/prediction.md leave out records without an answer" {
  mixed_records
  run_shown docs/prediction.md "{ h = 0;"
  rnnpredict --bases --positions all --no-header run x.fa > bases
  "$PYTHON" -c '
import math
rows = [line.split()[2:] for line in open("bases")]
h = sorted((-sum(p * math.log2(p) for p in map(float, row)) for row in rows if row[0] != "NA"), reverse=True)
shown = [float(line.split("\t")[2]) for line in open("shown")]
assert len(shown) == 10 and all(abs(a - b) < 1e-4 for a, b in zip(h, shown)), (h[:10], shown)'
  run_shown docs/prediction.md "print n / b / log(2)"
  "$PYTHON" -c '
import math
rows = [line.split("\t") for line in open("scores")]
known = [(float(row[4]), int(row[2])) for row in rows if row[4] != "NA"]
bits = sum(n for n, _ in known) / sum(b for _, b in known) / math.log(2)
assert len(known) == 20 and abs(float(open("shown").read()) - bits) < 1e-4'
  mkdir bin
  printf '#!/bin/sh\ncat\n' > bin/seqkit # the names that it would look for
  chmod +x bin/seqkit
  PATH="$PWD/bin:$PATH" run_shown docs/prediction.md "seqkit grep -f - reads.fq"
  "$PYTHON" -c '
rows = [line.split("\t") for line in open("scores")]
odd = [row[0] for row in rows if row[5] != "NA" and float(row[5]) > 2.1]
assert open("odd.fq").read().split() == odd'
  sed -i 's/2\.1/1.99/' command # which some are above
  PATH="$PWD/bin:$PATH" bash -e command
  "$PYTHON" -c '
rows = [line.split("\t") for line in open("scores")]
odd = [row[0] for row in rows if row[5] != "NA" and float(row[5]) > 1.99]
assert 0 < len(odd) < 22 and open("odd.fq").read().split() == odd'
  run_shown docs/prediction.md 'n[$3]++'
  rnnpredict --mode classify --model ecoli=run1 --model yeast=run3 --no-header reads.fq > classes
  "$PYTHON" -c '
from collections import Counter
rows = [line.split("\t") for line in open("classes")]
sure = Counter(row[2] for row in rows if row[4] != "NA" and float(row[4]) > 0.99)
assert sure and {m: int(n) for m, n in (line.split() for line in open("shown"))} == sure'
}

@test "README.md and the man page: the commands for the likeliest reads find those with the fewest bits" {
  mixed_records
  "$PYTHON" -c '
rows = [line.split("\t") for line in open("scores")]
print("record", *sorted((row[0] for row in rows if row[5] != "NA"), key=lambda name: next(float(r[5]) for r in rows if r[0] == name)))' > wanted
  run_shown README.md "sort -k6,6g"
  [ "$(cut -f 1 shown | paste -sd ' ')" = "$(cut -d ' ' -f 1-3 wanted)" ]
  rnnpredict --help | sed -n 's/^  \(rnnpredict .*sort -k6,6g.*\)/\1/p' > command
  bash -e command > shown
  [ "$(cut -f 1 shown | paste -sd ' ')" = "$(cut -d ' ' -f 1-10 wanted)" ]
}

@test "docs/tutorial.md: an unclassified record is in no list, and is counted separately" {
  mixed_records
  rnnpredict --mode classify --model ecoli=run1 --model mtb=run3 reads.fq > classes.tsv
  block tutorial.md sh | grep 'called' > command
  bash -e command | grep -E '^1 (short|none) called NA$' | [ "$(wc -l)" -eq 2 ]
  block tutorial.md sh | grep -oE 'awk .*>= 0.99 .* classes.tsv' > command
  bash -e command > shown
  awk -F '\t' '$3 == "mtb" && $5 + 0 >= 0.99 { print $1 }' classes.tsv > wanted
  diff wanted shown
  [ -s shown ]
  run_shown docs/tutorial.md 'n[$3]++'
  "$PYTHON" -c '
from collections import Counter
rows = [line.split("\t") for line in open("classes.tsv")][1:]
sure = Counter(row[2] for row in rows if row[4] != "NA" and float(row[4]) >= 0.99)
assert sure and {m: int(n) for n, m in (line.split() for line in open("shown"))} == sure'
  mkdir bin
  printf '#!/bin/sh\ncat\n' > bin/seqkit # the names that it would look for
  chmod +x bin/seqkit
  PATH="$PWD/bin:$PATH" run_shown docs/tutorial.md "seqkit grep -f - reads.fq.gz"
  diff wanted mtb.fq
}

@test "docs/prediction.md: the principal components exclude missing states" {
  need_numpy
  mixed_records
  rnnpredict --mode embed --format npy -o reads.npy run reads.fq
  sed -n '/^## embed/,/^## Regions/s/^    >>> //p' "$SOURCE/docs/prediction.md" > program
  echo 'assert pca.shape == (20, 2) and np.isfinite(pca).all()' >> program
  "$PYTHON" program
}

@test "a test runs every awk program in the documents" {
  cd "$SOURCE"
  { cat README.md docs/prediction.md docs/tutorial.md data/README.md; "$BIN/rnntrain" --help; "$BIN/rnnpredict" --help; } |
    grep -E "awk (-F '.t' )?(-v OFS='.t' )?'" > "$BATS_TEST_TMPDIR/found"
  cat "$BATS_TEST_TMPDIR/found"
  # The third column of --mode flow and the positions of --mode embed are always numbers.
  [ "$(wc -l < "$BATS_TEST_TMPDIR/found")" -eq 12 ]
}

@test "docs/model.md explains every activation function, docs/learning-tables.md measures every optimizer" {
  activations=$(words rnntrain activation)
  for activation in $activations; do grep -qw "$activation" "$SOURCE/docs/model.md"; done
  optimizers=$(words rnntrain optimizer)
  for optimizer in $optimizers; do grep -q "^| $optimizer, [0-9.]* |" "$SOURCE/docs/learning-tables.md"; done
}
