#!/usr/bin/env python3
"""Scores variants by mode score of edited sequences, to compare with mode variants.

usage: score_variants.py RNNPREDICT MODEL REFERENCE WINDOW < VARIANTS > BITS

VARIANTS are lines of record, position, ref, alt. BITS are lines of ref_bits, alt_bits, difference on the forward
strand, then the same on the reverse strand: the loss of a record cut behind the window minus that of the record cut
before the variant.
"""
import math, subprocess, sys

program, model, reference, window = *sys.argv[1:4], int(sys.argv[4])
sequence = {}
for line in open(reference):
    if line[0] == '>':
        name = line[1:].split()[0]
        sequence[name] = []
    else:
        sequence[name].append(line.strip().upper())
sequence = {name: ''.join(lines) for name, lines in sequence.items()}
other = str.maketrans('ACGT', 'TGCA')


def cut(before, allele, behind):
    return before, before + allele + behind[:window]


pieces = []
for line in sys.stdin:
    name, position, ref, alt = line.split()
    at = int(position) - 1
    before, behind = sequence[name][:at], sequence[name][at + len(ref):]
    assert sequence[name][at:at + len(ref)] == ref
    for reverse in False, True:
        for allele in ref, alt:
            if reverse:
                pieces += cut(behind.translate(other)[::-1], allele.translate(other)[::-1],
                              before.translate(other)[::-1])
            else:
                pieces += cut(before, allele, behind)
records = ''.join(f'>{i}\n{piece}\n' for i, piece in enumerate(pieces))
table = subprocess.run([program, '--mode', 'score', '--no-header', model], input=records, text=True, check=True,
                       stdout=subprocess.PIPE).stdout
nats = [float(line.split('\t')[4]) if line.split('\t')[4] != 'NA' else 0 for line in table.splitlines()]
bits = [(nats[i + 1] - nats[i]) / math.log(2) for i in range(0, len(nats), 2)]
for i in range(0, len(bits), 4):
    ref, alt, reverse_ref, reverse_alt = bits[i:i + 4]
    print(*(f'{x:.7f}' for x in (ref, alt, alt - ref, reverse_ref, reverse_alt, reverse_alt - reverse_ref)), sep='\t')
