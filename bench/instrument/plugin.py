"""The pytest plugin: the ``measure`` fixture, ``--quick``, and ``--results``, which writes a run with its environment.

It serves any pytest-benchmark suite: put ``pytest_plugins = ["bench.instrument.plugin"]`` in the root conftest.py, or
give ``-p bench.instrument.plugin``.
"""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.instrument.build import is_gil_enabled

GIL_BEFORE_IMPORTS = is_gil_enabled()  # before this plugin, and whatever it loads, imports anything built in C

import pytest  # noqa: E402  # see above

from bench.instrument.budget import (  # noqa: E402
    DEFAULTS,
    QUICK,
    aim,
    apply_defaults,
    asked_s,
    most_asked,
    passes,
    rounds_asked,
    run_s,
    spares_long,
)
from bench.instrument.guard import NAME as GUARD  # noqa: E402
from bench.instrument.guard import Guard  # noqa: E402
from bench.instrument.interruption import Interruption  # noqa: E402
from bench.instrument.measure import Measure  # noqa: E402
from bench.instrument.order import Order  # noqa: E402
from bench.instrument.passes import Passes  # noqa: E402
from bench.instrument.progress import Progress  # noqa: E402
from bench.instrument.recorder import Recorder  # noqa: E402
from bench.instrument.shares import Shares  # noqa: E402
from bench.instrument.units import parse_seconds  # noqa: E402
from bench.instrument.visits import Series  # noqa: E402

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


SHARES = "instrument-shares"
PASSES = "instrument-passes"


def _positive_seconds(text: str) -> float:
    try:
        return parse_seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _times(budget: Mapping[str, object]) -> str:
    return f"{budget['benchmark_max_time']} s and at least {budget['benchmark_min_rounds']} rounds"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("instrument", "measuring and recording benchmarks")
    group.addoption(
        "--quick",
        action="store_true",
        help=f"A first look: few sizes, and {_times(QUICK)} a benchmark instead of {_times(DEFAULTS)}. Enough to see "
        "that all works and about how long it takes, not to compare. --benchmark-max-time and --benchmark-min-rounds "
        "still have the last word.",
    )
    group.addoption(
        "--thorough",
        action="store_true",
        help="Everything: all cases of every suite, and of each as many rounds as it needs for a 95%% interval of the "
        "median that is 2%% of it wide, instead of 5%%. Takes hours.",
    )
    group.addoption(
        "--budget",
        metavar="TIME",
        type=_positive_seconds,
        help="The most that the whole run should take (90s, 4.5m, 1h), from the first benchmark to the last. "
        "Benchmarks that would take longer share it in proportion to the time they ask for; each still runs its least "
        "number of rounds. What has not begun when it is overrun by a fiftieth is skipped, and listed. Of no effect "
        "with --benchmark-max-time, which is a time for each.",
    )
    parser.addini("budget", "The budget of a run that is not --thorough; --budget has the last word.", default="")
    group.addoption(
        "--order-seed",
        metavar="N",
        type=int,
        help="Run benchmarks in the order of an earlier run: the seed that its file has as machine_info.instrument."
        "order_seed. Without this a recorded run draws a new one; others keep the order in which they are collected.",
    )
    group.addoption(
        "--results",
        metavar="DIR_OR_FILE",
        help="Write this run as pytest-benchmark JSON, with what decides whether it can be compared with another: to "
        "DIR/TAG.json, where TAG names the Python (cp314t-linux-x86_64), or to FILE, which ends in .json. A run that "
        "is stopped goes to ...-interrupted.json and leaves a complete one alone. Nothing is written without this.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set the defaults before pytest-benchmark reads them, and start recording."""
    config.addinivalue_line("markers", "workers(n): the benchmark keeps n workers busy: in lockstep it gets all cores")
    config.addinivalue_line("markers", "pythons: what changes from one Python to the next; `bench compare` measures it")
    apply_defaults(config)
    if config.getoption("results") is not None and not config.getoption("benchmark_verbose"):
        config.option.benchmark_quiet = True  # the report is the output; --benchmark-verbose brings the table back
    shares = None
    budget_s = run_s(config)
    if budget_s is not None:
        shares = Shares(budget_s, lambda item: asked_s(config, item) / passes(config), most_asked(config))
        config.pluginmanager.register(shares, SHARES)
    order = Order(config)
    is_shuffled = config.pluginmanager.register(order, "instrument-order") is not None
    progress = Progress(config, passes(config))
    visited = Passes(passes(config), order.seed, shares, progress, spares_long=spares_long(config))
    config.pluginmanager.register(visited, PASSES)
    # Each wraps those before it: at the end signals are off first, then what leaked goes, then the results are written.
    config.pluginmanager.register(Interruption(), "instrument-interruption")
    config.pluginmanager.register(Guard(config), GUARD)
    config.pluginmanager.register(
        Recorder(config, GIL_BEFORE_IMPORTS, order.seed if is_shuffled else None), "instrument-recorder"
    )
    if config.getoption("results") is not None and config.get_verbosity() <= 0:
        config.pluginmanager.register(progress, "instrument-progress")


@pytest.fixture
def measure(benchmark: "BenchmarkFixture", request: pytest.FixtureRequest) -> Measure:
    """Measure one target, in turn with a reference, and check its answer: see Measure."""
    shares: Shares | None = request.config.pluginmanager.get_plugin(SHARES)
    visited: Passes | None = request.config.pluginmanager.get_plugin(PASSES)
    series = visited.series(request.node) if visited is not None else Series()
    least = rounds_asked(request.config)
    if shares is None:
        share_s = asked_s(request.config, request.node) / series.visits
        return Measure(benchmark, share_s, aim(request.config), series, least)
    if shares.is_spent and series.first is None:
        benchmark.skipped = True  # which pytest-benchmark sets itself for what is skipped later than this
        pytest.skip("the time of the run was spent before its turn: give it more (--budget), or run it by itself")
    return Measure(benchmark, shares.share_s(request.node), aim(request.config), series, least)
