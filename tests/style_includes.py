"""Checks that a module includes only modules that stand above it in docs/design.md, or in the same row.

usage: style_includes.py SOURCE

Each include that looks down, and each file without a row, is printed. Exit code 1 if there is one.
"""
import pathlib, re, sys

GENERATED = {'version'}
source = pathlib.Path(sys.argv[1])
rows = re.findall(r'^\| ([a-z][^|]*) \|', (source / 'docs/design.md').read_text(), re.M)
place = {name: row for row, cell in reversed(list(enumerate(rows))) for name in re.findall(r'[a-z_0-9]+', cell)}
wrong = 0


def complain(file, problem):
    global wrong
    print(f'{file.relative_to(source)}: {problem}')
    wrong = 1


for file in sorted([*source.glob('src/*.c'), *source.glob('include/*.h')]):
    module = re.sub(r'^(mode|codec)_.*', lambda match: {'mode': 'modes', 'codec': 'codec'}[match[1]], file.stem)
    if module not in place:
        complain(file, 'docs/design.md has no row for it')
        continue
    for included in re.findall(r'^#include "(\w+)\.h"', file.read_text(), re.M):
        if included not in GENERATED and place.get(included, len(rows)) > place[module]:
            complain(file, f'includes {included}.h, which docs/design.md does not have above it')
sys.exit(wrong)
