"""Why the choice is what it is, and what would change it: sentences made of the model's terms."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf
from time import monotonic

import numpy as np

from flagkit.advise.draws import Draws
from flagkit.advise.figures import percent, ratio, seconds, size
from flagkit.advise.measured import Measured, Packing
from flagkit.advise.ranking import Ranked, rank, ties
from flagkit.advise.records import Candidate, Evidence
from flagkit.executors import resolve

__all__ = ["changes", "held_back", "reason", "untried", "warnings"]

WORTH_TELLING = 0.1
"""A share of a time from which on it is a reason."""
LARGE = 0.2
"""A share from which on it is the reason."""
SHORT_BYTES = 1_000
"""Pickling less takes as long as the call; longer ones of the kind are taken for bytes, which cost their transfer."""
FURTHEST = 1e6
"""By which factor tasks and payloads are changed, at most, in search of another answer."""


def reason(measured: Measured, ranking: list[Ranked], draws: Draws) -> str:
    """Return in a sentence why the first of the ranking is the first."""
    first = ranking[0]
    family = resolve(first.candidate.kind).family
    serial_s = _serial_s(ranking)
    others = {resolve(one.candidate.kind).family: one for one in reversed(ranking[1:])}
    said: list[str] = []
    if measured.cpu_share < 1 - WORTH_TELLING:
        said.append(f"the tasks wait for {percent(1 - measured.cpu_share)} of their time")
    if family != "thread" and (threads := others.get("thread")):
        said.append(_against_threads(threads, serial_s, measured, draws))
    elif family == "thread" and draws.gil_share < 1 - WORTH_TELLING and measured.cpu_share > WORTH_TELLING:
        said.append(f"{percent(1 - draws.gil_share)} of the computing runs in threads side by side")
    if family != "process" and (processes := others.get("process")):
        said.append(_against_processes(measured, processes))
    elif first.candidate.kind == "shared":
        plain = [one for one in ranking if one.candidate.kind.startswith("process-")]
        said += [_against_processes(measured, one) for one in plain[:1]]
    elif family != "thread" and measured.unpicklable is None and family == "process":
        packed = _sending_share(first)
        said.append(f"sending takes {percent(packed)} of the time" if packed > WORTH_TELLING else "")
    said = [one for one in said if one]
    text = "; ".join(said)
    if len(ranking) == 1:
        text = "nothing else could be compared"
    elif not text:
        text = "no pool is worth its start" if family == "serial" else "it is the fastest that is predicted"
    end = (
        f"run it serially, in {seconds(draws.interval(first.expected_s).value)}"
        if family == "serial"
        else (f"use {first.candidate}: {ratio(serial_s / first.median_s)} the speed of serial")
    )
    return f"{text[0].upper()}{text[1:]}: {end}."


def held_back(measured: Measured, ranking: list[Ranked], draws: Draws) -> dict[str, str]:
    """Return the kinds of the ranking that the GIL rules out, and why: threads that take turns, to no gain.

    Never the first one of the ranking, which is there for another reason than computing side by side.
    """
    if not measured.has_gil or measured.cpu_share < 1 - WORTH_TELLING or draws.gil_share < 1 - LARGE:
        return {}
    serial_s = _serial_s(ranking)
    ratios = sorted(both / alone for both, alone in zip(measured.together_s, measured.alone_s, strict=True))
    why = (
        f"{_held(measured, draws.gil_share)}: {measured.threads} threads with as much to do each took "
        f"{ratio(ratios[len(ratios) // 2])} as long as one"
    )
    threads = (one for one in ranking[1:] if _family(one.candidate.kind) == "thread")
    return {one.candidate.kind: why for one in threads if serial_s < (1 + WORTH_TELLING) * one.median_s}


def _serial_s(ranking: list[Ranked]) -> float:
    return next(one.median_s for one in ranking if one.candidate.kind == "serial")


def _against_threads(threads: Ranked, serial_s: float, measured: Measured, draws: Draws) -> str:
    overhead = _overhead("threads", threads)
    if overhead or draws.gil_share < WORTH_TELLING:
        return overhead
    gain = serial_s / threads.median_s
    would = "would take turns" if gain < 1 + WORTH_TELLING else f"would gain only {ratio(gain)}"
    return f"threads {would}, as {_held(measured, draws.gil_share)}"


def _held(measured: Measured, share: float) -> str:
    """Return why threads take turns: without a GIL it is a lock, or the memory that they share."""
    if measured.has_gil:
        return f"the GIL is held for {percent(share)} of the computing"
    return f"{percent(share)} of the computing is on what they share"


def _against_processes(measured: Measured, processes: Ranked) -> str:
    share = _sending_share(processes)
    if share > WORTH_TELLING:
        sent = measured.arguments.size_bytes, measured.results.size_bytes
        what = f"the {size(sent[0])} argument" if sent[0] >= sent[1] else f"the {size(sent[1])} result"
        return f"{percent(share)} of the time with {processes.candidate.kind} would be pickling and moving {what}"
    return _overhead(processes.candidate.kind, processes)


def _overhead(name: str, ranked: Ranked) -> str:
    terms = ranked.terms
    start_s = float(np.median(terms.start_up + terms.imports))
    if start_s > LARGE * ranked.median_s:
        return f"{name} would take {seconds(start_s)} to start"
    dispatch_s = float(np.median(terms.dispatch))
    if dispatch_s > LARGE * ranked.median_s:
        return f"{name} would spend {percent(min(1.0, dispatch_s / ranked.median_s))} of the time on handing tasks out"
    return ""


def _sending_share(ranked: Ranked) -> float:
    return min(1.0, float(np.median((ranked.terms.pickling + ranked.terms.transfer) / ranked.expected_s)))


def changes(evidence: Evidence, ranking: list[Ranked], draws: Draws, until: float = inf) -> Iterator[str]:
    """Yield what would change the answer: at which length of a task, and at which payload, another family is best.

    What is not found until that time, by time.monotonic(), is left out.
    """
    kinds = [one.candidate.kind for one in ranking]
    measured = evidence.measured

    def best(other: Measured) -> list[str]:
        """Return the kind that would be the best, and those that could not be told apart from it."""
        # What pilots say of the model they say of the job as it is
        others = Draws(other, evidence.cores, [measured.pace_s], factors=draws.factors)
        ranked = rank(replace(evidence, measured=other), others)
        return [ranked[0].candidate.kind, *(one.kind for one in ties(ranked))]

    group = _family(kinds[0])
    for step in (1 / 4, 4.0):
        found = _turning_point(lambda factor: best(_with_task(measured, factor)), group, _family, step, until)
        if found is not None:
            factor, kind = found
            words = "shorter" if step < 1 else "longer"
            yield f"with tasks {words} than {seconds(measured.mean_s * factor)}, {kind} would be best"
    if measured.unpicklable is None:
        sent = max(1.0, measured.arguments.size_bytes)
        for step in (1 / 4, 4.0):
            found = _turning_point(
                lambda factor: best(_with_payload(measured, factor)), _transport(kinds[0]), _transport, step, until
            )
            if found is not None:
                words = "smaller" if step < 1 else "larger"
                yield f"with arguments {words} than {size(sent * found[0])}, {found[1]} would be best"


def _turning_point(
    best: Callable[[float], list[str]], group: str, group_of: Callable[[str], str], step: float, until: float
) -> tuple[float, str] | None:
    """Return the factor from which on the group is clearly not the best any more, and the kind that is there.

    That is serial, where it cannot be told from the best. None where there is none, or no time to find it.
    """

    def is_over(factor: float) -> bool:
        return group not in map(group_of, best(factor))

    inside, outside = 1.0, step
    while not is_over(outside):
        inside, outside = outside, outside * step
        if not 1 / FURTHEST <= outside <= FURTHEST or monotonic() > until:
            return None
    for _ in range(4):
        if monotonic() > until:
            return None
        middle = (inside * outside) ** 0.5
        inside, outside = (inside, middle) if is_over(middle) else (middle, outside)
    found = best(outside)
    return outside, "serial" if "serial" in found else found[0]


def _family(kind: str) -> str:
    return resolve(kind).family


def _transport(kind: str) -> str:
    return kind if kind == "shared" else resolve(kind).family


def _with_task(measured: Measured, factor: float) -> Measured:
    return replace(
        measured,
        task_s=tuple(factor * task_s for task_s in measured.task_s),
        first_s=measured.first_extra_s + factor * measured.task_s[0],
    )


def _with_payload(measured: Measured, factor: float) -> Measured:
    """Return it with longer arguments: times grow with their bytes, but for what one that is short takes anyway."""
    packed = measured.arguments
    grown = {name: factor * getattr(packed, name) for name in Packing.__slots__}
    if packed.size_bytes < SHORT_BYTES:
        grown |= {name: getattr(packed, name) for name in grown if name.endswith("_s")}
    return replace(measured, arguments=Packing(**grown))


def untried(evidence: Evidence, candidate: Candidate) -> Iterator[str]:
    """Yield what the advice does not know: how tasks differ, what they take, what others cost, if the choice works."""
    measured = evidence.measured
    if len(measured.task_s) == 1 < measured.n:
        yield "one task was run: by how much tasks differ is not known"
    if measured.remembers > 1:
        times = ratio(measured.remembers)
        yield f"called again with the same items it was {times} as fast, as if it kept what it did: no kind was tried"
    if not evidence.costs:
        yield "there was no time to measure what any executor costs: give a longer budget"
    elif candidate.kind != "serial" and candidate.kind not in evidence.pilots:
        yield f"there was no time for a short run of {candidate.kind}, so it is not known to work"


def warnings(measured: Measured, candidate: Candidate) -> Iterator[str]:
    """Yield what to look at before the snippet is used."""
    family = resolve(candidate.kind).family
    if family not in ("serial", "thread"):
        yield from measured.side_effects
    elif family == "thread" and measured.side_effects:
        yield from (f"{one.partition(',')[0]}, which threads would do at once" for one in measured.side_effects)
    if measured.cpu_share > 1 + WORTH_TELLING and family != "serial":
        yield f"a task keeps {measured.cpu_share:.1f} processors busy by itself: its own threads and workers compete"
