"""Runs a command on a terminal, and prints all that is drawn there.

usage: on_terminal.py WHICH EVENT ACTION COMMAND...

WHICH holds 0, 1, 2 for standard input, output and error where they are the terminal; the others stay what they are. Once
what was drawn matches the regular expression EVENT, ACTION follows:

  type:TEXT  types it, with the escapes of Python
  feed:TEXT  before the event, writes TEXT to standard input, a pipe, again and again; then ends that
  kill       ends the command
  none       nothing

Exits with the command's code, with 1 where the event does not come.
"""
import codecs, fcntl, os, pty, re, struct, subprocess, sys, termios, threading

which, event, action, command = sys.argv[1], re.compile(sys.argv[2].encode()), sys.argv[3], sys.argv[4:]
verb, _, text = action.partition(':')
text = codecs.decode(text, 'unicode_escape').encode('latin-1')
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
os.environ['TERM'] = 'xterm'
child = subprocess.Popen(command, start_new_session=True,
                         stdin=theirs if '0' in which else subprocess.PIPE if verb == 'feed' else None,
                         stdout=theirs if '1' in which else None, stderr=theirs if '2' in which else None)
os.close(theirs)
seen = threading.Event()


def feed():
    try:
        while not seen.is_set():
            child.stdin.write(text)
            child.stdin.flush()
        child.stdin.close()
    except BrokenPipeError:
        pass


if verb == 'feed':
    threading.Thread(target=feed, daemon=True).start()
drawn = bytearray()
while True:
    try:
        some = os.read(ours, 65536)
    except OSError:
        break
    if not some:
        break
    drawn += some
    if not seen.is_set() and event.search(drawn):
        seen.set()
        if verb == 'type':
            os.write(ours, text)
        elif verb == 'kill':
            child.terminate()
code = child.wait()
sys.stdout.buffer.write(drawn)
sys.exit(code if seen.is_set() and code >= 0 else 0 if seen.is_set() and verb == 'kill' else 1)
