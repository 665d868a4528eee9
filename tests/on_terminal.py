"""Runs a command on a terminal, and prints all that it draws.

usage: on_terminal.py WHICH EVENT ACTION COMMAND...

WHICH contains 0, 1 or 2 if standard input, output or error are to be the terminal; the others are unchanged. Once the
drawn text matches the regular expression EVENT, ACTION follows:

  type:TEXT  types it, with the escapes of Python
  feed:TEXT  writes TEXT repeatedly to standard input, a pipe, before the event, and then closes it
  kill       ends the command
  none       nothing

Exits with the code of the command, or with 1 if the event does not occur.
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
