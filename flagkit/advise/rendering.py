"""An advice as text for a terminal, and as JSON."""

import json
from dataclasses import asdict
from textwrap import indent

from flagkit.advise.figures import percent, ratio, seconds, size
from flagkit.advise.records import Advice, Candidate, Interval, Prediction, Verified
from flagkit.advise.target import Target

__all__ = ["as_json", "as_text"]

HEADINGS = ("executor kind", "workers", "chunk", "predicted", "90% interval", "speed-up", "memory")


def as_text(advice: Advice, target: Target) -> str:
    """Return what a person reads."""
    measured = advice.measured
    lines = [
        f"{target.name} over {_count(measured.n, 'item')}, {_count(advice.cores, 'core')}; sampled "
        f"{len(measured.task_s)} in {advice.seconds:.1f} s: {seconds(measured.mean_s)} a task "
        f"({seconds(min(measured.task_s))} to {seconds(max(measured.task_s))}), "
        f"{percent(min(1.0, measured.cpu_share))} computing, of which {percent(measured.gil_share(advice.cores))} "
        f"one at a time; {size(measured.arguments.size_bytes)} there, {size(measured.results.size_bytes)} back",
        "",
        *_table([HEADINGS, *map(_row, advice.ranking)]),
    ]
    if any(not one.is_piloted and one.candidate.kind != "serial" for one in advice.ranking):
        lines.append("* by the model alone: no short run was made of it")
    lines += ["", advice.reason]
    if advice.ties:
        lines.append(f"Cannot be told apart from: {'; '.join(map(str, advice.ties))}.")
    lines += [f"Otherwise {change}." for change in advice.changes]
    lines += [f"Beware: {warning}." for warning in advice.warnings]
    if advice.ruled_out:
        lines += ["", "Ruled out:", *(f"  {one.kind}: {one.reason}" for one in advice.ruled_out)]
    if advice.verified:
        rows = [("run for real", "predicted", "90% interval", "measured", "within"), *map(_verified, advice.verified)]
        lines += ["", *_table(rows)]
    return "\n".join([*lines, "", indent(advice.snippet, "    ")])


def as_json(advice: Advice) -> str:
    """Return one object."""
    measured = advice.measured
    found = {
        "choice": {**_prediction(advice.choice), "reason": advice.reason, "snippet": advice.snippet},
        "ties": [asdict(one) for one in advice.ties],
        "changes": advice.changes,
        "warnings": advice.warnings,
        "ranking": [_prediction(one) for one in advice.ranking],
        "ruled_out": [asdict(one) for one in advice.ruled_out],
        "verified": [
            {**asdict(one.candidate), **_times(one.predicted_s), "measured_s": one.measured_s}
            for one in advice.verified
        ],
        "measured": {**asdict(measured), "mean_s": measured.mean_s, "gil_share": measured.gil_share(advice.cores)},
        "cores": advice.cores,
        "seconds": advice.seconds,
    }
    return json.dumps(found, indent=2)


def _prediction(one: Prediction) -> dict[str, object]:
    return {
        **asdict(one.candidate),
        **_times(one.time_s),
        "speedup": one.speedup,
        "peak_bytes": one.peak_bytes,
        "best_share": one.best_share,
        "is_piloted": one.is_piloted,
        "terms_s": one.terms,
    }


def _times(interval: Interval) -> dict[str, object]:
    return {"predicted_s": interval.value, "interval_s": [interval.low, interval.high]}


def _row(one: Prediction) -> tuple[str, ...]:
    candidate: Candidate = one.candidate
    star = "" if one.is_piloted or candidate.kind == "serial" else " *"
    return (
        candidate.kind + star,
        str(candidate.workers),
        str(candidate.chunksize),
        seconds(one.time_s.value),
        _bounds(one.time_s),
        ratio(one.speedup),
        size(one.peak_bytes),
    )


def _verified(one: Verified) -> tuple[str, ...]:
    within = one.predicted_s.low <= one.measured_s <= one.predicted_s.high
    return (
        str(one.candidate),
        seconds(one.predicted_s.value),
        _bounds(one.predicted_s),
        seconds(one.measured_s),
        "yes" if within else "no",
    )


def _bounds(interval: Interval) -> str:
    return f"{seconds(interval.low)} to {seconds(interval.high)}"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
