"""The table of error rates: ours and others', on the same recordings, with n and Clopper-Pearson intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.gate.procedure.center import center
from bench.gate.rates import replay, subject
from bench.gate.rates.others import OTHERS, alarms
from bench.gate.rates.recordings import Generation
from bench.gate.rates.replay import Logged, Runs
from bench.instrument import units

BLOCK = 30
"""Generations in a row, about as many as a stage of a gate run has."""
ORDERS = 1000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many, with the exact 95% interval (Clopper and Pearson 1934)."""

    count: int
    n: int

    def __str__(self) -> str:
        if self.n == 0:
            return "not measured"
        interval = stats.binomtest(self.count, self.n).proportion_ci(0.95, method="exact")
        return f"{self.count} of {self.n} [{100 * interval.low:.3g}%, {100 * interval.high:.3g}%]"


def of(found: Sequence[bool]) -> Rate:
    """Count what is true."""
    return Rate(sum(found), len(found))


def render(generations: Sequence[Generation], step: int | None, drawn: int = 0) -> Iterator[str]:
    """Yield the lines of the page, in Markdown."""
    logged = replay.logged(generations)
    yield from _about(generations, logged)
    yield from ("", "### Identical code: suite runs of 30 benchmarks that fail", "")
    yield from _identical(generations, logged, step, drawn)
    yield from ("", "### Injected code: is the one slowed benchmark found?", "")
    yield from _injected(generations, logged)
    yield from ("", f"### Injected code in each of {len(subject.WORKS)} benchmarks: does the run fail?", "")
    yield from _everywhere(generations, logged)
    yield from ("", "### Injected sizes, by all generations together", "")
    yield from _sizes(logged)


def _about(generations: Sequence[Generation], logged: Sequence[Logged]) -> Iterator[str]:
    recordings = {one.recording: one.neighbours for one in generations}
    loads = [one.load for one in generations]
    recorded_s = sum(one.wall_s for one in generations)
    yield (
        f"{len(generations)} generations in {len(recordings)} recordings, {units.seconds(recorded_s)}; "
        f"neighbours switched on and off at random: {', '.join(sorted(map(str, set(recordings.values()))))}; "
        f"load average {min(loads, default=0):.1f} to {max(loads, default=0):.1f}."
    )
    if len(logged) < 2 * BLOCK:
        return
    values = np.array([[one.logs[name] for name in subject.IDENTICAL] for one in logged])
    centers = [center(column) for column in values.T]
    low, middle, high = np.quantile([one.spread for one in centers], [0.05, 0.5, 0.95])
    yield (
        f"Standard deviation of a generation's log ratio, identical code, over {len(centers)} benchmarks: "
        f"{middle:.4f} in the middle, {low:.4f} to {high:.4f} in nine of ten."
    )
    fastest, slowest = np.exp([one(found.value for found in centers) for one in (min, max)])
    yield f"Over all generations the identical benchmarks are {fastest:.4f} to {slowest:.4f} of each other."
    found, (low, high) = blocks(values)
    yield (
        f"Means of {BLOCK} generations in a row vary {found:.2f} times as much as independent ones would; "
        f"in another order they do {low:.2f} to {high:.2f} times, in 95 of 100."
    )


def blocks(values: npt.NDArray[np.float64]) -> tuple[float, tuple[float, float]]:
    """Tell whether generations that follow one another are alike, of log ratios by generation and benchmark.

    Returns the variance of the means of BLOCK contiguous generations, times BLOCK, over that of a generation, the mean
    of all benchmarks; and what 95% of ORDERS random orders of the same generations have.
    """
    rng = np.random.default_rng(0)
    whole = values[: len(values) // BLOCK * BLOCK]

    def share(order: npt.NDArray[np.int64]) -> float:
        means = whole[order].reshape(-1, BLOCK, whole.shape[1]).mean(axis=1)
        return float(np.mean(BLOCK * means.var(axis=0, ddof=1) / whole.var(axis=0, ddof=1)))

    orders = [share(rng.permutation(len(whole))) for _ in range(ORDERS)]
    low, high = np.quantile(orders, [0.025, 0.975])
    return share(np.arange(len(whole))), (float(low), float(high))


def _identical(
    generations: Sequence[Generation], logged: Sequence[Logged], step: int | None, drawn: int
) -> Iterator[str]:
    names = subject.IDENTICAL
    apart = replay.runs(logged, names)
    yield "| rule | one side after the other | both sides in lockstep |"
    yield "|---|---|---|"
    yield f"| this gate (replay, runs apart{_cut(apart)}) | | {of([result.is_alarm for result in apart.results])} |"
    exchanged = replay.runs(replay.exchanged(logged), names)
    label = f"this gate (the same, base and head exchanged{_cut(exchanged)})"
    yield f"| {label} | | {of([result.is_alarm for result in exchanged.results])} |"
    if step is not None:
        overlapping = replay.runs(logged, names, step=step)
        count = of([result.is_alarm for result in overlapping.results])
        label = f"this gate (replay, a run from every {step} generations on; they overlap, so no interval"
        label += f"{_cut(overlapping)})"
        yield f"| {label} | | {count.count} of {count.n} |"
    at_random = replay.drawn_runs(logged, names, drawn)
    if drawn:
        count = of([result.is_alarm for result in at_random.results])
        label = "this gate (replay, generations drawn at random from all for each run; they share them, so no interval"
        yield f"| {label}{_cut(at_random)}) | | {count.count} of {count.n} |"
    for label, rule in OTHERS.items():
        after = of([bool(found) for found in alarms(generations, names, rule)])
        beside = of([bool(found) for found in alarms(generations, names, rule, side_by_side=True)])
        yield f"| {label} | {after} | {beside} |"
    if apart.results:
        open_ones = of([result.is_inconclusive for result in apart.results])
        seconds = [result.seconds for result in apart.results]
        used = [result.used for result in apart.results]
        middle, most = units.seconds(float(np.median(seconds))), units.seconds(max(seconds))
        yield ""
        yield (
            f"A replayed run of 30 benchmarks would have taken {middle} in the middle, at most {most}, of a budget of "
            f"{units.seconds(replay.BUDGET_S)}; {min(used)} to {max(used)} generations."
        )
        yield f"Inconclusive: {open_ones}."
    if drawn:
        open_ones = of([result.is_inconclusive for result in at_random.results])
        longest = units.seconds(max((result.seconds for result in at_random.results), default=0.0))
        yield f"On generations drawn at random: inconclusive {open_ones.count} of {open_ones.n}, at most {longest}."


def _cut(runs: Runs) -> str:
    """Say how many runs needed more than was recorded, if any."""
    return f"; {runs.cut_off} needed more generations than there are" if runs.cut_off else ""


def _injected(generations: Sequence[Generation], logged: Sequence[Logged]) -> Iterator[str]:
    yield "| injected | this gate (replay) | " + _header() + " |"
    yield "|---" * (2 + len(OTHERS)) + "|"
    for kind, percent in dict.fromkeys((one.kind, one.percent) for one in subject.INJECTED):
        alike = [one.name for one in subject.INJECTED if (one.kind, one.percent) == (kind, percent)]
        ours: list[bool] = []
        for name in alike:
            suite = [*subject.IDENTICAL[1:], name]
            replayed = replay.runs(replay.having(logged, suite), suite)
            ours += [name in result.slower for result in replayed.results]
        cells = [
            str(of([name in slower for name in alike for slower in alarms(_of(generations, [name]), [name], other)]))
            for other in OTHERS.values()
        ]
        yield f"| {kind} {percent}% | {of(ours)} | {' | '.join(cells)} |"


def _everywhere(generations: Sequence[Generation], logged: Sequence[Logged]) -> Iterator[str]:
    yield "| injected | this gate (replay) | by the geometric mean | of the ten, found | " + _header() + " |"
    yield "|---" * (4 + len(OTHERS)) + "|"
    for percent, injected in subject.EVERYWHERE.items():
        names = [one.name for one in injected]
        replayed = replay.runs(replay.having(logged, names), names)
        fails = of([result.is_alarm for result in replayed.results])
        suite = of([result.is_suite_slower for result in replayed.results])
        each = of([name in result.slower for result in replayed.results for name in names])
        others = [
            str(of([bool(slower) for slower in alarms(_of(generations, names), names, other)]))
            for other in OTHERS.values()
        ]
        yield f"| {percent}% | {fails} | {suite} | {each.count} of {each.n} | {' | '.join(others)} |"


def _of(generations: Sequence[Generation], names: Sequence[str]) -> list[Generation]:
    """Return the generations that have all these benchmarks."""
    return [one for one in generations if set(names) <= one.rounds.keys()]


def _sizes(logged: Sequence[Logged]) -> Iterator[str]:
    yield "| benchmark | head / base, 95% interval, n generations |"
    yield "|---|---|"
    for one in subject.INJECTED:
        logs = [generation.logs[one.name] for generation in replay.having(logged, [one.name])]
        if len(logs) < 3:  # noqa: PLR2004 - as many as a centre needs
            yield f"| {one.kind} {one.percent}%, {one.work} | not measured, {len(logs)} |"
            continue
        found = center(logs)
        low, high = np.exp(found.interval())
        interval = f"{np.exp(found.value):.4f} [{low:.4f}, {high:.4f}]"
        yield f"| {one.kind} {one.percent}%, {one.work} | {interval}, {found.n} |"


def _header() -> str:
    return " | ".join(map(_short, OTHERS))


def _short(label: str) -> str:
    return label.removeprefix("pytest-benchmark --benchmark-compare-fail=").partition(" (")[0].partition(",")[0]
