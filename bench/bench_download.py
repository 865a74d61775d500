"""What does waiting cost? The flag downloader by executor kind, concurrency and server.

The servers are those of the book, with shorter delays so that a study takes a minute: LOCAL answers at once, DELAY
after 10 ms, ERROR fails a quarter of the requests and delays half of them. What fails is drawn from a seed, so the
number of errors is known before, and asserted. Pools and sessions are warm unless `temperature` says cold, and the
server always is: every flag is drawn.

The figures of speed, each by one command:
  pytest bench/bench_download.py -k keep_alive --thorough --benchmark-max-time=8
                                                  connections kept, in turn with the book's client, which keeps none
  pytest bench/bench_download.py -k schedule --thorough --benchmark-max-time=1
                                                  100 at a time: seconds, to be compared with `ideal_s` in extra_info
  pytest bench/bench_download.py -k client_limit  flags a second by concurrency, with the processor time of the client
  FLAGKIT_SPEED=1 pytest tests/flags/test_server_capacity.py -s
                                                  1,000 connections held; requests a second beside `http.server` (wrk)
"""

import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import requests

from bench.grids import distinct_kinds
from bench.instrument.extent import choose
from bench.instrument.measure import Measure
from flagkit.cpus import usable_cpus
from flagkit.executors import EXECUTORS, make, warm
from flagkit.flags import (
    Behaviour,
    FlagServer,
    Job,
    Status,
    Tally,
    close_sessions,
    countries,
    download_many,
    download_one,
    every_code,
)

SERVERS = {
    "LOCAL": Behaviour(),
    "DELAY": Behaviour(delay_s=(0.01, 0.01)),
    "ERROR": Behaviour(delay_s=(0.01, 0.01), delay_rate=0.5, error_rate=0.25),
}
CODES = ("AA", "AR", "AZ", "BE", "BR", "CN", "DD", "DE", "FR", "IN", "JP", "US")
"""For the comparison of kinds: few, because serial waits for each of them in every round."""
BOOK_CONNECTIONS = 30
LIMIT_CONNECTIONS = (4, BOOK_CONNECTIONS, 100)
LIMIT_FLAGS = 100
SCHEDULE_DELAY_S = (0.1, 0.3)
SCHEDULE_CONNECTIONS = 100


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each server, kind and concurrency.

    Kinds that are the same once they are warm stand for each other. The quick study asks one server, and the study
    asks those that do not wait, or fail, of threads alone.
    """
    if metafunc.function is test_client_limit:
        quick = metafunc.config.getoption("quick")
        metafunc.parametrize("workers", LIMIT_CONNECTIONS[1:2] if quick else LIMIT_CONNECTIONS)
    if "kind" not in metafunc.fixturenames:
        return
    cores, config = usable_cpus(), metafunc.config
    threads = [("thread", workers) for workers in (1, 8, BOOK_CONNECTIONS)]
    distinct = [(kind, 2 * cores) for kind in distinct_kinds(config) if kind != "thread"]
    everything = [
        (kind, workers)
        for kind, spec in EXECUTORS.items()
        for workers in {"serial": [1], "thread": [1, 8, BOOK_CONNECTIONS]}.get(spec.family, [cores, 2 * cores])
    ]
    cases = choose(
        config,
        quick=[("ERROR", "thread", 8), *(("ERROR", kind, cores) for kind, _ in distinct)],
        default=[("DELAY", *case) for case in threads + distinct]
        + [(label, "thread", BOOK_CONNECTIONS) for label in ("LOCAL", "ERROR")],
        thorough=[(label, *case) for label in SERVERS for case in everything],
    )
    metafunc.parametrize(("server", "kind", "workers"), cases, indirect=["server"])


def expected(behaviour: Behaviour, codes: Sequence[str]) -> Counter[Status]:
    """Return how many of `codes` end in which status, from the seed alone."""

    def end(code: str) -> Status:
        if behaviour.fate(code).status is not None:
            return Status.ERROR
        return Status.OK if code in countries() else Status.NOT_FOUND

    return Counter(end(code) for code in codes)


def check(ends: Counter[Status], tally: Tally) -> None:
    """Assert that the codes ended as the seed says."""
    assert Counter(result.status for result in tally.results) == ends


@pytest.fixture(scope="session")
def servers() -> Iterator[Mapping[str, FlagServer]]:
    """Run all servers from the first benchmark that needs one on: the order is shuffled, and each start takes a while.

    They wait for requests, and take nothing from the benchmarks between.
    """
    with ExitStack() as stack:
        yield {label: stack.enter_context(FlagServer(behaviour, label=label)) for label, behaviour in SERVERS.items()}


@pytest.fixture
def server(request: pytest.FixtureRequest, servers: Mapping[str, FlagServer]) -> FlagServer:
    """Return the server of a label."""
    return servers[request.param]


@pytest.fixture(autouse=True)
def closed_sessions() -> Iterator[None]:
    """Close this process's sessions after each benchmark: serial keeps one open in the main thread."""
    yield
    close_sessions()


@pytest.mark.benchmark(max_time=0.3, min_rounds=6)
def test_download(
    kind: str,
    workers: int,
    server: FlagServer,
    measure: Measure,
    tmp_path: Path,
) -> None:
    """Download twelve codes with a warm pool, against a warm serial download of the same codes."""
    if reason := EXECUTORS[kind].unavailable():
        pytest.skip(reason)
    base_url = server.base_url
    ends = expected(server.behaviour, CODES)
    with make(kind, workers) as pool, make("serial") as alone:
        warm(pool, workers, download_one, "BR", Job(base_url, tmp_path))
        measure(
            partial(download_many, CODES, base_url=base_url, dest=tmp_path, executor=pool, workers=workers),
            expect=partial(check, ends),
            reference=None
            if kind == "serial"
            else partial(download_many, CODES, base_url=base_url, dest=tmp_path, executor=alone),
            reference_name="serial",
            parameters={
                "suite": "download",
                "server": server.label,
                "kind": kind,
                "workers": workers,
                "flags": len(CODES),
                "downloaded": ends[Status.OK],
                "not_found": ends[Status.NOT_FOUND],
                "errors": ends[Status.ERROR],
                "temperature": "warm",
            },
        )


def book_download(codes: Sequence[str], base_url: str, dest: Path) -> Counter[Status]:
    """Download as the book's client does: a new connection for each request, each flag written in place."""
    dest.mkdir()

    def one(code: str) -> Status:
        name = f"{code.lower()}.gif"
        response = requests.get(f"{base_url}/{code.lower()}/{name}", timeout=30)
        if response.status_code == requests.codes.not_found:
            return Status.NOT_FOUND
        response.raise_for_status()
        (dest / name).write_bytes(response.content)
        return Status.OK

    with ThreadPoolExecutor(BOOK_CONNECTIONS) as pool:
        return Counter(future.result() for future in as_completed([pool.submit(one, code) for code in codes]))


@pytest.mark.benchmark(max_time=1, min_rounds=6)
@pytest.mark.parametrize("server", ["LOCAL"], indirect=True)
def test_keep_alive(server: FlagServer, measure: Measure, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Download from LOCAL over 30 kept connections, pool and sessions cold, against the book's client.

    AA to ZZ in full, the first hundred codes of them otherwise.
    """
    codes = choose(pytestconfig, quick=every_code()[:30], default=every_code()[:100], thorough=every_code())
    base_url = server.base_url
    ends = expected(server.behaviour, codes)
    # A new folder each time, for both: a file that is there already costs some file systems more than the download.
    folders = (tmp_path / f"{len(list(tmp_path.iterdir()))}-{number}" for number in count())
    assert book_download(codes, base_url, next(folders)) == ends
    measure(
        lambda: download_many(codes, base_url=base_url, dest=next(folders), workers=BOOK_CONNECTIONS),
        expect=partial(check, ends),
        reference=lambda: book_download(codes, base_url, next(folders)),
        reference_name="a connection for each request",
        parameters={
            "suite": "download",
            "server": server.label,
            "kind": "thread",
            "workers": BOOK_CONNECTIONS,
            "flags": len(codes),
            "downloaded": ends[Status.OK],
            "not_found": ends[Status.NOT_FOUND],
            "errors": 0,
            "temperature": "cold",
        },
    )


@pytest.mark.benchmark(max_time=1, min_rounds=4)
def test_schedule(measure: Measure, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Download half of AA to ZZ, in full all thrice, 100 at a time, from a server with delays drawn from a seed.

    The quick study asks for few, and waits a third as long. No schedule can be shorter than `ideal_s`: all delays
    shared evenly among the connections, or the longest of them.
    """
    codes = choose(pytestconfig, quick=every_code()[::12], default=every_code()[::2], thorough=3 * every_code())
    low_s, high_s = SCHEDULE_DELAY_S
    delay_s = choose(pytestconfig, quick=(low_s / 3, high_s / 3), default=SCHEDULE_DELAY_S, thorough=SCHEDULE_DELAY_S)
    schedule = Behaviour(delay_s=delay_s)
    delays_s = [schedule.fate(code).delay_s for code in codes]
    ends = expected(schedule, codes)
    with FlagServer(schedule, label="DELAY") as server:
        measure(
            partial(download_many, codes, base_url=server.base_url, dest=tmp_path, workers=SCHEDULE_CONNECTIONS),
            expect=partial(check, ends),
            parameters={
                "suite": "download",
                "server": server.label,
                "kind": "thread",
                "workers": SCHEDULE_CONNECTIONS,
                "flags": len(codes),
                "downloaded": ends[Status.OK],
                "not_found": ends[Status.NOT_FOUND],
                "errors": 0,
                "temperature": "cold",
                "ideal_s": max(sum(delays_s) / SCHEDULE_CONNECTIONS, *delays_s),
            },
        )


@pytest.mark.benchmark(max_time=0.8, min_rounds=6)
@pytest.mark.parametrize("server", ["DELAY"], indirect=True)
def test_client_limit(server: FlagServer, workers: int, measure: Measure, tmp_path: Path) -> None:
    """Download from a server that takes 10 ms for each answer, with ever more threads.

    `client_cpu_s` is the processor time of this process for one such download. Where it comes up to the time that the
    download takes, the client is busy all the time: with a GIL no further thread can make it faster.
    """
    codes = sorted(countries())[:LIMIT_FLAGS]
    ends = expected(server.behaviour, codes)
    with make("thread", workers) as pool:
        warm(pool, workers, download_one, "BR", Job(server.base_url, tmp_path))
        download = partial(
            download_many, codes, base_url=server.base_url, dest=tmp_path, executor=pool, workers=workers
        )
        spent_s = []
        for _ in range(3):
            before_s = time.process_time()
            download()
            spent_s.append(time.process_time() - before_s)
        measure(
            download,
            expect=partial(check, ends),
            parameters={
                "suite": "download",
                "measurement": "client limit",
                "server": server.label,
                "kind": "thread",
                "workers": workers,
                "flags": len(codes),
                "client_cpu_s": statistics.median(spent_s),
                "temperature": "warm",
            },
        )
