"""The words of the report: sentences built from a finding's data, and from nothing else."""

from collections.abc import Callable, Sequence
from typing import Literal

from bench.instrument import stability, units
from bench.instrument.metrics import Derived, Missing
from bench.instrument.statistics import Estimate
from bench.report.claims import CLAIMS, FIGURE_MEANINGS, Put, Write, before_interval, percent, workers
from bench.report.findings import Finding, Topic

_SUBJECTS = {"gcd-seed": "the seed's gcd"}
_FEWEST_ROUNDS = 6
_GAINED = 1.1
_FULL_WORTH = 0.75
_SIDE_BY_SIDE = 0.75
"""Above this part of the speed that one thread has alone, each of several is said to have a core of its own."""
_RATIOS: tuple[Topic, ...] = ("shared object", "transport", "hogs", "imports", "sharing")
_SPEEDUPS: tuple[Topic, ...] = ("threads", "processes", "interpreters", "downloads")
_RULED_OUT = f"a difference beyond {units.times(_GAINED)} is ruled out"
_NO_GAIN = f"a gain beyond {units.times(_GAINED)} is ruled out"

NONE = "\N{EN DASH}"
NO_FINDINGS = "These files hold none of the benchmarks that the findings speak of; the table below has all there is."


def sentence(finding: Finding) -> str:
    """Say a finding in one sentence, with its figures and intervals, and what they mean where they decide."""
    meaning = _MEANINGS[finding.topic](finding)
    claim = _CLAIMS[finding.topic](finding, _with_interval)
    return f"{capitalised(claim)}{f': {meaning}' if meaning else ''}."


def heading(finding: Finding) -> str:
    """Say a finding's figures without their intervals, short enough for a heading."""
    claim = _CLAIMS[finding.topic](finding, lambda estimate, write: write(estimate.value))
    return capitalised(claim) + (" (not decided)" if is_open(finding) else "")


def cpu_heading(findings: Sequence[Finding]) -> str:
    """Join what was found for one workload into a heading: the seed's gcd: 2 threads 1.02x slower than serial, ..."""
    what = opening(findings[0].subject or "")
    said = ", ".join(
        f"{workers(finding.kind, finding.workers)} {units.faster(finding.ratio.value)}"
        f"{' (not decided)' if is_open(finding) else ''}"
        for finding in findings
        if finding.ratio
    )
    return f"{what}, against serial: {said}"


def topic(finding: Finding) -> str:
    """Name what a finding is about, for a label: Threads, Processes, Sending."""
    return capitalised(finding.topic)


def headline(finding: Finding) -> str:
    """Return the figure to show large beside the sentence: the ratio where there is one, else the time."""
    if finding.topic == "sending" and finding.ratio:
        return f"{units.times(finding.ratio.value)} a memcpy"
    if finding.ratio:
        return units.faster(finding.ratio.value)
    if isinstance(finding.figure, Estimate):
        return _FIGURES[finding.topic](finding.figure.value)
    return units.seconds(finding.time.value) if finding.time else NONE


def basis(finding: Finding) -> str:
    """Name estimators, interval and n of a finding's figures."""
    figure = finding.figure if isinstance(finding.figure, Estimate) else None
    estimates = [estimate for estimate in (finding.time, finding.ratio, figure) if estimate]
    if not estimates:
        return "no figure"
    estimators = " and ".join(dict.fromkeys(estimate.estimator for estimate in estimates))
    spread = "95% interval" if all(estimate.interval for estimate in estimates) else "no interval"
    counted = "tasks" if finding.topic == "steps" else "rounds"
    return f"{estimators}, {spread}, n = {min(estimate.n for estimate in estimates)} {counted}"


def interval(estimate: Estimate, write: Write) -> str:
    """Write an interval in brackets; says so where the rounds are too few for one."""
    if estimate.interval is None:
        return "[no interval]"
    return f"[{write(estimate.interval.low)}, {write(estimate.interval.high)}]"


def derived(figure: Derived, write: Write) -> str:
    """Write a derived figure for a table; what is missing is a dash."""
    return NONE if isinstance(figure, Missing) else write(figure.value)


def is_open(finding: Finding) -> bool:
    """Return whether a finding's ratio leaves open which of the two is faster, by more than a hair's breadth.

    Of a pool it is asked whether it gains: where it does not, how much it loses may be open.
    """
    if finding.topic == "sending" or finding.ratio is None:
        return False
    return _verdict(finding.ratio) in (("open",) if finding.topic in _SPEEDUPS else ("open", "no gain"))


def _verdict(ratio: Estimate) -> Literal["faster", "slower", "same", "no gain", "open"]:
    if ratio.interval is None:
        return "open"
    if ratio.decides():
        return "faster" if ratio.value > 1 else "slower"
    if ratio.interval.high >= _GAINED:
        return "open"
    return "same" if ratio.interval.low > 1 / _GAINED else "no gain"


def _why_open(ratio: Estimate) -> str:
    if ratio.interval is None:
        return f"not decided by this run (n = {ratio.n}; an interval needs {_FEWEST_ROUNDS} rounds)"
    return "not decided by this run, its interval holds both slower and faster"


def printable(text: str) -> str:
    """Replace what a terminal would obey or a reader not see: control characters and turned writing, in names."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def capitalised(text: str) -> str:
    """Return a text that starts a sentence."""
    return text[:1].upper() + text[1:]


def _with_interval(estimate: Estimate, write: Write) -> str:
    return f"{write(estimate.value)} {interval(estimate, write)}"


def subject(name: str) -> str:
    """Return the words for a workload: the seed's gcd for gcd-seed, its own name for another."""
    return _SUBJECTS.get(name, name)


def opening(name: str) -> str:
    """Return the words for a workload that starts a sentence; its own name keeps its letters."""
    return capitalised(_SUBJECTS[name]) if name in _SUBJECTS else name


def _subject(finding: Finding) -> str:
    return subject(finding.subject or "")


def _claim_cpu_work(finding: Finding, put: Put) -> str:
    ratio = put(finding.ratio, units.faster) if finding.ratio else ""
    return f"{workers(finding.kind, finding.workers)} ran {_subject(finding)} {before_interval(ratio, 'than serial')}"


def _claim_downloads(finding: Finding, put: Put) -> str:
    ratio = put(finding.ratio, units.faster) if finding.ratio else ""
    who = workers(finding.kind, finding.workers)
    return f"{who} downloaded flags ({_subject(finding)}) {before_interval(ratio, 'than one after the other')}"


def _claim_sending(finding: Finding, put: Put) -> str:
    what = f"sending {units.size(finding.size_bytes or 0)} of {_subject(finding)} through {finding.kind} and back"
    taken = f"{what} takes {put(finding.time, units.seconds)}" if finding.time else what
    if finding.ratio is None:
        return taken
    figure, bracket, rest = put(finding.ratio, units.times).partition(" [")
    return f"{taken}, {figure} a memcpy of the same bytes{bracket}{rest}"


def _mean_cpu_work(finding: Finding) -> str | None:
    """Say what a ratio means; only what was measured, with the GIL as it was when the run ended."""
    if finding.ratio is None:
        return None
    verdict, ratio = _verdict(finding.ratio), finding.ratio.value
    if verdict == "open":
        return _why_open(finding.ratio)
    cores = min(finding.workers, finding.cores or finding.workers)
    why = _mean_threads(finding, ratio, ratio / cores) if finding.topic == "threads" else None
    if verdict in ("same", "no gain"):
        return "; ".join(filter(None, (_RULED_OUT if verdict == "same" else _NO_GAIN, why)))
    if finding.topic == "threads":
        return why
    if verdict == "slower":
        return "moving the work cost more than sharing it gained"
    return f"{units.number(ratio / cores)} of a core's worth from each of {cores:,} cores" if cores > 1 else None


def _mean_threads(finding: Finding, ratio: float, worth: float) -> str | None:
    if finding.gil is None:
        return None
    if not finding.gil and worth >= _FULL_WORTH:
        return "without the GIL, threads run side by side"
    if not finding.gil:
        return "there is no GIL, but the threads got in each other's way all the same"
    if finding.free_threaded:
        return "this free-threaded build ran with its GIL switched on"
    return _mean_gain(finding) if ratio >= _GAINED else "with the GIL, one thread runs at a time"


def _mean_gain(finding: Finding) -> str:
    """Say how threads with a GIL can have gained."""
    released = "part of this work lets go of the GIL"
    if stability.is_shared_out(finding.run):
        return f"either {released}, or the threads got more of a busy machine than one did"
    return released


def _mean_downloads(finding: Finding) -> str | None:
    if finding.ratio is None:
        return None
    return {
        "open": _why_open(finding.ratio),
        "same": _RULED_OUT,
        "no gain": _NO_GAIN,
        "slower": "the pool cost more than it gained",
        "faster": "waiting overlaps, with or without a GIL",
    }[_verdict(finding.ratio)]


def _mean_ratio(finding: Finding) -> str | None:
    """Say so where a ratio decides nothing; where it does, the claim says all there is."""
    if finding.ratio is None:
        return None
    verdict = _verdict(finding.ratio)
    if verdict in ("open", "no gain"):
        return _why_open(finding.ratio)
    return _RULED_OUT if verdict == "same" else None


def _mean_releases(finding: Finding) -> str | None:
    """Say whether the threads ran side by side: each did all of its work, so no change is the ideal."""
    if finding.ratio is None or finding.ratio.interval is None:
        return _mean_ratio(finding)
    if finding.ratio.interval.low > _SIDE_BY_SIDE:
        return "C that releases the GIL runs side by side"
    return (
        "not decided by this run whether they run side by side" if finding.ratio.interval.high > _SIDE_BY_SIDE else None
    )


def _mean_nothing_more(_: Finding) -> str | None:
    return None


_FIGURES: dict[Topic, Write] = {
    "short tasks": units.seconds,
    "payload": units.size,
    "steps": percent,
    "client limit": lambda used: f"{units.number(used)} of a core",
}
_CLAIMS: dict[Topic, Callable[[Finding, Put], str]] = {
    "threads": _claim_cpu_work,
    "processes": _claim_cpu_work,
    "interpreters": _claim_cpu_work,
    "sending": _claim_sending,
    "downloads": _claim_downloads,
    **CLAIMS,
}
_MEANINGS: dict[Topic, Callable[[Finding], str | None]] = {
    "threads": _mean_cpu_work,
    "processes": _mean_cpu_work,
    "interpreters": _mean_cpu_work,
    "sending": _mean_nothing_more,
    "downloads": _mean_downloads,
    "starting": _mean_nothing_more,
    "releases": _mean_releases,
    **dict.fromkeys(_RATIOS, _mean_ratio),
    **FIGURE_MEANINGS,
}
