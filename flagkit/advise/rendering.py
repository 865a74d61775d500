"""An advice as text for a terminal, and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from textwrap import indent, wrap

from flagkit.advise.figures import percent, ratio, seconds, size
from flagkit.advise.records import Advice, Interval, Prediction, Verified
from flagkit.advise.target import Target

__all__ = ["as_json", "as_text"]

WIDTH = 100
HEADINGS = ("executor kind", "workers", "chunk", "predicted", "90% interval", "speed-up", "memory")


def as_text(advice: Advice, target: Target) -> str:
    """Return what a person reads, in lines of at most WIDTH columns, but for names that are longer."""
    measured = advice.measured
    spread = f"{seconds(min(measured.task_s))} to {seconds(max(measured.task_s))}"
    counts = f"{_count(measured.n, 'item')}, {_count(advice.cores, 'core')}: {len(measured.task_s)} sampled"
    shares = (
        f"{percent(min(1.0, measured.cpu_share))} of it computing, {percent(measured.gil_share(advice.cores))} of that"
    )
    sizes = f"{size(measured.arguments.size_bytes)} there, {size(measured.results.size_bytes)} back"
    head = [
        f"{target.name} over {counts} and measured in {advice.seconds:.1f} s",
        f"a task takes {seconds(measured.mean_s)} ({spread}), {shares} one at a time; {sizes}",
    ]
    lines = [*_wrapped(*head), "", *_table([HEADINGS, *map(_row, advice.ranking)])]
    if any(not one.is_piloted and one.candidate.kind != "serial" for one in advice.ranking):
        lines.append("* by the model alone: no short run was made of it")
    said = [advice.reason]
    if advice.ties:
        said.append(f"Cannot be told apart from: {'; '.join(map(str, advice.ties))}.")
    if advice.changes:
        said.append(f"What would change this: {'; '.join(advice.changes)}.")
    said += [f"Beware: {warning}." for warning in advice.warnings]
    lines += ["", *_wrapped(*said)]
    if advice.ruled_out:
        lines += ["", "Ruled out:", *_wrapped(*_ruled_out(advice), before="  ")]
    if advice.verified:
        rows = [("run for real", "predicted", "90% interval", "measured", "within"), *map(_verified, advice.verified)]
        failures = (f"{one.candidate}: {one.failure}" for one in advice.verified if one.failure is not None)
        lines += ["", *_table(rows), *_wrapped(*failures)]
    return "\n".join([*lines, "", indent(advice.snippet, "    ")])


def _ruled_out(advice: Advice) -> Iterator[str]:
    """Yield a line for each reason, with all the kinds that it holds for."""
    by_reason: dict[str, list[str]] = {}
    for one in advice.ruled_out:
        by_reason.setdefault(one.reason, []).append(one.kind)
    for reason, kinds in by_reason.items():
        yield f"{', '.join(kinds)}: {reason}"


def _wrapped(*sentences: str, before: str = "") -> list[str]:
    return [
        line
        for sentence in sentences
        for line in wrap(
            sentence,
            WIDTH,
            initial_indent=before,
            subsequent_indent=f"{before}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


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
            {
                **asdict(one.candidate),
                **_times(one.predicted_s),
                "measured_s": one.measured_s,
                "failure": one.failure,
            }
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
    candidate = one.candidate
    star = "" if one.is_piloted or candidate.kind == "serial" else " *"
    return (
        candidate.kind + star,
        str(candidate.workers),
        str(candidate.chunksize),
        seconds(one.time_s.value),
        _bounds(one.time_s),
        ratio(one.speedup),
        "unknown" if one.peak_bytes is None else size(one.peak_bytes),
    )


def _verified(one: Verified) -> tuple[str, ...]:
    predicted = (str(one.candidate), seconds(one.predicted_s.value), _bounds(one.predicted_s))
    if one.measured_s is None:
        return (*predicted, "failed", "")
    within = one.predicted_s.low <= one.measured_s <= one.predicted_s.high
    return (*predicted, seconds(one.measured_s), "yes" if within else "no")


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
