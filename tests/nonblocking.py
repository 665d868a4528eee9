"""Tests that a program loses no output if it shares a non-blocking pipe with others.

usage: nonblocking.py NUMBER before|after COMMAND...

Runs the command with a small pipe as its standard output (NUMBER 1) or error (2), which becomes non-blocking before the
command starts, or after it has written something; lets it fill the pipe; and prints all that arrives. Exits with
the code of the command, or with 3 if the pipe is no longer non-blocking.
"""
import fcntl, os, struct, subprocess, sys, termios, time

PIPE = 4096
FULL = PIPE - 256  # the next message may be longer than the rest of the pipe


def set_nonblocking(fd):
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)


def waiting(fd):
    return struct.unpack('i', fcntl.ioctl(fd, termios.FIONREAD, b'    '))[0]


number, when, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
reading, writing = os.pipe()
fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE)
if when == 'before':
    set_nonblocking(writing)
child = subprocess.Popen(command, **{('stdout', 'stderr')[number - 1]: writing})
if when == 'after':
    sys.stdout.buffer.write(os.read(reading, 1))
    set_nonblocking(writing)
kept = os.dup(writing)
os.close(writing)
while waiting(reading) < FULL and child.poll() is None:
    time.sleep(0.01)
assert waiting(reading) >= FULL, 'it has written too little'
os.set_blocking(reading, False)
while True:
    ended = child.poll() is not None
    try:
        sys.stdout.buffer.write(os.read(reading, 1000))
    except BlockingIOError:
        if ended:
            break
        time.sleep(0.01)
nonblocking = fcntl.fcntl(kept, fcntl.F_GETFL) & os.O_NONBLOCK
sys.exit(child.returncode if nonblocking else 3)
