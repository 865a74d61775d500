"""The table of error rates: ours and others', on the same recordings, with n and Clopper-Pearson intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bench.gate.procedure.center import center
from bench.gate.rates import replay, subject
from bench.gate.rates.others import OTHERS, alarms
from bench.gate.rates.recordings import Generation
from bench.gate.rates.replay import Logged, Result, Runs
from bench.instrument import units


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


def render(generations: Sequence[Generation], step: int | None) -> Iterator[str]:
    """Yield the lines of the page, in Markdown."""
    logged = replay.logged(generations)
    yield from _about(generations, logged)
    yield from ("", "### Identical code: suite runs of 30 benchmarks that fail", "")
    yield from _identical(generations, logged, step)
    yield from ("", "### Injected code: is the one slowed benchmark found?", "")
    yield from _injected(generations, logged)
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
    spreads = [
        center([one.logs[name] for one in logged]).spread
        for name in subject.IDENTICAL
        if len(logged) > 2  # noqa: PLR2004 - as many as a centre needs
    ]
    if spreads:
        low, middle, high = np.quantile(spreads, [0.05, 0.5, 0.95])
        yield (
            f"Standard deviation of a generation's log ratio, identical code, over {len(spreads)} benchmarks: "
            f"{middle:.4f} in the middle, {low:.4f} to {high:.4f} in nine of ten."
        )


def _identical(generations: Sequence[Generation], logged: Sequence[Logged], step: int | None) -> Iterator[str]:
    names = subject.IDENTICAL
    apart = replay.runs(logged, names)
    yield "| rule | one side after the other | both sides in lockstep |"
    yield "|---|---|---|"
    yield f"| this gate (replay, runs apart{_cut(apart)}) | | {of([_alarms(result) for result in apart.results])} |"
    exchanged = replay.runs(replay.exchanged(logged), names)
    label = f"this gate (the same, base and head exchanged{_cut(exchanged)})"
    yield f"| {label} | | {of([_alarms(result) for result in exchanged.results])} |"
    if step is not None:
        overlapping = replay.runs(logged, names, step=step)
        count = of([_alarms(result) for result in overlapping.results])
        label = f"this gate (replay, a run from every {step} generations on; they overlap, so no interval"
        label += f"{_cut(overlapping)})"
        yield f"| {label} | | {count.count} of {count.n} |"
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


def _cut(runs: Runs) -> str:
    """Say how many runs the end of the recording has cut off, if any."""
    return f"; {runs.cut_off} cut off" if runs.cut_off else ""


def _alarms(result: Result) -> bool:
    return bool(result.slower) or result.is_suite_slower


def _injected(generations: Sequence[Generation], logged: Sequence[Logged]) -> Iterator[str]:
    yield "| injected | this gate (replay) | " + " | ".join(_short(label) for label in OTHERS) + " |"
    yield "|---" * (2 + len(OTHERS)) + "|"
    for kind, percent in dict.fromkeys((one.kind, one.percent) for one in subject.INJECTED):
        alike = [one.name for one in subject.INJECTED if (one.kind, one.percent) == (kind, percent)]
        ours: list[bool] = []
        cut_off = 0
        for name in alike:
            suite = [*subject.IDENTICAL[1:], name]
            replayed = replay.runs(logged, suite)
            ours += [name in result.slower for result in replayed.results]
            cut_off += replayed.cut_off
        cells = []
        for other in OTHERS.values():
            found = [name in slower for name in alike for slower in alarms(generations, [name], other)]
            cells.append(str(of(found)))
        yield f"| {kind} {percent}% | {of(ours)}{f', {cut_off} cut off' if cut_off else ''} | {' | '.join(cells)} |"
    everywhere = [one.name for one in subject.EVERYWHERE]
    found = [result.is_suite_slower for result in replay.runs(logged, everywhere).results]
    rest = " | " * (len(OTHERS) - 1)
    yield f"| loop 3% in each of {len(everywhere)}, as a suite: its geometric mean | {of(found)} | {rest} |"


def _sizes(logged: Sequence[Logged]) -> Iterator[str]:
    yield "| benchmark | head / base, 95% interval, n generations |"
    yield "|---|---|"
    for one in subject.INJECTED:
        found = center([generation.logs[one.name] for generation in logged])
        low, high = np.exp(found.interval())
        interval = f"{np.exp(found.value):.4f} [{low:.4f}, {high:.4f}]"
        yield f"| {one.kind} {one.percent}%, {one.work} | {interval}, {found.n} |"


def _short(label: str) -> str:
    return label.removeprefix("pytest-benchmark --benchmark-compare-fail=").partition(" (")[0].partition(",")[0]
