"""From a course of the procedure, and what could not be measured, to a verdict in words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bench.gate import wording
from bench.gate.procedure.confirm import Confirmed
from bench.gate.procedure.decide import Course
from bench.gate.procedure.power import found_by_both, found_by_confirm
from bench.gate.procedure.rules import Margin
from bench.gate.procedure.screen import Screened
from bench.gate.procedure.sizes import LEAST_CONFIRM, level_of
from bench.gate.verdict import Finding, Memory, Outcome, Rules, Status


@dataclass(frozen=True, slots=True)
class Changes:
    """How the set of benchmarks differs: reasons by name. `failed` is what both sides should have and one has not."""

    added: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer, before it is known what else belongs into a verdict."""

    outcome: Outcome
    status: Status
    line: str
    why: tuple[str, ...]
    suite: Finding | None
    benchmarks: tuple[Finding, ...]


def judge(course: Course, changes: Changes, memory: tuple[Memory, ...], rules: Rules) -> Judgement:
    """Weigh all that was found; what keeps a run from answering comes before what it answers.

    A failure comes first, as nothing may pass that was not measured; then a slowdown, a changed set, and doubt.
    """
    findings = tuple(sorted([*_measured(course), *_unmeasured(changes)], key=lambda finding: finding.name))
    suite = _suite(course)
    compared = [finding for finding in findings if finding.stage is not None]
    slower = [finding for finding in findings if finding.decision == "slower"]
    open_ones = [finding for finding in findings if finding.decision == "inconclusive"]
    hungry = [lane for lane in memory if lane.decision == "more"]
    outcome: Outcome = "pass"
    status = Status.PASS
    if changes.failed:
        outcome, status = "could not run", Status.COULD_NOT_RUN
    elif slower or hungry or (suite is not None and suite.decision == "slower"):
        outcome, status = "regression", Status.REGRESSION
    elif not compared or (changes.removed and not rules.allow_removed):
        outcome, status = "changed", Status.CHANGED
    elif open_ones:
        outcome = "inconclusive"
        status = Status.INCONCLUSIVE if rules.inconclusive == "fail" else Status.PASS
    line = wording.line(outcome, findings, suite, memory, rules)
    return Judgement(outcome, status, line, wording.why(findings, suite, memory, rules), suite, findings)


def _measured(course: Course) -> list[Finding]:
    findings = []
    for name, screened in course.screened.items():
        if name in course.failed:
            continue
        margin = course.margins[name]
        slower, faster = course.slower.get(name), course.faster.get(name)
        if slower is not None:
            findings.append(_confirmed(name, slower, margin, "slower", findable(name, course)))
        elif faster is not None:
            findings.append(_confirmed(name, faster, margin, "faster", findable(name, course)))
        elif not screened.is_flagged:
            findings.append(_let_go(name, screened, margin, findable(name, course)))
        else:  # the run was stopped
            open_ = _let_go(name, screened, margin, findable(name, course))
            findings.append(replace(open_, decision="inconclusive", why=wording.UNCONFIRMED))
    return findings


def _confirmed(name: str, confirmed: Confirmed, margin: Margin, direction: str, found: float) -> Finding:
    center = confirmed.center
    bound = _ratio(confirmed.bound())
    if confirmed.is_changed:
        decision, why = direction, wording.changed(direction, bound, confirmed, margin)
    elif found > margin.limit:
        decision, why = "inconclusive", wording.inconclusive(math.exp(found), margin)
    else:
        decision, why = "no change", wording.not_confirmed(confirmed, margin)
    low, high = center.interval()
    return Finding(
        name=name,
        decision=decision,  # type: ignore[arg-type]  # "slower" and "faster" are decisions
        why=why,
        stage="confirm",
        generations=center.n,
        ratio=math.exp(center.value),
        low=math.exp(low),
        high=math.exp(high),
        delta=margin.delta,
        p=confirmed.p,
        bound=bound,
        found=math.exp(found),
    )


def _let_go(name: str, screened: Screened, margin: Margin, found: float) -> Finding:
    center = screened.center
    is_open = found > margin.limit
    low, high = center.interval()
    return Finding(
        name=name,
        decision="inconclusive" if is_open else "no change",
        why=wording.inconclusive(math.exp(found), margin) if is_open else wording.let_go(margin),
        stage="screen",
        generations=center.n,
        ratio=math.exp(center.value),
        low=math.exp(low),
        high=math.exp(high),
        delta=margin.delta,
        found=math.exp(found),
    )


def findable(name: str, course: Course) -> float:
    """Return the log ratio of the least slowdown that would have been found, by the noise that the run had.

    Of what was let go, one flagged as faster alone too, both stages would have had to find it; the confirmation has the
    size then that it would have had for this one.
    """
    margin, slower = course.margins[name], course.slower.get(name)
    if slower is not None:
        return found_by_confirm(slower.center.spread, slower.center.n, level_of(len(course.slower)), margin)
    center = course.screened[name].center
    planned = course.confirming or (course.plan.confirm if course.plan else LEAST_CONFIRM)
    confirming = course.if_flagged.get(name, planned)
    flagged = max(len(course.slower) + 1, 1)
    return found_by_both(center.spread, center.n, confirming, level_of(flagged), margin)


def _suite(course: Course) -> Finding | None:
    if course.suite is None:
        return None
    test = course.suite
    center = test.center
    low, high = center.interval()
    decision = "slower" if test.is_slower else "faster" if test.is_faster else "no change"
    return Finding(
        name="geometric mean",
        decision=decision,  # type: ignore[arg-type]  # as above
        why=wording.of_suite(test),
        stage="screen",
        generations=center.n,
        ratio=math.exp(center.value),
        low=math.exp(low),
        high=math.exp(high),
        delta=test.margin.delta,
        p=test.p,
        bound=_ratio(test.bound()),
    )


def _unmeasured(changes: Changes) -> list[Finding]:
    return [
        *(Finding(name, "added", why) for name, why in changes.added.items()),
        *(Finding(name, "removed", why) for name, why in changes.removed.items()),
        *(Finding(name, "failed", why) for name, why in changes.failed.items()),
    ]


def _ratio(log: float) -> float | None:
    return math.exp(log) if math.isfinite(log) else None
