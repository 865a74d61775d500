"""Findings on waiting and starting: downloads, hogs, the client's own limit, new pools and what they import."""

from bench.instrument import metrics
from bench.instrument.metrics import Missing
from bench.instrument.records import Benchmark, Run
from bench.report.findings.cpu import beside_serial
from bench.report.findings.finding import Finding, paired, process_kind

_SERVERS: dict[str | None, int] = {"DELAY": 2, "LOCAL": 1}
"""Which server tells most of waiting; any other, such as one that fails, comes after."""
_DEFAULT_INTERVAL_S = 0.005


def on_downloads(run: Run) -> Finding | None:
    """Return what threads did for downloads."""
    beside = beside_serial(run, "download")
    pools = [item for item in beside if item.text("kind") == "thread" and (item.integer("workers") or 0) > 1]
    item = max(
        pools,
        key=lambda item: (_SERVERS.get(item.text("server"), 0), item.integer("workers") or 0),
        default=None,
    )
    return paired("downloads", run, item, item.text("server") if item else None, metrics.SERIAL)


def on_client_limit(run: Run) -> Finding | None:
    """Return how much of a core the client of the downloads used with the most threads."""
    limits = [item for item in run.suite("download") if item.text("measurement") == "client limit"]
    if not limits:
        return None
    item = max(limits, key=lambda item: item.integer("workers") or 0)
    time, used = metrics.time(item), metrics.core_use(item)
    if isinstance(time, Missing):
        return None
    return Finding(
        "client limit", run, item, "thread", item.integer("workers") or 1, item.text("server"), time=time, figure=used
    )


def on_hogs(run: Run) -> Finding | None:
    """Return what one hog does to an echo, at the default switch interval if that was measured."""
    beside = [item for item in run.suite("latency") if item.integer("hogs") == 1]
    default = [item for item in beside if item.parameters.get("switch_interval_s") == _DEFAULT_INTERVAL_S]
    return paired("hogs", run, next(iter(default or beside), None))


def plain_starts(run: Run) -> list[Benchmark]:
    """Return the benchmarks of new pools whose workers import nothing."""
    return [item for item in run.suite("startup") if item.text("kind") and item.text("measurement") is None]


def on_starting(run: Run) -> Finding | None:
    """Return how long a new pool of processes takes to its first results."""
    kind = process_kind(run, plain_starts(run))
    starts = [item for item in plain_starts(run) if item.text("kind") == kind]
    if kind is None or not starts:
        return None
    item = max(starts, key=lambda item: item.integer("workers") or 0)
    time = metrics.time(item)
    if isinstance(time, Missing):
        return None
    return Finding("starting", run, item, kind, item.integer("workers") or 1, time=time)


def on_imports(run: Run) -> Finding | None:
    """Return what an import adds to the start of a worker of a process pool, without a preload."""
    heavy = [item for item in run.suite("startup") if item.text("measurement") == "import"]
    plain = [item for item in heavy if item.parameters.get("preload") is False]
    kind = process_kind(run, plain)
    item = next((item for item in plain if item.text("kind") == kind), None)
    return paired("imports", run, item, item.text("imports") if item else None)
