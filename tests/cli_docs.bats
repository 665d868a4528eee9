# What the documents show is what the programs do.
load cli

setup() {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
}

# block DOCUMENT LANGUAGE: the document's fenced block of that language.
block() { awk -v begin="\`\`\`$2" '/^```$/ { on = 0 } on; $0 == begin { on = 1 }' "$SOURCE/docs/$1"; }

# what_follows: what rnnpredict says can follow ACGTAC, as four numbers.
what_follows() {
  printf '>a\nACGTAC\n' | rnnpredict --no-header run | LC_ALL=C sort -k 3 | cut -f 4
}

# agrees FILE: the four numbers in it are those.
agrees() {
  grep -oE '[01]\.[0-9]+(e-[0-9]+)?' "$1" | paste - <(what_follows) |
    awk '($1 - $2) ^ 2 > 1e-10 { exit bad = 1 } END { exit bad || NR != 4 }'
}

@test "the documents' links lead to files and headings that are there" {
  cd "$SOURCE"
  "$PYTHON" -c '
import glob, os, re
def headings(path):
    return {re.sub("[^a-z0-9_ -]", "", line.lstrip("# ").strip().lower()).replace(" ", "-")
            for line in open(path) if line.startswith("#")}
links = 0
for page in glob.glob("*.md") + glob.glob("docs/*.md") + glob.glob("data/*.md"):
    for link in re.findall(r"\]\(([^)\s]+)\)", open(page).read()):
        if link.startswith("http"):
            continue
        path, _, place = link.partition("#")
        path = os.path.join(os.path.dirname(page), path) if path else page
        assert os.path.exists(path), (page, link)
        assert not place or place in headings(path), (page, link)
        links += 1
assert links > 20'
}

@test "docs/model.md: the worksheet's every number, and the slope of its loss" {
  "$PYTHON" "$SOURCE/tests/console.py" "$SOURCE/docs/model.md"
  need_numpy
  rnnpredict --mode trace --weights worksheet.json acgt.fa > trace.json
  rnnpredict --mode flow --weights worksheet.json acgt.fa > flow.tsv
  "$PYTHON" "$SOURCE/tests/trace.py" worksheet.json acgt.fa trace.json flow.tsv
}

@test "docs/model.md: the model is read in NumPy" {
  need_numpy
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block model.md "python numpy" | tee program | "$PYTHON" - > said
  [ "$(wc -l < program)" -le 12 ]
  agrees said
}

@test "docs/model.md: the model is read in PyTorch" {
  "$PYTHON" -c 'import safetensors.torch' 2> /dev/null || skip "no PyTorch: pip install torch safetensors"
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block model.md "python torch" | tee program | "$PYTHON" - > said
  [ "$(wc -l < program)" -le 12 ]
  agrees said
}

@test "docs/model.md: the model is read in R" {
  command -v Rscript || skip "no R: apt-get install r-base-core r-cran-jsonlite"
  Rscript -e 'library(jsonlite)' || skip "no jsonlite: apt-get install r-cran-jsonlite"
  train -k 4 -o run "$DATA/phix174.fa.gz"
  block model.md r > program
  [ "$(wc -l < program)" -le 12 ]
  Rscript program > said
  sed -i 's/^ *\[.*\]//' said
  agrees said
}

@test "docs/tutorial.md: from a genome to classified reads, in twenty lines" {
  ! ldd "$BIN/rnntrain" | grep libasan > /dev/null || skip "under the address sanitizer it takes minutes"
  [ -d "$SHARED_DATA/genomes" ] || skip "no ../shared/data beside the source tree, nor in \$SHARED"
  command -v seqkit && command -v tabix || skip "no seqkit or no tabix: apt-get install seqkit tabix"
  mkdir bin
  cat > bin/curl << 'EOF' # the network of this test: curl -fsSo FILE ADDRESS
#!/bin/sh
case $3 in
https://ftp.ncbi.nlm.nih.gov/genomes/all/GCF/000/005/845/GCF_000005845.2_ASM584v2/*.fna.gz) cp "$GENOMES"/ecoli*.fa.gz "$2";;
https://ftp.ncbi.nlm.nih.gov/genomes/all/GCF/000/195/955/GCF_000195955.2_ASM19595v2/*.fna.gz) cp "$GENOMES"/mtub*.fa.gz "$2";;
*) exit 22;;
esac
EOF
  chmod +x bin/curl
  block tutorial.md sh > lines
  [ "$(grep -c . lines)" -le 20 ]
  GENOMES="$SHARED_DATA/genomes" PATH="$PWD/bin:$PATH" bash -e -o pipefail lines > said
  grep -qx "$(printf 'mtb.fa.gz\t1\t4411532\t758552\t1449998\t1444614\t758368')" said
  awk '/called/ { split($0, word, " "); if (word[2] == word[4]) right += $1; all += $1 }
    END { print right, all; exit !(all == 1052 && right >= 0.95 * all) }' said
  [ "$(grep -c '>mtb' mtb_reads.fa)" -gt 300 ]
  [ "$(grep -c '>ecoli' mtb_reads.fa)" -lt 10 ]
  [ -s ecoli/report.html ]
  [ -s mtb/report.html ]
  [ -s ecoli.bedgraph.gz.tbi ]
  [ "$(zcat ecoli.bedgraph.gz | wc -l)" -eq 4640 ]
  [ "$(tail -n 3 said | wc -w)" -eq 12 ]
}

@test "bench/knobs.patch fits the sources" {
  command -v patch || skip "no patch: apt-get install patch"
  patch --dry-run --fuzz=0 -p1 -d "$SOURCE" -i "$SOURCE/bench/knobs.patch"
}
