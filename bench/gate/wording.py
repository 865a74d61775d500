"""The words of a verdict: made of its records, and of nothing else."""

import math
from collections.abc import Sequence

from bench.gate.procedure.confirm import Confirmed
from bench.gate.procedure.rules import Margin
from bench.gate.procedure.suite import SuiteTest
from bench.gate.verdict import Finding, Memory, Outcome, Rules
from bench.instrument import units

_NAMED = 3
_SMALL_P = 1e-4
UNCONFIRMED = "flagged by the screen, and not confirmed, as the run was stopped"


def line(
    outcome: Outcome, findings: Sequence[Finding], suite: Finding | None, memory: Sequence[Memory], rules: Rules
) -> str:
    """Say the verdict in one line."""
    compared = [finding for finding in findings if finding.stage is not None]
    match outcome:
        case "could not run":
            failed = [f"{finding.name}: {finding.why}" for finding in findings if finding.decision == "failed"]
            return f"could not run: {_some(failed)}"
        case "regression":
            slower = [f"{finding.name} {ratio(finding)}" for finding in findings if finding.decision == "slower"]
            slower += [f"{lane.name} {memory_ratio(lane)}" for lane in memory if lane.decision == "more"]
            if suite is not None and suite.decision == "slower":
                slower.append(f"the suite as a whole {ratio(suite)}")
            return f"regression: {_some(slower)}"
        case "changed" if not compared:
            return "no benchmark could be compared: an empty set passes nothing"
        case "changed":
            removed = [finding.name for finding in findings if finding.decision == "removed"]
            return f"the set of benchmarks changed: {_some(removed)} removed; --allow-removed accepts that"
        case "inconclusive":
            unseen = [finding for finding in compared if finding.decision == "inconclusive"]
            what = "passed all the same, as --inconclusive pass says" if rules.inconclusive == "pass" else "not passed"
            return (
                f"INCONCLUSIVE, {what}: in {len(unseen)} of {len(compared)} benchmarks a slowdown of "
                f"{units.times(1 + rules.limit)} could have gone unseen"
            )
        case _:
            own = any(finding.delta != rules.delta for finding in compared)
            allowed = "it may become" if own else _percent(rules.delta)
            return f"pass: none of {_count(len(compared))} was found slower by more than {allowed}"


def why(findings: Sequence[Finding], suite: Finding | None, memory: Sequence[Memory], rules: Rules) -> tuple[str, ...]:
    """Say what decided, and how far the answer reaches."""
    said = [f"{finding.name}: {finding.why}" for finding in findings if finding.decision == "slower"]
    said += _laxer(findings, rules)
    noisy = [finding for finding in findings if finding.decision == "inconclusive"]
    if len(noisy) > _NAMED:
        found = [finding.found for finding in noisy if finding.found is not None]
        said.append(
            f"{_some([finding.name for finding in noisy])}: too noisy: only {_slowdown(min(found))} to "
            f"{_slowdown(max(found))} would have been found, above {_slowdown(1 + rules.limit)}"
        )
    else:
        said += [f"{finding.name}: {finding.why}" for finding in noisy]
    if suite is not None:
        said.append(f"the suite as a whole: {ratio(suite)}; {suite.why}")
    said += [f"{lane.name}: {memory_ratio(lane)}" for lane in memory if lane.decision == "more"]
    found = sorted(finding.found for finding in findings if finding.found is not None)
    if found:
        middle, most = found[len(found) // 2], found[-1]
        said.append(
            f"found with {_percent(rules.power)} power, by the noise that this run had: {units.times(middle)} in half "
            f"of the benchmarks, {units.times(most)} in all"
        )
    return tuple(said)


def ratio(finding: Finding) -> str:
    """Write a ratio with its interval: 1.07x slower [1.04, 1.10]; 1.01x slower [1.02x faster, 1.03x slower]."""
    if finding.ratio is None:
        return "not measured"
    stated = units.faster(1 / finding.ratio)
    if finding.low is None or finding.high is None:
        return stated
    bounds = (finding.low, finding.high) if finding.ratio >= 1 else (finding.high, finding.low)
    if (finding.low - 1) * (finding.high - 1) > 0:
        inner = ", ".join(units.number(max(bound, 1 / bound)) for bound in bounds)
    else:
        inner = ", ".join(units.faster(1 / bound) for bound in bounds)
    return f"{stated} [{inner}]"


def memory_ratio(lane: Memory) -> str:
    """Write a peak of memory and how it changed."""
    more = f"{units.times(max(lane.ratio, 1 / lane.ratio))} {'more' if lane.ratio >= 1 else 'less'}"
    return f"{units.size(lane.base_bytes)} to {units.size(lane.head_bytes)}, {more} memory at its peak"


def changed(direction: str, bound: float | None, confirmed: Confirmed, margin: Margin) -> str:
    """Say why a confirmed benchmark counts as changed."""
    far = "" if bound is None else f", at least {units.times(max(bound, 1 / bound))} {direction}"
    return (
        f"confirmed in {confirmed.center.n} fresh generations{far} with {_percent(1 - confirmed.level)} confidence, "
        f"beyond the {_percent(margin.delta)} that is let pass (p = {_p(confirmed.p)})"
    )


def not_confirmed(confirmed: Confirmed, margin: Margin) -> str:
    """Say why a flagged benchmark is let go."""
    return (
        f"looked at again in {confirmed.center.n} fresh generations: not beyond {_percent(margin.delta)} "
        f"(p = {_p(confirmed.p)}, held to {confirmed.level:.2g})"
    )


def inconclusive(found: float, margin: Margin) -> str:
    """Say why neither answer is given."""
    return f"too noisy: only {_slowdown(found)} would have been found, above {_slowdown(math.exp(margin.limit))}"


def let_go(margin: Margin) -> str:
    """Say why the screen did not flag a benchmark."""
    return f"not flagged: at most {_percent(margin.delta)} slower, and {units.times(math.exp(margin.target))} ruled out"


def of_suite(test: SuiteTest) -> str:
    """Say what the suite's own test found."""
    how = "slower by more than" if test.is_slower else "faster by more than" if test.is_faster else "not beyond"
    return f"{how} {_percent(test.margin.delta)} (geometric mean, n = {test.center.n} generations, p = {_p(test.p)})"


def _laxer(findings: Sequence[Finding], rules: Rules) -> list[str]:
    """Say how many benchmarks are allowed more than the suite: a change may bring its own allowance."""
    allowed = {finding.name: finding.delta for finding in findings if finding.delta is not None}
    laxer = {name: delta for name, delta in allowed.items() if delta > rules.delta}
    if not laxer:
        return []
    most = max(laxer, key=laxer.__getitem__)
    which = f"{len(laxer)} of {_count(len(allowed))}, {most} the most ({_percent(laxer[most])})"
    return [f"allowed more than {_percent(rules.delta)} by a marker of head's: {which}"]


def _p(value: float) -> str:
    return f"{value:.2g}" if value > _SMALL_P else f"{_SMALL_P:.0e} or less"


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"


def _slowdown(ratio: float) -> str:
    """Write what would have been found in per cent: 1.05x would be 5.2% and 4.8% alike."""
    return f"{units.number(100 * (ratio - 1))}%"


def _count(count: int) -> str:
    return f"{count} benchmark{'s' * (count != 1)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
