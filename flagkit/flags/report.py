"""What a run says on the screen, before, during and after: the words of the book."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flagkit.flags.many import Progress
from flagkit.flags.results import Result, Status, Tally
from flagkit.flags.sites import Site
from flagkit.usage import say

__all__ = ["closing", "complaint", "line_of", "opening", "progress_of"]

LISTED_CODES = 10


def opening(site: Site, codes: Sequence[str], connections: int, remark: str = "") -> str:
    """Return the report before a run; `remark` is a line about the server."""
    which = ", ".join(codes) if len(codes) <= LISTED_CODES else f"from {codes[0]} to {codes[-1]}"
    lines = [
        f"{site.label} site: {site.base_url}",
        *([remark] if remark else []),
        f"Searching for {_count(len(codes), 'flag')}: {which}",
        f"{_count(connections, 'concurrent connection')} will be used.",
    ]
    return "\n".join(lines)


def closing(tally: Tally) -> str:
    """Return the report after a run; what did not happen is not mentioned, except for the flags."""
    lines = ["-" * 20, f"{_count(tally.downloaded, 'flag')} downloaded."]
    if tally.not_found:
        lines.append(f"{tally.not_found} not found.")
    if tally.errors:
        lines.append(f"{_count(tally.errors, 'error')}.")
    lines.append(f"Elapsed time: {tally.elapsed_s:.2f}s")
    return "\n".join(lines)


def complaint(tally: Tally) -> str:
    """Return a line on what the errors were, for those who did not ask for each; empty without errors."""
    reasons = Counter(result.detail for result in tally.results if result.status is Status.ERROR)
    if not reasons:
        return ""
    (most, times), *others = reasons.most_common()
    how_often = f" ({times} of {tally.errors})" if others else ""
    return f"{'Most frequent error' if others else 'Error'}{how_often}: {most.rstrip('.')}. -v shows each."


def line_of(result: Result) -> str:
    """Return the line that -v prints for a code."""
    if result.status is Status.ERROR:
        return f"*** Error for {result.code}: {result.detail}"
    return f"{result.code} {'OK' if result.status is Status.OK else result.status.value}"


@contextmanager
def progress_of(total: int, *, verbose: bool) -> Iterator[Progress | None]:
    """Yield what shows each result: a line with `verbose`, a bar when stderr is a terminal, or nothing."""
    if verbose:
        yield lambda result: say(line_of(result))
    elif sys.stderr.isatty():
        from tqdm import tqdm  # noqa: PLC0415 - only a terminal needs it

        # tqdm's own thread would be copied into forked workers
        tqdm.monitor_interval = 0
        with tqdm(total=total, unit="flag", leave=False) as bar:
            yield lambda _: bar.update()
    else:
        yield None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
