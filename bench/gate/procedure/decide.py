"""The procedure from end to end, over any source of generations: lockstep, a recording, or numbers with known truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal, Protocol, TypeAlias

from bench.gate.procedure.confirm import Confirmed, confirm
from bench.gate.procedure.rules import ALPHA, ALPHA_SUITE, Margin
from bench.gate.procedure.screen import Screened, screen
from bench.gate.procedure.sizes import PILOT, Cost, Plan, confirm_size, plan, shrunk
from bench.gate.procedure.suite import SuiteTest, suite_test

StageName: TypeAlias = Literal["pilot", "screen", "confirm"]
Logs: TypeAlias = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One stage's log ratios by benchmark, one a generation, and what it cost.

    A benchmark that failed on either arm in any generation is in `failed`, with the reason, and not in `logs`.
    """

    logs: Logs
    failed: Mapping[str, str]
    cost: Cost


class Source(Protocol):
    """What gives generations, each of fresh processes."""

    def measure(self, stage: StageName, names: Sequence[str], generations: int) -> Measured:
        """Measure so many generations of these benchmarks; an empty `names` means all that there are."""
        ...

    def left_s(self) -> float:
        """Return the seconds of the budget that are left."""
        ...


@dataclass(slots=True)
class Course:
    """What a run has come to know, stage by stage; after an interruption it holds what was known by then."""

    margins: Mapping[str, Margin] = field(default_factory=dict)
    pilot: int = 0
    plan: Plan | None = None
    screened: dict[str, Screened] = field(default_factory=dict)
    suite: SuiteTest | None = None
    confirming: int = 0
    if_flagged: dict[str, int] = field(default_factory=dict)
    """For each that the screen has let go, the confirmation's size had it been flagged too."""
    slower: dict[str, Confirmed] = field(default_factory=dict)
    faster: dict[str, Confirmed] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def flagged(self) -> tuple[str, ...]:
        """Names that the screen wants looked at again, in the order of the suite."""
        return tuple(name for name, found in self.screened.items() if found.is_flagged and name not in self.failed)

    @property
    def decided(self) -> frozenset[str]:
        """Names that the screen has let go, or that fresh generations have looked at."""
        let_go = {name for name, found in self.screened.items() if not found.is_flagged}
        return frozenset((let_go | self.slower.keys() | self.faster.keys()) - self.failed.keys())


def follow(
    source: Source,
    margin_of: Callable[[str], Margin],
    told: Callable[[Course], None] = lambda _: None,
    course: Course | None = None,
) -> Course:
    """Run pilot, screen and confirmation; `told` hears of each size before it is measured.

    The pilot's generations serve the screen as well, which is no test. The suite's test leaves them out, as the size
    of what it uses depends on them.
    """
    course = course or Course()
    pilot = source.measure("pilot", (), PILOT)
    course.pilot = PILOT
    course.failed |= pilot.failed
    names = list(pilot.logs)
    course.margins = {name: margin_of(name) for name in names}
    if not names:
        return course
    spreads = shrunk({name: screen(logs, course.margins[name]).center.spread for name, logs in pilot.logs.items()})
    course.plan = plan(spreads, course.margins, pilot.cost, source.left_s())
    told(course)

    main = source.measure("screen", names, course.plan.screen)
    course.failed |= main.failed
    names = list(main.logs)
    course.screened = {
        name: screen([*pilot.logs[name], *logs], course.margins[name]) for name, logs in main.logs.items()
    }
    if len(names) > 1:  # one benchmark is no suite: it would be held to half of what it may lose
        suite_margin = Margin(fmean(course.margins[name].delta for name in names)).for_suite
        course.suite = suite_test(main.logs, suite_margin)
    flagged = {name: course.screened[name].center.spread for name in course.flagged}
    course.if_flagged = {
        name: confirm_size({**flagged, name: found.center.spread}, course.margins, main.cost, source.left_s())
        for name, found in course.screened.items()
        if name not in flagged
    }
    if course.flagged:
        _confirm(source, course, main.cost, told)
    return course


def _confirm(source: Source, course: Course, cost: Cost, told: Callable[[Course], None]) -> None:
    flagged = {name: course.screened[name] for name in course.flagged}
    spreads = {name: found.center.spread for name, found in flagged.items()}
    course.confirming = confirm_size(spreads, course.margins, cost, source.left_s())
    told(course)
    fresh = source.measure("confirm", list(flagged), course.confirming)
    course.failed |= fresh.failed
    slower = {name: logs for name, logs in fresh.logs.items() if flagged[name].may_be_slower}
    faster = {name: logs for name, logs in fresh.logs.items() if flagged[name].may_be_faster}
    course.slower = confirm(slower, course.margins, ALPHA - ALPHA_SUITE)
    course.faster = confirm(faster, course.margins, ALPHA - ALPHA_SUITE, faster=True)
