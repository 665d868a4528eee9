"""Checks that includes follow the order of the modules and the diagram of the folders.

usage: style_includes.py SOURCE

CMakeLists.txt lists folders and their modules in order: each include of a later module and each file that is in no list
is printed. The diagram in docs/design.md must have an arrow for each folder that another one includes, unless other
arrows of the diagram already lead there. Exit code 1 if something is printed.
"""
import pathlib, re, sys

source = pathlib.Path(sys.argv[1])
lists = dict(re.findall(r'^set\((\w+) ([^)]*)\)', (source / 'CMakeLists.txt').read_text(), re.M))
folders = lists['FOLDERS'].split()
modules = [f'{folder}/{module}' for folder in folders for module in lists[folder].split()]
place = {module: number for number, module in enumerate(modules)}
place['base/version'] = place['base/description'] = -1  # generated
INCLUDE = re.compile(rf'^\s*#\s*include\s*(?:"|<(?=(?:{"|".join(folders)})/))(.+)\.h[">]', re.M)
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
includes = set()  # (folder or program, folder that it includes)
for file in sorted([*source.glob('src/**/*.c'), *source.glob('include/**/*.h')]):
    module = module_of(file)
    if module not in place and file not in programs:
        complain(file, 'is in no list of CMakeLists.txt')
        continue
    for included in INCLUDE.findall(file.read_text()):
        name = module_of(pathlib.Path(included))
        folder, other = file.stem if file in programs else file.parent.name, name.partition('/')[0]
        if folder != other:
            includes.add((folder, other))
        if name not in place:
            complain(file, f'includes {included}.h, which is in no list of CMakeLists.txt')
        elif file not in programs and place[name] > place[module]:
            complain(file, f'includes {included}.h, which stands after {module} in CMakeLists.txt')

if wrong:  # perhaps a circle, which the next part would follow for ever
    sys.exit(wrong)


def reached(folder):
    """The folders that a folder includes, directly or by way of others."""
    direct = {other for one, other in includes if one == folder}
    return direct.union(*map(reached, direct))


design = source / 'docs/design.md'
drawn = {arrow[::-1] for arrow in re.findall(r'^  (\w+) --> ?(?:\|.*\| ?)?(\w+)$', design.read_text(), re.M)}
needed = {(one, other) for one, other in includes
          if not any(other in reached(way) for step, way in includes if step == one and way != other)}
for one, other in sorted(needed - drawn):
    complain(design, f'the picture lacks the arrow {other} --> {one}')
for one, other in sorted(drawn - needed):
    complain(design, f'the picture has the arrow {other} --> {one}, which the includes do not need')
sys.exit(wrong)
