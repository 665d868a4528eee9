"""Checks the progress line of rnntrain on a terminal.

usage: terminal.py DIR FILE

Runs a training on a terminal of 100 columns, which shrinks to 40 meanwhile, and checks every drawn line: it stays in
its place, fits, shows the progress of the run, and is cleared at the end. Each training is stopped once it has drawn
enough lines.
"""
import fcntl, os, pty, re, select, signal, struct, sys, termios, time

MAX_TIME = 500  # seconds; no training lasts as long


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))


def lines_of(drawn):
    """(how far up the cursor goes, the line), for each that is drawn in training.

    On a slow machine the phases before it have lines too, which end with the bases read."""
    lines = re.findall(r'(?:\033\[(\d+)A)?\r([^\r\n\033]*)\033\[J', drawn)
    training = max((i + 1 for i, (_, line) in enumerate(lines) if line.endswith(' bases')), default=0)
    while training < len(lines) - 1 and not lines[training][1]:
        training += 1
    return lines[training:]


def shown_in(drawn):
    return [line for _, line in lines_of(drawn) if line]


def train(terminal_kind, columns, enough, later=None, options=('-e', '1000000', '--max-time', f'{MAX_TIME}s')):
    """Returns the output of a training that is stopped once enough(lines) holds. If `later` is set, the terminal gets
    this number of columns in between."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ['TERM'] = terminal_kind
        os.execvp('rnntrain', ['rnntrain', '--force', '-k', '3', '-D', '64', *options, '-o', sys.argv[1], sys.argv[2]])
    resize(terminal, columns)
    written, stopped = '', False
    while True:
        assert select.select([terminal], [], [], 600)[0], 'nothing for ten minutes: ' + written
        try:
            some = os.read(terminal, 65536)
        except OSError:
            break
        written += some.decode()
        if later and len(shown_in(written)) >= 4 and 'bits/base' in written:
            resize(terminal, later)
            later = None
        if not stopped and not later and enough(shown_in(written)):
            os.kill(child, signal.SIGTERM)
            stopped = True
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (143 if stopped else 0), written
    return written


LEFT = r' *(\d+)%  (\d)m (\d\d)s left'
WHOLE = re.compile(LEFT + r'  epoch \d+/1000000  \d\.\d{3} bits/base(?: \(valid \d\.\d{3}\))?  \d+k k-mers/s')

began = time.monotonic()
drawn = train('xterm', 100, lambda shown: sum(len(line) < 40 for line in shown) > 2, later=40)
seconds = time.monotonic() - began
lines = lines_of(drawn)
assert lines[-1][1] == '', lines
shown = shown_in(drawn)
wide = [line for line in shown if len(line) >= 40]
narrow = shown[len(wide):]
assert len(wide) > 2 and len(narrow) > 2 and all(len(line) < 40 for line in narrow), shown
assert len(shown) <= 3 + seconds / 0.2, (shown, seconds)  # a fifth of a second between lines
parts = [tuple(map(int, WHOLE.fullmatch(line).groups())) for line in wide[1:]]
for part, minutes, rest in parts:
    assert abs(60 * minutes + rest - MAX_TIME * (1 - part / 100)) <= 1 + MAX_TIME / 200, parts
# Parts of the line that do not fit are left out, from the end on.
for line in narrow:
    assert re.fullmatch(LEFT + r'(  epoch \d+/1000000)?', line), line
# The line that the narrower terminal broke into several is replaced from its first row on.
assert [up for up, _ in lines if up] == [str((len(wide[-1]) - 1) // 40)] == [lines[len(wide)][0]], lines
assert drawn.index('stopped by SIGTERM') > drawn.rindex('\r\033[J')

for columns, most in ((90, WHOLE), (56, re.compile(LEFT + r'  epoch \d+/1000000  \d\.\d{3} bits/base.*')), (20, re.compile(LEFT))):
    shown = shown_in(train('xterm', columns, lambda shown: len(shown) > 2 and most.match(shown[-1])))
    assert all(len(line) < columns for line in shown), (columns, shown)

drawn = train('dumb', 100, lambda shown: False, options=('-e', '2'))
assert '\033' not in drawn and 'model: ' in drawn and '%' not in drawn, drawn
