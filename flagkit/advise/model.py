"""The cost model: what a job of n items takes on a kind with w workers and chunks of c items.

    time = start-up + imports + fill + max(caller, workers, cores)

start-up   making the pool and shutting it down: linear in w
imports    the function's module in each worker that does not have it from its parent, and the set-up in each worker
           that is a process, as many at once as there are cores; and what the very first call takes longer
caller     what the calling process does, one after the other: dispatch of each chunk, one more item in it, pickling of
           each argument, unpickling of each result, and moving their bytes. Where the function holds the GIL of the
           caller, which threads have in common, what it holds it for comes on top
crowding   processor time that tasks take more when others run beside them: memory bandwidth, caches, threads of one
           core, clock rate. Part of the next two
workers    what a worker has to do: its share of the tasks and of their unpickling and pickling, times the imbalance,
           which is the longest share of any worker / the mean, as handing out chunk by chunk gives it; and what each
           of its chunks costs beside
cores      all processor time, of caller and workers, shared out among the cores
fill       while not all of these are at work: at first workers wait for the caller to pickle and send a chunk to each,
           and at last the caller waits for the last one's results. No more than a worker needs for a chunk: if that is
           less, it is the caller that the others wait for

The figures come from `costs` (of the kind, whatever the function is), `sampling` (of the function, alone and in
threads) and, where there has been one, a pilot: it says what the kind's start-up takes with this function's module, and
by which factor its steady state differs from the above, which has what no term names (turns of the GIL, cold caches,
memory that nobody has touched yet). Of pilots with different numbers of workers the nearest one counts.
However short a pilot, a worker's share of the tasks takes what they take alone.
The machine's pace changes meanwhile: each pilot runs tasks alone after the others, and what these took longer
than in the sample, in the middle of all pilots, is none of what one kind is ahead of another, or of serial. (In the
middle of all: two processes that run at the same time differ as well, and a kind gets no credit for the luck of its
pilot's.) What was measured more than once (tasks, costs, pilots) is a vector of draws, so that what follows has the
spread that these leave.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from flagkit.advise.candidates import has_chunks
from flagkit.advise.draws import Draws
from flagkit.advise.measured import Measured
from flagkit.advise.records import Candidate, KindCosts, Pilot
from flagkit.executors import resolve

__all__ = ["Draw", "Terms", "nearest", "predict", "same_pool", "terms"]

PROCESS_POOLS = ("process-fork", "process-forkserver", "process-spawn")
TICK_S = 1e-9
ENOUGH = 3
"""Runs of a kind's own pilot; with fewer, those of kinds that are alike count as well."""
SHORTER = 2
"""A pilot of so many times fewer items than another one tells little beside it."""
SHARE_LEFT = 0.1
"""Of what a pilot's items took, what is left at least without what the very first call takes."""
Draw = NDArray[np.float64]
"""One value a draw."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds of each term; a value a draw."""

    start_up: Draw
    imports: Draw
    dispatch: Draw
    pickling: Draw
    transfer: Draw
    gil: Draw
    """What threads spend one at a time."""
    crowding: Draw
    """Processor time that tasks take more because others run beside them."""
    workers: Draw
    cores: Draw
    fill: Draw

    @property
    def caller(self) -> Draw:
        """All that happens one after the other."""
        return self.dispatch + self.pickling + self.transfer + self.gil

    @property
    def steady(self) -> Draw:
        """What the job takes once the pool is there."""
        return np.maximum(np.maximum(self.caller, self.workers), self.cores) + self.fill

    @property
    def total(self) -> Draw:
        """What the job takes."""
        return self.start_up + self.imports + self.steady

    def medians(self) -> dict[str, float]:
        """Return the seconds of each term by name."""
        return {name: float(np.median(getattr(self, name))) for name in self.__slots__}


def terms(
    measured: Measured,
    costs: KindCosts | None,
    candidate: Candidate,
    draws: Draws,
    pilot: Pilot | None = None,
) -> Terms:
    """Return the terms of the job; with `pilot`, of the items of the pilot's rounds."""
    n = measured.n if pilot is None else pilot.items
    total_s = n * draws.mean_s if pilot is None else np.full(draws.size, pilot.sample_s)
    uneven = 1.0 if pilot is None else pilot.imbalance
    first = np.full(draws.size, measured.first_extra_s)
    zero = np.zeros(draws.size)
    if costs is None:
        return Terms(zero, first, zero, zero, zero, zero, zero, total_s, zero, zero)
    if pilot is None:
        uneven = draws.imbalance(candidate.workers, candidate.chunksize)
    build = _thread_terms if resolve(candidate.kind).family == "thread" else _worker_terms
    return build(measured, costs, candidate, draws, n=n, total_s=total_s, uneven=uneven)


def _thread_terms(
    measured: Measured, costs: KindCosts, candidate: Candidate, draws: Draws, *, n: int, total_s: Draw, uneven: float
) -> Terms:
    zero = np.zeros(draws.size)
    cpu_s = measured.cpu_share * total_s
    busy = n * draws.of(costs, "busy_s")
    workers = candidate.workers
    crowding = _crowding(cpu_s, costs, workers, draws, draws.crowding)
    return Terms(
        start_up=_start_up(costs, workers, draws),
        imports=zero + measured.first_extra_s,
        dispatch=n * draws.of(costs, "dispatch_s"),
        pickling=zero,
        transfer=zero,
        gil=draws.gil_share * cpu_s,
        crowding=crowding,
        workers=uneven * (total_s + crowding) / workers + busy * -(-n // workers) / n,
        cores=np.maximum((cpu_s + crowding + busy) / draws.cores, total_s * draws.floor_s / draws.mean_s),
        fill=zero,
    )


def _worker_terms(
    measured: Measured, costs: KindCosts, candidate: Candidate, draws: Draws, *, n: int, total_s: Draw, uneven: float
) -> Terms:
    workers, cores = candidate.workers, draws.cores
    chunksize = min(n, candidate.chunksize) if has_chunks(candidate.kind) else 1
    chunks = -(-n // chunksize)
    arguments, results = measured.arguments, measured.results
    if candidate.kind == "shared":  # which leaves the buffers out of the stream
        dumps_s, loads_s = arguments.stream_dumps_s, results.stream_loads_s
        in_worker = n * (arguments.stream_loads_s + results.stream_dumps_s)
    else:
        dumps_s, loads_s = arguments.dumps_s, results.loads_s
        in_worker = n * (arguments.loads_s + results.dumps_s)
    in_caller = n * (dumps_s + loads_s)
    sent_s = draws.of(costs, "send_s_per_byte") * arguments.size_bytes
    returned_s = draws.of(costs, "return_s_per_byte") * results.size_bytes
    moved = n * (sent_s + returned_s)
    busy = chunks * draws.of(costs, "busy_s")
    cpu_s = measured.cpu_share * total_s
    crowding = _crowding(cpu_s, costs, workers, draws, draws.crowding_apart)
    import_s = measured.setup_s + (0.0 if resolve(candidate.kind).start_method == "fork" else measured.import_s)
    return Terms(
        start_up=_start_up(costs, workers, draws),
        imports=np.full(draws.size, measured.first_extra_s + import_s * -(-workers // cores)),
        dispatch=chunks * draws.of(costs, "dispatch_s") + (n - chunks) * draws.of(costs, "item_s"),
        pickling=np.full(draws.size, in_caller),
        transfer=moved,
        gil=np.zeros(draws.size),
        crowding=crowding,
        # What a task costs was measured where all workers together had to wait for the processors
        workers=uneven * (total_s + crowding + in_worker) / workers
        + busy * -(-chunks // workers) / chunks * min(workers, cores) / min(costs.workers, cores),
        cores=(cpu_s + crowding + in_worker + in_caller + busy + moved) / cores,
        fill=chunksize
        * np.minimum(
            min(workers, chunks) * (dumps_s + sent_s) + loads_s + returned_s, (total_s + crowding + in_worker) / n
        ),
    )


def predict(
    measured: Measured,
    costs: Mapping[str, KindCosts],
    candidate: Candidate,
    draws: Draws,
    pilots: Collection[Pilot],
) -> tuple[Draw, Terms]:
    """Return the seconds of the job, a draw each, and its terms, as pilots have corrected them where there are some.

    What counts is the pilot with the number of workers that is the nearest. Once they run, ProcessPoolExecutors are the
    same however their processes were started: what pilots of any of them say of the steady state holds for one that has
    not been run ENOUGH times itself.
    """
    kind = candidate.kind
    found = terms(measured, costs.get(kind), candidate, draws)
    start_s = found.start_up + found.imports - measured.first_extra_s
    steady = found.steady
    own = nearest(pilots, kind, candidate.workers)
    drift = _drift(pilots)
    if own is not None:
        start_s = start_s * draws.factor(
            f"start of {own.candidate}", lambda: _start_factor(measured, costs[kind], draws, own, drift)
        )
    telling = [own] if own is not None else []
    if own is None or len(own.rest_s) < ENOUGH:
        others = (nearest(pilots, one, candidate.workers) for one in same_pool(kind) if one in costs and one != kind)
        telling += [one for one in others if one is not None]
    telling.sort(key=lambda one: str(one.candidate))  # the same draws for all that go by the same ones
    if telling:
        key = "steady " + ", ".join(str(one.candidate) for one in telling)
        factor = draws.factor(key, lambda: _steady_factor(measured, costs, draws, telling, drift))
        # With other workers, or as crowding is measured anew, the model may be wrong by another factor
        steady = np.maximum(steady * factor, _least(measured, candidate, draws))
    return start_s + measured.first_extra_s + steady, found


def _least(measured: Measured, candidate: Candidate, draws: Draws) -> Draw:
    """Return what the tasks take if nothing but themselves takes time: no pilot says that of less."""
    uneven = draws.imbalance(candidate.workers, candidate.chunksize) / candidate.workers
    return measured.n * draws.mean_s * max(uneven, measured.cpu_share / draws.cores)


def nearest(pilots: Collection[Pilot], kind: str, workers: int) -> Pilot | None:
    """Return the pilot of that kind whose number of workers is the nearest by its ratio; None where there is none."""
    of_kind = (one for one in pilots if one.candidate.kind == kind)
    return min(of_kind, key=lambda one: abs(log(one.candidate.workers / workers)), default=None)


def _drift(pilots: Collection[Pilot]) -> float:
    """Return how many times slower than in the sample the machine was for pilots, in the middle of their processes."""
    drifts = [drift for one in pilots for drift in one.drifts]
    return float(np.median(drifts)) if drifts else 1.0


def _start_factor(measured: Measured, costs: KindCosts, draws: Draws, pilot: Pilot, drift: float) -> Draw:
    """Return how many times the start took what the model expects, at the machine's pace of the sample."""
    piloted = terms(measured, costs, pilot.candidate, draws, pilot)
    # Draw by draw: what the costs' starts differ by is not what this one's do
    expected_s = piloted.start_up + piloted.imports - measured.first_extra_s
    return draws.again(pilot.start_s, f"start of {pilot.candidate}") / (np.maximum(expected_s, TICK_S) * drift)


def _steady_factor(
    measured: Measured, costs: Mapping[str, KindCosts], draws: Draws, pilots: Collection[Pilot], drift: float
) -> Draw:
    """Return how many times the items took what the model expects, at that pace too.

    In the middle of all runs of these pilots, but for those that had much fewer items than others: a mistake in what
    their start took is more beside those.
    """
    longest = max(one.items for one in pilots)
    factors: list[float] = []
    for one in pilots:
        if SHORTER * one.items > longest:
            expected_s = float(np.median(terms(measured, costs[one.candidate.kind], one.candidate, draws, one).steady))
            rests_s = np.asarray(one.rest_s) / drift
            factors += (np.maximum(rests_s - measured.first_extra_s, SHARE_LEFT * rests_s) / expected_s).tolist()
    return draws.again(factors, "steady " + ", ".join(str(one.candidate) for one in pilots))


def same_pool(kind: str) -> tuple[str, ...]:
    """Return the kinds that are alike once their workers run, this one among them."""
    return PROCESS_POOLS if kind in PROCESS_POOLS else (kind,)


def _start_up(costs: KindCosts, workers: int, draws: Draws) -> Draw:
    further = workers - costs.workers
    return np.asarray(np.maximum(0.0, draws.of(costs, "start_s") + draws.of(costs, "start_each_s") * further))


def _crowding(cpu_s: Draw, costs: KindCosts, workers: int, draws: Draws, measured: float) -> Draw:
    """Return what the tasks take more, as measured of them or, if that is more, of a loop in that kind's workers."""
    if draws.cores == 1:
        return np.zeros(draws.size)
    full = np.maximum(draws.of(costs, "crowding"), measured)
    return np.asarray(cpu_s * (full - 1.0) * (min(workers, draws.cores) - 1) / (draws.cores - 1))
