"""Runs the commands of a document's console blocks, and reports differences in their output.

usage: console.py DOCUMENT

In a block that begins with ```console, a line after "$ " is a command for bash, a line after "> " continues it,
and the other lines are its output. The commands run one after the other in this directory.
"""
import re, subprocess, sys


def commands(text):
    """The text of each command, and the lines that it must print."""
    found = []
    for block in re.findall(r'^```console\n(.*?)^```$', text, re.M | re.S):
        for line in block.splitlines(True):
            if line.startswith('$ '):
                found.append([line[2:], ''])
            elif line.startswith('> ') and not found[-1][1]:
                found[-1][0] += line[2:]
            else:
                found[-1][1] += line
    return found


compared, differs = 0, False
for command, expected in commands(open(sys.argv[1]).read()):
    done = subprocess.run(['bash', '-c', 'set -e -o pipefail\n' + command], capture_output=True, text=True)
    if done.returncode != 0 or done.stdout != expected:
        print(f'$ {command}--- printed:\n{done.stdout}{done.stderr}--- must print:\n{expected}')
        differs = True
    compared += expected.count('\n')
assert compared, 'nothing was compared'
sys.exit(differs)
