"""What makes a run less worth: rules with names, each ending in advice."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Final

from bench.instrument import units
from bench.instrument.comparability import Difference, differences
from bench.instrument.records import Benchmark, Environment, Run

SPREAD: Final = 0.10
"""Interquartile range over median, above which the rounds of a benchmark scatter."""
FEWEST_ROUNDS: Final = 6
"""Below this no 95% interval of a median by order statistics exists."""
FEWEST_VISITS: Final = 3
"""Below this an interval rests on how the visits of other benchmarks differ more than on its own."""
BUSY: Final = 0.25
"""Load a usable core, above which the machine was at something else."""
STOLEN: Final = 0.01
"""Part of the run's core time that a hypervisor may give to others unnoticed."""


@dataclass(frozen=True, slots=True)
class Instability:
    """A rule that fired: its name, what was seen, what to do about it, and the benchmarks that it names."""

    rule: str
    seen: str
    advice: str
    benchmarks: tuple[str, ...] = ()


def of_run(run: Run) -> tuple[Instability, ...]:
    """Return the rules that fired for one run, in a fixed order."""
    return tuple(found for rule in _RULES if (found := rule(run)))


def is_shared_out(run: Run) -> bool:
    """Return whether others had part of the cores, so that more threads or processes got more of them than one does."""
    return any(rule(run) for rule in (_busy, _stolen, _throttled))


def of_runs(runs: Sequence[Run]) -> tuple[Instability, ...]:
    """Return the rules on several runs: unequal builds and machines."""
    found = []
    for other in runs[1:]:
        told = [difference for difference in differences(runs[0], other) if difference.is_of_build]
        if told:
            found.append(_unequal(runs[0], other, told))
    return tuple(found)


def spread(benchmark: Benchmark) -> float | None:
    """Return the interquartile range of the rounds over their median; None without raw rounds."""
    if not benchmark.rounds_s:
        return None
    if len(benchmark.rounds_s) == 1:
        return 0.0
    low, middle, high = quantiles(benchmark.rounds_s, n=4, method="inclusive")
    return (high - low) / middle


def _scattered(run: Run) -> Instability | None:
    wide = [item for item in run.benchmarks if (found := spread(item)) is not None and found > SPREAD]
    if not wide:
        return None
    return Instability(
        "spread",
        f"The rounds of {_of(wide, run)} scatter by more than {SPREAD:.0%} (interquartile range over median)",
        "run it when nothing else runs, and hold ratios of neighbouring rounds, which drift together, above times.",
        _names(wide),
    )


def _few_rounds(run: Run) -> Instability | None:
    few = [item for item in run.benchmarks if item.rounds < FEWEST_ROUNDS and not item.visits]
    if not few:
        return None
    return Instability(
        "few rounds",
        f"{_capital(_of(few, run))} had fewer than {FEWEST_ROUNDS} rounds, too few for an interval",
        "give the run more time (--budget, --benchmark-min-rounds).",
        _names(few),
    )


def _few_visits(run: Run) -> Instability | None:
    few = [item for item in run.benchmarks if item.visits and len(item.visits) < FEWEST_VISITS]
    if not few:
        return None
    return Instability(
        "few visits",
        f"{_capital(_of(few, run))} had two visits alone, so that how far these differ is known from the other "
        "benchmarks, mostly",
        "give the run more time (--budget).",
        _names(few),
    )


def _frequency(run: Run) -> Instability | None:
    environment = run.environment
    if environment is None:
        return None
    governor, boost = environment.host.governor, environment.host.boost
    if governor and governor != "performance":
        return Instability(
            "frequency scaling",
            f"The cores' frequency was left to the governor {governor}",
            "set it to performance (cpupower frequency-set -g performance).",
        )
    if boost:
        return Instability(
            "frequency scaling",
            "The processor could raise its frequency for as long as heat allows",
            "switch boost off for runs to compare.",
        )
    return None


def _busy(run: Run) -> Instability | None:
    environment = run.environment
    start = environment.load.start if environment else None
    if environment is None or not start or start[0] <= BUSY * environment.host.usable_cores:
        return None
    return Instability(
        "load at start",
        f"The machine was busy when the run started (load {start[0]:.2f})",
        "run it when nothing else runs.",
    )


def _stolen(run: Run) -> Instability | None:
    environment = run.environment
    if environment is None or not environment.interference.steal_s:
        return None
    core_s = (environment.finished - environment.started).total_seconds() * environment.host.logical_cores
    part = environment.interference.steal_s / core_s if core_s > 0 else 0.0
    if part <= STOLEN:
        return None
    return Instability(
        "steal time",
        f"The hypervisor gave {part:.1%} of this machine's core time to others",
        "use a machine with cores of its own, or believe the ratios of neighbouring rounds alone.",
    )


def _throttled(run: Run) -> Instability | None:
    environment = run.environment
    if environment is None or not environment.interference.throttled_periods:
        return None
    taken = environment.interference
    return Instability(
        "throttling",
        f"The control group held the run back in {taken.throttled_periods:,} of its periods, "
        f"{units.seconds(taken.throttled_s or 0)} in all",
        "raise its limit, or use fewer workers than it grants cores.",
    )


def _gil_switched_on(run: Run) -> Instability | None:
    environment = run.environment
    if environment is None or not environment.python.gil_disabled_build or not environment.gil_enabled.at_end:
        return None
    when = _when_switched_on(environment)
    return Instability(
        "GIL re-enabled",
        f"A free-threaded build whose GIL was switched on {when}, so that it measures the GIL",
        "look for an extension module that does not declare itself safe without it (python -W default names it).",
    )


def _when_switched_on(environment: Environment) -> str:
    states = environment.gil_enabled
    if states.before_imports:
        return "from the start, by an option or the environment (PYTHON_GIL)"
    return "by an import before the benchmarks" if states.after_imports else "by an import during the benchmarks"


def _unequal(base: Run, other: Run, told: Iterable[Difference]) -> Instability:
    what = "; ".join(f"{one.name}: {one.base} and {one.other}" for one in told)
    return Instability(
        "unequal builds",
        f"{base.label} and {other.label} were built differently ({what}), so that part of what differs between them is "
        "the compiler's",
        "compare builds of one maker with the same flags.",
    )


def _of(some: Sequence[Benchmark], run: Run) -> str:
    return f"{len(some):,} of {len(run.benchmarks):,} benchmarks"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _names(items: Iterable[Benchmark]) -> tuple[str, ...]:
    return tuple(item.fullname for item in items)


_RULES: tuple[Callable[[Run], Instability | None], ...] = (
    _gil_switched_on,
    _busy,
    _stolen,
    _throttled,
    _frequency,
    _few_rounds,
    _few_visits,
    _scattered,
)
