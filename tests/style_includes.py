"""Checks that a module includes only modules that stand before it in the lists of CMakeLists.txt, folder by folder.

usage: style_includes.py SOURCE

Each include of a later module, each file that no list names and each include without its folder is printed. Exit code 1
if there is one.
"""
import pathlib, re, sys

source = pathlib.Path(sys.argv[1])
lists = dict(re.findall(r'^set\((\w+) ([^)]*)\)', (source / 'CMakeLists.txt').read_text(), re.M))
folders = lists['FOLDERS'].split()
modules = [f'{folder}/{module}' for folder in folders for module in lists[folder].split()]
place = {module: number for number, module in enumerate(modules)}
place['base/version'] = -1  # generated
wrong = 0


def complain(file, problem):
    global wrong
    print(f'{file.relative_to(source)}: {problem}')
    wrong = 1


def module_of(file):
    """The module of a source or header; kernels_loops.c, for example, is a part of kernels."""
    name = f'{file.parent.name}/{file.stem}'
    while name not in place and '_' in name:
        name = name.rpartition('_')[0]
    return name


programs = set(source.glob('src/*.c'))
for file in sorted([*source.glob('src/**/*.c'), *source.glob('include/**/*.h')]):
    module = module_of(file)
    if module not in place and file not in programs:
        complain(file, 'is in no list of CMakeLists.txt')
        continue
    for included in re.findall(r'^#include "([^"]+)\.h"', file.read_text(), re.M):
        name = module_of(pathlib.Path(included))
        if name not in place:
            complain(file, f'includes {included}.h, which is in no list of CMakeLists.txt')
        elif file not in programs and place[name] > place[module]:
            complain(file, f'includes {included}.h, which stands after {module} in CMakeLists.txt')
sys.exit(wrong)
