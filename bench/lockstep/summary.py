"""What a run found, for a terminal: a line a ratio, then what was refused, then where it all is."""

from collections.abc import Iterator, Mapping

from bench.instrument import units
from bench.lockstep.cost import Cost
from bench.lockstep.estimate import RatioEstimate
from bench.lockstep.output import ratios
from bench.lockstep.recording import Recording


def ratio(estimate: RatioEstimate) -> str:
    """Write a ratio of times with its interval: 1.07x slower [1.04, 1.10]; 1.01x slower [1.02x faster, 1.03x slower].

    Bounds are in the ratio's own direction, and say theirs only where they differ from it.
    """
    stated = units.faster(1 / estimate.ratio)
    if estimate.low is None or estimate.high is None:
        return f"{stated} (no interval: {estimate.no_interval})"
    bounds = sorted((estimate.low, estimate.high), key=lambda bound: bound if estimate.ratio > 1 else -bound)
    if estimate.decides():
        inner = ", ".join(units.number(bound if estimate.ratio > 1 else 1 / bound) for bound in bounds)
    else:
        inner = ", ".join(units.faster(1 / bound) for bound in bounds)
    return f"{stated} [{inner}]"


def lines(recording: Recording, cost: Cost) -> Iterator[str]:
    """Yield the lines."""
    found = ratios(recording)
    width = max((len(nodeid) for nodeid in found), default=0)
    heads = [arm for arm in recording.arms if arm != recording.base]
    name_width = max(map(len, heads))
    yield f"time of each arm in terms of {recording.base}, with 95% intervals over generations"
    for nodeid, by_head in found.items():
        for index, (head, value) in enumerate(by_head.items()):
            yield f"{nodeid if index == 0 else '':{width}}  {head:{name_width}}  {ratio(value)}"
    yield from _refused(recording)
    share = cost.not_measuring()
    if share is not None:
        yield f"{units.seconds(cost.wall_s)}, of which {share:.0%} not measuring"


def _refused(recording: Recording) -> Iterator[str]:
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for refusal in recording.refusals:
        grouped.setdefault((refusal.arm, refusal.why, refusal.reason), []).append(refusal.benchmark)
    for (arm, why, reason), nodeids in _sorted(grouped).items():
        others = f" and {len(nodeids) - 1} more" if len(nodeids) > 1 else ""
        yield f"{arm}: {why}: {nodeids[0]}{others}: {reason}"


def _sorted(grouped: Mapping[tuple[str, str, str], list[str]]) -> dict[tuple[str, str, str], list[str]]:
    return dict(sorted(grouped.items()))
