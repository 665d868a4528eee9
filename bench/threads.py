"""A model of training on many threads and ranks. bench_phases measures a step on one thread: its
jobs, the serial code between them, barriers and messages. The model distributes the jobs over
threads."""

import heapq
import statistics
import subprocess
from collections import defaultdict, namedtuple

from measure import BIN, must_run

# A call of parallel_run in a step: the function of its jobs, their times on one thread, the time of
# the serial code before them, and the time of the call for each measured number of threads. All
# times are in microseconds.
Phase = namedtuple("Phase", "name serial jobs spans")

# The measurements of a shape: the time of a step for each number of threads; the phases; the serial
# time after the last phase; the cost of a barrier (None with several ranks); and the bytes and
# messages that a rank sends in a step.
Measured = namedtuple("Measured", "steps phases last barrier bytes messages")

# The cost on two threads, and the addition of each further thread.
Barrier = namedtuple("Barrier", "two more")

# A step on a number of threads; idle is the time in which threads wait for the last job of a phase.
Modelled = namedtuple("Modelled", "time jobs idle barriers serial")


# ---- measuring ----------------------------------------------------------------------------------


def function_at(program, code):
    """The name of the function at an address of bench_phases."""
    words = ["addr2line", "-f", "-e", program, code]
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0]


def medians(rows):
    """Medians by column, of the rows of the most frequent length."""
    length = statistics.mode(map(len, rows))
    return [statistics.median(column) for column in zip(*(r for r in rows if len(r) == length))]


def read_barrier(lines):
    """A further thread adds two transfers of a cache line: for its first job, and for the check
    after its last job."""
    if not lines["barrier"]:
        return None
    transfer = statistics.median(lines["transfer"][""])
    return Barrier(statistics.median(lines["barrier"]["2"]), 2 * transfer)


def measure(shape, threads, seconds, start=(BIN / "bench/bench_phases",)):
    """The Measured of a shape on up to that many threads; start is the program, which may follow a
    launcher."""
    lines = defaultdict(lambda: defaultdict(list))
    steps = [[]]  # the phases of each, as (code, [serial, jobs...])
    last, sent, spans = [], [], defaultdict(list)
    outcome = must_run(*start, *shape, threads, seconds)
    for kind, *words in map(str.split, outcome.out.splitlines()):
        if kind == "phase":
            steps[-1].append((words[0], list(map(float, words[1:]))))
        elif kind == "end":
            last.append(float(words[0]))
            steps.append([])
        elif kind == "spans":
            spans[int(words[0])].append(list(map(float, words[1:])))
        elif kind == "sent":
            sent.append(tuple(map(float, words)))
        else:
            lines[kind][words[0] if words[1:] else ""].append(float(words[-1]))
    spans = {n: medians(rows) for n, rows in spans.items()}
    phases = []
    for i, rows in enumerate(zip(*steps[:-1])):
        serial, *jobs = medians([times for _, times in rows])
        phases.append(Phase(function_at(start[-1], rows[0][0]), serial, jobs,
                            {n: times[i] for n, times in spans.items()}))
    return Measured({int(n): statistics.median(times) for n, times in lines["step"].items()},
                    phases, statistics.median(last), read_barrier(lines),
                    *map(statistics.median, zip(*sent)))


# ---- the model ----------------------------------------------------------------------------------


def makespan(jobs, threads):
    """The time until all jobs are complete, if the first free thread takes each."""
    free = [0.0] * threads
    for job in jobs:
        heapq.heapreplace(free, free[0] + job)
    return max(free)


def barrier_cost(barrier, threads):
    return 0 if threads < 2 else barrier.two + (threads - 2) * barrier.more


def model(measured, threads, barrier):
    """The Modelled step without its messages. No phase has more threads than jobs."""
    spans = [makespan(phase.jobs, threads) for phase in measured.phases]
    work = sum(sum(phase.jobs) for phase in measured.phases) / threads
    serial = measured.last + sum(phase.serial for phase in measured.phases)
    barriers = sum(barrier_cost(barrier, min(threads, len(phase.jobs)))
                   for phase in measured.phases)
    return Modelled(sum(spans) + barriers + serial, work, sum(spans) - work, barriers, serial)
