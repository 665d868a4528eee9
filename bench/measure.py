"""For all benchmarks: the build, runs of bench_train and other programs, Markdown tables."""

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release"
THREADS = len(os.sched_getaffinity(0))  # available to this process

# A network and its training; softmax is "followers" or "full".
Shape = namedtuple("Shape", "k d D lanes T softmax")

# The output of bench_train for a shape: memory in MB, blas the share of BLAS in the multiply-adds.
Speed = namedtuple("Speed", "rate gflops peak fraction memory blas")

# The outcome of a process: why is "" if it succeeded, "timeout", "out of memory", or its last line;
# seconds are wall-clock time, memory is the peak in MB.
Outcome = namedtuple("Outcome", "why out seconds memory")


def say(text):
    print(text, file=sys.stderr, flush=True)


def stop(text):
    sys.exit(f"{Path(sys.argv[0]).name}: {text}")


def run(command, timeout=None):
    """Runs a new process under GNU time. If Python started it directly, its peak memory would
    include that of Python, which has more than rnntrain."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err, \
            tempfile.NamedTemporaryFile("r") as memory:
        timed = ["/usr/bin/time", "-q", "-f", "%M", "-o", memory.name, *map(str, command)]
        started = time.monotonic()
        process = subprocess.Popen(timed, stdout=out, stderr=err, start_new_session=True)
        try:
            status, late = process.wait(timeout), False
        except subprocess.TimeoutExpired:
            status, late = -signal.SIGKILL, True
        finally:  # also its children
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        seconds = time.monotonic() - started
        for file in out, err:
            file.seek(0)
        why = "timeout" if late else why_failed(status, err.read())
        kilo = (memory.read().split() or ["0"])[-1]
        return Outcome(why, out.read(), seconds, int(kilo) * 1.024e-3)


def must_run(*words):
    """The Outcome of a process that succeeds; if it fails, the benchmark exits."""
    outcome = run(words)
    return stop(f"{Path(words[0]).name}: {outcome.why}") if outcome.why else outcome


def why_failed(status, errors):
    if status == 0:
        return ""
    if status == 128 + signal.SIGKILL or "allocate memory" in errors:
        return "out of memory"
    return (errors.split("\n")[-2:] or [""])[0].strip() or f"exit code {status}"


def must(command, doing):
    """Runs a command, and shows its output only if it fails; False then."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True, check=False)
    if done.returncode != 0:
        say(f"{done.stdout}\n{doing} failed")
    return done.returncode == 0


def build(preset="release"):
    """Builds the preset in build/PRESET, or updates the build."""
    jobs = ["-j", str(THREADS)]
    if not must(["cmake", "--preset", preset], "cmake") or \
            not must(["cmake", "--build", "--preset", preset, *jobs], "the build"):
        sys.exit(1)


def train_speed(shape, seconds, threads=THREADS):
    """The Speed of a shape, and the seconds of its process."""
    outcome = run([BIN / "bench/bench_train", *shape, threads, seconds])
    if outcome.why:
        stop(f"bench_train {' '.join(map(str, shape))}: {outcome.why}")
    return Speed(*map(float, outcome.out.split("\t")[7:])), outcome.seconds


def median_speed(speeds):
    return Speed(*map(statistics.median, zip(*speeds)))


def memory_of_machine(what="MemTotal"):
    """Bytes."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) * 1024
    return 0


def machine():
    """Machine and date, for the line above the tables."""
    cpu = subprocess.run(["lscpu"], env={**os.environ, "LC_ALL": "C"}, stdout=subprocess.PIPE,
                         text=True, check=True).stdout
    model = next(line.split(":", 1)[1].strip() for line in cpu.splitlines()
                 if line.startswith("Model name:"))
    library = run([BIN / "bench/bench_train", "--machine"]).out.strip()
    return f"{date.today()}, {model}, {THREADS} core{'s' * (THREADS > 1)}; {library}"


def row(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def heading(names):
    return row(names) + "\n" + "|---" * len(names) + "|"


SPEED_HEADING = ["k-mers/s", "GFLOP/s", "of P", "MB"]


def speed_cells(speed):
    return [f"{speed.rate:.0f}", f"{speed.gflops:.1f}", f"{speed.fraction:.2f}",
            f"{speed.memory:.0f}"]
