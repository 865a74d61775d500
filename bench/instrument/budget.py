"""How long a benchmark may take: the instrument's defaults for pytest-benchmark's options, full and quick."""

import argparse
import os
import shlex
from typing import Any, Final

import pytest

from bench.instrument import pilot
from bench.instrument.extent import Extent, choose, extent
from bench.instrument.pilot import Aim
from bench.instrument.units import parse_seconds

DEFAULTS: Final[dict[str, Any]] = {"benchmark_max_time": "1.0", "benchmark_min_rounds": 8}
QUICK: Final[dict[str, Any]] = {"benchmark_max_time": "0.05", "benchmark_min_rounds": 6}
"""Six rounds are the fewest whose order statistics bound a median with 95% confidence."""
THOROUGH: Final[dict[str, Any]] = {"benchmark_max_time": "600.0", "benchmark_min_rounds": 8}
"""A bound for what never settles: all else ends when its interval is narrow enough."""


def apply_defaults(config: pytest.Config) -> None:
    """Set the time and the least rounds of a benchmark, save where the user has said something about them.

    To be called before pytest-benchmark reads its options, which it does last when pytest is configured.
    """
    chosen = _chosen_by_user(config)
    for name, value in choose(config, quick=QUICK, default=DEFAULTS, thorough=THOROUGH).items():
        if name not in chosen:
            setattr(config.option, name, value)


def time_given(config: pytest.Config) -> bool:
    """Return whether the user has said how long each benchmark may take."""
    return "benchmark_max_time" in _chosen_by_user(config)


def run_s(config: pytest.Config) -> float | None:
    """Return the seconds that the whole run may take; None where nothing bounds it, or each benchmark has its time.

    The file's word on it is of the study: what is thorough takes the time that it needs. Raises UsageError.
    """
    given: float | None = config.getoption("budget")
    of_study = str(config.getini("budget"))
    if given is None and of_study and extent(config) is not Extent.THOROUGH:
        try:
            given = parse_seconds(of_study)
        except ValueError as error:
            raise pytest.UsageError(f"budget: {error}") from None
    return None if time_given(config) else given


def asked_s(config: pytest.Config, item: pytest.Item) -> float:
    """Return the seconds that the rounds of a benchmark may take where nothing is short: its marker's, or the option's.

    A marker shares out the time of the study; what the user asks for is stronger, quick is quick and thorough is
    thorough for all.
    """
    marker = item.get_closest_marker("benchmark")
    shared_out = extent(config) is Extent.DEFAULT and not time_given(config)
    if marker is not None and "max_time" in marker.kwargs and shared_out:
        return float(marker.kwargs["max_time"])
    return float(config.getoption("benchmark_max_time"))


def rounds_asked(config: pytest.Config) -> int | None:
    """Return the fewest rounds that the user asks for, which is stronger than a marker; None for no word on it."""
    asked = "benchmark_min_rounds" in _chosen_by_user(config)
    return int(config.getoption("benchmark_min_rounds")) if asked else None


def most_asked(config: pytest.Config) -> float:
    """Return how many times the time that it asks for a benchmark may have, if the whole run has time to spare.

    What the study's benchmarks ask for is a share of its time; quick and thorough ones ask for all they need.
    """
    return choose(config, quick=1.0, default=2.0, thorough=1.0)


def aim(config: pytest.Config) -> Aim | None:
    """Return how narrow an interval the rounds should give; None where the time alone decides, as the user's does."""
    return choose(config, quick=None, default=None if time_given(config) else pilot.STUDY, thorough=pilot.THOROUGH)


def spares_long(config: pytest.Config) -> bool:
    """Return whether a round a visit does where rounds are long: nobody has asked for more, and time is short."""
    return choose(config, quick=False, default=rounds_asked(config) is None, thorough=False)


def passes(config: pytest.Config) -> int:
    """Return how often a run goes through its benchmarks, spreading their rounds; a first look does once."""
    return choose(config, quick=1, default=4, thorough=8)


def _chosen_by_user(config: pytest.Config) -> frozenset[str]:
    """Return which of these options were given in the environment, in a configuration file or on the command line.

    The values alone do not tell: a user who asks for what happens to be pytest-benchmark's default must get it.
    """
    arguments = [
        *shlex.split(os.environ.get("PYTEST_ADDOPTS", "")),
        *config.getini("addopts"),
        *config.invocation_params.args,
    ]
    # As pytest's own parser: no abbreviations, and @file holds more arguments.
    parser = argparse.ArgumentParser(
        add_help=False,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
        fromfile_prefix_chars="@",
    )
    for name in DEFAULTS:
        parser.add_argument("--" + name.replace("_", "-"), dest=name)
    given, _ = parser.parse_known_args([str(argument) for argument in arguments])
    return frozenset(vars(given))
