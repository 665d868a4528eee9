#!/usr/bin/env python3
"""count_letters.py FILE...: the counts of rnntrain, computed independently: a row per file, with whole
sequences in memory, bytes.count and regular expressions. FASTQ must have four lines per read. The last
column has the count of each ambiguous code, in either case, as in run.json."""
import gzip
import json
import re
import sys


def sequences(path):
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    data = data.replace(b"\r\n", b"\n")
    if data.startswith(b"@"):
        return data.split(b"\n")[1::4]
    records = re.split(rb"^>", data, flags=re.MULTILINE)[1:]
    return [record.partition(b"\n")[2].translate(None, b" \t\n") for record in records]


def n50(lengths):
    longer, all_letters = 0, sum(lengths)
    for length in sorted(lengths, reverse=True):
        longer += length
        if 2 * longer >= all_letters:
            return length


def row(path):
    records = sequences(path)
    letters = b"".join(records)
    count = {letter: letters.count(letter.encode()) for letter in sorted(set(letters.decode()))}
    upper = letters.upper()
    codes = {code: upper.count(code.encode()) for code in sorted(set(upper.decode()) - set("ACGTU"))}
    lengths = [len(record) for record in records]
    return {
        "file": path, "records": len(records), "bases": sum(lengths),
        **{base: sum(count.get(letter, 0) for letter in base + base.lower()) for base in "ACG"},
        "T": sum(count.get(letter, 0) for letter in "TtUu"),
        "ambiguous": sum(codes.values()),
        "lowercase": sum(n for letter, n in count.items() if letter.islower()),
        "segments": sum(len(re.findall(rb"[ACGTUacgtu]+", record)) for record in records),
        "longest": max(lengths), "n50": n50(lengths), "codes": json.dumps(codes),
    }


rows = [row(path) for path in sys.argv[1:]]
for line in [rows[0].keys(), *map(dict.values, rows)]:
    print(*line, sep="\t")
