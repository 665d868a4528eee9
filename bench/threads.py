"""Training on many threads, modelled from what a step costs on one: bench_phases measures the times
of its jobs, the serial code between them and the barriers, and a model puts the jobs on threads."""

import heapq
import statistics
import subprocess
from collections import defaultdict, namedtuple

from measure import BIN, must_run

# A call of parallel_run in a step: the function of its jobs, their times on one thread, and of the
# serial code before them. Times are in microseconds everywhere.
Phase = namedtuple("Phase", "name serial jobs")

# Of a shape: the steps that were measured, as a time for each number of threads; the phases; the
# serial time after the last of them; and what a barrier costs.
Measured = namedtuple("Measured", "steps phases last barrier")

# On two threads; and what each further one adds.
Barrier = namedtuple("Barrier", "two more")

# A step on some number of threads: the waiting of threads for the last job of each phase is idle.
Modelled = namedtuple("Modelled", "time jobs idle barriers serial")


# ---- measuring ----------------------------------------------------------------------------------


def function_at(code):
    """The name of the function at a place of bench_phases."""
    words = ["addr2line", "-f", "-e", BIN / "bench/bench_phases", code]
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0]


def medians(rows):
    """Column by column, of the rows whose length is the commonest."""
    length = statistics.mode(map(len, rows))
    return [statistics.median(column) for column in zip(*(r for r in rows if len(r) == length))]


def read_barrier(lines):
    """A further thread is woken by the calling one, and adds twice to the number of the next job:
    when it begins and when it finds no more. The wake-ups are measured where threads share cores."""
    entry = {int(n): statistics.median(times) for n, times in lines["entry"].items()}
    if not lines["barrier"]:
        return Barrier(0, 0)
    wake = (entry[max(entry)] - entry[2]) / (max(entry) - 2)
    line = statistics.median(lines["line"][""])
    return Barrier(statistics.median(lines["barrier"]["2"]), wake + 2 * line)


def measure(shape, threads, seconds):
    """The Measured of a shape, on up to so many threads."""
    lines = defaultdict(lambda: defaultdict(list))
    steps = [[]]  # the phases of each, as (code, [serial, jobs...])
    last = []
    outcome = must_run(BIN / "bench/bench_phases", *shape, threads, seconds)
    for kind, *words in map(str.split, outcome.out.splitlines()):
        if kind == "phase":
            steps[-1].append((words[0], list(map(float, words[1:]))))
        elif kind == "end":
            last.append(float(words[0]))
            steps.append([])
        else:
            lines[kind][words[0] if words[1:] else ""].append(float(words[-1]))
    phases = []
    for rows in zip(*steps[:-1]):
        serial, *jobs = medians([times for _, times in rows])
        phases.append(Phase(function_at(rows[0][0]), serial, jobs))
    return Measured({int(n): statistics.median(times) for n, times in lines["step"].items()},
                    phases, statistics.median(last), read_barrier(lines))


# ---- the model ----------------------------------------------------------------------------------


def makespan(jobs, threads):
    """The time until all jobs are done, each begun by the first thread that is free."""
    free = [0.0] * threads
    for job in jobs:
        heapq.heapreplace(free, free[0] + job)
    return max(free)


def barrier_cost(barrier, threads):
    return 0 if threads < 2 else barrier.two + (threads - 2) * barrier.more


def model(measured, threads):
    """The Modelled step. No phase has more threads than jobs."""
    spans = [makespan(phase.jobs, threads) for phase in measured.phases]
    work = sum(sum(phase.jobs) for phase in measured.phases) / threads
    serial = measured.last + sum(phase.serial for phase in measured.phases)
    barriers = sum(barrier_cost(measured.barrier, min(threads, len(phase.jobs)))
                   for phase in measured.phases)
    return Modelled(sum(spans) + barriers + serial, work, sum(spans) - work, barriers, serial)
