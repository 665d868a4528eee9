"""What rnntrain draws on a terminal.

usage: terminal.py DIR FILE

Runs a training under a terminal of 100 columns, which becomes 40 wide on the way, and looks at every line that is
drawn: it stays in its place, fits, says how far the run is, and is gone in the end.
"""
import fcntl, os, pty, re, struct, sys, termios, time


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))


def train(terminal_kind, columns, later=None, at=1.0):
    """What the program writes; after so many seconds the terminal is `later` columns wide."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ['TERM'] = terminal_kind
        os.execvp('rnntrain', ['rnntrain', '--force', '-k', '3', '-D', '64', '-e', '100000', '--max-time', '2s', '-o',
                               sys.argv[1], sys.argv[2]])
    resize(terminal, columns)
    written, began, turned = b'', time.monotonic(), None
    while True:
        try:
            some = os.read(terminal, 65536)
        except OSError:
            break
        written += some
        if later and turned is None and time.monotonic() > began + at and b'bits/base' in written:
            resize(terminal, later)
            turned = len(written)
    assert os.waitpid(child, 0)[1] == 0
    return written.decode(), turned


def lines_of(drawn):
    """(how far up the cursor goes, the line), for each that is drawn."""
    return re.findall(r'(?:\033\[(\d+)A)?\r([^\r\n\033]*)\033\[J', drawn)


WHOLE = re.compile(r' *(\d+)%  (\d)s left  epoch \d+/100000  \d\.\d{3} bits/base(?: \(valid \d\.\d{3}\))?  \d+k k-mers/s')

drawn, turned = train('xterm', 100, later=40)
lines = lines_of(drawn)
assert len(lines) > 6 and lines[-1][1] == '', lines
shown = [line for _, line in lines if line]
wide = [line for line in shown if len(line) >= 40]
narrow = shown[len(wide):]
assert 2 < len(wide) and 1 < len(narrow) and all(len(line) < 40 for line in narrow), shown
# Two seconds, a fifth of one between lines.
parts = [tuple(map(int, WHOLE.fullmatch(line).groups())) for line in wide[1:]]
for (part, left), (after, _) in zip(parts, parts[1:]):
    assert 5 <= after - part <= 30 and abs(left - 2 * (1 - part / 100)) <= 0.6, parts
# What does not fit is left out from the end, in whole parts.
for line in narrow:
    assert any(whole.startswith(line) or re.fullmatch(r' *\d+%  \ds left(  epoch \d+/100000)?', line) for whole in wide), line
# The line that the narrower terminal broke into several is replaced from its first row on.
assert [up for up, _ in lines if up] == [str((len(wide[-1]) - 1) // 40)] == [lines[len(wide)][0]], lines
assert drawn.index('out of time') > drawn.rindex('\r\033[J')

for columns, most in ((80, WHOLE), (50, re.compile(r' *\d+%  \ds left  epoch \d+/100000  \d\.\d{3} bits/base.*')),
                      (20, re.compile(r' *\d+%  \ds left'))):
    shown = [line for _, line in lines_of(train('xterm', columns)[0]) if line]
    assert all(len(line) < columns for line in shown) and most.match(shown[-1]), (columns, shown)

drawn, _ = train('dumb', 100)
assert '\033' not in drawn and 'out of time' in drawn and '%' not in drawn, drawn
